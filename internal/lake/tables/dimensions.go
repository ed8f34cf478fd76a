package tables

import (
	"slices"

	"github.com/parley-hq/parley/internal/conversation/dimension"
)

// columnsOf makes the columns of what is said of items of a kind, in the order of the list, for rows that have an item.
func columnsOf[R any](kind dimension.Kind, item func(*R) *dimension.Item) (columns []column[R]) {
	for d := range dimension.Columns(kind) {
		c := columnOf(d)
		columns = append(columns, column[R]{c.name, c.doc, c.typ, c.required, c.shared, func(to *cells) func(*R, int) {
			put := c.bind(to)
			return func(r *R, n int) { put(item(r), n) }
		}})
	}
	return columns
}

func columnOf(d dimension.Dimension) column[dimension.Item] {
	c := read(d)
	c.required, c.shared = d.Always, d.OfSession()
	return c
}

func read(d dimension.Dimension) column[dimension.Item] {
	switch get := d.Get.(type) {
	case dimension.TextOf:
		return text(d.Column, d.Doc, get)
	case dimension.TextsOf:
		return texts(d.Column, d.Doc, get)
	case dimension.TruthOf:
		return flag(d.Column, d.Doc, get)
	case dimension.NumberOf:
		return number(d.Column, d.Doc, get)
	case dimension.NumbersOf:
		return numbers(d.Column, d.Doc, get)
	case dimension.DecimalOf:
		return decimal(d.Column, d.Doc, get)
	case dimension.InstantOf:
		return instant(d.Column, d.Doc, get)
	case dimension.TimeOf:
		return moment(d.Column, d.Doc, get)
	case dimension.Emitted: // it has no column, but rows
	}
	panic("no column holds " + d.From) // the linter knows of every way to read
}

// cut divides columns behind the one of a name. The lake's own columns stand among those of the list where they always
// stood; what is added to the list comes after all of them.
func cut[R any](columns []column[R], last string) (before, after []column[R]) {
	i := slices.IndexFunc(columns, func(c column[R]) bool { return c.name == last })
	return columns[:i+1], columns[i+1:]
}

// only takes columns by their names.
func only[R any](columns []column[R], names ...string) []column[R] {
	return slices.DeleteFunc(columns, func(c column[R]) bool { return !slices.Contains(names, c.name) })
}

// keys are the columns of the conversation that companions repeat.
func keys[R any](item func(*R) *dimension.Item, more ...string) []column[R] {
	return only(columnsOf(dimension.Conversation, item), append(more, "conversation_id", "conversation_start")...)
}
