package tables

import (
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/names"
)

func nameColumns() []column[names.Version] {
	type R = names.Version
	return []column[R]{
		need(text("kind", "what the id is of: user, queue, wrapUpCode, division, skill, language", func(r *R) string { return string(r.Kind) })),
		need(text("id", "as records have it", func(r *R) string { return r.ID })),
		text("name", "what it was called", func(r *R) string { return r.Name }),
		text("division_id", "division that it belonged to; null if to none", func(r *R) string { return r.Division }),
		text("state", "as the platform says: of a user active, inactive or deleted; null if it says none", func(r *R) string { return r.State }),
		flag("gone", "the platform did not list it any more; name, division and state are its last ones", func(r *R) *bool { return &r.Gone }),
		need(moment("seen_from", "when it was first seen so", func(r *R) time.Time { return r.From })),
		moment("seen_until", "when it was first seen otherwise; null while it is so", func(r *R) time.Time { return r.Until }),
		text("run_id", "run that saw it first", func(r *R) string { return r.Run }),
	}
}

// NameRows hands on a history as rows, in its order. Whoever is given them releases them.
func NameRows(h names.History, give func(arrow.RecordBatch)) {
	r := newRows(memory.DefaultAllocator, nameColumns(), companionsAtOnce, give)
	for i := range h {
		r.add(&h[i])
	}
	r.flush()
}

// NamesOf reads rows of the table back. Columns are found by name; rows that lack what every row has are fault.Corrupt.
func NamesOf(rows arrow.RecordBatch) (h names.History, err error) {
	c := nameCells{rows: rows}
	kind, id, name, division, state, run := c.texts("kind"), c.texts("id"), c.texts("name"), c.texts("division_id"), c.texts("state"), c.texts("run_id")
	gone, from, until := columnIn[*array.Boolean](&c, "gone"), columnIn[*array.Timestamp](&c, "seen_from"), columnIn[*array.Timestamp](&c, "seen_until")
	if c.err != nil {
		return nil, c.err
	}
	for i := range int(rows.NumRows()) {
		h = append(h, names.Version{
			Kind: names.Kind(kind(i)), Entry: names.Entry{ID: id(i), Name: name(i), Division: division(i), State: state(i)},
			Gone: gone.IsValid(i) && gone.Value(i), From: instantAt(from, i), Until: instantAt(until, i), Run: run(i),
		})
	}
	return h, nil
}

// nameCells finds columns of rows. The first that is not there, or of another type, is its error.
type nameCells struct {
	rows arrow.RecordBatch
	err  error
}

func columnIn[A arrow.Array](c *nameCells, name string) (out A) {
	at := c.rows.Schema().FieldIndices(name)
	if len(at) == 1 {
		if out, ok := c.rows.Column(at[0]).(A); ok {
			return out
		}
	}
	c.err = fault.New(fault.Corrupt, "the table names has no column %s of its type", name)
	return out
}

// texts gives the text of a row. It is a copy: rows are not there for ever.
func (c *nameCells) texts(name string) func(int) string {
	of := columnIn[*array.String](c, name)
	return func(i int) string {
		if of.IsNull(i) {
			return ""
		}
		return strings.Clone(of.Value(i))
	}
}

func instantAt(of *array.Timestamp, i int) time.Time {
	if of.IsNull(i) {
		return time.Time{}
	}
	return time.UnixMicro(int64(of.Value(i))).UTC()
}
