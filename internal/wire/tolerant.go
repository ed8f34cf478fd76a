package wire

import (
	"reflect"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
)

// decodeTolerantly is the slow way, some times slower than json.Unmarshal: value by value, leaving out what does not fit.
func decodeTolerantly(raw []byte) (*conversation.Conversation, Misfits) {
	c := new(conversation.Conversation)
	t := tolerant{dec: held(raw), found: make(Misfits)}
	if fits, err := t.value(reflect.ValueOf(c).Elem(), ""); err != nil || !fits {
		return new(conversation.Conversation), Misfits{wholeRecord: 1}
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
	unfit := map[string]bool{} // of the members that are always there
	err = readMembers(t.dec, func(name string) error {
		m, ok := members[name]
		if !ok {
			return t.dec.SkipValue()
		}
		fits, err := t.value(v.Field(m.index), path+name)
		if m.needed {
			unfit[name] = !fits // as the last of that name says
		}
		return err
	})
	for _, is := range unfit {
		if is {
			return false, err
		}
	}
	return true, err
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
		if n, ok := wholeNumber(string(text)); ok {
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
