package lake

import (
	"bytes"
	"errors"
	"slices"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"github.com/parley-hq/parley/internal/fault"
)

// RecordReader reads single records out of a data file of conversations by row number, going by the page index, so
// that few records cost little. Going forward is cheap, going back costs a page. Not for concurrent use.
type RecordReader struct {
	path   string
	file   *file.Reader
	column int

	group   int     // row group that is open, -1 before the first
	base    int64   // first row of that group
	end     int64   // row after its last
	next    int64   // row that the column stands before
	pages   []int64 // first row of each column page of that group
	records *file.ByteArrayColumnChunkReader
}

// OpenRecords opens the record column of a data file of conversations.
func OpenRecords(path string) (*RecordReader, error) {
	f, err := file.OpenParquetFile(path, false, file.WithReadProps(parquet.NewReaderProperties(memory.DefaultAllocator)))
	if err != nil {
		return nil, fault.Because(fault.Corrupt, err, "data file %s cannot be opened", path)
	}
	column := f.MetaData().Schema.ColumnIndexByName("record")
	if column < 0 {
		return nil, errors.Join(fault.New(fault.Corrupt, "data file %s has no records", path), f.Close())
	}
	return &RecordReader{path: path, file: f, column: column, group: -1}, nil
}

// Close closes the file.
func (r *RecordReader) Close() error { return r.file.Close() }

// Read gives the record in a row, counted from 0. The bytes are the caller's.
func (r *RecordReader) Read(row int64) ([]byte, error) {
	raw, err := r.read(row)
	if err != nil {
		return nil, fault.Because(fault.Corrupt, err, "row %d of data file %s cannot be read", row, r.path)
	}
	return raw, nil
}

func (r *RecordReader) read(row int64) ([]byte, error) {
	if err := r.open(row); err != nil {
		return nil, err
	}
	var err error
	switch gap := row - r.next; {
	case gap == 0:
	case gap > 0 && r.next > r.base && r.page(row) == r.page(r.next-1):
		_, err = r.records.Skip(gap) // to seek would decompress the page, of up to 3 MB, once more for each record in it
	default:
		err = r.records.SeekToRow(row - r.base)
	}
	if err != nil {
		return nil, err
	}
	var value [1]parquet.ByteArray
	_, n, err := r.records.ReadBatch(1, value[:], nil, nil)
	if err != nil {
		return nil, err
	}
	if n != 1 {
		return nil, errors.New("there is no such row")
	}
	r.next = row + 1
	return bytes.Clone(value[0]), nil
}

// open opens the row group in which row lies.
func (r *RecordReader) open(row int64) error {
	if r.group >= 0 && row >= r.base && row < r.end {
		return nil
	}
	base := int64(0)
	for g := range r.file.NumRowGroups() {
		rows := r.file.RowGroup(g).NumRows()
		if row >= base && row < base+rows {
			column, err := r.file.RowGroup(g).Column(r.column)
			if err != nil {
				return err
			}
			records, ok := column.(*file.ByteArrayColumnChunkReader)
			if !ok {
				return errors.New("its records are no text")
			}
			pages, err := r.pagesOf(g)
			if err != nil {
				return err
			}
			r.group, r.base, r.end, r.next, r.pages, r.records = g, base, base+rows, base, pages, records
			return nil
		}
		base += rows
	}
	return errors.New("there is no such row")
}

// pagesOf gives the first row of each page of the records in a row group.
func (r *RecordReader) pagesOf(group int) ([]int64, error) {
	index, err := r.file.GetPageIndexReader().RowGroup(group)
	if err != nil || index == nil {
		return nil, err
	}
	offsets, err := index.GetOffsetIndex(r.column)
	if err != nil || offsets == nil {
		return nil, err
	}
	var first []int64
	for _, p := range offsets.GetPageLocations() {
		first = append(first, p.FirstRowIndex)
	}
	return first, nil
}

// page is the number of the page in which a row of the open group lies; without an index each row counts as one.
func (r *RecordReader) page(row int64) int {
	if len(r.pages) == 0 {
		return int(row)
	}
	i, found := slices.BinarySearch(r.pages, row-r.base)
	if found {
		return i
	}
	return i - 1
}
