// Package tables says what the tables of a lake are, and how a record becomes rows of them. It reads and writes no file.
package tables

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/parley-hq/parley/internal/conversation/dimension"
)

// Table names a table of the lake.
type Table string

// The tables. Conversations is the one that counts: its snapshot names the snapshots of the others.
const (
	Conversations Table = "conversations"
	Segments      Table = "segments"
	Metrics       Table = "metrics"
	Attributes    Table = "attributes"
	Evaluations   Table = "evaluations"
	Surveys       Table = "surveys"
	Resolutions   Table = "resolutions"
	Summaries     Table = "summaries"
	Legs          Table = "legs"
	Changes       Table = "changes"
)

// Names is the table of what the things are called that records name by id. It stands beside the others: its rows are of no
// day and of no record, it is committed by itself, and a lake may not have it.
const Names Table = "names"

// Rules numbers the rules by which a record becomes rows. It goes up when the same record gives other rows than before, so
// that rows that were made by the rules of before are made anew of their records and not copied. A column that is new needs
// none: it shows.
const Rules = 1

// All lists every table, Conversations last, which is the order of commitment.
func All() []Table {
	return []Table{Segments, Metrics, Attributes, Evaluations, Surveys, Resolutions, Summaries, Legs, Changes, Conversations}
}

// Companions lists every table but Conversations.
func Companions() []Table { return All()[:len(All())-1] }

// Column describes a column to people.
type Column struct {
	Name     string
	Type     string
	Required bool
	Doc      string
}

// Columns describes the columns of a table in order of their field ids.
func Columns(t Table) []Column { return layoutOf(t).columns }

// Schema is how a table's rows lie in Arrow.
func Schema(t Table) *arrow.Schema { return layoutOf(t).schema }

// layout is what is known of a table without knowing what its rows are made of.
type layout struct {
	schema  *arrow.Schema
	columns []Column
}

func layoutOf(t Table) layout {
	switch t {
	case Conversations:
		return lay(conversationColumns())
	case Segments:
		return lay(segmentColumns())
	case Metrics:
		return lay(metricColumns())
	case Attributes:
		return lay(attributeColumns())
	case Evaluations:
		return lay(itemColumns(dimension.Evaluation))
	case Surveys:
		return lay(itemColumns(dimension.Survey))
	case Resolutions:
		return lay(itemColumns(dimension.Resolution))
	case Names:
		return lay(nameColumns())
	case Summaries:
		return lay(summaryColumns())
	case Legs:
		return lay(legColumns())
	default:
		return lay(changeColumns())
	}
}

func lay[R any](cols []column[R]) layout {
	var l layout
	fields := make([]arrow.Field, len(cols))
	id := 1
	for i, c := range cols {
		fields[i], id = c.field(id)
		l.columns = append(l.columns, Column{Name: c.name, Type: c.typ.String(), Required: c.required, Doc: c.doc})
	}
	l.schema = arrow.NewSchema(fields, nil)
	return l
}

// Rows are handed on in Arrow's record batches: each is held in memory several times over while it is written, and a
// page of a column is never cut inside one of few rows. It has at most the text of one row more than BytesAtOnce.
const (
	RowsAtOnce       = 512 // of conversations: of 5 kB they are some 3 MB
	companionsAtOnce = 4_096
	BytesAtOnce      = 4 << 20
)

// rows gathers rows of one table as Arrow columns and hands them on in record batches.
type rows[R any] struct {
	schema  *arrow.Schema
	columns []*cells
	shared  []func(*R, int) // put a row's value into the columns that the rows of a session share, and into the others
	own     []func(*R, int)
	most    int // rows at once
	n       int
	size    int64                   // bytes of the texts and lists gathered, nearly all that there is
	give    func(arrow.RecordBatch) // takes a record batch, and releases it
}

func newRows[R any](mem memory.Allocator, cols []column[R], most int, give func(arrow.RecordBatch)) *rows[R] {
	r := &rows[R]{schema: lay(cols).schema, most: most, give: give}
	for _, c := range cols {
		to := &cells{builder: array.NewBuilder(mem, c.typ), most: most, size: &r.size}
		r.columns = append(r.columns, to)
		if put := c.bind(to); c.shared {
			r.shared = append(r.shared, put)
		} else {
			r.own = append(r.own, put)
		}
	}
	return r
}

func (r *rows[R]) add(row *R) { r.addRun(1, 0, func(int) *R { return row }) }

// addRun adds n rows, which have the shared columns in common; of these a row has size bytes at most.
func (r *rows[R]) addRun(n int, size int64, row func(int) *R) {
	for at := 0; at < n; {
		run := min(n-at, r.most-r.n)
		if int64(run)*size > BytesAtOnce {
			run = 1
		}
		for i := range run {
			v := row(at + i)
			if i == 0 {
				fill(r.shared, v, run)
			}
			fill(r.own, v, 1)
		}
		at += run
		if r.n += run; r.n >= r.most || r.size >= BytesAtOnce {
			r.flush()
		}
	}
}

func fill[R any](columns []func(*R, int), row *R, n int) {
	for _, column := range columns {
		column(row, n)
	}
}

// flush hands on the rows gathered so far.
func (r *rows[R]) flush() {
	if r.n == 0 {
		return
	}
	columns := make([]arrow.Array, len(r.columns))
	for i, c := range r.columns {
		columns[i] = c.take(r.n)
	}
	rows := array.NewRecordBatch(r.schema, columns, int64(r.n))
	for _, c := range columns {
		c.Release() // the record batch holds them now
	}
	r.n, r.size = 0, 0
	r.give(rows)
}
