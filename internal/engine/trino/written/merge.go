package written

import (
	"cmp"
	"container/heap"
	"context"
	"iter"
	"math"
	"sync"
	"time"

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

// block is some rows of a file, or why there are no more.
type block struct {
	rows []datafile.Keyed
	err  error
}

// run is a file that is read.
type run struct {
	file   datafile.File
	rows   []datafile.Keyed // the first is the next; of an open run there is one
	blocks <-chan block
	read   int64 // rows that came
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
	for rows, err := range datafile.Records(ctx, f, most, by.Column) {
		b := block{rows, err}
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

// keyOf is what an instant is sorted by; what has none comes as the latest.
func keyOf(t time.Time) int64 {
	if t.IsZero() {
		return math.MaxInt64
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
			return cmp.Or(ctx.Err(), r.whole()) // reading ends with the context, too
		}
		r.rows = b.rows
		r.read += int64(len(b.rows))
	}
	return nil
}

// whole says whether so many rows came as the cluster wrote.
func (r *run) whole() error {
	if r.read == r.file.Rows {
		return nil
	}
	return fault.New(fault.Corrupt, "file %s has %d rows, and the Trino cluster wrote %d", r.file.Path, r.read, r.file.Rows)
}

// compare is the order of the rows.
func (m *merging) compare(a, b datafile.Keyed) int {
	c := cmp.Compare(keyOf(a.Key), keyOf(b.Key))
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
