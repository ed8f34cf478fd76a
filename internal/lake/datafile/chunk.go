package datafile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
)

// chunk is a column of a row group of which one of another file is to be made.
type chunk struct {
	group  *file.RowGroupReader
	number int // of the row group
	col    int
	meta   *metadata.ColumnChunkMetaData
	pages  []*metadata.PageLocation
	index  metadata.ColumnIndex // of the pages; nil if there is none
	edits  edits                // of the row group
	props  *parquet.WriterProperties
	paging paging
	to     *metadata.ColumnChunkMetaDataBuilder
}

// rows are those of a page, counted in the row group.
func (c *chunk) rows(page int) (from, to int64, last bool) {
	if page+1 == len(c.pages) {
		return c.pages[page].FirstRowIndex, c.group.NumRows(), true
	}
	return c.pages[page].FirstRowIndex, c.pages[page+1].FirstRowIndex, false
}

// stats are those of a page, as the index has them.
func (c *chunk) stats(page int) (s metadata.EncodedStatistics) {
	if c.index == nil {
		return s
	}
	if s.HasNullCount = c.index.IsSetNullCounts(); s.HasNullCount {
		s.NullCount = c.index.GetNullCounts()[page]
	}
	if s.AllNullValue = c.index.GetNullPages()[page]; !s.AllNullValue {
		s.HasMin, s.Min = true, c.index.GetMinValues()[page]
		s.HasMax, s.Max = true, c.index.GetMaxValues()[page]
	}
	return s
}

// spliced is what becomes of a chunk: its pages in order, some of the old file, some encoded.
type spliced struct {
	dictionary *encodedPage // nil if the old one is as good, or there is none
	pages      []splicedPage
	changed    bool
}

type splicedPage struct {
	old     int // number of a page that is copied; -1 for one that was encoded
	rows    int64
	encoded encodedPage
}

// columnSplicer makes one column of a file anew, row group after row group.
type columnSplicer interface {
	splice(c *chunk) (*spliced, error)
}

// newColumnSplicer makes the one for a column. gone are the rows that go, if they are known, and come those that come, each
// in one row group; nil if there are none.
func newColumnSplicer(typ parquet.Type, gone, come *file.RowGroupReader, col int) (columnSplicer, error) {
	switch typ {
	case parquet.Types.Boolean:
		return openSplicer(gone, come, col, slices.Equal[[]bool])
	case parquet.Types.Int64:
		return openSplicer(gone, come, col, slices.Equal[[]int64])
	case parquet.Types.Double:
		return openSplicer(gone, come, col, slices.Equal[[]float64])
	case parquet.Types.ByteArray:
		return openSplicer(gone, come, col, func(a, b []parquet.ByteArray) bool {
			return slices.EqualFunc(a, b, func(a, b parquet.ByteArray) bool { return bytes.Equal(a, b) })
		})
	}
	return nil, fmt.Errorf("its column %d is of type %v", col, typ)
}

// splicer splices a column whose values are T.
type splicer[T parquet.ColumnTypes] struct {
	gone, come cells[T] // that are not taken yet
	known      bool     // whether gone are known
	decoder    decoder[T]
	equal      func(a, b []T) bool
}

func openSplicer[T parquet.ColumnTypes](gone, come *file.RowGroupReader, col int, equal func(a, b []T) bool) (_ *splicer[T], err error) {
	s := &splicer[T]{equal: equal, known: gone != nil}
	if s.gone, err = columnIn[T](gone, col); err != nil {
		return nil, err
	}
	s.come, err = columnIn[T](come, col)
	return s, err
}

// columnIn reads a column of rows in memory, all of it.
func columnIn[T parquet.ColumnTypes](group *file.RowGroupReader, col int) (all cells[T], err error) {
	if group == nil {
		return all, nil
	}
	var of decoder[T]
	if err := of.open(group, col); err != nil {
		return all, err
	}
	meta, err := group.MetaData().ColumnChunk(col)
	if err == nil {
		all, err = of.page(0, meta.NumValues())
	}
	if err == nil && all.levels() != meta.NumValues() {
		err = errors.New("rows in memory lie in several pages")
	}
	return all, err
}

func (s *splicer[T]) equals(a, b cells[T]) bool {
	return slices.Equal(a.def, b.def) && slices.Equal(a.rep, b.rep) && s.equal(a.values, b.values)
}

