package datafile

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"math"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store"
)

// rowsKey is the key in a file's footer that says by which rules its rows were made of records: tables.Rules.
const rowsKey = "parley.rows"

// mostGrowth is how many times as large as a row group of a new file one may be of which another file is still made. What comes
// joins the row groups that are there: a day that is read as it goes by would become one large one.
const mostGrowth = 2

// Spliceable says whether Splice can make another file of this one: it has the columns of today, its rows were made of their
// records by the rules of today, it has an index of its pages, and no row group has grown too large. That it cannot be read is
// left to whoever reads it.
func Spliceable(ctx context.Context, t tables.Table, f File) bool {
	p, err := openParquet(ctx, f)
	if err != nil {
		return false
	}
	defer p.Close()
	return p.MetaData() != nil && spliceable(t, p.MetaData())
}

func spliceable(t tables.Table, m *metadata.FileMetaData) bool {
	rules := m.KeyValueMetadata().FindValue(rowsKey)
	want, err := pqarrow.ToParquet(tables.Schema(t), nil, pqarrow.NewArrowWriterProperties())
	if rules == nil || *rules != strconv.Itoa(tables.Rules) || err != nil || !want.Equals(m.Schema) {
		return false
	}
	for i := range m.NumRowGroups() {
		if group := m.RowGroup(i); group.NumRows() > mostGrowth*rowsOfGroup(t) || group.TotalByteSize() > mostGrowth*groupBytes || !indexed(group) {
			return false
		}
	}
	return true
}

// indexed says whether there is an index of the pages of every column, and these are compressed as today.
func indexed(group *metadata.RowGroupMetaData) bool {
	for k := range group.NumColumns() {
		c, err := group.ColumnChunk(k)
		if err != nil || c.GetOffsetIndexLocation() == nil || c.Compression() != compress.Codecs.Zstd {
			return false
		}
	}
	return true
}

// rowsInMemory gives rows as a row group in memory; nil if there are none.
func rowsInMemory(t tables.Table, rows []arrow.RecordBatch) (*file.RowGroupReader, error) {
	if len(rows) == 0 {
		return nil, nil //nolint:nilnil // what is not there is no failure
	}
	text, err := plainParquet(t, rows)
	if err != nil {
		return nil, err
	}
	props := parquet.NewReaderProperties(memory.DefaultAllocator)
	props.MaxCompressedPageSize, props.MaxUncompressedPageSize = largestPage, largestPage
	r, err := file.NewParquetReader(bytes.NewReader(text), file.WithReadProps(props))
	if err != nil {
		return nil, err
	}
	if r.NumRowGroups() != 1 {
		return nil, errors.New("the rows that come are too many")
	}
	return r.RowGroup(0), nil
}

// plainParquet writes rows with one page a column: what is read of a page is good until the next one is read.
func plainParquet(t tables.Table, rows []arrow.RecordBatch) ([]byte, error) {
	props := parquet.NewWriterProperties(parquet.WithDictionaryDefault(false), parquet.WithDataPageSize(math.MaxInt32),
		parquet.WithMaxRowGroupLength(math.MaxInt32), parquet.WithStats(false))
	var out bytes.Buffer
	w, err := pqarrow.NewFileWriter(tables.Schema(t), &out, props, pqarrow.NewArrowWriterProperties())
	if err != nil {
		return nil, err
	}
	for _, some := range rows {
		if err := w.WriteBuffered(some); err != nil {
			return nil, err
		}
	}
	err = w.Close()
	return out.Bytes(), err
}

// Splicing is what Splice is asked for.
type Splicing struct {
	Table    tables.Table
	From, To File
	Edits    []Edit
	Gone     []arrow.RecordBatch // the rows that go; none if they are not known
	Come     []arrow.RecordBatch // the rows that come
}

// Splice writes the rows of a file to another one, with edits. Column pages in which nothing changes are copied as they are,
// neither decompressed nor decoded. The order of rows is the caller's. The file is durable and was read back when Splice
// returns. When Splice fails, there is none.
func Splice(ctx context.Context, a Splicing) (err error) {
	defer recovered(&err)
	s := &splice{edits: a.Edits, paging: pagingOf(a.Table)}
	if err := s.open(a); err != nil {
		return err
	}
	return s.write(ctx, a)
}

