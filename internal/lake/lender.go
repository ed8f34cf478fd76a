package lake

import (
	"context"
	"errors"
	"sync"
	"time"
)

// A Lender shows tables to engines that hold no pin, and keeps what it has shown from expiring for a while, because they
// read the files long after they were told of them. Safe for concurrent use.
type Lender struct {
	Lake *Lake
	Keep time.Duration // how long a snapshot stays after it was last shown

	mu    sync.Mutex
	loans []*loan // the one that was shown last comes last
}

type loan struct {
	shown *Shown
	ends  *time.Timer
}

// loansMost bounds the snapshots that are kept: each is an open file. Who asks for more at a time has the first ones
// only as long as any snapshot that nobody has pinned.
const loansMost = 64

// Show is Lake.Show. What is shown stays for a while after it was closed.
func (d *Lender) Show(ctx context.Context, name string) (*Shown, error) {
	s, err := d.Lake.Show(ctx, name)
	if err != nil || s.ID == 0 {
		return s, err
	}
	kept, err := d.Lake.pin(ctx, s.ID)
	if errors.Is(err, errLocked) {
		err = nil // somebody looks whether it may expire, and finds our pin
	}
	if err != nil || kept == nil {
		return s, err
	}
	d.lend(&Shown{ID: s.ID, pin: kept})
	return s, nil
}

// lend keeps a snapshot, in place of an earlier loan of it.
func (d *Lender) lend(s *Shown) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, l := range d.loans {
		if l.shown.ID == s.ID {
			d.end(i)
			break
		}
	}
	if len(d.loans) == loansMost {
		d.end(0)
	}
	l := &loan{shown: s}
	l.ends = time.AfterFunc(d.Keep, func() { d.over(l) })
	d.loans = append(d.loans, l)
}

// over ends a loan whose time is over.
func (d *Lender) over(l *loan) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.loans {
		if d.loans[i] == l {
			d.end(i)
			return
		}
	}
}

// end ends a loan. An error of releasing a lock tells nobody anything: the file is closed.
func (d *Lender) end(i int) {
	l := d.loans[i]
	l.ends.Stop()
	_ = l.shown.Close()
	d.loans = append(d.loans[:i], d.loans[i+1:]...)
}

// Close ends all loans. Nothing may be shown after it.
func (d *Lender) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.loans) > 0 {
		d.end(0)
	}
	return nil
}
