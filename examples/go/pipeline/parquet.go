package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/parley-hq/parley/client"
)

// row is what is kept of a conversation: what most questions ask for as columns, and the record itself for the others.
type row struct {
	id, direction, medium string
	start, end            time.Time
	handled               int64 // tHandle of all agents, ms
	record                []byte
}

var schema = arrow.NewSchema([]arrow.Field{
	{Name: "conversation_id", Type: arrow.BinaryTypes.String},
	{Name: "conversation_start", Type: arrow.FixedWidthTypes.Timestamp_ms},
	{Name: "conversation_end", Type: arrow.FixedWidthTypes.Timestamp_ms, Nullable: true},
	{Name: "originating_direction", Type: arrow.BinaryTypes.String},
	{Name: "media_type", Type: arrow.BinaryTypes.String},
	{Name: "handle_ms", Type: arrow.PrimitiveTypes.Int64},
	{Name: "record", Type: arrow.BinaryTypes.String},
}, nil)

// fresh makes rows of the records that were not seen: a page can come twice.
func fresh(records [][]byte, seen map[string]bool) (rows []row, twice int) {
	for _, text := range records {
		r := client.Record{JSON: text}
		c := r.Decode()
		id := string(c.ConversationID)
		if seen[id] {
			twice++
			continue
		}
		seen[id] = true
		rows = append(rows, rowOf(c, text))
	}
	return rows, twice
}

func rowOf(c *client.Conversation, text []byte) row {
	r := row{id: string(c.ConversationID), direction: c.OriginatingDirection, record: text}
	r.start, _ = time.Parse(time.RFC3339, c.ConversationStart)
	r.end, _ = time.Parse(time.RFC3339, c.ConversationEnd) // none while it goes on
	for _, p := range c.Participants {
		for _, s := range p.Sessions {
			if r.medium == "" {
				r.medium = s.MediaType
			}
			for _, m := range s.Metrics {
				if m.Name == "tHandle" {
					r.handled += m.Value
				}
			}
		}
	}
	return r
}

func pageFile(folder string, n int) string {
	return filepath.Join(folder, fmt.Sprintf("page-%05d.parquet", n))
}

// writeRows writes the file of a page.
func writeRows(name string, rows []row) error {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	text := func(i int, s string) { b.Field(i).(*array.StringBuilder).Append(s) }
	instant := func(i int, t time.Time) {
		if t.IsZero() {
			b.Field(i).AppendNull()
			return
		}
		b.Field(i).(*array.TimestampBuilder).Append(arrow.Timestamp(t.UnixMilli()))
	}
	for _, r := range rows {
		text(0, r.id)
		instant(1, r.start)
		instant(2, r.end)
		text(3, r.direction)
		text(4, r.medium)
		b.Field(5).(*array.Int64Builder).Append(r.handled)
		text(6, string(r.record))
	}
	batch := b.NewRecordBatch()
	defer batch.Release()
	return whole(name, func(f *os.File) error {
		// The writer closes what it writes to, and the file has to be synced before.
		w, err := pqarrow.NewFileWriter(schema, struct{ io.Writer }{f}, parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd)), pqarrow.DefaultWriterProps())
		if err != nil {
			return err
		}
		return errors.Join(w.Write(batch), w.Close())
	})
}

// readIDs gives the ids of the pages that are there: one column of each file.
func readIDs(ctx context.Context, folder string, pages int) (map[string]bool, error) {
	seen := map[string]bool{}
	for n := range pages {
		if err := readColumn(ctx, pageFile(folder, n), seen); err != nil {
			return nil, err
		}
	}
	return seen, nil
}

func readColumn(ctx context.Context, name string, seen map[string]bool) error {
	f, err := file.OpenParquetFile(name, false)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		return err
	}
	batches, err := r.GetRecordReader(ctx, []int{0}, nil)
	if err != nil {
		return err
	}
	defer batches.Release()
	for batches.Next() {
		ids := batches.RecordBatch().Column(0).(*array.String)
		for i := range ids.Len() {
			seen[ids.Value(i)] = true
		}
	}
	return batches.Err()
}