func (s *splice) write(ctx context.Context, a Splicing) (err error) {
	t, from, to := a.Table, a.From, a.To
	old, err := openParquet(ctx, from)
	if err != nil {
		return unread(ctx, from, err)
	}
	defer func() { err = errors.Join(err, old.Close()) }()
	raw, err := from.Store.Open(ctx, from.At)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, raw.Close()) }()
	out, err := createSplice(ctx, to)
	if err != nil {
		return err
	}
	s.old, s.raw, s.out = old, raw, out
	s.props = writerProperties(t, tables.Schema(t), parquet.WithDataPageSize(math.MaxInt32), parquet.WithBatchSize(math.MaxInt32))
	if err := s.unbroken(ctx); err != nil {
		if out.failed == nil {
			err = unread(ctx, from, err)
		}
		return errors.Join(err, out.store.Close())
	}
	return out.finish(ctx, s.rows)
}

// unbroken makes an error of a panic of the library, so that what is half written is given up.
func (s *splice) unbroken(ctx context.Context) (err error) {
	defer recovered(&err)
	return s.file(ctx)
}

// splice makes one file of another.
type splice struct {
	old     *file.Reader
	raw     io.ReaderAt
	edits   edits
	out     *spliceFile
	paging  paging
	props   *parquet.WriterProperties // pages are cut here, and not by the library
	columns []columnSplicer
	footer  *metadata.FileMetaDataBuilder
	index   *metadata.PageIndexBuilder
	rows    int64
	groups  int16
}

var parquetMagic = []byte("PAR1")

func (s *splice) file(ctx context.Context) error {
	columns := s.old.MetaData().Schema
	s.footer = metadata.NewFileMetadataBuilder(columns, s.props, s.old.MetaData().KeyValueMetadata())
	s.index = &metadata.PageIndexBuilder{Schema: columns}
	if _, err := s.out.Write(parquetMagic); err != nil {
		return err
	}
	base := int64(0)
	for i := range s.old.NumRowGroups() {
		group := s.old.RowGroup(i)
		end := base + group.NumRows()
		edits := s.edits.within(base, end, i+1 == s.old.NumRowGroups())
		if err := s.group(i, group, edits); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		base = end
	}
	return s.end()
}

func (s *splice) open(a Splicing) error {
	gone, err := rowsInMemory(a.Table, a.Gone)
	if err != nil {
		return err
	}
	come, err := rowsInMemory(a.Table, a.Come)
	if err != nil {
		return err
	}
	columns, err := pqarrow.ToParquet(tables.Schema(a.Table), nil, pqarrow.NewArrowWriterProperties())
	if err != nil {
		return err
	}
	for col := range columns.NumColumns() {
		c, err := newColumnSplicer(columns.Column(col).PhysicalType(), gone, come, col)
		if err != nil {
			return err
		}
		s.columns = append(s.columns, c)
	}
	return nil
}

// group makes a row group of one of the old file; of one whose rows all go, none.
func (s *splice) group(number int, old *file.RowGroupReader, edits edits) error {
	rows := old.NumRows() + edits.change()
	if rows == 0 {
		return nil
	}
	to := s.footer.AppendRowGroup()
	if err := s.index.AppendRowGroup(); err != nil {
		return err
	}
	pages, err := s.old.GetPageIndexReader().RowGroup(number)
	if err != nil {
		return err
	}
	for col, column := range s.columns {
		c := &chunk{group: old, number: number, col: col, edits: edits, props: s.props, paging: s.paging, to: to.NextColumnChunk()}
		if err := c.open(pages); err != nil {
			return err
		}
		made, err := column.splice(c)
		if err == nil {
			err = s.chunk(c, made, rows)
		}
		if err != nil {
			return fmt.Errorf("column %s: %w", c.to.Descr().Path(), err)
		}
	}
	s.rows += rows
	s.groups++
	to.SetNumRows(int(rows))
	return to.Finish(0, s.groups-1)
}

