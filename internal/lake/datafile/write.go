package datafile

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store"
)

// Writer is one Parquet file being written.
type Writer struct {
	File  File
	out   store.Writer
	buf   *bufio.Writer
	w     *pqarrow.FileWriter
	rows  int64
	group int64 // bytes in the row group that is open
}

// Settings, as measured on 200,000 records of 7 kB against the library's defaults. At zstd level 1 files are 3% smaller
// and written 10% faster. With deltas for times and numbers, and no dictionary where every value is different, writing is
// 10% faster too, and segments are 12% smaller. Small row groups of conversations bound the memory of writers and let
// readers fetch few records. The pages of a row group are held in memory until it is full, so it is full too when its
// rows are large.
const (
	conversationsPerGroup = 2_000
	rowsPerGroup          = 64_000
	groupBytes            = 64 << 20
)

// paging says how a table's column pages are cut: at so many bytes, looked at after so many rows.
type paging struct{ bytes, rows int64 }

// pagingOf cuts the records into pages of about ten: to fetch one costs decompressing its page. A hundred that lie a hundred
// rows apart take a third of the time that they took with pages of 64, and the files are an eighth larger
// (docs/performance.md). Nobody fetches single rows of the other tables.
func pagingOf(t tables.Table) paging {
	if t == tables.Conversations {
		return paging{bytes: 48 << 10, rows: 4}
	}
	return paging{bytes: 256 << 10, rows: 32}
}

// unique names the columns in which nearly every value differs.
var unique = []string{
	"conversation_id", "participant_id", "session_id", "peer_id", "protocol_call_id", "ani", "record", "record_hash", "remote", "evaluation_id", "survey_id",
}

// rarelyEqual says whether nearly every value of a column differs. In the tables beside conversations the id of one
// stands in several rows, one after the other: with a dictionary files are a hundredth larger, and what searches them
// for conversations takes a sixth less, because an id is decompressed and looked at once. In names nearly all ids and names differ.
func rarelyEqual(t tables.Table, column string) bool {
	if t == tables.Names {
		return column == "id" || column == "name"
	}
	return slices.Contains(unique, column) && (t == tables.Conversations || column != "conversation_id")
}

// rowsOfGroup is how many rows a row group of a table has at most when it is new.
func rowsOfGroup(t tables.Table) int64 {
	if t == tables.Conversations {
		return conversationsPerGroup
	}
	return rowsPerGroup
}

func writerProperties(t tables.Table, schema *arrow.Schema, more ...parquet.WriterProperty) *parquet.WriterProperties {
	paging := pagingOf(t)
	opts := []parquet.WriterProperty{
		parquet.WithCompression(compress.Codecs.Zstd), parquet.WithCompressionLevel(1), parquet.WithMaxRowGroupLength(rowsOfGroup(t)),
		parquet.WithPageIndexEnabled(true), parquet.WithDataPageSize(paging.bytes), parquet.WithStats(true), parquet.WithBatchSize(paging.rows),
		parquet.WithStatsFor("record", false), // nobody asks which text is the smallest, and to know it takes four copies
	}
	for _, f := range schema.Fields() {
		if f.Type.ID() == arrow.LIST {
			// Of elements of lists the library (18.8.0) takes down too narrow a range.
			opts = append(opts, parquet.WithStatsFor(f.Name+".list.element", false))
		}
		delta := f.Type.ID() == arrow.TIMESTAMP || f.Type.ID() == arrow.INT64
		if delta || rarelyEqual(t, f.Name) {
			opts = append(opts, parquet.WithDictionaryFor(f.Name, false))
		}
		if delta {
			opts = append(opts, parquet.WithEncodingFor(f.Name, parquet.Encodings.DeltaBinaryPacked))
		}
	}
	return parquet.NewWriterProperties(append(opts, more...)...)
}

// Create begins a file. Whoever gives the rows ends when ctx does, and then discards the file.
func Create(ctx context.Context, t tables.Table, f File) (*Writer, error) {
	out, err := f.Store.Create(context.WithoutCancel(ctx), f.At, store.New)
	if err != nil {
		return nil, err
	}
	schema := tables.Schema(t)
	// The Parquet writer closes its sink when that is an io.Closer; the buffer is none, so flush and commit are ours.
	d := &Writer{File: f, out: out, buf: bufio.NewWriterSize(out, 1<<20)}
	if d.w, err = pqarrow.NewFileWriter(schema, d.buf, writerProperties(t, schema), pqarrow.NewArrowWriterProperties()); err != nil {
		return nil, errors.Join(err, d.Discard())
	}
	if err := d.w.AppendKeyValueMetadata(rowsKey, strconv.Itoa(tables.Rules)); err != nil {
		return nil, errors.Join(err, d.Discard())
	}
	return d, nil
}

// Write adds rows.
func (d *Writer) Write(rows arrow.RecordBatch) error {
	size := sizeOf(rows)
	if d.group > 0 && d.group+size > groupBytes {
		if err := d.w.NewBufferedRowGroupChecked(); err != nil {
			return err
		}
		d.group = 0
	}
	d.group += size
	d.rows += rows.NumRows()
	return d.w.WriteBuffered(rows)
}

// sizeOf is the number of bytes of some rows.
func sizeOf(rows arrow.RecordBatch) (n int64) {
	for _, column := range rows.Columns() {
		n += int64(column.Data().SizeInBytes())
	}
	return n
}

// Finish makes the file whole and durable, and reads it back.
func (d *Writer) Finish(ctx context.Context) error {
	if err := errors.Join(d.w.Close(), d.buf.Flush()); err != nil {
		return errors.Join(err, d.Discard())
	}
	if err := d.out.Commit(); err != nil {
		return errors.Join(err, d.Discard())
	}
	if err := d.readBack(ctx); err != nil {
		return errors.Join(fault.Because(fault.Corrupt, err, "data file %s cannot be read back", d.File.Path), d.File.Store.Remove(context.WithoutCancel(ctx), d.File.At))
	}
	return nil
}

// readBack reads every page of the file as any reader will. What cannot be read must not be committed: it would take the
// place of files that can, and nobody could ever rewrite it. To decode the values too would cost a fifth of a commit.
func (d *Writer) readBack(ctx context.Context) error {
	f, err := openParquet(ctx, d.File)
	if err != nil {
		return err
	}
	err = allPages(f)
	if err == nil && f.NumRows() != d.rows {
		err = fmt.Errorf("it has %d rows, and %d were written", f.NumRows(), d.rows)
	}
	return errors.Join(err, f.Close())
}

// allPages reads every page of a file and decompresses it, which compares its checksum.
func allPages(f *file.Reader) (err error) {
	defer recovered(&err)
	for i := range f.NumRowGroups() {
		group := f.RowGroup(i)
		for k := range group.NumColumns() {
			if err := columnPages(group, k); err != nil {
				return err
			}
		}
	}
	return nil
}

func columnPages(group *file.RowGroupReader, column int) error {
	meta, err := group.MetaData().ColumnChunk(column)
	if err != nil {
		return err
	}
	pages, err := group.GetColumnPageReader(column)
	if err != nil {
		return err
	}
	var values int64
	for pages.Next() {
		if p, ok := pages.Page().(file.DataPage); ok {
			values += int64(p.NumValues())
		}
	}
	err = pages.Err()
	if err == nil && values != meta.NumValues() {
		err = fmt.Errorf("its column %d has %d values, and %d were written", column, values, meta.NumValues())
	}
	return errors.Join(err, pages.Close())
}

// Discard gives up the file.
func (d *Writer) Discard() error { return d.out.Close() }
