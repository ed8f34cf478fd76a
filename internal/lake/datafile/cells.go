package datafile

import (
	"context"
	"iter"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Cells reads columns of a data file row by row, as plain values: string, int64, float64, bool, time.Time in UTC, []*string,
// []int64, or nil. A column that the file does not have, as that of an earlier version, is nil in every row. The cells are
// good until the next row is asked for; the texts in them too. Damage of any kind is fault.Corrupt.
func Cells(ctx context.Context, f File, names ...string) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		cells, columns := make([]any, len(names)), make([]arrow.Array, len(names))
		for batch, err := range Rows(ctx, f) {
			if err != nil {
				yield(nil, err)
				return
			}
			choose(columns, batch, names)
			for row := range int(batch.NumRows()) {
				for i, c := range columns {
					cells[i] = cell(c, row)
				}
				if !yield(cells, nil) {
					return
				}
			}
		}
	}
}

// choose gives columns of a record batch by name; nil where it has none.
func choose(out []arrow.Array, from arrow.RecordBatch, names []string) {
	for i, name := range names {
		out[i] = nil
		if at := from.Schema().FieldIndices(name); len(at) == 1 {
			out[i] = from.Column(at[0])
		}
	}
}

func cell(column arrow.Array, row int) any {
	if column == nil || column.IsNull(row) {
		return nil
	}
	switch c := column.(type) {
	case *array.String:
		return c.Value(row)
	case *array.Int64:
		return c.Value(row)
	case *array.Float64:
		return c.Value(row)
	case *array.Boolean:
		return c.Value(row)
	case *array.Timestamp:
		return time.UnixMicro(int64(c.Value(row))).UTC()
	case *array.List:
		return list(c, row)
	}
	return nil // the lake's layout has no other types
}

func list(c *array.List, row int) any {
	begin, end := c.ValueOffsets(row)
	switch of := c.ListValues().(type) {
	case *array.Int64:
		return of.Int64Values()[begin:end]
	case *array.String:
		out := make([]*string, end-begin)
		for i := range out {
			if at := int(begin) + i; !of.IsNull(at) {
				out[i] = new(of.Value(at))
			}
		}
		return out
	}
	return nil
}
