package lake

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// batchRows is how many rows are held at a time when a file is read: records of 5 kB make about 2 MB.
const batchRows = 512

// batches reads columns of a data file, all of them if none is named, in the order of the file. A batch is valid
// until the next one is asked for.
func batches(ctx context.Context, path string, columns ...string) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		if err := eachBatch(ctx, path, columns, func(b arrow.RecordBatch) bool { return yield(b, nil) }); err != nil {
			yield(nil, fault.Because(fault.Corrupt, err, "data file %s cannot be read", path))
		}
	}
}

func eachBatch(ctx context.Context, path string, columns []string, yield func(arrow.RecordBatch) bool) (err error) {
	f, err := file.OpenParquetFile(path, false, file.WithReadProps(parquet.NewReaderProperties(memory.DefaultAllocator)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{BatchSize: batchRows}, memory.DefaultAllocator)
	if err != nil {
		return err
	}
	var leaves []int
	for _, name := range columns {
		leaf := f.MetaData().Schema.ColumnIndexByName(name)
		if leaf < 0 {
			return fault.New(fault.Corrupt, "it has no column %s", name)
		}
		leaves = append(leaves, leaf)
	}
	rr, err := r.GetRecordReader(ctx, leaves, nil)
	if err != nil {
		return err
	}
	defer rr.Release()
	for rr.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !yield(rr.RecordBatch()) {
			return nil
		}
	}
	return rr.Err()
}

// versionColumns is what a Version is read from.
var versionColumns = []string{"conversation_id", "conversation_start", "conversation_end", "run_id", "extracted_at", "record"}

// Versions reads the records of a data file of conversations, in order of start and id. The bytes are the callee's.
func Versions(ctx context.Context, path string) iter.Seq2[Version, error] {
	return func(yield func(Version, error) bool) {
		for batch, err := range batches(ctx, path, versionColumns...) {
			if err != nil {
				yield(Version{}, err)
				return
			}
			for i := range int(batch.NumRows()) {
				if !yield(versionAt(batch, i), nil) {
					return
				}
			}
		}
	}
}

func versionAt(batch arrow.RecordBatch, i int) Version {
	return Version{
		Record: conversation.Record{
			ID:    conversation.ID(bytes.Clone([]byte(stringAt(batch, 0, i)))),
			Start: timeAt(batch, 1, i),
			End:   timeAt(batch, 2, i),
			JSON:  []byte(stringAt(batch, 5, i)),
		},
		Run: string(bytes.Clone([]byte(stringAt(batch, 3, i)))),
		At:  timeAt(batch, 4, i),
	}
}

func stringAt(batch arrow.RecordBatch, column, i int) string {
	return batch.Column(column).(*array.String).Value(i)
}

// timeAt is the time in a column; zero for null.
func timeAt(batch arrow.RecordBatch, column, i int) time.Time {
	c := batch.Column(column).(*array.Timestamp)
	if c.IsNull(i) {
		return time.Time{}
	}
	return time.UnixMicro(int64(c.Value(i))).UTC()
}
