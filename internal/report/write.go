package report

import (
	"strings"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/column/jsonvalue"
)

// writer writes rows as JSON objects: the names as they were selected, in their order, null for what a row lacks. Attributes are
// one map, where the first of them stands.
type writer struct {
	members []member
	line    []byte
}

// member is a member of each row.
type member struct {
	name   string
	before []byte // a comma or brace, and the quoted name
	at     int    // of its value in what is read
	keys   []key  // of a map of attributes that were selected by key
}

type key struct {
	before []byte
	at     int
}

// newWriter makes a writer of a selection.
func newWriter(p *plan, sel column.Selection) *writer {
	w := &writer{}
	maps := map[string]int{}
	for _, c := range sel.Columns {
		name, of, attribute := attributes(c)
		at := p.need(c.Column)
		if !attribute {
			w.add(c.Name, at)
			continue
		}
		m, have := maps[name]
		if !have {
			m = w.add(name, -1)
			maps[name] = m
		}
		if of == "" {
			w.members[m].at = at // all of them
			continue
		}
		before := byte(',')
		if len(w.members[m].keys) == 0 {
			before = '{'
		}
		w.members[m].keys = append(w.members[m].keys, key{quoted(before, of), at})
	}
	return w
}

// attributes says of a column of attributes which map it is in, and its key there; empty for all.
func attributes(c column.Selected) (name, key string, is bool) {
	if _, all := c.Source.(column.Attributes); all {
		return strings.TrimSuffix(c.Name, ".*"), "", true
	}
	of, one := c.Source.(column.Attribute)
	return strings.TrimSuffix(c.Name, "."+string(of)), string(of), one
}

// add adds a member and gives its place.
func (w *writer) add(name string, at int) int {
	before := byte(',')
	if len(w.members) == 0 {
		before = '{'
	}
	w.members = append(w.members, member{name: name, before: quoted(before, name), at: at})
	return len(w.members) - 1
}

// quoted is what stands before a value.
func quoted(before byte, name string) []byte {
	return append(jsonvalue.Quote([]byte{before}, name), ':')
}

// row writes a row. The text is good until the next one.
func (w *writer) row(values []any) []byte {
	w.line = w.line[:0]
	for _, m := range w.members {
		w.line = append(w.line, m.before...)
		if m.at >= 0 {
			w.line = jsonvalue.Append(w.line, values[m.at])
			continue
		}
		for _, k := range m.keys {
			w.line = jsonvalue.Append(append(w.line, k.before...), values[k.at])
		}
		w.line = append(w.line, '}')
	}
	w.line = append(w.line, '}')
	return w.line
}
