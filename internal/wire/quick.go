package wire

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
)

// decodeQuickly decodes a record that is written as the platform writes: compact, every member of the type that it has
// in the schema, and none twice. Nearly all are, and it takes a third of the time that json.Unmarshal takes. Any other
// text is not decoded, which the second result says, and the caller decodes it the long way, with the same result.
// Keys, if there are any, count what it meets.
func decodeQuickly(raw []byte, keys *Keys) (*conversation.Conversation, bool) {
	q, ok := quickly(raw)
	if !ok {
		return nil, false
	}
	q.keys = keys
	c := new(conversation.Conversation)
	ok = q.object(reflect.ValueOf(c).Elem(), planOf(reflect.TypeFor[conversation.Conversation]())) && q.at == len(q.text)
	return c, ok
}

// quick reads compact JSON. Its methods say whether they could; if not, nothing is known of the text.
type quick struct {
	text    string
	escapes bool // somewhere in the text
	at      int
	depth   int // of members that nobody knows
	keys    *Keys
}

// quickly begins to read a text, unless what it has in it is not compact JSON for sure.
func quickly(raw []byte) (quick, bool) {
	if !utf8.Valid(raw) || hasControl(raw) {
		return quick{}, false
	}
	return quick{text: string(raw), escapes: bytes.IndexByte(raw, '\\') >= 0}, true // one copy, of which every text is a part
}

// hasControl says whether there is a control character in a text. There is none in compact JSON.
func hasControl(text []byte) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for ; len(text) >= 8; text = text[8:] {
		// Eight at a time: a byte below 0x20 borrows from its highest bit, which was not set.
		if x := binary.LittleEndian.Uint64(text); (x-0x20*ones)&^x&high != 0 {
			return true
		}
	}
	return slices.ContainsFunc(text, func(c byte) bool { return c < ' ' })
}

// plan is what is known of a struct's members.
type plan struct {
	members []planned
	places  map[string]int
	first   int    // of the members among those of the schema
	path    string // of the object in a record
}

type planned struct {
	name string
	read func(q *quick, v reflect.Value) bool // v is the field
}

// plans are those of the structs that were met.
var plans sync.Map

func planOf(typ reflect.Type) *plan {
	if p, ok := plans.Load(typ); ok {
		return p.(*plan)
	}
	p := &plan{places: map[string]int{}, first: layout().first[typ], path: layout().paths[typ]}
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		p.members = append(p.members, planned{name, readerOf(typ.Field(i).Type)})
		p.places[name] = i
	}
	plans.Store(typ, p)
	return p
}

// readerOf gives what reads a value of a type that the schema's structs have.
func readerOf(typ reflect.Type) func(*quick, reflect.Value) bool {
	switch typ.Kind() {
	case reflect.String:
		return (*quick).string
	case reflect.Bool:
		return (*quick).bool
	case reflect.Int64:
		return (*quick).int64
	case reflect.Float64:
		return (*quick).float64
	case reflect.Map:
		return (*quick).dictionary
	case reflect.Struct:
		of := planOf(typ)
		return func(q *quick, v reflect.Value) bool { return q.object(v, of) }
	case reflect.Pointer:
		read, elem := readerOf(typ.Elem()), typ.Elem()
		return func(q *quick, v reflect.Value) bool {
			v.Set(reflect.New(elem))
			return read(q, v.Elem())
		}
	default:
		read := readerOf(typ.Elem())
		return func(q *quick, v reflect.Value) bool { return q.list(v, read) }
	}
}

// next passes over c, if it is next.
func (q *quick) next(c byte) bool {
	if q.before(c) {
		q.at++
		return true
	}
	return false
}

// before says whether c is next.
func (q *quick) before(c byte) bool { return q.at < len(q.text) && q.text[q.at] == c }

// word passes over a word such as true, if it is next.
func (q *quick) word(w string) bool {
	if strings.HasPrefix(q.text[q.at:], w) {
		q.at += len(w)
		return true
	}
	return false
}

func (q *quick) object(v reflect.Value, of *plan) bool {
	var seen [2]uint64 // no struct has more than 128 members
	expected := 0      // members come in the order of the schema
	return q.elements('{', '}', func() bool {
		name, ok := q.name()
		if !ok {
			return false
		}
		i := expected
		if i >= len(of.members) || of.members[i].name != name {
			if i, ok = of.places[name]; !ok {
				return q.unknown(of, name)
			}
		}
		if bit := uint64(1) << (i % 64); seen[i/64]&bit == 0 {
			seen[i/64] |= bit
		} else {
			return false
		}
		expected = i + 1
		if q.word("null") {
			q.count(of.first+i, true)
			return true
		}
		q.count(of.first+i, false)
		return of.members[i].read(q, v.Field(i))
	})
}

