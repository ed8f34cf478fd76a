package wire

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/fault"
)

// maxDepth is how many lists and objects the decoder reads in one another. Programs that get our records read no more.
const maxDepth = 10_000

// tooDeep says whether a value is nested deeper than the decoder reads. The error has no name, so this goes by its
// text: TestDeepValues keeps it honest when the version moves.
func tooDeep(err error) bool {
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	return ok && syntax.Err != nil && syntax.Err.Error() == "exceeded max depth"
}

// element reads a value as value does, and one that is nested too deep for the decoder too: it is no record, and no
// reason to refuse the others. deep says that it is such a one.
func (d decoder) element() (v jsontext.Value, deep bool, err error) {
	v, err = d.value()
	if d.src == nil || !tooDeep(err) {
		return v, false, err
	}
	v, err = d.deep()
	return v, true, err
}

// deep reads the value at which the decoder gave up, and lets the decoder go on behind it.
func (d decoder) deep() (jsontext.Value, error) {
	text := bytes.Clone(d.UnreadBuffer())
	begin := bytes.IndexAny(text, "[{") // before it are only white space and a comma
	n := nesting{state: beforeValue}
	for at := begin; ; at++ {
		if at == len(text) {
			var err error
			if text, err = d.src.more(text); err != nil {
				return nil, err
			}
		}
		if !n.take(text, at) {
			return nil, fault.New(fault.Corrupt, "%s is not JSON at byte %d", d.src.whole, d.src.read-int64(len(text)-at))
		}
		if n.depth == 0 {
			d.src.giveBack(text[at+1:])
			return text[begin : at+1 : at+1], d.goOn()
		}
	}
}

// goOn makes the decoder stand behind a value that it has not read: it gets the lists and objects around it once more,
// with null in place of the value.
func (d decoder) goOn() error {
	var around strings.Builder
	for i := 1; i <= d.StackDepth(); i++ {
		if kind, _ := d.StackIndex(i); kind == '{' {
			around.WriteString(`{"":`)
		} else {
			around.WriteString(`[`)
		}
	}
	if around.Len() > 0 {
		around.WriteString("null")
	}
	length := int64(around.Len())
	d.src.base = d.src.read - length
	d.Reset(io.MultiReader(strings.NewReader(around.String()), d.src), lenient)
	for d.InputOffset() < length {
		if _, err := d.ReadToken(); err != nil {
			return err
		}
	}
	return nil
}

// nesting follows a list or object to its end, however deep it is nested.
type nesting struct {
	depth   int      // brackets that are not closed yet
	objects []uint64 // which of these are of objects, a bit each: a page without end may have nothing but brackets
	state   state
	begin   int  // where the text or word begins that is being read
	name    bool // that text is a name
	escaped bool // the next character of it is escaped
}

type state int

const (
	beforeValue state = iota
	beforeFirst       // element of a list, or its end
	beforeName
	beforeFirstName // or the end of the object
	beforeColon
	afterValue
	inText
	inWord // a number, true, false, null
)

// take takes the next byte and says whether it may stand there.
func (n *nesting) take(text []byte, at int) bool {
	c := text[at]
	switch {
	case n.state == inText:
		return n.inText(text, at)
	case n.state == inWord && !strings.ContainsRune(",]} \t\r\n", rune(c)):
		return true
	case n.state == inWord:
		if !jsontext.Value(text[n.begin:at]).IsValid() {
			return false
		}
		n.state = afterValue
	}
	switch c {
	case ' ', '\t', '\r', '\n':
		return true
	case '[', '{':
		return n.opens(c)
	case ']', '}':
		return n.closes(c)
	case ',', ':':
		return n.separates(c)
	}
	n.begin, n.name = at, n.state == beforeName || n.state == beforeFirstName
	if c != '"' {
		n.state, n.name = inWord, n.mayBeValue() && !n.name
		return n.name
	}
	may := n.name || n.mayBeValue()
	n.state = inText
	return may
}

func (n *nesting) mayBeValue() bool { return n.state == beforeValue || n.state == beforeFirst }

func (n *nesting) inText(text []byte, at int) bool {
	switch c := text[at]; {
	case n.escaped:
		n.escaped = false
	case c == '\\':
		n.escaped = true
	case c == '"':
		n.state = afterValue
		if n.name {
			n.state = beforeColon
		}
		return jsontext.Value(text[n.begin : at+1]).IsValid(lenient)
	}
	return true
}

func (n *nesting) opens(c byte) bool {
	if !n.mayBeValue() {
		return false
	}
	word, bit := n.depth/64, uint64(1)<<(n.depth%64)
	if word == len(n.objects) {
		n.objects = append(n.objects, 0)
	}
	n.depth++
	if c == '{' {
		n.objects[word] |= bit
		n.state = beforeFirstName
	} else {
		n.objects[word] &^= bit
		n.state = beforeFirst
	}
	return true
}

// inObject says whether the innermost bracket is one of an object.
func (n *nesting) inObject() bool { return n.objects[(n.depth-1)/64]>>((n.depth-1)%64)&1 == 1 }

func (n *nesting) closes(c byte) bool {
	empty := beforeFirst
	if c == '}' {
		empty = beforeFirstName
	}
	if n.state != afterValue && n.state != empty || n.inObject() != (c == '}') {
		return false
	}
	n.depth, n.state = n.depth-1, afterValue
	return true
}

func (n *nesting) separates(c byte) bool {
	before := n.state
	switch {
	case c == ':':
		n.state = beforeValue
		return before == beforeColon
	case n.inObject():
		n.state = beforeName
	default:
		n.state = beforeValue
	}
	return before == afterValue
}
