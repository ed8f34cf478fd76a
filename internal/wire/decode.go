package wire

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// Misfits counts the values of records that do not fit the schema, by their path, such as
// participants[].sessions[].metrics[].value. Paths are made of the schema's own names, so there are few of them and they
// say nothing of what a record holds. Nil when everything fits.
type Misfits map[string]int64

// whole is the path of a record that is no JSON object.
const whole = "the whole record"

// Add counts others in.
func (m *Misfits) Add(others Misfits) {
	if len(others) > 0 && *m == nil {
		*m = make(Misfits)
	}
	for path, n := range others {
		(*m)[path] += n
	}
}

// Paths gives the paths, those with the most values first.
func (m Misfits) Paths() []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int { return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b)) })
}

// String names at most five paths, those with the most values, each with its number of values.
func (m Misfits) String() string {
	const most = 5
	var names []string
	for i, path := range m.Paths() {
		if i == most {
			names = append(names, fmt.Sprintf("and %d more places", len(m)-most))
			break
		}
		names = append(names, fmt.Sprintf("%s (%d)", path, m[path]))
	}
	return strings.Join(names, ", ")
}

// Incomplete is the fault.Incomplete of a command that brought in records of which some had these values.
func (m Misfits) Incomplete(records int64) error {
	return fault.New(fault.Incomplete, "some values do not fit the schema, and filters do not find them: %v; records with such values: %d, kept whole", m, records)
}

// Decode reads a record into a typed conversation, which is never nil. Whoever derives something from a record goes by
// what Decode makes of it.
//
// A value that does not fit the schema is as good as absent, and is counted: a member is left out of its object, an
// element (null too) out of its list. What fits:
//   - A whole number fits however it is written, 72.0 too, if it fits 64 bits. A number that float64 cannot hold does not.
//   - A time fits if conversation.ParseTime reads it; empty text is an absent time, as it is an absent text.
//   - A metric needs a name and a value that fit. Without a value it has the value 0.
//   - Null is an absent member. Of a member that comes twice the later one counts; objects are merged.
//   - Text that is not quite UTF-8 is mended with U+FFFD, and unknown members are not looked at.
func Decode(raw []byte) (*conversation.Conversation, Misfits) {
	c := new(conversation.Conversation)
	var found Misfits
	if err := json.Unmarshal(raw, c, lenient); err != nil || nullInList(raw) {
		c, found = decodeTolerantly(raw)
	}
	dropMisfits(c, &found)
	return c, found
}

// nullInList says whether null may be an element of a list, which json.Unmarshal takes for an empty one. It may say so
// of a null in a text too, which costs time and changes nothing.
func nullInList(raw []byte) bool {
	for {
		i := bytes.Index(raw, []byte("null"))
		if i < 0 {
			return false
		}
		before := bytes.TrimRight(raw[:i], " \t\r\n")
		if bytes.HasSuffix(before, []byte("[")) || bytes.HasSuffix(before, []byte(",")) {
			return true
		}
		raw = raw[i+len("null"):]
	}
}

// decodeTolerantly is the slow way, some times slower than json.Unmarshal: value by value, leaving out what does not fit.
func decodeTolerantly(raw []byte) (*conversation.Conversation, Misfits) {
	c := new(conversation.Conversation)
	t := tolerant{dec: held(raw), found: make(Misfits)}
	if fits, err := t.value(reflect.ValueOf(c).Elem(), ""); err != nil || !fits {
		return new(conversation.Conversation), Misfits{whole: 1}
	}
	if len(t.found) == 0 {
		return c, nil
	}
	return c, t.found
}

// tolerant decodes what fits and counts what does not.
type tolerant struct {
	dec   decoder
	found Misfits
}

// kinds are the kinds of JSON values that fit Go's types; true stands for false too.
var kinds = map[reflect.Kind]jsontext.Kind{
	reflect.Struct: '{', reflect.Map: '{', reflect.Slice: '[', reflect.String: '"', reflect.Bool: 't', reflect.Int64: '0', reflect.Float64: '0',
}

