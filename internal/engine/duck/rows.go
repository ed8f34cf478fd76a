package duck

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
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
	return e.rows(ctx, q, e.atOnce.of(sel), func(n sqltext.Narrowed) (sqltext.Text, shape) {
		statement, attributed := n.Rows(sel)
		return statement, shape{selection: sel, attributed: attributed}
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
	return sel.Columns, e.rows(ctx, q, once, func(n sqltext.Narrowed) (sqltext.Text, shape) { return n.Table(t), shape{selection: sel} })
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
	for part, err := range e.parts(ctx, s, e.atOnce.rows) {
		if err != nil {
			return nil, err
		}
		if err := e.texts(ctx, s.Within(part, e.only()).Keys(most), func(key string) { keys[key] = true }); err != nil {
			return nil, err
		}
	}
	sorted := slices.Sorted(maps.Keys(keys))
	return sorted[:min(most, len(sorted))], nil
}

// texts visits the texts that a statement gives.
func (d *DB) texts(ctx context.Context, statement sqltext.Text, visit func(string)) (err error) {
	rows, err := d.query(ctx, statement)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return asFault(ctx, err)
		}
		visit(text)
	}
	return asFault(ctx, rows.Err())
}

// rows yields the rows of part after part. The next part is asked for while one is read.
func (e *Engine) rows(ctx context.Context, q query.Query, once int, ask func(sqltext.Narrowed) (sqltext.Text, shape)) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		answers := make(chan answer)
		go e.answers(ctx, q, once, ask, answers)
		defer func() {
			cancel()
			for a := range answers { // until it has ended, so that nothing is left open
				a.close()
			}
		}()
		for a := range answers {
			if !a.yield(ctx, yield) {
				return
			}
		}
	}
}

// answer is what a statement gives.
type answer struct {
	shape

	rows *sql.Rows
	err  error
}

func (a answer) close() {
	if a.rows != nil {
		_ = a.rows.Close() // it was only read
	}
}

// answers asks part after part. It ends when there are no more, or with the first failure.
func (e *Engine) answers(ctx context.Context, q query.Query, once int, ask func(sqltext.Narrowed) (sqltext.Text, shape), to chan<- answer) {
	defer close(to)
	s, err := e.search(ctx, q)
	if err != nil {
		to <- answer{err: err}
		return
	}
	for part, err := range e.parts(ctx, s, once) {
		var a answer
		if a.err = err; err == nil {
			var statement sqltext.Text
			statement, a.shape = ask(s.Within(part, e.only()))
			a.rows, a.err = e.query(ctx, statement) //nolint:rowserrcheck // whoever reads the answer looks
		}
		if to <- a; a.err != nil {
			return
		}
	}
}

// parts divides what a search finds into stretches of about so many conversations: days, one or several, or parts of a day.
func (e *Engine) parts(ctx context.Context, s sqltext.Search, once int) iter.Seq2[sqltext.Part, error] {
	return func(yield func(sqltext.Part, error) bool) {
		var open sqltext.Part
		var rows int64
		flush := func() bool {
			if rows == 0 {
				return true
			}
			rows = 0
			return yield(open, nil)
		}
		for _, d := range daysOf(s) {
			if rows > 0 && rows+d.rows > int64(once) && !flush() {
				return
			}
			if d.rows <= 2*int64(once) {
				if rows == 0 {
					open = sqltext.Part{From: d.day.Start(), Whole: true}
				}
				open.To, rows = d.day.End(), rows+d.rows
				continue
			}
			parts, err := e.cut(ctx, s, d.day, once)
			if err != nil {
				yield(open, err)
				return
			}
			for _, p := range parts {
				if !yield(p, nil) {
					return
				}
			}
		}
		flush()
	}
}

type dayRows struct {
	day  conversation.Day
	rows int64
}

