package column

import (
	"slices"
	"strings"
	"unicode"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
)

// MaxSelected is how many columns a selection can have, those that a wildcard stands for included. Spreadsheets take 16,384, and
// nobody reads a thousand.
const MaxSelected = 1_000

// Selected is a column under the name by which it was asked for.
type Selected struct {
	Name string
	Column
}

// Selection is what rows are of, and their columns.
type Selection struct {
	Per     Per
	Columns []Selected
}

// prefixes of the columns of attributes: reports write the second.
var prefixes = []string{"attributes.custom.", "attributes."}

// everything is the name that stands for all columns of the list, everyKey for a column for each key of an attribute.
const (
	everything = "*"
	everyKey   = "attributes.*"
)

// Parse makes a selection of names: those of columns, their aliases, attributes.KEY for the attribute of that key, * for all
// columns of the list, attributes.* for a column for each key that there is, which WithKeys spells out.
//
// A name that is not known is fault.Invalid, and the message offers the nearest; so are a column that such rows do not have, a
// name that comes twice, and more than MaxSelected columns. Field is the flag or member that has the names, for the message.
func Parse(field string, per Per, names []string) (Selection, error) {
	s := Selection{Per: per}
	for _, name := range names {
		found, err := named(field, per, name)
		if err != nil {
			return s, err
		}
		s.Columns = append(s.Columns, found...)
	}
	if len(s.Columns) == 0 {
		return s, fault.Field(field, "%s names no column; parley columns lists them", field)
	}
	return s, s.check(field)
}

// named finds what a name stands for. Blanks around it mean nothing, but at the end of a key, where they are part of it: some
// keys that scripts set end with one.
func named(field string, per Per, written string) ([]Selected, error) {
	written = strings.TrimLeftFunc(written, unicode.IsSpace)
	name := strings.TrimSpace(written)
	switch name {
	case everything:
		return every(per), nil
	case everyKey:
		return []Selected{{name, Column{Name: name, Type: none, Source: AllAttributes{}}}}, nil
	}
	for _, c := range list {
		if name != c.Name && !slices.Contains(c.Aliases, name) {
			continue
		}
		if !c.Has(per) {
			return nil, fault.Field(field, "%s: rows of a %s have no column %s; a row of an %s has", field, per, name, c.Only)
		}
		return []Selected{{name, c}}, nil
	}
	for _, prefix := range prefixes {
		if key, is := strings.CutPrefix(written, prefix); is && key != "" {
			return []Selected{{written, attribute(key)}}, nil
		}
	}
	return nil, unknown(field, per, name)
}

// every is all columns of the list, under their names.
func every(per Per) (all []Selected) {
	for _, c := range list {
		if c.Has(per) {
			all = append(all, Selected{c.Name, c})
		}
	}
	return all
}

// offered is how many names a message offers in place of one that is not known.
const offered = 3

func unknown(field string, per Per, name string) error {
	var all []string
	for _, c := range list {
		if c.Has(per) {
			all = append(append(all, c.Name), c.Aliases...)
		}
	}
	near := query.Nearest(name, all, offered)
	if len(near) == 0 {
		return fault.Field(field, "%s: there is no column %s; parley columns lists them, and an attribute is attributes.KEY", field, fault.Clip(name))
	}
	return fault.Field(field, "%s: there is no column %s; did you mean %s? parley columns lists them", field, fault.Clip(name), strings.Join(near, ", "))
}

func (s Selection) check(field string) error {
	if len(s.Columns) > MaxSelected {
		return fault.Field(field, "%s makes %d columns, and there can be %d; name those that you need", field, len(s.Columns), MaxSelected)
	}
	seen := map[string]bool{}
	for _, c := range s.Columns {
		if seen[c.Name] {
			return fault.Field(field, "%s has the column %s twice", field, fault.Clip(c.Name))
		}
		seen[c.Name] = true
	}
	return nil
}

// AsksKeys says whether the selection has to be spelled out by WithKeys.
func (s Selection) AsksKeys() bool {
	return slices.ContainsFunc(s.Columns, func(c Selected) bool { return c.Type == none })
}

// WithKeys spells out attributes.* by the keys that there are, in their order, but for those selected by themselves. It is
// fault.Invalid when that makes more than MaxSelected columns.
func (s Selection) WithKeys(field string, keys []string) (Selection, error) {
	out := Selection{Per: s.Per}
	for _, c := range s.Columns {
		if c.Type != none {
			out.Columns = append(out.Columns, c)
			continue
		}
		for _, key := range keys {
			if !slices.ContainsFunc(s.Columns, func(o Selected) bool { return o.Source == Attribute(key) }) {
				out.Columns = append(out.Columns, Selected{keyPath(key), attribute(key)})
			}
		}
	}
	if len(out.Columns) > MaxSelected {
		return s, fault.Field(field, "%s: %s makes more than %d columns, one for each key of an attribute; take attributes, which has all of them in one column, or name the keys that you need",
			field, everyKey, MaxSelected)
	}
	return out, out.check(field)
}

// Row reads the values of a selection from a record in memory.
func (s Selection) Row(it *Item) []any {
	values := make([]any, len(s.Columns))
	for i, c := range s.Columns {
		values[i] = c.Of(it)
	}
	return values
}
