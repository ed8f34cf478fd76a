package duck

import (
	"cmp"
	"context"
	"slices"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake/datafile"
)

// hit is where a record lies, and the record once it was read.
type hit struct {
	file   int
	row    int64
	record conversation.Record // without text: not read
}

// files are the data files that hits lie in, by number, and what this process remembers of files.
type files struct {
	list    []datafile.File
	footers *datafile.Footers
}

// maxOpen bounds the files that a reader keeps open between stretches: hits in order of start stay in one.
const maxOpen = 4

// reader reads the records of hits. For one goroutine.
type reader struct {
	files files
	open  []*opened // least recently used first
}

type opened struct {
	file int
	*datafile.RecordReader
}

func newReader(f files) *reader { return &reader{files: f} }

// read gives hits their records. It reads in the order of files and rows, whatever the order of hits; what comes after
// a failure stays without.
func (r *reader) read(ctx context.Context, hits []hit) error {
	sorted := make([]*hit, len(hits))
	for i := range hits {
		sorted[i] = &hits[i]
	}
	slices.SortFunc(sorted, func(a, b *hit) int { return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.row, b.row)) })
	for len(sorted) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := neighbours(sorted)
		if err := r.readFile(ctx, sorted[:n]); err != nil {
			return err
		}
		sorted = sorted[n:]
	}
	return nil
}

// rowsAtOnce is how many rows are read between two looks whether the question was cancelled: if each lies in a page of
// its own, they take 30 ms.
const rowsAtOnce = 64

// neighbours is the number of hits at the beginning that are in one file, up to rowsAtOnce.
func neighbours(hits []*hit) int {
	n := 1
	for n < min(len(hits), rowsAtOnce) && hits[n].file == hits[0].file {
		n++
	}
	return n
}

// readFile reads hits of one file, in the order of its rows.
func (r *reader) readFile(ctx context.Context, hits []*hit) error {
	f, err := r.file(ctx, hits[0].file)
	if err != nil {
		return err
	}
	rows := make([]int64, len(hits))
	for i, h := range hits {
		rows[i] = h.row
	}
	records, err := f.Read(rows...)
	for i, record := range records {
		hits[i].record = record
	}
	return err
}

func (r *reader) file(ctx context.Context, n int) (*opened, error) {
	if i := slices.IndexFunc(r.open, func(o *opened) bool { return o.file == n }); i >= 0 {
		o := r.open[i]
		r.open = append(slices.Delete(r.open, i, i+1), o)
		return o, nil
	}
	if len(r.open) == maxOpen {
		r.open[0].close()
		r.open = slices.Delete(r.open, 0, 1)
	}
	f, err := r.files.footers.Open(ctx, r.files.list[n])
	if err != nil {
		return nil, err
	}
	o := &opened{n, f}
	r.open = append(r.open, o)
	return o, nil
}

func (r *reader) close() {
	for _, o := range r.open {
		o.close()
	}
}

// close closes a file that was only read, which can fail no record.
func (o *opened) close() { _ = o.Close() }
