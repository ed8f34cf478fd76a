package wire

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
)

// Key is a member of records, by its path such as participants[].sessions[].ani, and the type that JSON Schema has for its
// value. Paths are made of names of members alone: attributes, whose names are the customers' own, are one member.
type Key struct {
	Path string `json:"path"`
	Type string `json:"type"` // string, boolean, integer, number, object, array, null
}

// Known says whether this version knows the member, and that it has such values. The rows of an envelope are known: what
// may be in them is for whoever asked for them to say.
func (k Key) Known() bool {
	p := layout().byPath[k.Path]
	return p != nil && (k.Type == "null" || p.fits(k.Type)) || k == rowsKey
}

// Sight says how often a key was met, and in records of which days.
type Sight struct {
	Key

	Count   int64            `json:"count"`
	First   conversation.Day `json:"first"`
	Last    conversation.Day `json:"last"`
	Example conversation.ID  `json:"example,omitempty"` // one of the conversations that have it; of keys that are not known
}

// Others stands for the path of keys that are too many to be told apart, and that are not known.
const Others = "(others)"

const (
	mostStrange = 1000 // keys that are not known are told apart, of the records of a day
	longestName = 128  // bytes of a name that nobody knows are kept
)

// Keys counts the keys of records while they are decoded, so that a record is read once. Not for concurrent use.
type Keys struct {
	day conversation.Day
	// counts and nulls are of the day, by spot.index; before is what they were before the record that is being read.
	counts, nulls, before []int64
	strange               map[strangeKey]*strangeSight
	undo                  []*strangeSight
	id                    conversation.ID
	seen                  map[Key]*Sight // of the days before
}

// strangeKey is a key that is not known, as it is met: beneath a place.
type strangeKey struct{ path, name, typ string }

type strangeSight struct {
	count   int64
	example conversation.ID
}

// NewKeys counts from zero.
func NewKeys() *Keys {
	n := len(layout().places)
	return &Keys{counts: make([]int64, n), nulls: make([]int64, n), before: make([]int64, 2*n), strange: map[strangeKey]*strangeSight{}, seen: map[Key]*Sight{}}
}

// Decode decodes a record as the function Decode does, and counts its keys. Of a record that does not fit as a whole none is
// counted. Keys that are nil count nothing.
func (k *Keys) Decode(r conversation.Record) (*conversation.Conversation, Misfits) {
	if k == nil {
		return Decode(r.JSON)
	}
	if tooHeavy(r.JSON) {
		return new(conversation.Conversation), Misfits{wholeRecord: 1}
	}
	if day := r.Day(); day != k.day {
		k.flush()
		k.day = day
	}
	k.id = r.ID
	copy(k.before, k.counts)
	copy(k.before[len(k.counts):], k.nulls)
	k.undo = k.undo[:0]
	if c, ok := decodeQuickly(r.JSON, k); ok {
		return c, dropMisfits(c, nil)
	}
	copy(k.counts, k.before)
	copy(k.nulls, k.before[len(k.counts):])
	for _, s := range k.undo {
		s.count--
	}
	w := walker{k, held(r.JSON)}
	_ = w.object(layout().root) // what is no JSON was refused at the door
	return decodeSlowly(r.JSON)
}

// met counts a key that is not known, or has another type than is known.
func (k *Keys) met(path, name, typ string) {
	at := strangeKey{path, name, typ}
	s := k.strange[at]
	if s == nil {
		if len(k.strange) >= mostStrange {
			at = strangeKey{Others, "", ""}
			s = k.strange[at]
		}
		if s == nil {
			at.name = strings.Clone(at.name) // it is a part of the record
			s = &strangeSight{example: k.id}
			k.strange[at] = s
		}
	}
	s.count++
	k.undo = append(k.undo, s)
}

// flush counts the day among those before.
func (k *Keys) flush() {
	for i, p := range layout().places {
		k.saw(Key{p.path, p.typ}, k.counts[i], "")
		k.saw(Key{p.path, "null"}, k.nulls[i], "")
	}
	clear(k.counts)
	clear(k.nulls)
	for at, s := range k.strange {
		path := at.path
		if at.name != "" {
			path = joined(path, clipped(at.name))
		}
		k.saw(Key{path, at.typ}, s.count, s.example)
	}
	clear(k.strange)
}

func (k *Keys) saw(key Key, count int64, example conversation.ID) {
	if count == 0 {
		return
	}
	s := k.seen[key]
	if s == nil {
		s = &Sight{Key: key, First: k.day, Last: k.day, Example: example}
		k.seen[key] = s
	}
	s.Count += count
	s.First, s.Last = min(s.First, k.day), max(s.Last, k.day)
}

// Sights are the keys that were met, by path.
func (k *Keys) Sights() []Sight {
	k.flush()
	var out []Sight
	for _, s := range k.seen {
		out = append(out, *s)
	}
	SortSights(out)
	return out
}

// SortSights brings keys into the order of their paths.
func SortSights(all []Sight) {
	slices.SortFunc(all, func(a, b Sight) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Type, b.Type)) })
}