// open finds what is known of the chunk.
func (c *chunk) open(pages *metadata.RowGroupPageIndexReader) (err error) {
	if c.meta, err = c.group.MetaData().ColumnChunk(c.col); err != nil {
		return err
	}
	offsets, err := pages.GetOffsetIndex(c.col)
	if err != nil {
		return err
	}
	if offsets == nil || len(offsets.GetPageLocations()) == 0 {
		return errors.New("its pages have no index")
	}
	c.pages = offsets.GetPageLocations()
	if c.meta.GetColumnIndexLocation() != nil {
		c.index, err = pages.GetColumnIndex(c.col)
	}
	return err
}

// chunk writes a column chunk, and enters it in the footer and the index.
func (s *splice) chunk(c *chunk, made *spliced, rows int64) error {
	w, err := newChunkWriter(s, c)
	if err != nil {
		return err
	}
	if err := w.dictionary(made); err != nil {
		return err
	}
	for _, p := range made.pages {
		if err := w.page(p); err != nil {
			return err
		}
	}
	if w.row != rows {
		return fmt.Errorf("it has %d rows and should have %d", w.row, rows)
	}
	return w.end(!made.changed)
}

// chunkWriter writes the pages of a column chunk, and adds up what is to be known of them.
type chunkWriter struct {
	*splice

	c       *chunk
	info    metadata.ChunkMetaInfo
	dicts   map[parquet.Encoding]int32
	datas   map[parquet.Encoding]int32
	stats   *chunkStats
	row     int64
	columns metadata.ColumnIndexBuilder
	offsets *metadata.OffsetIndexBuilder
}

func newChunkWriter(s *splice, c *chunk) (*chunkWriter, error) {
	w := &chunkWriter{
		splice: s, c: c, info: metadata.ChunkMetaInfo{IndexPageOffset: -1}, stats: newChunkStats(c.meta.Type()),
		dicts: map[parquet.Encoding]int32{}, datas: map[parquet.Encoding]int32{},
	}
	var err error
	if w.columns, err = s.index.GetColumnIndexBuilder(c.col); err != nil {
		return nil, err
	}
	w.offsets, err = s.index.GetOffsetIndexBuilder(c.col)
	return w, err
}

// dictionary writes the one that was added to, else the old one if there is one.
func (w *chunkWriter) dictionary(made *spliced) (err error) {
	p := made.dictionary
	if p == nil && w.c.meta.HasDictionaryPage() {
		at := w.c.meta.DictionaryPageOffset()
		old, err := w.copied(at, w.c.pages[0].Offset-at)
		if err != nil {
			return err
		}
		p = &old
	}
	if p == nil {
		return nil
	}
	w.dicts[p.encoding]++
	w.info.DictPageOffset = w.out.Tell()
	return w.write(*p)
}

// page writes a page.
func (w *chunkWriter) page(p splicedPage) error {
	e := p.encoded
	if p.old >= 0 {
		at := w.c.pages[p.old]
		old, err := w.copied(at.Offset, int64(at.CompressedPageSize))
		if err != nil {
			return err
		}
		old.stats = e.stats
		e = old
	}
	if w.info.DataPageOffset == 0 {
		w.info.DataPageOffset = w.out.Tell()
	}
	w.datas[e.encoding]++
	w.info.NumValues += e.values
	w.stats.add(e.stats)
	err := errors.Join(w.columns.AddPage(&e.stats), w.offsets.AddPage(w.out.Tell(), w.row, int32(len(e.bytes))))
	w.row += p.rows
	return errors.Join(err, w.write(e))
}

func (w *chunkWriter) write(p encodedPage) error {
	w.info.CompressedSize += int64(len(p.bytes))
	w.info.UncompressedSize += p.uncompressed
	_, err := w.out.Write(p.bytes)
	return err
}

// copied reads a page of the old file.
func (w *chunkWriter) copied(at, size int64) (encodedPage, error) {
	b, err := w.out.buffer(size)
	if err == nil {
		_, err = w.raw.ReadAt(b, at)
	}
	if err != nil {
		return encodedPage{}, err
	}
	return pageOf(b)
}