// pass passes the rows that edits let go and come, and says whether those are what these were.
func (s *splicer[T]) pass(e edits) (same bool) {
	same = s.known
	for _, x := range e {
		gone, come := s.gone.take(x.Drop), s.come.take(x.Add)
		same = same && x.Drop == x.Add && s.equals(gone, come)
	}
	return same
}

// splice copies the pages of a chunk in which nothing changes. The rows of the others are decoded, and encoded again with
// those that come. Both may stand in one chunk because its dictionary is only ever added to.
func (s *splicer[T]) splice(c *chunk) (*spliced, error) {
	out := new(spliced)
	come, changed := s.come, false
	work := make([]edits, len(c.pages)) // of the pages in which something changes
	for page := range c.pages {
		if e := c.edits.within(c.rows(page)); !s.pass(e) {
			work[page], changed = e, changed || len(e) > 0
		}
	}
	if !changed {
		for page := range c.pages {
			out.copy(c, page)
		}
		return out, nil
	}
	catcher, err := newPageCatcher(c.to, c.props)
	if err != nil {
		return nil, err
	}
	out.changed = true
	e := &encoder[T]{splicer: s, chunk: c, come: come}
	if err := e.open(catcher); err != nil {
		return nil, err
	}
	ends, err := e.encode(work)
	if err != nil {
		return nil, err
	}
	out.arrange(c, ends, catcher)
	return out, nil
}

func (s *spliced) copy(c *chunk, page int) {
	from, to, _ := c.rows(page)
	s.pages = append(s.pages, splicedPage{old: page, rows: to - from, encoded: encodedPage{stats: c.stats(page)}})
}

// arrange puts the pages that were encoded between those that are copied. ends says up to which row of the column writer
// each page was encoded; what was not is copied.
func (s *spliced) arrange(c *chunk, ends []int64, caught *pageCatcher) {
	s.dictionary = caught.dictionary
	next := 0
	all := slices.Max(ends)
	for page, end := range ends {
		if end < 0 {
			s.copy(c, page)
			continue
		}
		for ; next < len(caught.pages) && caught.first[next] < end; next++ {
			to := all
			if next+1 < len(caught.pages) {
				to = caught.first[next+1]
			}
			s.pages = append(s.pages, splicedPage{old: -1, rows: to - caught.first[next], encoded: caught.pages[next]})
		}
	}
}

// encoder encodes the pages of a chunk anew in which rows go or come.
type encoder[T parquet.ColumnTypes] struct {
	*splicer[T]
	*chunk

	come    cells[T] // that are not taken yet
	to      cellWriter[T]
	batches int   // in the page that is being encoded
	bytes   int64 // of its values
}

// cellWriter is the library's writer of a column whose values are T.
type cellWriter[T any] interface {
	WriteBatch(values []T, def, rep []int16) (int64, error)
	FlushCurrentPage() error
	RowsWritten() int
	Close() error
}

func (e *encoder[T]) open(catcher *pageCatcher) error {
	w := file.NewColumnChunkWriter(e.chunk.to, catcher, e.props)
	var ok bool
	if e.to, ok = w.(cellWriter[T]); !ok {
		return fmt.Errorf("column %d has values of another type", e.col)
	}
	if err := e.decoder.open(e.group, e.col); err != nil {
		return err
	}
	if !e.meta.HasDictionaryPage() {
		return nil
	}
	// With the old dictionary as its beginning, the indices of the pages that are copied stay right.
	to, ok := w.CurrentEncoder().(interface{ PutDictionary(arrow.Array) error })
	if !ok {
		return nil // the column has none any more: what is encoded needs none
	}
	values, err := dictionaryOf(e.group, e.col, w.Type())
	if err != nil {
		return err
	}
	defer values.Release()
	return to.PutDictionary(values)
}

// encode encodes what has to be, and says up to which row of the column writer each page was; -1 for those that were not.
func (e *encoder[T]) encode(work []edits) (ends []int64, err error) {
	for page := range e.pages {
		from, to, last := e.rows(page)
		if len(work[page]) == 0 {
			e.skip(e.edits.within(from, to, last))
			ends = append(ends, -1)
			continue
		}
		if err := e.page(from, to-from, work[page]); err != nil {
			return nil, err
		}
		ends = append(ends, int64(e.to.RowsWritten()))
	}
	return ends, e.to.Close()
}

// skip passes what comes by edits that change nothing.
func (e *encoder[T]) skip(same edits) {
	for _, x := range same {
		e.come.take(x.Add)
	}
}

