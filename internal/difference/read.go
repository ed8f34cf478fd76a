package difference

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// each calls member with each member of an object, or with each value of a list and no name, until it says to stop. It says
// whether it came to the end. The values are parts of the text.
func each(text jsontext.Value, member func(name string, v jsontext.Value) bool) bool {
	// Both texts were read as records before. Of a member that comes twice the later one counts, as for everyone.
	dec := jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	begin, err := dec.ReadToken()
	if err != nil {
		return false
	}
	named := begin.Kind() == '{'
	for dec.PeekKind() != '}' && dec.PeekKind() != ']' {
		name := ""
		if named {
			token, err := dec.ReadToken()
			if err != nil {
				return false
			}
			name = token.String()
		}
		v, err := dec.ReadValue()
		if err != nil {
			return false
		}
		end := int(dec.InputOffset())
		if !member(name, text[end-len(v):end:end]) {
			return false
		}
	}
	return true
}

// membersOf reads an object, unless it has too many members.
func membersOf(text jsontext.Value) (map[string]jsontext.Value, bool) {
	out := map[string]jsontext.Value{}
	ok := each(text, func(name string, v jsontext.Value) bool {
		out[name] = v
		return len(out) <= most
	})
	return out, ok
}

// valuesOf reads a list, unless it has too many values.
func valuesOf(text jsontext.Value) (out []jsontext.Value, ok bool) {
	ok = each(text, func(_ string, v jsontext.Value) bool {
		out = append(out, v)
		return len(out) <= most
	})
	return out, ok
}

// objectsOf reads a list of objects, unless it has too many, or something else is in it.
func objectsOf(text jsontext.Value, by Identity) (out []object, ok bool) {
	seen := map[string]int{}
	ok = each(text, func(_ string, v jsontext.Value) bool {
		if v.Kind() != '{' || len(out) == most {
			return false
		}
		o := object{key: by.keyOf(v), value: v}
		seen[o.key]++
		o.nth = seen[o.key]
		out = append(out, o)
		return true
	})
	return out, ok
}

// keyOf is what an object is found again by.
func (i Identity) keyOf(text jsontext.Value) string {
	has := map[string]jsontext.Value{}
	each(text, func(name string, v jsontext.Value) bool {
		if slices.Contains(i.Members, name) || slices.Contains(i.Else, name) {
			has[name] = v
		}
		return true
	})
	return i.key(func(member string) jsontext.Value { return has[member] })
}