// end enters the chunk in the footer. One in which nothing changes has the statistics that it had. Where they are not known of
// every page there are none: by then the library has entered those of the pages that it has encoded.
func (w *chunkWriter) end(same bool) error {
	known := &w.c.to.Contents().MetaData.Statistics
	switch {
	case same:
		*known = w.old.MetaData().RowGroups[w.c.number].Columns[w.c.col].MetaData.Statistics
	case w.stats.none:
		*known = nil
	default:
		stats := w.stats.all
		stats.Signed = w.c.to.Descr().SortOrder() == schema.SortSIGNED
		w.c.to.SetStats(stats)
	}
	hasDict := w.info.DictPageOffset > 0
	return errors.Join(w.columns.Finish(), w.offsets.Finish(0),
		w.c.to.Finish(w.info, hasDict, hasDict && w.datas[parquet.Encodings.Plain] > 0, metadata.EncodingStats{DictEncodingStats: w.dicts, DataEncodingStats: w.datas}))
}

// end writes what comes after the row groups.
func (s *splice) end() error {
	s.index.Finish()
	var at metadata.PageIndexLocation
	if err := s.index.WriteTo(s.out, &at); err != nil {
		return err
	}
	if err := s.footer.SetPageIndexLocation(at); err != nil {
		return err
	}
	m, err := s.footer.Finish()
	if err != nil {
		return err
	}
	n, err := m.WriteTo(s.out, nil)
	if err != nil {
		return err
	}
	_, err = s.out.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(n)), parquetMagic...))
	return err
}

// spliceFile is a file that is written. It remembers the sum of what it was given.
type spliceFile struct {
	File

	store   store.Writer
	w       *bufio.Writer
	at      int64
	sum     uint64
	failed  error // of writing; whatever else fails is the fault of the file that is read
	scratch []byte
}

var sumTable = crc64.MakeTable(crc64.ECMA)

func createSplice(ctx context.Context, to File) (*spliceFile, error) {
	out, err := to.Store.Create(context.WithoutCancel(ctx), to.At, store.New)
	if err != nil {
		return nil, err
	}
	return &spliceFile{File: to, store: out, w: bufio.NewWriterSize(out, 1<<20)}, nil
}

// Write implements io.Writer.
func (f *spliceFile) Write(p []byte) (int, error) {
	f.sum = crc64.Update(f.sum, sumTable, p)
	f.at += int64(len(p))
	var n int
	n, f.failed = f.w.Write(p)
	return n, f.failed
}

// Tell is how much was written.
func (f *spliceFile) Tell() int64 { return f.at }

// buffer lends memory until it is called again.
func (f *spliceFile) buffer(size int64) ([]byte, error) {
	if size < 0 || size > largestPage {
		return nil, fmt.Errorf("a page has %d bytes", size)
	}
	if int64(cap(f.scratch)) < size {
		f.scratch = make([]byte, size)
	}
	return f.scratch[:size], nil
}

// finish makes the file whole and durable, and reads it back.
func (f *spliceFile) finish(ctx context.Context, rows int64) error {
	if err := f.w.Flush(); err != nil {
		return errors.Join(err, f.store.Close())
	}
	if err := f.store.Commit(); err != nil {
		return errors.Join(err, f.store.Close())
	}
	if err := f.readBack(ctx, rows); err != nil {
		return errors.Join(fault.Because(fault.Corrupt, err, "data file %s cannot be read back", f.Path), f.Store.Remove(context.WithoutCancel(ctx), f.At))
	}
	return nil
}

// readBack compares every byte of the file, by their sum, with what was written: what was copied need not be decompressed
// for that.
func (f *spliceFile) readBack(ctx context.Context, rows int64) error {
	p, err := openParquet(ctx, f.File)
	if err != nil {
		return err
	}
	n := p.NumRows()
	if err := p.Close(); err != nil {
		return err
	}
	if n != rows {
		return fmt.Errorf("it has %d rows, and %d were written", n, rows)
	}
	o, err := f.Store.Open(ctx, f.At)
	if err != nil {
		return err
	}
	sum := crc64.New(sumTable)
	_, err = io.CopyBuffer(sum, struct{ io.Reader }{store.Reader(o)}, make([]byte, streamBuffer))
	if err == nil && sum.Sum64() != f.sum {
		err = errors.New("it is not what was written")
	}
	return errors.Join(err, o.Close())
}
