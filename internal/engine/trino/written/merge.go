package written

import (
	"bytes"
	"cmp"
	"container/heap"
	"context"
	"iter"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/datafile"
)

// Memory of a merge: what is read of all files at once, and of one at least. Of each file there are up to three blocks, and
// what the library has of a page.
const (
	blocksBytes = 64 << 20
	blockLeast  = 128 << 10
)

// row is a record and the key that it is sorted by, in microseconds since 1970.
type row struct {
	conversation.Record

	key int64
}

// never is the key of what has none.
const never = math.MaxInt64

// block is some rows of a file, or why there are no more.
type block struct {
	rows []row
	err  error
}

// run is a file that is read.
type run struct {
	file   datafile.File
	rows   []row // the first is the next; of an open run there is one
	blocks <-chan block
}

// merge yields the records of files each of which is in order, all in order. Every file is read ahead by itself.
func merge(ctx context.Context, files []datafile.File, by sqltext.Sorting) iter.Seq2[conversation.Record, error] {
	return func(yield func(conversation.Record, error) bool) {
		reading, stop := context.WithCancel(ctx)
		var readers sync.WaitGroup
		defer readers.Wait()
		defer stop()
		runs := make([]*run, len(files))
		for i, f := range files {
			blocks := make(chan block)
			readers.Go(func() { read(reading, f, by, max(blockLeast, blocksBytes/int64(len(files))), blocks) })
			runs[i] = &run{file: f, blocks: blocks}
		}
		m, err := begin(ctx, runs, by)
		for err == nil && m.Len() > 0 {
			if !yield(m.runs[0].rows[0].Record, nil) {
				return
			}
			err = m.pass(ctx)
		}
		if err != nil {
			yield(conversation.Record{}, err)
		}
	}
}

// read reads a file into blocks, until somebody stops it, and closes blocks.
func read(ctx context.Context, f datafile.File, by sqltext.Sorting, most int64, blocks chan<- block) {
	defer close(blocks)
	columns := []string{"conversation_id", "conversation_start", "conversation_end", "record"}
	key := slices.Index(columns, by.Column)
	if key < 0 {
		key, columns = len(columns), append(columns, by.Column)
	}
	for batch, err := range datafile.RowsWithin(ctx, f, most, columns...) {
		b := block{err: err}
		if err == nil {
			b.rows, b.err = rowsOf(f, batch, key)
		}
		select {
		case blocks <- b:
		case <-ctx.Done():
			return
		}
		if b.err != nil {
			return
		}
	}
}

// rowsOf copies the rows of a batch that has what they are sorted by in the column key.
func rowsOf(f datafile.File, batch arrow.RecordBatch, key int) (rows []row, err error) {
	defer func() {
		if p := recover(); p != nil { // a column is of another type
			err = fault.New(fault.Corrupt, "file %s, which the Trino cluster wrote, cannot be read: %v", f.Path, p)
		}
	}()
	rows = make([]row, batch.NumRows())
	for i := range rows {
		rows[i] = row{conversation.Record{
			ID:    conversation.ID(strings.Clone(datafile.TextAt(batch, 0, i))),
			Start: datafile.TimeAt(batch, 1, i),
			End:   datafile.TimeAt(batch, 2, i),
			JSON:  bytes.Clone([]byte(datafile.TextAt(batch, 3, i))),
		}, keyOf(datafile.TimeAt(batch, key, i))}
	}
	return rows, nil
}

func keyOf(t time.Time) int64 {
	if t.IsZero() {
		return never
	}
	return t.UnixMicro()
}

// merging is the runs that have rows left, as a heap: the one with the next row is the first.
type merging struct {
	by   sqltext.Sorting
	runs []*run
}

// begin begins to merge those runs that have rows.
func begin(ctx context.Context, runs []*run, by sqltext.Sorting) (*merging, error) {
	m := &merging{by: by}
	for _, r := range runs {
		if err := r.fill(ctx); err != nil {
			return nil, err
		}
		if len(r.rows) > 0 {
			heap.Push(m, r)
		}
	}
	return m, nil
}

// pass goes on to the next row.
func (m *merging) pass(ctx context.Context) error {
	r := m.runs[0]
	last := r.rows[0]
	r.rows = r.rows[1:]
	if err := r.fill(ctx); err != nil {
		return err
	}
	if len(r.rows) == 0 {
		heap.Pop(m)
		return nil
	}
	if m.compare(r.rows[0], last) < 0 {
		return fault.New(fault.Corrupt, "file %s, which the Trino cluster wrote, is not in order", r.file.Path)
	}
	heap.Fix(m, 0)
	return nil
}

// fill takes the next rows of a run that has none.
func (r *run) fill(ctx context.Context) error {
	for len(r.rows) == 0 {
		b, more := <-r.blocks
		if b.err != nil {
			return b.err
		}
		if !more {
			return ctx.Err() // of which the reading ends, too
		}
		r.rows = b.rows
	}
	return nil
}

// compare is the order of the rows.
func (m *merging) compare(a, b row) int {
	c := cmp.Compare(a.key, b.key)
	if m.by.Descending {
		c = -c
	}
	return cmp.Or(c, cmp.Compare(a.ID, b.ID))
}

// Len implements heap.Interface.
func (m *merging) Len() int { return len(m.runs) }

// Less implements heap.Interface.
func (m *merging) Less(i, j int) bool { return m.compare(m.runs[i].rows[0], m.runs[j].rows[0]) < 0 }

// Swap implements heap.Interface.
func (m *merging) Swap(i, j int) { m.runs[i], m.runs[j] = m.runs[j], m.runs[i] }

// Push implements heap.Interface.
func (m *merging) Push(r any) { m.runs = append(m.runs, r.(*run)) }

// Pop implements heap.Interface.
func (m *merging) Pop() any {
	last := len(m.runs) - 1
	r := m.runs[last]
	m.runs = m.runs[:last]
	return r
}
