package datafile

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
)

// Rows reads columns of a data file, all of them if none is named, in the order of the file. A record batch is valid
// until the next one is asked for. Damage of any kind is fault.Corrupt.
func Rows(ctx context.Context, f File, columns ...string) iter.Seq2[arrow.RecordBatch, error] {
	return rowsWithin(ctx, f, tables.BytesAtOnce, columns...)
}

// rowsWithin is Rows for those who read many files at once: a record batch has at most the text of one row more than so many bytes.
func rowsWithin(ctx context.Context, f File, bytes int64, columns ...string) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		stopped := false
		err := eachRows(ctx, f, bytes, columns, func(b arrow.RecordBatch) bool {
			stopped = !yield(b, nil)
			return !stopped
		})
		if err != nil && !stopped {
			yield(nil, unread(ctx, f, err))
		}
	}
}

// unread is the fault of a data file that was not read to its end. That somebody wanted no more of it is no damage.
func unread(ctx context.Context, f File, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fault.Because(fault.Corrupt, plainly(err), "data file %s cannot be read", f.Path)
}

func eachRows(ctx context.Context, f File, bytes int64, columns []string, yield func(arrow.RecordBatch) bool) (err error) {
	r, err := openParquet(ctx, f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	leaves, err := leavesOf(r, columns)
	if err != nil {
		return err
	}
	for group, more := 0, true; more && group < r.NumRowGroups(); group++ {
		if more, err = eachRowsOf(ctx, r, group, bytes, leaves, yield); err != nil {
			return err
		}
	}
	return nil
}

// leavesOf gives the places of columns in a file; none are all.
func leavesOf(f *file.Reader, columns []string) (leaves []int, err error) {
	defer recovered(&err)
	for _, name := range columns {
		leaf := f.MetaData().Schema.ColumnIndexByName(name)
		if leaf < 0 {
			return nil, fault.New(fault.Corrupt, "it has no column %s", name)
		}
		leaves = append(leaves, leaf)
	}
	return leaves, nil
}

// eachBatchOf reads a row group, and says whether more is wanted.
func eachRowsOf(ctx context.Context, f *file.Reader, group int, bytes int64, leaves []int, yield func(arrow.RecordBatch) bool) (bool, error) {
	rr, err := readGroup(ctx, f, group, bytes, leaves)
	if err != nil {
		return false, err
	}
	defer rr.Release()
	for {
		more, err := nextRows(rr)
		if err = errors.Join(err, ctx.Err()); err != nil || !more {
			return err == nil, err
		}
		if !yield(rr.RecordBatch()) {
			return false, nil
		}
	}
}

func readGroup(ctx context.Context, f *file.Reader, group int, bytes int64, leaves []int) (_ pqarrow.RecordReader, err error) {
	defer recovered(&err)
	props := pqarrow.ArrowReadProperties{BatchSize: rowsAtOnce(f.RowGroup(group).MetaData(), bytes, leaves)}
	r, err := pqarrow.NewFileReader(f, props, memory.DefaultAllocator)
	if err != nil {
		return nil, err
	}
	return r.GetRecordReader(ctx, leaves, []int{group})
}

func nextRows(rr pqarrow.RecordReader) (more bool, err error) {
	defer recovered(&err)
	more = rr.Next()
	return more, rr.Err()
}

// rowsAtOnce is how many rows of a row group are held at a time: fewer than tables.RowsAtOnce when they are large.
func rowsAtOnce(group *metadata.RowGroupMetaData, bytes int64, leaves []int) int64 {
	size := int64(1)
	for i := range group.NumColumns() {
		if c, err := group.ColumnChunk(i); err == nil && (len(leaves) == 0 || slices.Contains(leaves, i)) {
			size += c.TotalUncompressedSize()
		}
	}
	return max(1, min(tables.RowsAtOnce, group.NumRows()*bytes/size))
}

// versionColumns is what a Version is read from.
var versionColumns = []string{"conversation_id", "conversation_start", "conversation_end", "run_id", "extracted_at", "record"}

// Versions reads the records of a data file of conversations, in order of start and id. The bytes are the callee's.
func Versions(ctx context.Context, f File) iter.Seq2[conversation.Version, error] {
	return func(yield func(conversation.Version, error) bool) {
		for rows, err := range Rows(ctx, f, versionColumns...) {
			if err != nil {
				yield(conversation.Version{}, err)
				return
			}
			for i := range int(rows.NumRows()) {
				v, err := versionAt(rows, i)
				if err != nil {
					err = unread(ctx, f, err)
				}
				if !yield(v, err) || err != nil {
					return
				}
			}
		}
	}
}

func versionAt(rows arrow.RecordBatch, i int) (_ conversation.Version, err error) {
	defer recovered(&err)
	return conversation.Version{
		Record: conversation.Record{
			ID:    conversation.ID(bytes.Clone([]byte(TextAt(rows, 0, i)))),
			Start: TimeAt(rows, 1, i),
			End:   TimeAt(rows, 2, i),
			JSON:  []byte(TextAt(rows, 5, i)),
		},
		Run: string(bytes.Clone([]byte(TextAt(rows, 3, i)))),
		At:  TimeAt(rows, 4, i),
	}, nil
}

// TextAt is the text in a column; empty for null.
func TextAt(rows arrow.RecordBatch, column, i int) string {
	return rows.Column(column).(*array.String).Value(i)
}

// NumberAt is the whole number in a column; 0 for null.
func NumberAt(rows arrow.RecordBatch, column, i int) int64 {
	return rows.Column(column).(*array.Int64).Value(i)
}

// TimeAt is the time in a column; zero for null.
func TimeAt(rows arrow.RecordBatch, column, i int) time.Time {
	c := rows.Column(column).(*array.Timestamp)
	if c.IsNull(i) {
		return time.Time{}
	}
	return time.UnixMicro(int64(c.Value(i))).UTC()
}