// page encodes the n rows of a page that begins with a row, with edits. They become a page of their own, or several.
func (e *encoder[T]) page(from, n int64, edits edits) error {
	old, err := e.decoder.page(from, e.meta.NumValues())
	if err != nil {
		return err
	}
	at := int64(0)
	for _, x := range edits {
		kept := old.take(x.At - at)
		old.take(x.Drop)
		at = x.At + x.Drop
		if err := errors.Join(e.write(kept), e.write(e.come.take(x.Add))); err != nil {
			return err
		}
	}
	if err := e.write(old.take(n - at)); err != nil {
		return err
	}
	if old.levels() > 0 {
		return errors.New("a page has more rows than its index says")
	}
	return e.cut()
}

// write encodes rows, and cuts pages as they become large.
func (e *encoder[T]) write(c cells[T]) error {
	for c.levels() > 0 {
		some := c.take(e.paging.rows)
		if _, err := e.to.WriteBatch(some.values, some.def, some.rep); err != nil {
			return err
		}
		e.batches++
		if e.bytes += sizeOfValues(some.values); e.bytes >= e.paging.bytes {
			if err := e.cut(); err != nil {
				return err
			}
		}
	}
	return nil
}

// cut ends the page that is being encoded. The library panics when there is none.
func (e *encoder[T]) cut() error {
	if e.batches == 0 {
		return nil
	}
	e.batches, e.bytes = 0, 0
	return e.to.FlushCurrentPage()
}

// sizeOfValues is how many bytes values have, roughly.
func sizeOfValues[T any](values []T) (n int64) {
	texts, ok := any(values).([]parquet.ByteArray)
	if !ok {
		return int64(len(values) * arrow.Int64SizeBytes)
	}
	for _, t := range texts {
		n += int64(len(t) + arrow.Uint32SizeBytes)
	}
	return n
}

// cells are values of a column with their levels. Levels are nil where the schema has none.
type cells[T any] struct {
	values   []T
	def, rep []int16
	most     int16 // definition level of what is a value
}

// take takes the next n rows from the front, or as many as there are.
func (c *cells[T]) take(n int64) (out cells[T]) {
	levels := min(n, c.levels())
	if c.rep != nil {
		levels = levelsOf(c.rep, n)
		out.rep, c.rep = c.rep[:levels], c.rep[levels:]
	}
	values := levels
	if c.def != nil {
		values = 0
		for _, d := range c.def[:levels] {
			if d == c.most {
				values++
			}
		}
		out.def, c.def = c.def[:levels], c.def[levels:]
	}
	out.values, c.values = c.values[:values], c.values[values:]
	out.most = c.most
	return out
}

// levelsOf is how many levels the first n rows have: each row begins with level 0.
func levelsOf(rep []int16, n int64) int64 {
	for i, r := range rep {
		if r != 0 {
			continue
		}
		if n == 0 {
			return int64(i)
		}
		n--
	}
	return int64(len(rep))
}

// levels is how many there are: one for each value, null and empty list.
func (c *cells[T]) levels() int64 { return int64(max(len(c.def), len(c.values))) }

// decoder decodes the pages of a column, one at a time.
type decoder[T any] struct {
	from   cellReader[T]
	all    cells[T] // memory for a page
	levels [2]bool  // which levels there are: definition, repetition
}

// cellReader is the library's reader of a column whose values are T.
type cellReader[T any] interface {
	ReadBatchInPage(n int64, values []T, def, rep []int16) (levels int64, read int, err error)
	SeekToRow(row int64) error
}

func (d *decoder[T]) open(group *file.RowGroupReader, col int) error {
	r, err := group.Column(col)
	if err != nil {
		return err
	}
	var ok bool
	if d.from, ok = r.(cellReader[T]); !ok {
		return fmt.Errorf("its column %d has values of another type", col)
	}
	most := r.Descriptor().MaxDefinitionLevel()
	d.all.most, d.levels = most, [2]bool{most > 0, r.Descriptor().MaxRepetitionLevel() > 0}
	return nil
}

// page reads the page that begins with a row and has so many levels at most. What it gives is good until the next call.
func (d *decoder[T]) page(row, most int64) (cells[T], error) {
	d.reserve(most)
	out := d.all
	if err := d.from.SeekToRow(row); err != nil {
		return out, err
	}
	levels, values, err := d.from.ReadBatchInPage(most, out.values, out.def, out.rep)
	out.values = out.values[:values]
	if out.def != nil {
		out.def = out.def[:levels]
	}
	if out.rep != nil {
		out.rep = out.rep[:levels]
	}
	return out, err
}

