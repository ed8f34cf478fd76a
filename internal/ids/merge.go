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
		c := &cursor{run: r}
		more, err := c.next(ctx)
		if err != nil {
			return err
		}
		if more {
			h = append(h, c)
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

// heap has the cursor with the least entry first. Package container/heap calls three methods through an interface for
// each entry.
type heap []*cursor

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

// pagesAtOnce is how many pages a cursor reads at a time.
const pagesAtOnce = 16

// cursor walks the entries of a run.
type cursor struct {
	run    *Run
	entry  Entry  // the current one
	passed int64  // how many came before it, and it
	page   int    // the next to be looked at
	pages  []byte // those that were read at once
	within []byte // what is left of the entries of the current page
}

// next goes to the next entry, and says whether there is one.
func (c *cursor) next(ctx context.Context) (bool, error) {
	if len(c.within) == 0 {
		if c.page == len(c.run.firsts) {
			return false, nil
		}
		if err := c.turn(ctx); err != nil {
			return false, err
		}
	}
	e := get(c.within)
	if c.passed > 0 && Compare(e, c.entry) <= 0 {
		return false, &Damaged{c.run, fault.New(fault.Corrupt, "entry %d of a run is out of order", c.passed)}
	}
	c.entry, c.within = e, c.within[entrySize:]
	c.passed++
	return true, nil
}

// turn goes to the next page.
func (c *cursor) turn(ctx context.Context) error {
	at := c.page % pagesAtOnce
	if at == 0 {
		if err := c.read(ctx); err != nil {
			return err
		}
	}
	content := c.pages[at*pageSize:][:pageSize]
	n, err := c.run.look(c.page, content)
	if err != nil {
		return &Damaged{c.run, err}
	}
	c.page++
	c.within = content[:n*entrySize]
	return nil
}

// read reads the next pages.
func (c *cursor) read(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	n := min(pagesAtOnce, len(c.run.firsts)-c.page) * pageSize
	if c.pages == nil {
		c.pages = make([]byte, n)
	}
	c.pages = c.pages[:n]
	if err := readAt(c.run.from, c.pages, int64(c.page)*pageSize); err != nil {
		return &Damaged{c.run, err}
	}
	return nil
}
