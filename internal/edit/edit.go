// Package edit changes members of JSON text. What it does not change stays as it is written, in the same order.
package edit

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// member is a member of an object. The value is as it is written.
type member struct {
	name  string
	value jsontext.Value
}

// Merge is an object with a patch merged into it, as RFC 7396 has it: members of the patch take the place of those of the
// same name, objects are merged, null removes. It fails when either is no object.
func Merge(object, patch jsontext.Value) (jsontext.Value, error) {
	into, err := members(object)
	if err != nil {
		return nil, err
	}
	changes, err := members(patch)
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		if into, err = merged(into, c); err != nil {
			return nil, err
		}
	}
	return joined(into), nil
}

func merged(into []member, change member) ([]member, error) {
	i := slices.IndexFunc(into, func(m member) bool { return m.name == change.name })
	if change.value.Kind() == 'n' {
		return slices.DeleteFunc(into, func(m member) bool { return m.name == change.name }), nil
	}
	if change.value.Kind() == '{' {
		before := jsontext.Value("{}")
		if i >= 0 && into[i].value.Kind() == '{' {
			before = into[i].value
		}
		value, err := Merge(before, change.value)
		if err != nil {
			return nil, err
		}
		change.value = value
	}
	if i < 0 {
		return append(into, change), nil
	}
	into[i].value = change.value
	return into, nil
}

// Element is an object of which one element of the array that is its member of a name was changed: the first that has a
// text as its member of another name. There says whether there is one.
func Element(object jsontext.Value, array, by, text string, change func(jsontext.Value) (jsontext.Value, error)) (_ jsontext.Value, there bool, err error) {
	all, err := members(object)
	if err != nil {
		return nil, false, err
	}
	for i := range all {
		if all[i].name != array {
			continue
		}
		list, err := elements(all[i].value)
		if err != nil {
			return nil, false, err
		}
		at := slices.IndexFunc(list, func(e jsontext.Value) bool { return Text(e, by) == text })
		if at < 0 {
			return object, false, nil
		}
		if list[at], err = change(list[at]); err != nil {
			return nil, false, err
		}
		all[i].value = listed(list)
		return joined(all), true, nil
	}
	return object, false, nil
}

// Each is an object of which every element of the array that is its member of a name was changed. Without such an array it is
// as it was.
func Each(object jsontext.Value, array string, change func(jsontext.Value) (jsontext.Value, error)) (jsontext.Value, error) {
	all, err := members(object)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].name != array || all[i].value.Kind() != '[' {
			continue
		}
		list, err := elements(all[i].value)
		if err != nil {
			return nil, err
		}
		for j := range list {
			if list[j], err = change(list[j]); err != nil {
				return nil, err
			}
		}
		all[i].value = listed(list)
	}
	return joined(all), nil
}

// Put is a value with another one at a pointer (RFC 6901). A member that is not there is added; where what holds it is not
// there, nothing changes.
func Put(in jsontext.Value, at jsontext.Pointer, value jsontext.Value) (jsontext.Value, error) {
	if at == "" {
		return value, nil
	}
	first, rest := cut(at)
	switch in.Kind() { //nolint:exhaustive // nothing else has parts
	case jsontext.KindBeginObject:
		return putMember(in, first, rest, value)
	case jsontext.KindBeginArray:
		return putElement(in, first, rest, value)
	}
	return in, nil
}

// cut gives the first token of a pointer, and the rest.
func cut(at jsontext.Pointer) (first string, rest jsontext.Pointer) {
	for first = range at.Tokens() {
		break
	}
	return first, jsontext.Pointer(strings.TrimPrefix(string(at), string(jsontext.Pointer("").AppendToken(first))))
}

func putMember(in jsontext.Value, name string, rest jsontext.Pointer, value jsontext.Value) (jsontext.Value, error) {
	all, err := members(in)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(m member) bool { return m.name == name })
	switch {
	case i >= 0:
		if all[i].value, err = Put(all[i].value, rest, value); err != nil {
			return nil, err
		}
	case rest == "":
		all = append(all, member{name, value})
	}
	return joined(all), nil
}

func putElement(in jsontext.Value, index string, rest jsontext.Pointer, value jsontext.Value) (jsontext.Value, error) {
	list, err := elements(in)
	if err != nil {
		return nil, err
	}
	i, err := strconv.Atoi(index)
	if err != nil || i < 0 || i >= len(list) {
		return in, nil //nolint:nilerr // there is no such element
	}
	if list[i], err = Put(list[i], rest, value); err != nil {
		return nil, err
	}
	return listed(list), nil
}

func listed(list []jsontext.Value) jsontext.Value {
	return slices.Concat([]byte{'['}, bytes.Join(asBytes(list), []byte{','}), []byte{']'})
}

func asBytes(list []jsontext.Value) [][]byte {
	out := make([][]byte, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

// Text is the member of an object that is a text; empty if there is none.
func Text(object jsontext.Value, name string) string {
	all, err := members(object)
	if err != nil {
		return ""
	}
	for _, m := range all {
		if m.name == name && m.value.Kind() == '"' {
			text, err := jsontext.AppendUnquote(nil, m.value)
			if err != nil {
				return ""
			}
			return string(text)
		}
	}
	return ""
}

// members reads an object.
func members(object jsontext.Value) (out []member, err error) {
	d := decoder(object)
	if err := open(d, '{'); err != nil {
		return nil, err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		m := member{name: name.String()}
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		m.value = value.Clone()
		out = append(out, m)
	}
	return out, nil
}

// elements reads an array.
func elements(array jsontext.Value) (out []jsontext.Value, err error) {
	d := decoder(array)
	if err := open(d, '['); err != nil {
		return nil, err
	}
	for d.PeekKind() != ']' {
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		out = append(out, value.Clone())
	}
	return out, nil
}

func decoder(text []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

func open(d *jsontext.Decoder, kind jsontext.Kind) error {
	if got := d.PeekKind(); got != kind {
		return fmt.Errorf("expected %v, found %v", kind, got)
	}
	_, err := d.ReadToken()
	return err
}

func joined(all []member) jsontext.Value {
	out := []byte{'{'}
	for i, m := range all {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := jsontext.AppendQuote(nil, m.name)
		if err != nil { // invalid UTF-8, of which the platform makes what it can
			name, _ = jsontext.AppendQuote(nil, bytes.ToValidUTF8([]byte(m.name), []byte("\uFFFD")))
		}
		out = append(append(append(out, name...), ':'), m.value...)
	}
	return append(out, '}')
}