// count counts a member of the schema, if anybody wants to know.
func (q *quick) count(index int, null bool) {
	switch {
	case q.keys == nil:
	case null:
		q.keys.nulls[index]++
	default:
		q.keys.counts[index]++
	}
}

// unknown passes over a member that the schema does not have.
func (q *quick) unknown(of *plan, name string) bool {
	begin := q.at
	ok := q.skip()
	if ok && q.keys != nil {
		q.keys.met(of.path, name, typeOf(jsontext.Value(q.text[begin:q.at])))
	}
	return ok
}

// elements reads what stands between open and end, with commas between.
func (q *quick) elements(open, end byte, one func() bool) bool {
	if !q.next(open) {
		return false
	}
	if q.next(end) {
		return true
	}
	for one() {
		if q.next(end) {
			return true
		}
		if !q.next(',') {
			return false
		}
	}
	return false
}

func (q *quick) name() (string, bool) {
	name, ok := q.literal()
	return name, ok && q.next(':')
}

func (q *quick) list(v reflect.Value, read func(*quick, reflect.Value) bool) bool {
	n := 0
	return q.elements('[', ']', func() bool {
		if n == v.Cap() {
			v.Grow(max(2, n))
		}
		n++
		v.SetLen(n)
		return read(q, v.Index(n-1))
	})
}

func (q *quick) dictionary(v reflect.Value) bool {
	into := map[string]string{}
	v.Set(reflect.ValueOf(into))
	return q.elements('{', '}', func() bool {
		name, ok := q.name()
		if !ok {
			return false
		}
		into[name], ok = q.literal()
		return ok
	})
}

func (q *quick) string(v reflect.Value) bool {
	s, ok := q.literal()
	v.SetString(s)
	return ok
}

// literal reads a text, mostly one without escapes.
func (q *quick) literal() (string, bool) {
	if !q.next('"') {
		return "", false
	}
	length := strings.IndexByte(q.text[q.at:], '"')
	if length < 0 {
		return "", false
	}
	if text := q.text[q.at : q.at+length]; !q.escapes || strings.IndexByte(text, '\\') < 0 {
		q.at += length + 1
		return text, true
	}
	return q.escaped()
}

// escaped reads a text with escapes, behind its quotation mark.
func (q *quick) escaped() (string, bool) {
	begin := q.at - 1
	for ; q.at < len(q.text); q.at++ {
		switch q.text[q.at] {
		case '\\':
			q.at++
		case '"':
			q.at++
			text, err := jsontext.AppendUnquote(nil, q.text[begin:q.at])
			return string(text), err == nil
		}
	}
	return "", false
}

func (q *quick) bool(v reflect.Value) bool {
	is := q.word("true")
	v.SetBool(is)
	return is || q.word("false")
}

func (q *quick) int64(v reflect.Value) bool {
	const most = 18 // digits that surely fit
	number, ok := q.number()
	if !ok || len(number) > most || strings.ContainsAny(number, ".eE") {
		return false
	}
	n, err := strconv.ParseInt(number, 10, 64)
	v.SetInt(n)
	return err == nil
}

func (q *quick) float64(v reflect.Value) bool {
	number, ok := q.number()
	if !ok {
		return false
	}
	f, err := strconv.ParseFloat(number, 64)
	v.SetFloat(f)
	return err == nil
}

// number reads a number as JSON writes it.
func (q *quick) number() (string, bool) {
	begin := q.at
	q.next('-')
	if !q.next('0') && !q.digits() {
		return "", false
	}
	if q.next('.') && !q.digits() {
		return "", false
	}
	if q.next('e') || q.next('E') {
		_ = q.next('+') || q.next('-')
		if !q.digits() {
			return "", false
		}
	}
	return q.text[begin:q.at], true
}

func (q *quick) digits() bool {
	begin := q.at
	for q.at < len(q.text) && '0' <= q.text[q.at] && q.text[q.at] <= '9' {
		q.at++
	}
	return q.at > begin
}

// skip passes over a member that nobody here knows.
func (q *quick) skip() bool {
	const deepest = 100
	if q.depth++; q.depth > deepest || q.at == len(q.text) {
		return false
	}
	ok := q.any(q.text[q.at])
	q.depth--
	return ok
}

func (q *quick) any(first byte) bool {
	switch first {
	case '{':
		return q.elements('{', '}', func() bool {
			_, ok := q.name()
			return ok && q.skip()
		})
	case '[':
		return q.elements('[', ']', q.skip)
	case '"':
		_, ok := q.literal()
		return ok
	case 't', 'f', 'n':
		return q.word("true") || q.word("false") || q.word("null")
	default:
		_, ok := q.number()
		return ok
	}
}
