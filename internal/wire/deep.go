package wire

import (
	"bytes"
	"errors"
	"io"
	"slices"
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
	if d.in == nil || !tooDeep(err) {
		return v, false, err
	}
	v, err = d.deep()
	return v, true, err
}

// deep reads the value at which the decoder gave up, and lets the decoder go on behind it.
func (d decoder) deep() (jsontext.Value, error) {
	part := bytes.Clone(d.UnreadBuffer())
	part = part[bytes.IndexAny(part, "[{"):] // before it are only white space and a comma
	var before [][]byte                      // full parts of the value, which are not copied while it grows
	at := 0
	for n := new(nesting); ; {
		for ; at < len(part); at++ {
			if !n.take(part[at]) {
				return nil, fault.New(fault.Corrupt, "%s is not JSON at byte %d", d.in.all, d.in.read-int64(len(part)-at))
			}
			if n.depth == 0 {
				d.in.giveBack(part[at+1:])
				return slices.Concat(append(before, part[:at+1])...), d.goOn()
			}
		}
		if len(part) == cap(part) {
			before = append(before, part)
			part, at = make([]byte, 0, atOnce), 0
		}
		var err error
		if part, err = d.in.more(part, int64(n.depth)); err != nil {
			return nil, err
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
	d.in.base = d.in.read - length
	d.Reset(io.MultiReader(strings.NewReader(around.String()), d.in), lenient)
	for d.InputOffset() < length {
		if _, err := d.ReadToken(); err != nil {
			return err
		}
	}
	return nil
}

// nesting follows a list or object to its end, however deep it is nested, and however long.
type nesting struct {
	depth   int      // brackets that are not closed yet
	objects []uint64 // which of these are of objects, a bit each: a page without end may have nothing but brackets
	place   place
	name    bool   // the text that is being read is a name
	escape  int    // characters to come of what is escaped in it; one of them alone says how many
	word    []byte // that is being read: a number, true, false, null
}

// place is where in a text the next byte stands.
type place int

const (
	beforeValue place = iota
	beforeFirst       // element of a list, or its end
	beforeName
	beforeFirstName // or the end of the object
	beforeColon
	afterValue
	inText
	inWord
)

// take takes the next byte and says whether it may stand there.
func (n *nesting) take(c byte) bool {
	if n.place == inText {
		return n.inText(c)
	}
	if n.place == inWord {
		if !strings.ContainsRune(",]} \t\r\n", rune(c)) {
			n.word = append(n.word, c)
			return true
		}
		if !jsontext.Value(n.word).IsValid() {
			return false
		}
		n.place = afterValue
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
	return n.begins(c)
}

// begins takes the first byte of a text or a word.
func (n *nesting) begins(c byte) bool {
	n.name = n.place == beforeName || n.place == beforeFirstName
	may := n.mayBeValue()
	if c == '"' {
		n.place = inText
		return may || n.name
	}
	n.place, n.word = inWord, append(n.word[:0], c)
	return may
}

func (n *nesting) inText(c byte) bool {
	switch {
	case n.escape == 1 && c == 'u':
		n.escape = 5
	case n.escape == 1:
		n.escape = 0
		return strings.ContainsRune(`"\/bfnrt`, rune(c))
	case n.escape > 1:
		if n.escape--; n.escape == 1 {
			n.escape = 0
		}
		return strings.ContainsRune("0123456789abcdefABCDEF", rune(c))
	case c == '\\':
		n.escape = 1
	case c == '"':
		n.place = afterValue
		if n.name {
			n.place = beforeColon
		}
	}
	return c >= ' '
}

func (n *nesting) mayBeValue() bool { return n.place == beforeValue || n.place == beforeFirst }

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
		n.place = beforeFirstName
	} else {
		n.objects[word] &^= bit
		n.place = beforeFirst
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
	if n.place != afterValue && n.place != empty || n.inObject() != (c == '}') {
		return false
	}
	n.depth, n.place = n.depth-1, afterValue
	return true
}

func (n *nesting) separates(c byte) bool {
	before := n.place
	switch {
	case c == ':':
		n.place = beforeValue
		return before == beforeColon
	case n.inObject():
		n.place = beforeName
	default:
		n.place = beforeValue
	}
	return before == afterValue
}
