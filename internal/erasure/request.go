package erasure

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// Request says which conversations are to be erased: one of the three.
type Request struct {
	Conversation conversation.ID
	Key, Value   string // an attribute of a participant
	Address      string // wherever it stands in a record, as a word of its own
}

// shortest is the shortest address that is looked for: a shorter one stands in records for other reasons.
const shortest = 4

// Validate says what is wrong with a request.
func (r Request) Validate() error {
	given := 0
	for _, is := range []bool{r.Conversation != "", r.Key != "", r.Address != ""} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		return fault.New(fault.Invalid, "give one of --conversation, --attribute and --address")
	case r.Key != "" && r.Value == "":
		return fault.Field("--attribute", "--attribute takes KEY=VALUE, and the value must not be empty")
	case r.Address != "" && utf8.RuneCountInString(r.Address) < shortest:
		return fault.Field("--address", "--address must have at least %d characters", shortest)
	}
	return nil
}

// ByContent says that records have to be read to find what is meant.
func (r Request) ByContent() bool { return r.Conversation == "" }

// Secrets are the texts that must not be left anywhere.
func (r Request) Secrets() []string {
	switch {
	case r.Conversation != "":
		return []string{string(r.Conversation)}
	case r.Address != "":
		return []string{r.Address}
	}
	return nil // the value of an attribute may be anybody's
}

// Matches says whether a record is meant. What is no JSON is not.
func (r Request) Matches(record []byte) bool {
	if r.Conversation != "" {
		return false // by its id, which whoever has the record knows
	}
	return r.within(record, false)
}

// MatchesChange says whether a change of a record tells that an earlier version was meant: path is the JSON pointer to what
// changed, before and after are JSON text.
func (r Request) MatchesChange(path, before, after string) bool {
	if r.Conversation != "" {
		return false
	}
	steps := strings.Split(path, "/")
	last := strings.NewReplacer("~1", "/", "~0", "~").Replace(steps[len(steps)-1])
	attribute := len(steps) > 1 && steps[len(steps)-2] == "attributes"
	for _, text := range []string{before, after} {
		if attribute && r.Key != "" {
			if last == r.Key && unquoted([]byte(text)) == r.Value {
				return true
			}
			continue
		}
		if r.within([]byte(text), last == "attributes") {
			return true
		}
	}
	return false
}

func unquoted(text []byte) string {
	b, err := jsontext.AppendUnquote(nil, text)
	if err != nil {
		return ""
	}
	return string(b)
}

// within walks through a JSON value. attributes says that the value is itself the attributes of a participant.
func (r Request) within(text []byte, attributes bool) bool {
	dec := jsontext.NewDecoder(strings.NewReader(string(text)), jsontext.AllowDuplicateNames(true))
	var names []string // of the objects and lists that are open: the member in which each lies
	name := ""
	if attributes {
		name = "attributes"
	}
	for {
		token, err := dec.ReadToken()
		if err != nil {
			return false
		}
		switch token.Kind() {
		case '{', '[':
			names = append(names, name)
		case '}', ']':
			names = names[:len(names)-1]
		case '"':
			kind, n := dec.StackIndex(dec.StackDepth())
			value := token.String()
			if kind == '{' && n%2 == 1 {
				name = value
				continue
			}
			if r.meant(names, name, value) {
				return true
			}
		default: // numbers and the like are no text
		}
	}
}

// meant says whether a text is what is looked for. names are the members in which it lies, the outermost first.
func (r Request) meant(names []string, name, value string) bool {
	if r.Address != "" {
		return holds(value, r.Address)
	}
	return name == r.Key && value == r.Value && len(names) > 0 && names[len(names)-1] == "attributes"
}

// holds says whether an address stands in a text as a word: neither a letter nor a digit is beside it.
func holds(text, address string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], address)
		if at < 0 {
			return false
		}
		at += from
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(address):])
		if !wordly(before) && !wordly(after) {
			return true
		}
		from = at + 1
	}
}

func wordly(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