func joined(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func clipped(name string) string {
	if len(name) <= longestName {
		return name
	}
	return strings.ToValidUTF8(name[:longestName], "") + "…"
}

// spot is a member of the schema.
type spot struct {
	path    string
	typ     string // as JSON Schema calls it
	index   int    // in layout.places; -1 of what is no member: an object of a list, a value of one, of a dictionary
	members map[string]*spot
	element *spot // of a list or a dictionary
}

func (p *spot) fits(typ string) bool { return typ == p.typ || typ == "integer" && p.typ == "number" }

// schemaLayout is the schema as the types of package conversation have it.
type schemaLayout struct {
	root   *spot
	places []*spot
	byPath map[string]*spot
	first  map[reflect.Type]int // index of the first member of a struct
	paths  map[reflect.Type]string
}

var layout = sync.OnceValue(func() *schemaLayout {
	l := &schemaLayout{byPath: map[string]*spot{}, first: map[reflect.Type]int{}, paths: map[reflect.Type]string{}}
	l.root = l.of(reflect.TypeFor[conversation.Conversation](), "")
	return l
})

// of makes the place of a type. Every struct is in one place of the schema, so that its members can be counted in a row.
func (l *schemaLayout) of(typ reflect.Type, path string) *spot {
	p := &spot{path: path, index: -1, typ: types[typ.Kind()]}
	switch typ.Kind() {
	case reflect.Pointer:
		return l.of(typ.Elem(), path)
	case reflect.Slice:
		p.element = l.of(typ.Elem(), path+"[]")
	case reflect.Map:
		p.element = l.of(typ.Elem(), path+".*")
	case reflect.Struct:
		l.members(p, typ)
	default:
	}
	return p
}

func (l *schemaLayout) members(p *spot, typ reflect.Type) {
	if _, twice := l.first[typ]; twice {
		panic("wire: " + typ.Name() + " is in two places of the schema, and its members are counted as one")
	}
	first := len(l.places)
	l.first[typ], l.paths[typ] = first, p.path
	p.members = map[string]*spot{}
	l.places = append(l.places, make([]*spot, typ.NumField())...)
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		m := l.of(typ.Field(i).Type, joined(p.path, name))
		m.index = first + i
		p.members[name], l.places[m.index], l.byPath[m.path] = m, m, m
	}
}

// types are what JSON Schema calls the kinds of values that the schema has.
var types = map[reflect.Kind]string{
	reflect.Struct: "object", reflect.Map: "object", reflect.Slice: "array", reflect.String: "string", reflect.Bool: "boolean",
	reflect.Int64: "integer", reflect.Float64: "number",
}

// typeOf is what JSON Schema calls the type of a value, of which the text begins at least.
func typeOf(v jsontext.Value) string {
	switch v.Kind() {
	case 'n':
		return "null"
	case 't', 'f':
		return "boolean"
	case '"':
		return "string"
	case '{':
		return "object"
	case '[':
		return "array"
	default:
		if _, whole := wholeNumber(string(v)); whole {
			return "integer"
		}
		return "number"
	}
}

// walker counts the keys of a record that is written otherwise than the platform writes.
type walker struct {
	keys *Keys
	dec  decoder
}

func (w *walker) object(p *spot) error {
	return readMembers(w.dec, func(name string) error {
		m, known := p.members[name]
		if known {
			return w.value(m)
		}
		v, err := w.dec.ReadValue()
		if err == nil {
			w.keys.met(p.path, name, typeOf(v))
		}
		return err
	})
}

// value counts a value where one of a type is known.
func (w *walker) value(p *spot) error {
	switch kind := w.dec.PeekKind(); {
	case kind == '{' && p.members != nil:
		w.count(w.keys.counts, p)
		return w.object(p)
	case kind == '{' && p.typ == "object":
		w.count(w.keys.counts, p)
		return readMembers(w.dec, func(string) error {
			if w.dec.PeekKind() == 'n' {
				return w.dec.SkipValue() // as good as absent
			}
			return w.value(p.element)
		})
	case kind == '[' && p.typ == "array":
		w.count(w.keys.counts, p)
		return readElements(w.dec, func(v jsontext.Value, _ bool) error {
			inner := walker{w.keys, held(v)}
			return inner.value(p.element)
		})
	}
	v, err := w.dec.ReadValue()
	if err != nil {
		return err
	}
	switch typ := typeOf(v); {
	case typ == "null" && p.index >= 0:
		w.count(w.keys.nulls, p)
	case p.fits(typ):
		w.count(w.keys.counts, p)
	default:
		w.keys.met(p.path, "", typ)
	}
	return nil
}

func (w *walker) count(in []int64, p *spot) {
	if p.index >= 0 {
		in[p.index]++
	}
}

// KnownKeys are the keys of this version, by path.
func KnownKeys() []Key {
	l := layout()
	var out []Key
	for _, path := range slices.Sorted(maps.Keys(l.byPath)) {
		out = append(out, Key{path, l.byPath[path].typ})
	}
	return out
}
