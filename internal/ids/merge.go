package ids

import (
	"context"

	"github.com/parley-hq/parley/internal/fault"
)

// Damaged says which of several runs cannot be read, and why.
type Damaged struct {
	Run *Run
	Err error
}

func (d *Damaged) Error() string { return d.Err.Error() }

func (d *Damaged) Unwrap() error { return d.Err }

// Merge writes the entries of several runs, in order and each once. It reads every page of them, and holds 64 KiB of
// each. A run that cannot be read is Damaged.
func Merge(ctx context.Context, to *Writer, runs ...*Run) error {
	var h heap
	for _, r := range runs {
		reader := &runReader{run: r}
		more, err := reader.next(ctx)
		if err != nil {
			return err
		}
		if more {
			h = append(h, reader)
		}
	}
	for i := len(h)/2 - 1; i >= 0; i-- {
		h.sink(i)
	}
	for len(h) > 0 {
		if err := to.Add(h[0].entry); err != nil {
			return err
		}
		more, err := h[0].next(ctx)
		if err != nil {
			return err
		}
		if !more {
			h[0], h = h[len(h)-1], h[:len(h)-1]
		}
		h.sink(0)
	}
	return nil
}

// heap has the reader with the least entry first. Package container/heap calls three methods through an interface for
// each entry.
type heap []*runReader

func (h heap) sink(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h); child++ {
			if Compare(h[child].entry, h[least].entry) < 0 {
				least = child
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}

// pagesAtOnce is how many pages a reader reads at a time.
const pagesAtOnce = 16

// runReader reads the entries of a run, one after the other.
type runReader struct {
	run    *Run
	entry  Entry  // the current one
	passed int64  // how many came before it, and it
	page   int    // the next to be looked at
	pages  []byte // those that were read at once
	within []byte // what is left of the entries of the current page
}

// next goes to the next entry, and says whether there is one.
func (r *runReader) next(ctx context.Context) (bool, error) {
	if len(r.within) == 0 {
		if r.page == len(r.run.firsts) {
			return false, nil
		}
		if err := r.turn(ctx); err != nil {
			return false, err
		}
	}
	e := get(r.within)
	if r.passed > 0 && Compare(e, r.entry) <= 0 {
		return false, &Damaged{r.run, fault.New(fault.Corrupt, "entry %d of a run is out of order", r.passed)}
	}
	r.entry, r.within = e, r.within[entrySize:]
	r.passed++
	return true, nil
}

// turn goes to the next page.
func (r *runReader) turn(ctx context.Context) error {
	at := r.page % pagesAtOnce
	if at == 0 {
		if err := r.read(ctx); err != nil {
			return err
		}
	}
	content := r.pages[at*pageSize:][:pageSize]
	n, err := r.run.look(r.page, content)
	if err != nil {
		return &Damaged{r.run, err}
	}
	r.page++
	r.within = content[:n*entrySize]
	return nil
}

// read reads the next pages.
func (r *runReader) read(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	n := min(pagesAtOnce, len(r.run.firsts)-r.page) * pageSize
	if r.pages == nil {
		r.pages = make([]byte, n)
	}
	r.pages = r.pages[:n]
	if err := readAt(r.run.from, r.pages, int64(r.page)*pageSize); err != nil {
		return &Damaged{r.run, err}
	}
	return nil
}
