package form

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// value is JSON that can be changed. What is not changed stays as it is written: numbers with their digits, texts with their escapes, and
// members in their order.
type value struct {
	kind  jsontext.Kind
	raw   jsontext.Value // of what has no parts, as it is written
	names []name         // of the members of an object, as many as parts
	parts []*value
}

// name is the name of a member, and how it is written.
type name struct {
	text string
	raw  jsontext.Value
}

var errMore = errors.New("more follows behind the object")

// parse reads JSON. Names that an object has twice are refused: whoever reads it would choose one.
func parse(text []byte) (*value, error) {
	d := jsontext.NewDecoder(bytes.NewReader(text))
	v, err := read(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errMore
	}
	return v, nil
}

func read(d *jsontext.Decoder) (*value, error) {
	v := &value{kind: d.PeekKind()}
	if v.kind != jsontext.KindBeginObject && v.kind != jsontext.KindBeginArray {
		raw, err := d.ReadValue()
		v.raw = raw.Clone()
		return v, err
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	for d.PeekKind() != jsontext.KindEndObject && d.PeekKind() != jsontext.KindEndArray {
		if v.kind == jsontext.KindBeginObject {
			raw, err := d.ReadValue()
			if err != nil {
				return nil, err
			}
			v.names = append(v.names, name{unquoted(raw), raw.Clone()})
		}
		part, err := read(d)
		if err != nil {
			return nil, err
		}
		v.parts = append(v.parts, part)
	}
	_, err := d.ReadToken()
	return v, err
}

func unquoted(raw jsontext.Value) string {
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return string(raw) // the decoder has taken it, so that this does not happen
	}
	return string(text)
}

// text is a value that is one.
func text(s string) *value {
	raw, err := jsontext.AppendQuote(nil, s)
	if err != nil { // what is no UTF-8
		raw, _ = jsontext.AppendQuote(nil, strings.ToValidUTF8(s, "\uFFFD"))
	}
	return &value{kind: jsontext.KindString, raw: raw}
}

// number is a value that is a number where the text is one, and else the text.
func number(s string) *value {
	if v, err := parse([]byte(s)); err == nil && v.kind == jsontext.KindNumber {
		return v
	}
	return text(s)
}

func object() *value { return &value{kind: jsontext.KindBeginObject} }

func array(parts ...*value) *value { return &value{kind: jsontext.KindBeginArray, parts: parts} }

func (v *value) isObject() bool { return v != nil && v.kind == jsontext.KindBeginObject }
func (v *value) isArray() bool  { return v != nil && v.kind == jsontext.KindBeginArray }
func (v *value) isText() bool   { return v != nil && v.kind == jsontext.KindString }
func (v *value) isNull() bool   { return v != nil && v.kind == jsontext.KindNull }

// nothing says that a member is not there, or is null, which means the same.
func (v *value) nothing() bool { return v == nil || v.isNull() }

// scalar says that a value has no parts.
func (v *value) scalar() bool { return v != nil && !v.isObject() && !v.isArray() }

// word is what a scalar says: a text without its quotes, anything else as it is written, and nothing of null.
func (v *value) word() string {
	switch {
	case v.nothing():
		return ""
	case v.isText():
		return unquoted(v.raw)
	}
	return string(v.raw)
}

// get is the member of a name, or nil.
func (v *value) get(member string) *value {
	if i := v.at(member); i >= 0 {
		return v.parts[i]
	}
	return nil
}

func (v *value) at(member string) int {
	if !v.isObject() {
		return -1
	}
	return slices.IndexFunc(v.names, func(n name) bool { return n.text == member })
}

// set puts a member where it is, or behind the others.
func (v *value) set(member string, to *value) {
	if i := v.at(member); i >= 0 {
		v.parts[i] = to
		return
	}
	v.names = append(v.names, name{member, text(member).raw})
	v.parts = append(v.parts, to)
}

// rename gives a member another name, and leaves it where it is.
func (v *value) rename(from, to string) {
	if i := v.at(from); i >= 0 {
		v.names[i] = name{to, text(to).raw}
	}
}

func (v *value) remove(member string) {
	if i := v.at(member); i >= 0 {
		v.names, v.parts = slices.Delete(v.names, i, i+1), slices.Delete(v.parts, i, i+1)
	}
}

// elements are those of an array; of anything else there are none.
func (v *value) elements() []*value {
	if !v.isArray() {
		return nil
	}
	return v.parts
}

// drop takes an element out of an array.
func (v *value) drop(i int) { v.parts = slices.Delete(v.parts, i, i+1) }