func (d *decoder[T]) reserve(most int64) {
	if int64(len(d.all.values)) >= most {
		return
	}
	d.all.values = make([]T, most)
	if d.levels[0] {
		d.all.def = make([]int16, most)
	}
	if d.levels[1] {
		d.all.rep = make([]int16, most)
	}
}

// dictionaryOf reads the dictionary of a chunk.
func dictionaryOf(group *file.RowGroupReader, col int, typ parquet.Type) (_ arrow.Array, err error) {
	pages, err := group.GetColumnPageReader(col)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pages.Close()) }()
	page, err := pages.GetDictionaryPage()
	if err != nil {
		return nil, err
	}
	if page == nil {
		return nil, errors.New("a dictionary is missing")
	}
	switch typ {
	case parquet.Types.ByteArray:
		return textsOf(page.Data(), int(page.NumValues()))
	case parquet.Types.Double:
		return numbersOf(arrow.PrimitiveTypes.Float64, page.Data(), int(page.NumValues()))
	case parquet.Types.Int64:
		return numbersOf(arrow.PrimitiveTypes.Int64, page.Data(), int(page.NumValues()))
	}
	return nil, fmt.Errorf("a column of type %v has a dictionary", typ)
}

var errDictionary = errors.New("a dictionary ends too early")

// textsOf are n texts in Parquet's plain encoding: the length of each comes before it.
func textsOf(plain []byte, n int) (arrow.Array, error) {
	b := array.NewBinaryBuilder(memory.DefaultAllocator, arrow.BinaryTypes.Binary)
	defer b.Release()
	b.Reserve(n)
	b.ReserveData(len(plain))
	for range n {
		if len(plain) < arrow.Uint32SizeBytes {
			return nil, errDictionary
		}
		size := int(binary.LittleEndian.Uint32(plain))
		if plain = plain[arrow.Uint32SizeBytes:]; size > len(plain) {
			return nil, errDictionary
		}
		b.Append(plain[:size])
		plain = plain[size:]
	}
	return b.NewArray(), nil
}

// numbersOf are n numbers of eight bytes each, in Parquet's plain encoding, which is Arrow's.
func numbersOf(typ arrow.DataType, plain []byte, n int) (arrow.Array, error) {
	if len(plain) < n*arrow.Int64SizeBytes {
		return nil, errDictionary
	}
	data := array.NewData(typ, n, []*memory.Buffer{nil, memory.NewBufferBytes(bytes.Clone(plain))}, nil, 0, 0)
	defer data.Release()
	return array.MakeFromData(data), nil
}

// chunkStats puts together what is known of pages, for their chunk.
type chunkStats struct {
	typ   parquet.Type
	all   metadata.EncodedStatistics
	none  bool // of some page it is not known
	first bool // no page with a value has come yet
}

func newChunkStats(typ parquet.Type) *chunkStats {
	return &chunkStats{typ: typ, first: true, all: metadata.EncodedStatistics{HasNullCount: true}}
}

func (t *chunkStats) add(s metadata.EncodedStatistics) {
	t.all.NullCount += s.NullCount
	switch {
	case !s.HasNullCount, !s.AllNullValue && (!s.HasMin || !s.HasMax):
		t.none = true
	case s.AllNullValue:
	case t.first:
		t.first = false
		t.all.HasMin, t.all.Min, t.all.HasMax, t.all.Max = true, s.Min, true, s.Max
	default:
		if less(t.typ, s.Min, t.all.Min) {
			t.all.Min = s.Min
		}
		if less(t.typ, t.all.Max, s.Max) {
			t.all.Max = s.Max
		}
	}
}

// less compares two values as the format orders them, in plain encoding.
func less(typ parquet.Type, a, b []byte) bool {
	switch typ {
	case parquet.Types.Int64:
		return int64(binary.LittleEndian.Uint64(a)) < int64(binary.LittleEndian.Uint64(b))
	case parquet.Types.Double:
		return math.Float64frombits(binary.LittleEndian.Uint64(a)) < math.Float64frombits(binary.LittleEndian.Uint64(b))
	}
	return bytes.Compare(a, b) < 0
}
