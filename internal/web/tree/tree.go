// Package tree reads the text of a record branch by branch, and searches it, so that nobody has to be sent all of it.
//
// A branch is an object or a list. It is named by a path, which is a JSON Pointer: /participants/3/sessions. Each call reads the text
// from its beginning and keeps nothing.
package tree

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/fault"
)

// Branch is what stands at a path: some of its members, or a value.
type Branch struct {
	Path    string   `json:"path"`
	Kind    string   `json:"kind"`           // object, array, string, number, boolean, null
	Text    string   `json:"text,omitzero"`  // of a value: its JSON, perhaps cut
	Cut     bool     `json:"cut,omitzero"`   // the text goes on
	Size    int      `json:"size"`           // how many members a branch has
	After   int      `json:"after,omitzero"` // how many stand before those that are told
	Next    int      `json:"next,omitzero"`  // after how many the next ones stand; 0 if there are none
	Members []Member `json:"members,omitzero"`
}

// Member is one of a branch.
type Member struct {
	Name string `json:"name"`          // or the place in a list; perhaps cut
	Path string `json:"path,omitzero"` // empty where it has more bytes than MostPath, and cannot be asked for
	Kind string `json:"kind"`
	Text string `json:"text,omitzero"`
	Cut  bool   `json:"cut,omitzero"`
	Size int    `json:"size,omitzero"` // how many members a branch has
}

// Branches says whether there is something below a member.
func (m Member) Branches() bool { return m.Kind == "object" || m.Kind == "array" }

// MostPath is how many bytes a path has that can be asked for. A record may have names that are longer, and as many members below one as
// it has room for: an answer would have the name once for each.
const MostPath = 4096

const (
	textShown  = 300    // bytes of a value that are told among others
	valueShown = 20_000 // of one alone
)

// Read tells what stands at a path: of a branch so many members at most, after so many others.
func Read(text []byte, path string, after, most int) (Branch, error) {
	steps, err := stepsOf(path)
	if err != nil {
		return Branch{}, err
	}
	d := decoder(text)
	for _, step := range steps {
		if !descend(d, step) {
			return Branch{}, fault.New(fault.NotFound, "The record has nothing at %s", path)
		}
	}
	b := Branch{Path: path, Kind: kindOf(d.PeekKind()), After: after}
	if b.Kind == "object" || b.Kind == "array" {
		return b, b.read(d, most)
	}
	value, err := d.ReadValue()
	b.Text, b.Cut = cut(value, valueShown)
	return b, err
}

// stepsOf are the steps of a JSON Pointer.
func stepsOf(path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	if path[0] != '/' {
		return nil, fault.Field("path", "path begins with a slash, as /participants/3")
	}
	steps := strings.Split(path[1:], "/")
	for i, s := range steps {
		steps[i] = strings.ReplaceAll(strings.ReplaceAll(s, "~1", "/"), "~0", "~")
	}
	return steps, nil
}

// decoder reads a text that was read as a record before: all that is wrong with one is what nobody minds.
func decoder(text []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// descend goes to a member of the value that comes next. It says whether there is one.
func descend(d *jsontext.Decoder, step string) bool {
	branch := d.PeekKind()
	if branch != '{' && branch != '[' {
		return false
	}
	if _, err := d.ReadToken(); err != nil {
		return false
	}
	for n := 0; more(d); n++ {
		name := strconv.Itoa(n)
		if branch == '{' {
			token, err := d.ReadToken()
			if err != nil {
				return false
			}
			name = token.String()
		}
		if name == step {
			return true
		}
		if d.SkipValue() != nil {
			return false
		}
	}
	return false
}

// more says whether another member follows.
func more(d *jsontext.Decoder) bool {
	k := d.PeekKind()
	return k != '}' && k != ']' && k != 0
}

// read reads the members of the branch that comes next.
func (b *Branch) read(d *jsontext.Decoder, most int) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for ; more(d); b.Size++ {
		name := strconv.Itoa(b.Size)
		if b.Kind == "object" {
			token, err := d.ReadToken()
			if err != nil {
				return err
			}
			name = token.String()
		}
		if b.Size < b.After || len(b.Members) == most {
			if err := d.SkipValue(); err != nil {
				return err
			}
			continue
		}
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		b.Members = append(b.Members, memberOf(b.Path, name, value))
	}
	if end := b.After + len(b.Members); end < b.Size {
		b.Next = end
	}
	return nil
}

func memberOf(path, name string, value jsontext.Value) Member {
	m := Member{Kind: kindOf(value.Kind())}
	m.Name, m.Cut = cut([]byte(name), textShown)
	if p := path + "/" + escaped(name); len(p) <= MostPath {
		m.Path = p
	}
	if m.Branches() {
		m.Size = sizeOf(value)
		return m
	}
	text, long := cut(value, textShown)
	m.Text, m.Cut = text, m.Cut || long
	return m
}

func escaped(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// sizeOf is how many members a branch has.
func sizeOf(value jsontext.Value) (n int) {
	d, named := decoder(value), value.Kind() == '{'
	if _, err := d.ReadToken(); err != nil {
		return 0
	}
	for more(d) {
		if named && d.SkipValue() != nil || d.SkipValue() != nil {
			break
		}
		n++
	}
	return n
}

func kindOf(k jsontext.Kind) string {
	switch k {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case '0':
		return "number"
	case 'n':
		return "null"
	default:
		return "boolean"
	}
}

// cut is so much of a text, and whether it goes on.
func cut(text []byte, most int) (string, bool) {
	if len(text) <= most {
		return string(text), false
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return string(text[:most]), true
}
