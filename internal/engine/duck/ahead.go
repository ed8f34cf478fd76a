package duck

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"runtime"
	"runtime/debug"
	"sync"
)

// The first stretch is small, so that whoever stops early has cost little. The largest has about 5 MB of text: two
// stretches that meet in a column page both decompress it, which smaller ones would do more often.
const (
	firstStretch   = 32
	largestStretch = 1024
)

// maxReaders bounds the goroutines that read for one question. Two are faster than any use of the records, and the
// library that decompresses has four decoders for the whole process.
const maxReaders = 4

// readers is how many goroutines read for one question.
func readers() int { return min(runtime.GOMAXPROCS(0), maxReaders) }

// firstSize is the size of the first stretch of at most so many hits; 0 means that nobody knows. A page is shared out
// evenly: it takes as long as the reader that has the most of it.
func firstSize(limit int) int {
	if limit == 0 {
		return firstStretch
	}
	return min((limit+readers()-1)/readers(), 2*firstStretch)
}

// stretch is a part of the hits, in the order asked for.
type stretch struct {
	hits []hit
	done chan error // gets one value, when the records have been read or cannot be
}

// ahead reads the records of stretches while those before them are used.
type ahead struct {
	work    chan stretch // to be read, by whoever is free
	pending []stretch    // to be given, in their order
}

// readAhead gives stretches of hits their records and yields them in their order. It stops after the first error; the
// hits that come with one have records as far as they could be read. When it returns, no goroutine is left and no file
// is open.
func readAhead(ctx context.Context, f files, stretches iter.Seq2[[]hit, error]) iter.Seq2[[]hit, error] {
	return func(yield func([]hit, error) bool) {
		a := &ahead{work: make(chan stretch, 2*readers())}
		ctx, cancel := context.WithCancel(ctx)
		var group sync.WaitGroup
		defer group.Wait()
		defer close(a.work)
		defer cancel() // first: what is in work need not be read any more
		for range readers() {
			group.Go(func() { readStretches(ctx, f, a.work) })
		}
		a.run(stretches, yield)
	}
}

// run keeps work full and yields what was read.
func (a *ahead) run(stretches iter.Seq2[[]hit, error], yield func([]hit, error) bool) {
	for hits, err := range stretches {
		a.add(hits, err)
		if len(a.pending) == cap(a.work) && !a.give(yield) {
			return
		}
	}
	for more := true; more && len(a.pending) > 0; {
		more = a.give(yield)
	}
}

// add puts a stretch in line; one that could not be found is not read.
func (a *ahead) add(hits []hit, err error) {
	s := stretch{hits, make(chan error, 1)}
	a.pending = append(a.pending, s)
	if err != nil {
		s.done <- err
		return
	}
	a.work <- s
}

// give yields the stretch whose turn it is, once it was read, and says whether to go on.
func (a *ahead) give(yield func([]hit, error) bool) bool {
	s := a.pending[0]
	a.pending = a.pending[1:]
	err := <-s.done
	return yield(s.hits, err) && err == nil
}

// readStretches reads until there is no more work.
func readStretches(ctx context.Context, f files, work <-chan stretch) {
	r := newReader(f)
	defer r.close()
	for s := range work {
		s.done <- readStretch(ctx, r, s.hits)
	}
}

// readStretch makes a panic an error: on a goroutine of ours it would end the process, and not just the one request.
func readStretch(ctx context.Context, r *reader, hits []hit) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return r.read(ctx, hits)
}

// stretches cuts what a statement finds into stretches, the first of this size.
func stretches(ctx context.Context, rows *sql.Rows, first int) iter.Seq2[[]hit, error] {
	return func(yield func([]hit, error) bool) {
		for size := first; ; size = min(2*size, largestStretch) {
			hits, err := nextHits(rows, size)
			if len(hits) == 0 && err == nil || !yield(hits, asFault(ctx, err)) || err != nil {
				return
			}
		}
	}
}

// nextHits gives the next n hits, or fewer if there are no more.
func nextHits(rows *sql.Rows, n int) ([]hit, error) {
	var hits []hit
	for len(hits) < n && rows.Next() {
		var h hit
		if err := rows.Scan(&h.file, &h.row); err != nil {
			return nil, err
		}
		hits = append(hits, h)
	}
	return hits, rows.Err()
}