// value reads the next value into v. One that does not fit leaves v as if nothing had been there.
func (t *tolerant) value(v reflect.Value, path string) (fits bool, err error) {
	if v.Kind() == reflect.Pointer {
		return t.pointer(v, path)
	}
	kind := t.dec.PeekKind()
	if kind == 'f' {
		kind = 't'
	}
	switch {
	case kind == 'n':
		v.SetZero()
		return true, t.dec.SkipValue()
	case kind != kinds[v.Kind()]:
		v.SetZero()
		return false, t.skip(path)
	case v.Kind() == reflect.Struct:
		return t.object(v, path)
	case v.Kind() == reflect.Slice:
		return true, t.list(v, path+"[]")
	case v.Kind() == reflect.Map:
		return true, t.dictionary(v, path+".*")
	default:
		return t.scalar(v, path)
	}
}

// skip counts the next value as a misfit.
func (t *tolerant) skip(path string) error {
	t.found[path]++
	return t.dec.SkipValue()
}

func (t *tolerant) pointer(v reflect.Value, path string) (fits bool, err error) {
	if t.dec.PeekKind() == 'n' {
		v.SetZero()
		return true, t.dec.SkipValue()
	}
	if v.IsNil() {
		v.Set(reflect.New(v.Type().Elem()))
	}
	if fits, err = t.value(v.Elem(), path); !fits {
		v.SetZero()
	}
	return fits, err
}

// object reads an object. It does not fit when a member that is always there, one without omitempty, does not.
func (t *tolerant) object(v reflect.Value, path string) (fits bool, err error) {
	members := membersOf(v.Type())
	if path != "" {
		path += "."
	}
	fits = true
	return fits, readMembers(t.dec, func(name string) error {
		m, ok := members[name]
		if !ok {
			return t.dec.SkipValue()
		}
		fit, err := t.value(v.Field(m.index), path+name)
		if m.needed {
			fits = fits && fit
		}
		return err
	})
}

func (t *tolerant) list(v reflect.Value, path string) error {
	if err := expect(t.dec, '['); err != nil {
		return err
	}
	v.SetZero()
	for t.dec.PeekKind() != ']' {
		if t.dec.PeekKind() == 'n' {
			if err := t.skip(path); err != nil {
				return err
			}
			continue
		}
		element := reflect.New(v.Type().Elem()).Elem()
		fits, err := t.value(element, path)
		if err != nil {
			return err
		}
		if fits {
			v.Set(reflect.Append(v, element))
		}
	}
	return expect(t.dec, ']')
}

// dictionary reads the attributes. Their keys are the customers' own and no part of a path.
func (t *tolerant) dictionary(v reflect.Value, path string) error {
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	return readMembers(t.dec, func(name string) error {
		element := reflect.New(v.Type().Elem()).Elem()
		fits, err := t.value(element, path)
		if fits {
			v.SetMapIndex(reflect.ValueOf(name), element)
		} else {
			v.SetMapIndex(reflect.ValueOf(name), reflect.Value{})
		}
		return err
	})
}

// scalar reads a text, a truth or a number, whose kind is right.
func (t *tolerant) scalar(v reflect.Value, path string) (fits bool, err error) {
	text, err := t.dec.ReadValue()
	if err != nil {
		return false, err
	}
	if v.Kind() == reflect.Int64 {
		if n, whole := wholeNumber(string(text)); whole {
			v.SetInt(n)
			return true, nil
		}
	} else if json.Unmarshal(text, v.Addr().Interface(), lenient) == nil {
		return true, nil
	}
	v.SetZero()
	t.found[path]++
	return false, nil
}

// member is where a struct keeps a member.
type member struct {
	index  int
	needed bool
}

// known are the members of the structs that were met: finding them costs more than reading one.
var known sync.Map

func membersOf(typ reflect.Type) map[string]member {
	if members, ok := known.Load(typ); ok {
		return members.(map[string]member)
	}
	members := make(map[string]member, typ.NumField())
	for i := range typ.NumField() {
		name, options, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		members[name] = member{i, options != "omitempty"}
	}
	known.Store(typ, members)
	return members
}
