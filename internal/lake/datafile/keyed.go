package datafile

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/parley-hq/parley/internal/conversation"
)

// Keyed is a record and an instant that it is ordered by; zero: it has none.
type Keyed struct {
	conversation.Record

	Key time.Time
}

// Records reads the records of a file, whoever wrote it, with the instants of a column, in the order of the file. They come in blocks, each of at
// most the text of one record more than so many bytes. They are the callee's.
func Records(ctx context.Context, f File, most int64, key string) iter.Seq2[[]Keyed, error] {
	columns := []string{"conversation_id", "conversation_start", "conversation_end", "record"}
	at := slices.Index(columns, key)
	if at < 0 {
		at, columns = len(columns), append(columns, key)
	}
	return func(yield func([]Keyed, error) bool) {
		for rows, err := range rowsWithin(ctx, f, most, columns...) {
			if err != nil {
				yield(nil, err)
				return
			}
			block, err := keyedOf(rows, at)
			if err != nil {
				err = unread(ctx, f, err)
			}
			if !yield(block, err) || err != nil {
				return
			}
		}
	}
}

// keyedOf copies records. Columns of other types are damage.
func keyedOf(rows arrow.RecordBatch, key int) (block []Keyed, err error) {
	defer recovered(&err)
	block = make([]Keyed, rows.NumRows())
	for i := range block {
		block[i] = Keyed{conversation.Record{
			ID:    conversation.ID(strings.Clone(TextAt(rows, 0, i))),
			Start: TimeAt(rows, 1, i),
			End:   TimeAt(rows, 2, i),
			JSON:  bytes.Clone([]byte(TextAt(rows, 3, i))),
		}, TimeAt(rows, key, i)}
	}
	return block, nil
}
