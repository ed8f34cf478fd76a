package datafile

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
	"unsafe"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/shelf"
)

// RecordReader reads records out of a data file of conversations by row number, going by the page index, so that few
// records cost little. Going forward is cheap, going back costs a page. Not for concurrent use.
type RecordReader struct {
	path    string
	file    *file.Reader
	columns [4]int // places of recordColumns
	shared  *Footers

	group *recordGroup // that is open; nil before the first and after a failure
}

// Footers remembers, for all who read records in one process, what every reader of a data file reads first: its footer, and
// what the columns beside the texts say. Files never change, and their names are never given again. The zero
// value remembers nothing. Safe for concurrent use.
type Footers struct {
	files  *shelf.Shelf[string, *metadata.FileMetaData]
	groups *shelf.Shelf[groupKey, *groupHeads]
}

// What Footers keep at most: the footers of a month of busy days or of one with a million conversations, and the heads of 100,000
// conversations.
const (
	footerBytes = 32 << 20
	headsBytes  = 16 << 20
)

// NewFooters remembers nothing yet.
func NewFooters() *Footers {
	return &Footers{shelf.New[string, *metadata.FileMetaData](footerBytes), shelf.New[groupKey, *groupHeads](headsBytes)}
}

// recordColumns is what a record is read from.
var recordColumns = [4]string{"conversation_id", "conversation_start", "conversation_end", "record"}

// recordGroup is an open row group.
type recordGroup struct {
	base, end int64 // its first row, and the row after its last
	next      int64 // row that texts stands before
	texts     *file.ByteArrayColumnChunkReader
	*groupHeads
}

// groupKey names a row group of a file.
type groupKey struct {
	path  string
	group int
}

// groupHeads is what is known of a row group without its texts. It does not change.
type groupHeads struct {
	pages []int64               // first row of each column page of texts, counted in the group
	heads []conversation.Record // the other columns are smaller together than some pages of texts
}

// bytes is what they take in memory, roughly: an id has 36 bytes.
func (g *groupHeads) bytes() int64 {
	return int64(8*len(g.pages)) + int64(len(g.heads))*int64(unsafe.Sizeof(conversation.Record{})+36)
}

// Open opens the record column of a data file of conversations.
func (s *Footers) Open(ctx context.Context, f File) (*RecordReader, error) {
	p, err := s.open(ctx, f)
	if err != nil {
		return nil, fault.Because(fault.Corrupt, err, "data file %s cannot be opened", f.Path)
	}
	r := &RecordReader{path: f.Path, file: p, shared: s}
	for i, name := range recordColumns {
		if r.columns[i] = p.MetaData().Schema.ColumnIndexByName(name); r.columns[i] < 0 {
			return nil, errors.Join(fault.New(fault.Corrupt, "data file %s has no column %s", f.Path, name), p.Close())
		}
	}
	return r, nil
}

// open opens a file, whose footer is read if nobody did.
func (s *Footers) open(ctx context.Context, f File) (p *file.Reader, err error) {
	footer, err := s.files.Get(f.Path, func() (*metadata.FileMetaData, int64, error) {
		if p, err = openParquet(ctx, f); err != nil {
			return nil, 0, err
		}
		return p.MetaData(), inMemory * int64(p.MetaData().Size()), nil
	})
	if p != nil || err != nil {
		return p, err
	}
	return openParquet(ctx, f, file.WithMetadata(footer))
}

// inMemory is how many times larger a footer is in memory than in its file.
const inMemory = 6

// Close closes the file.
func (r *RecordReader) Close() error { return r.file.Close() }

// Read gives the records in rows, which are counted from 0 and must ascend. The bytes are the caller's. If a row cannot
// be read, the records before it come with the fault.
func (r *RecordReader) Read(rows ...int64) ([]conversation.Record, error) {
	records := make([]conversation.Record, 0, len(rows))
	for len(records) < len(rows) {
		rest := rows[len(records):]
		run, err := r.run(rest)
		records = append(records, run...)
		if err != nil {
			r.group = nil // where its column stands now is anybody's guess
			return records, fault.Because(fault.Corrupt, plainly(err), "row %d of data file %s cannot be read", rest[len(run)], r.path)
		}
	}
	return records, nil
}

// run reads the first of rows, and those that follow it without a gap in the same column page.
func (r *RecordReader) run(rows []int64) (_ []conversation.Record, err error) {
	defer recovered(&err)
	if err := r.open(rows[0]); err != nil {
		return nil, err
	}
	g, n := r.group, 1
	for n < len(rows) && rows[n] == rows[n-1]+1 {
		n++
	}
	texts, err := g.read(rows[0], n)
	if err != nil {
		return nil, err
	}
	records := slices.Clone(g.heads[rows[0]-g.base:][:len(texts)])
	for i, text := range texts {
		records[i].JSON = text
	}
	return records, nil
}

// open opens the row group in which row lies.
func (r *RecordReader) open(row int64) error {
	if g := r.group; g != nil && row >= g.base && row < g.end {
		return nil
	}
	base := int64(0)
	for i := range r.file.NumRowGroups() {
		end := base + r.file.RowGroup(i).NumRows()
		if row >= base && row < end {
			var err error
			r.group, err = r.openGroup(i, base, end)
			return err
		}
		base = end
	}
	return errors.New("there is no such row")
}

