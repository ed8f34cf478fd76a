package rule

import (
	"errors"
	"io"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
)

var errDuration = errors.New(`write it as "300ms", "5s" or "2m"`)

// maxText is the most that rules may take as JSON, in bytes.
const maxText = 1 << 20

// Decode reads a rule, or a list of them, written as JSON. It fails with fault.Invalid, which names the field; what is
// not a field of a rule is refused, with the one that was probably meant. Whether the rules make sense is for Set.Add to
// say.
func Decode(text []byte) ([]Rule, error) {
	if len(text) > maxText {
		return nil, fault.New(fault.TooLarge, "the rules take more than %d bytes", maxText)
	}
	v := jsontext.Value(text)
	if strings.HasPrefix(strings.TrimSpace(string(text)), "[") {
		var list []Rule
		return list, decode(v, &list)
	}
	var one Rule
	if err := decode(v, &one); err != nil {
		return nil, err
	}
	return []Rule{one}, nil
}

func decode(v jsontext.Value, to any) error {
	err := json.Unmarshal(v, to, json.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	semantic, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return malformed(err)
	}
	field := path(semantic.JSONPointer)
	switch {
	case errors.Is(err, json.ErrUnknownName):
		return unknown(semantic.JSONPointer, reflect.TypeOf(to))
	case errors.Is(err, errDuration):
		return fault.Field(field, "%s: %v", field, errDuration)
	case field == "":
		return fault.New(fault.Invalid, "a rule is a JSON object, and rules are a list of them")
	}
	return fault.Field(field, "%s: is %s, and should be %s", field, kindOf(semantic.JSONKind), wanted(semantic.GoType))
}

func malformed(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "the rules are no JSON: they end too early")
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return fault.New(fault.Invalid, "the rules say something twice: %v", err)
	}
	return fault.New(fault.Invalid, "the rules are no JSON: %v", err)
}

// path writes a JSON pointer as people do: answer.status, [2].answer.status.
func path(p jsontext.Pointer) string {
	var out strings.Builder
	for token := range p.Tokens() {
		switch {
		case strings.Trim(token, "0123456789") == "":
			out.WriteString("[" + token + "]")
		case out.Len() > 0:
			out.WriteString("." + fault.Clip(token))
		default:
			out.WriteString(fault.Clip(token))
		}
	}
	return out.String()
}

// unknown refuses a field, and says which one was meant.
func unknown(at jsontext.Pointer, in reflect.Type) error {
	field, names := path(at), members(inner(in, at.Parent()))
	if s := query.Suggest(at.LastToken(), names); s != "" {
		return fault.Field(field, "%s: there is no such field. Did you mean %s?", field, s)
	}
	return fault.Field(field, "%s: there is no such field; there are %s", field, strings.Join(names, ", "))
}

// inner is the type of what a pointer leads to: every step but the last was known.
func inner(t reflect.Type, at jsontext.Pointer) reflect.Type {
	t = plain(t)
	for step := range at.Tokens() {
		if t.Kind() != reflect.Struct {
			break
		}
		for f := range t.Fields() {
			if name(f) == step {
				t = plain(f.Type)
				break
			}
		}
	}
	return t
}

// plain is what a type points to, or is a list of.
func plain(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t
}

func name(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

func members(t reflect.Type) (names []string) {
	if t.Kind() != reflect.Struct {
		return nil
	}
	for f := range t.Fields() {
		names = append(names, name(f))
	}
	return names
}

func kindOf(k jsontext.Kind) string {
	switch k {
	case '"':
		return "a text"
	case '0':
		return "a number"
	case 't', 'f':
		return "true or false"
	case '[':
		return "a list"
	case '{':
		return "an object"
	case 'n':
		return "null"
	default:
		return "something else"
	}
}

func wanted(t reflect.Type) string {
	if t == nil {
		return "something else"
	}
	if t == reflect.TypeFor[Duration]() {
		return `a span of time such as "5s"`
	}
	switch plain(t).Kind() {
	case reflect.String:
		return "a text"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Bool:
		return "true or false"
	case reflect.Map, reflect.Struct:
		return "an object"
	default:
		return "something else"
	}
}
