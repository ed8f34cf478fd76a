package duck

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/answers"
	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/query"
)

var _ engine.Tabular = (*Engine)(nil)

// atOnce is how many conversations rows are asked for at once. The library that asks DuckDB has the whole answer of a statement in
// memory, and two are there at a time: one is read while the next is found. Of the table with the records, an answer has some
// 6 MB; of 170 columns with attributes some 30 MB.
type atOnce struct{ rows, wide, companions, records int }

func atOnceByDefault() atOnce {
	return atOnce{rows: 32_000, wide: 6_000, companions: 4_000, records: 1_000}
}

// manyColumns is the number of columns from which on a selection is wide.
const manyColumns = 40

// of is how many for a selection.
func (a atOnce) of(sel column.Selection) int {
	attributed := slices.ContainsFunc(sel.Columns, func(c column.Selected) bool { return c.Source == column.Attributes{} })
	if attributed || len(sel.Columns) > manyColumns {
		return a.wide
	}
	return a.rows
}

// Rows implements engine.Tabular.
func (e *Engine) Rows(ctx context.Context, q query.Query, sel column.Selection) iter.Seq2[[]any, error] {
	return e.rows(ctx, q, e.atOnce.of(sel), func(n sqltext.Narrowed) answers.Asked {
		statement, attributed := n.Rows(sel)
		return answers.Asked{Statement: statement, Selection: sel, Attributed: attributed}
	})
}

// Table yields the rows of a table that belong to what q selects, in the order of the table, and gives its columns. It is as
// Rows otherwise.
func (e *Engine) Table(ctx context.Context, q query.Query, t tables.Table) ([]column.Selected, iter.Seq2[[]any, error]) {
	sel := selectionOf(t)
	once := e.atOnce.companions
	if t == tables.Conversations {
		once = e.atOnce.records
	}
	return sel.Columns, e.rows(ctx, q, once, func(n sqltext.Narrowed) answers.Asked {
		return answers.Asked{Statement: n.Table(t), Selection: sel}
	})
}

// selectionOf is the columns of a table, as those of a selection.
func selectionOf(t tables.Table) (sel column.Selection) {
	types := map[string]column.Type{
		"utf8": column.Text, "int64": column.Number, "float64": column.Decimal, "bool": column.Truth, "timestamp[us, tz=UTC]": column.Instant,
		"list<item: utf8, nullable>": column.Texts, "list<item: int64, nullable>": column.Numbers,
	}
	for _, c := range tables.Columns(t) {
		sel.Columns = append(sel.Columns, column.Selected{Name: c.Name, Column: column.Column{Name: c.Name, Type: types[c.Type], Doc: c.Doc, Source: column.Stored(c.Name)}})
	}
	return sel
}

// AttributeKeys implements engine.Tabular.
func (e *Engine) AttributeKeys(ctx context.Context, q query.Query, most int) ([]string, error) {
	s, err := e.search(ctx, q)
	if err != nil || s.Empty() {
		return nil, err
	}
	keys := map[string]bool{}
	for part, err := range answers.Parts(ctx, e, s, e.atOnce.rows) {
		if err != nil {
			return nil, err
		}
		if err := answers.Texts(ctx, e, s.Within(part, e.only()).Keys(most), func(key string) { keys[key] = true }); err != nil {
			return nil, err
		}
	}
	sorted := slices.Sorted(maps.Keys(keys))
	return sorted[:min(most, len(sorted))], nil
}

// rows yields the rows of part after part.
func (e *Engine) rows(ctx context.Context, q query.Query, once int, ask func(sqltext.Narrowed) answers.Asked) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		s, err := e.search(ctx, q)
		if err != nil {
			yield(nil, err)
			return
		}
		answers.Rows(ctx, e, answers.Parts(ctx, e, s, once), func(p sqltext.Part) answers.Asked { return ask(s.Within(p, e.only())) })(yield)
	}
}
