package answers

import (
	"context"
	"database/sql"
	"encoding/json"
	"iter"
	"time"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/engine/sqltext"
)

// Asked is a statement for rows of a selection, and how they are read.
type Asked struct {
	Statement  sqltext.Text
	Selection  column.Selection
	Attributed bool // the last column has attributes
}

// Rows yields the rows of part after part, for each of which ask writes the statement. The next part is asked for while one is
// read. It stops after the first failure, of the parts or of a statement.
func Rows(ctx context.Context, from Source, parts iter.Seq2[sqltext.Part, error], ask func(sqltext.Part) Asked) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		answers := make(chan answer)
		go askAll(ctx, from, parts, ask, answers)
		defer func() {
			cancel()
			for a := range answers { // until it has ended, so that nothing is left open
				a.close()
			}
		}()
		for a := range answers {
			if !a.yield(ctx, from, yield) {
				return
			}
		}
	}
}

// answer is what a statement gives.
type answer struct {
	Asked

	rows *sql.Rows
	err  error
}

func (a answer) close() {
	if a.rows != nil {
		_ = a.rows.Close() // it was only read
	}
}

// askAll asks part after part. It ends when there are no more, or with the first failure.
func askAll(ctx context.Context, from Source, parts iter.Seq2[sqltext.Part, error], ask func(sqltext.Part) Asked, to chan<- answer) {
	defer close(to)
	for part, err := range parts {
		a := answer{err: err}
		if err == nil {
			a.Asked = ask(part)
			a.rows, a.err = from.Ask(ctx, a.Statement) //nolint:rowserrcheck // whoever reads the answer looks
		}
		if to <- a; a.err != nil {
			return
		}
	}
}

// yield yields the rows of an answer and says whether to go on.
func (a answer) yield(ctx context.Context, from Source, yield func([]any, error) bool) bool {
	defer a.close()
	if a.err != nil {
		yield(nil, a.err)
		return false
	}
	row, err := a.reader()
	if err != nil {
		yield(nil, from.Failed(ctx, err))
		return false
	}
	for a.rows.Next() {
		values, err := row()
		if err != nil {
			yield(nil, from.Failed(ctx, err))
			return false
		}
		if !yield(values, nil) {
			return false
		}
	}
	if err := a.rows.Err(); err != nil {
		yield(nil, from.Failed(ctx, err))
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
	values := make([]any, len(a.Selection.Columns))
	return func() ([]any, error) {
		if err := a.rows.Scan(to...); err != nil {
			return nil, err
		}
		var attributes map[string]string
		if a.Attributed {
			attributes = gathered(stored[len(stored)-1])
		}
		at := 0
		for i, c := range a.Selection.Columns {
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
		if n, is := x.(json.Number); is {
			x, _ = n.Int64()
		}
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