func (r *RecordReader) openGroup(number int, base, end int64) (*recordGroup, error) {
	rows, g := r.file.RowGroup(number), &recordGroup{base: base, end: end, next: base}
	column, err := rows.Column(r.columns[3])
	if err != nil {
		return nil, err
	}
	var ok bool
	if g.texts, ok = column.(*file.ByteArrayColumnChunkReader); !ok {
		return nil, errors.New("its records are no text")
	}
	g.groupHeads, err = r.shared.groups.Get(groupKey{r.path, number}, func() (*groupHeads, int64, error) {
		heads, err := r.headsOf(number, rows)
		return heads, heads.bytes(), err
	})
	return g, err
}

// headsOf reads what is known of a row group without its texts.
func (r *RecordReader) headsOf(number int, rows *file.RowGroupReader) (_ *groupHeads, err error) {
	g := new(groupHeads)
	if g.pages, err = r.pagesOf(number); err != nil {
		return g, err
	}
	g.heads, err = r.heads(rows)
	return g, err
}

// heads reads what the columns beside the texts say of the records in a row group.
func (r *RecordReader) heads(group *file.RowGroupReader) ([]conversation.Record, error) {
	heads := make([]conversation.Record, group.NumRows())
	return heads, errors.Join(
		eachValue(group, r.columns[0], func(i int, id parquet.ByteArray) { heads[i].ID = conversation.ID(id) }),
		eachValue(group, r.columns[1], func(i int, micros int64) { heads[i].Start = time.UnixMicro(micros).UTC() }),
		eachValue(group, r.columns[2], func(i int, micros int64) { heads[i].End = time.UnixMicro(micros).UTC() }),
	)
}

// pagesOf gives the first row of each page of the records in a row group.
func (r *RecordReader) pagesOf(group int) ([]int64, error) {
	index, err := r.file.GetPageIndexReader().RowGroup(group)
	if err != nil || index == nil {
		return nil, err
	}
	offsets, err := index.GetOffsetIndex(r.columns[3])
	if err != nil || offsets == nil {
		return nil, err
	}
	var first []int64
	for _, p := range offsets.GetPageLocations() {
		first = append(first, p.FirstRowIndex)
	}
	return first, nil
}

// columnReader reads a column of a row group, whose values are T.
type columnReader[T any] interface {
	ReadBatch(n int64, values []T, definition, repetition []int16) (rows int64, read int, err error)
}

// eachValue reads a column of a row group, and calls set with each value that is not null and its row in the group.
func eachValue[T any](group *file.RowGroupReader, column int, set func(row int, v T)) error {
	reader, err := group.Column(column)
	if err != nil {
		return err
	}
	c, ok := reader.(columnReader[T])
	if !ok {
		return fmt.Errorf("its column %d has values of another type", column)
	}
	values, levels := make([]T, group.NumRows()), make([]int16, group.NumRows())
	rows, _, err := c.ReadBatch(group.NumRows(), values, levels, nil)
	if err == nil && rows < group.NumRows() {
		err = cmp.Or(reader.Err(), errors.New("it ends too early"))
	}
	if err != nil {
		return err
	}
	for i, level := range levels {
		if level == reader.Descriptor().MaxDefinitionLevel() {
			set(i, values[0])
			values = values[1:]
		}
	}
	return nil
}

// read gives the texts of n rows from a row on, or of as many of them as lie in its column page.
func (g *recordGroup) read(row int64, n int) ([][]byte, error) {
	if err := g.goTo(row); err != nil {
		return nil, err
	}
	values := make([]parquet.ByteArray, n)
	_, n, err := g.texts.ReadBatchInPage(int64(n), values, nil, nil)
	if err == nil && n == 0 {
		err = cmp.Or(g.texts.Err(), errors.New("there is no such row"))
	}
	if err != nil {
		return nil, err
	}
	g.next = row + int64(n)
	return together(values[:n]), nil
}

// together copies values out of their page.
func together(values []parquet.ByteArray) [][]byte {
	texts := make([][]byte, len(values))
	for i, v := range values {
		texts[i] = v
	}
	all := bytes.Join(texts, nil) // which does not clear the memory first, as make would
	for i, v := range values {
		texts[i], all = all[:len(v):len(v)], all[len(v):]
	}
	return texts
}

// goTo brings the texts before a row.
func (g *recordGroup) goTo(row int64) error {
	switch gap := row - g.next; {
	case gap == 0:
		return nil
	case gap > 0 && g.next > g.base && g.page(row) == g.page(g.next-1):
		_, err := g.texts.Skip(gap) // to seek would decompress the page, of up to 3 MB, once more for each record in it
		return err
	}
	return g.texts.SeekToRow(row - g.base)
}

// page is the number of the page in which a row lies; without an index each row counts as one.
func (g *recordGroup) page(row int64) int {
	if len(g.pages) == 0 {
		return int(row)
	}
	i, found := slices.BinarySearch(g.pages, row-g.base)
	if found {
		return i
	}
	return i - 1
}
