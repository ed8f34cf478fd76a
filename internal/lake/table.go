package lake

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
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
	Changes       Table = "changes"
)

// Tables lists every table, Conversations last, which is the order of commitment.
func Tables() []Table {
	return []Table{Segments, Metrics, Attributes, Evaluations, Surveys, Resolutions, Changes, Conversations}
}

// companions lists every table but Conversations.
func companions() []Table { return Tables()[:len(Tables())-1] }

// Column describes a column to people.
type Column struct {
	Name     string
	Type     string
	Required bool
	Doc      string
}

// Columns describes the columns of a table in order of their field ids.
func Columns(t Table) []Column { return layoutOf(t).columns }

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
		return lay(evaluationColumns())
	case Surveys:
		return lay(surveyColumns())
	case Resolutions:
		return lay(resolutionColumns())
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

// rows gathers rows of one table as Arrow columns.
type rows[R any] struct {
	builder *array.RecordBuilder
	fill    []func(*R)
	n       int
}

func newRows[R any](cols []column[R]) *rows[R] {
	r := &rows[R]{builder: array.NewRecordBuilder(memory.DefaultAllocator, lay(cols).schema)}
	for i, c := range cols {
		r.fill = append(r.fill, c.bind(r.builder.Field(i)))
	}
	return r
}

func (r *rows[R]) add(row *R) {
	for _, fill := range r.fill {
		fill(row)
	}
	r.n++
}

// take gives the rows gathered so far, nil if there are none, and starts anew. The caller releases the batch.
func (r *rows[R]) take() arrow.RecordBatch {
	if r.n == 0 {
		return nil
	}
	r.n = 0
	return r.builder.NewRecordBatch()
}