// daysOf are the days of the files of a search, each with its conversations.
func daysOf(s sqltext.Search) (days []dayRows) {
	for _, f := range s.Files(tables.Conversations) { // by day
		if n := len(days); n > 0 && days[n-1].day == f.Day {
			days[n-1].rows += f.Rows
			continue
		}
		days = append(days, dayRows{f.Day, f.Rows})
	}
	return days
}

// cut divides a day at the starts of conversations.
func (e *Engine) cut(ctx context.Context, s sqltext.Search, day conversation.Day, once int) (parts []sqltext.Part, err error) {
	rows, err := e.query(ctx, s.Starts(day, once))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	from, first := day.Start(), true
	for rows.Next() {
		var at time.Time
		if err := rows.Scan(&at); err != nil {
			return nil, asFault(ctx, err)
		}
		if at = at.UTC(); first {
			first = false // the first part begins with the day
		} else if at.After(from) {
			parts = append(parts, sqltext.Part{From: from, To: at})
			from = at
		}
	}
	return append(parts, sqltext.Part{From: from, To: day.End()}), asFault(ctx, rows.Err())
}

// shape is how the rows of a statement are read.
type shape struct {
	selection  column.Selection
	attributed bool // the last column has attributes
}

// yield yields the rows of an answer and says whether to go on.
func (a answer) yield(ctx context.Context, yield func([]any, error) bool) bool {
	defer a.close()
	if a.err != nil {
		yield(nil, a.err)
		return false
	}
	row, err := a.reader()
	if err != nil {
		yield(nil, asFault(ctx, err))
		return false
	}
	for a.rows.Next() {
		values, err := row()
		if err != nil {
			yield(nil, asFault(ctx, err))
			return false
		}
		if !yield(values, nil) {
			return false
		}
	}
	if err := a.rows.Err(); err != nil {
		yield(nil, asFault(ctx, err))
		return false
	}
	return true
}

// reader gives what reads a row of a statement as one of the selection, into the same slice each time.
func (a answer) reader() (func() ([]any, error), error) {
	names, err := a.rows.Columns()
	if err != nil {
		return nil, err
	}
	stored, to := make([]any, len(names)), make([]any, len(names))
	for i := range stored {
		to[i] = &stored[i]
	}
	values := make([]any, len(a.selection.Columns))
	return func() ([]any, error) {
		if err := a.rows.Scan(to...); err != nil {
			return nil, err
		}
		var attributes map[string]string
		if a.attributed {
			attributes = gathered(stored[len(stored)-1])
		}
		at := 0
		for i, c := range a.selection.Columns {
			switch from := c.Source.(type) {
			case column.Attributes:
				values[i] = nil
				if len(attributes) > 0 {
					values[i] = attributes
				}
			case column.Attribute:
				values[i] = nil
				if text, ok := attributes[string(from)]; ok {
					values[i] = text
				}
			default:
				values[i] = c.Value(typed(c.Type, stored[at]))
				at++
			}
		}
		return values, nil
	}, nil
}

// typed is a value as columns have it.
func typed(t column.Type, v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.UTC()
	case []any:
		if t == column.Numbers {
			return elements[int64](v)
		}
		return elements[string](v)
	default:
		return v
	}
}

// elements are those of a list. An element is null where a record has nothing in its place.
func elements[T any](list []any) any {
	if len(list) == 0 {
		return nil
	}
	out := make([]T, len(list))
	for i, x := range list {
		out[i], _ = x.(T)
	}
	return out
}

// gathered are attributes by their keys: of those of one key, that of the first participant.
func gathered(entries any) map[string]string {
	list, _ := entries.([]any)
	if len(list) == 0 {
		return nil
	}
	all, of := make(map[string]string, len(list)), make(map[string]int, len(list))
	for _, e := range list {
		entry, _ := e.(string)
		participant, key, value := sqltext.ReadAttribute(entry)
		if first, taken := of[key]; !taken || participant < first {
			all[key], of[key] = value, participant
		}
	}
	return all
}