// find is the value at a path, such as segmentFilters[0].predicates; nil if there is none.
func (v *value) find(path string) *value {
	for step := range steps(path) {
		if i, err := strconv.Atoi(step); err == nil && v.isArray() {
			if i < 0 || i >= len(v.parts) {
				return nil
			}
			v = v.parts[i]
			continue
		}
		if v = v.get(step); v == nil {
			return nil
		}
	}
	return v
}

// steps are those of a path, indices without their brackets.
func steps(path string) func(func(string) bool) {
	return strings.FieldsFuncSeq(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
}

// How a value is laid out. Every level of depth costs blanks on each line, so that a body of a few bytes could fill the memory.
const (
	width   = 84      // how long a line may be that has a whole value on it
	deepest = 32      // what lies deeper is on one line
	larger  = 4       // times what it has without blanks, which all of it may have
	free    = 4 << 10 // bytes that it may have anyhow
)

// String writes the value as people read it: what is short is on one line. What would be much larger than without blanks is without them.
func (v *value) String() string {
	text, ok := v.pretty()
	if !ok {
		text = v.compact(nil)
	}
	return string(text) + "\n"
}

// pretty lays the value out; ok is false if it would be much larger than without blanks.
func (v *value) pretty() (_ []byte, ok bool) {
	most := larger*v.size() + free
	text := v.append(nil, 0, 0, most)
	return text, len(text) <= most
}

// size is how many bytes the value has without blanks, or one more for each that has parts.
func (v *value) size() int {
	if v.scalar() {
		return len(v.raw)
	}
	n := len("[]")
	for i, part := range v.parts {
		n += part.size() + 1
		if v.isObject() {
			n += len(v.names[i].raw) + 1
		}
	}
	return n
}

// compact writes the value without blanks.
func (v *value) compact(b []byte) []byte {
	if v.scalar() {
		return append(b, v.raw...)
	}
	opens, closes := v.brackets()
	b = append(b, opens)
	for i, part := range v.parts {
		if i > 0 {
			b = append(b, ',')
		}
		if v.isObject() {
			b = append(append(b, v.names[i].raw...), ':')
		}
		b = part.compact(b)
	}
	return append(b, closes)
}

func (v *value) brackets() (opens, closes byte) {
	if v.isObject() {
		return '{', '}'
	}
	return '[', ']'
}

// append writes the value behind what is written, when so much of the line is taken. It gives up behind so many bytes in all.
func (v *value) append(b []byte, indent, taken, most int) []byte {
	if v.scalar() {
		return append(b, v.raw...)
	}
	if indent > deepest {
		return v.compact(b)
	}
	if line, ok := v.line(nil, width-taken); ok && indent > 0 {
		return append(b, line...)
	}
	opens, closes := v.brackets()
	b = append(b, opens)
	for i, part := range v.parts {
		if len(b) > most {
			return b
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = newLine(b, indent+1)
		taken := 2 * (indent + 1)
		if v.isObject() {
			b = append(append(b, v.names[i].raw...), ": "...)
			taken += len(v.names[i].raw) + 2
		}
		b = part.append(b, indent+1, taken, most)
	}
	if len(v.parts) > 0 {
		b = newLine(b, indent)
	}
	return append(b, closes)
}

func newLine(b []byte, indent int) []byte {
	return append(append(b, '\n'), strings.Repeat("  ", indent)...)
}

// line writes the value on one line of so many bytes; ok is false if it is longer, or is a list of filters.
func (v *value) line(b []byte, most int) (_ []byte, ok bool) {
	if len(b)+len(v.raw) > most {
		return b, false
	}
	if v.scalar() {
		return append(b, v.raw...), true
	}
	opens, closes := "[", "]"
	if v.isObject() {
		opens, closes = "{ ", " }"
	}
	if len(v.parts) == 0 {
		opens, closes = strings.TrimSpace(opens), strings.TrimSpace(closes)
	}
	b = append(b, opens...)
	for i, part := range v.parts {
		if i > 0 {
			b = append(b, ", "...)
		}
		if v.isObject() {
			b = append(append(b, v.names[i].raw...), ": "...)
		}
		if v.isArray() && part.isObject() {
			return b, false // predicates and filters have lines of their own
		}
		if b, ok = part.line(b, most); !ok {
			return b, false
		}
	}
	b = append(b, closes...)
	return b, len(b) <= most
}

// Compact is JSON without blanks. What is no JSON stays as it is.
func Compact(text []byte) []byte {
	v := jsontext.Value(text).Clone()
	if err := v.Compact(); err != nil {
		return text
	}
	return v
}

// Pretty is JSON as people read it. What is no JSON stays as it is, and so does what would be much larger.
func Pretty(text []byte) []byte {
	v, err := parse(text)
	if err != nil {
		return text
	}
	pretty, ok := v.pretty()
	if !ok {
		return text
	}
	return append(pretty, '\n')
}
