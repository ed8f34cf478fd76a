package fleet

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wait"
)

// Share follows as many of the organizations as come to this process.
type Share struct {
	Board  Board
	Places []string
	Every  time.Duration // how often the board is looked at
	// Follow goes on with the organization of a place, by its number, until ctx ends, and notes on the hold what it does. Resting is to be
	// told whether it has nothing to do now: then it is given to another process, if that has fewer.
	Follow func(ctx context.Context, n int, hold Hold, resting func(bool))
	// Note is told what a person may want to know.
	Note func(format string, args ...any)
}

// Run goes on until ctx ends. A board that cannot be reached is looked at again later.
func (s *Share) Run(ctx context.Context) error {
	leave, err := s.Board.Join(ctx, s.Places)
	if err != nil {
		return err
	}
	all := &followed{of: s, by: map[int]*follower{}}
	for ctx.Err() == nil {
		if err := all.settle(ctx); err != nil && ctx.Err() == nil {
			s.Note("It cannot be seen who extracts which organization; this is looked at again in %v: %v\n", s.Every, err)
		}
		_ = wait.For(ctx, s.Every) // the loop sees that ctx has ended
	}
	return errors.Join(all.giveBack(len(all.by), false), leave())
}

// followed are the organizations that this process follows, by number.
type followed struct {
	of *Share
	by map[int]*follower
}

type follower struct {
	hold    Hold
	stop    context.CancelFunc
	ended   chan struct{}
	resting atomic.Bool
}

// settle gives back what is too much, or takes what is missing and free.
func (f *followed) settle(ctx context.Context) error {
	if err := f.forgetLost(); err != nil {
		return err
	}
	seen, err := f.of.Board.Look(ctx, f.of.Places)
	if err != nil {
		return err
	}
	processes := max(1, seen.Processes)
	want := (len(f.of.Places) + processes - 1) / processes
	if len(f.by) > want {
		return f.giveBack(len(f.by)-want, true)
	}
	for _, n := range somewhere(len(f.of.Places)) {
		if len(f.by) >= want {
			break
		}
		if f.by[n] != nil || seen.Held[f.of.Places[n]] {
			continue
		}
		if err := f.take(ctx, n); err != nil && !errors.Is(err, fault.Conflict) { // which is that another was faster
			return err
		}
	}
	return nil
}

func (f *followed) take(ctx context.Context, n int) error {
	hold, err := f.of.Board.Take(ctx, f.of.Places[n])
	if err != nil {
		return err
	}
	held, stop := hold.Context(ctx)
	one := &follower{hold: hold, stop: stop, ended: make(chan struct{})}
	one.resting.Store(true)
	f.by[n] = one
	go func() { // until stop, or the place is lost
		defer close(one.ended)
		f.of.Follow(held, n, hold, one.resting.Store)
	}()
	return nil
}

// forgetLost forgets those whose place another process has taken.
func (f *followed) forgetLost() (err error) {
	for n, one := range f.by {
		select {
		case <-one.ended:
			one.stop()
			err = errors.Join(err, one.hold.Close())
			delete(f.by, n)
		default:
		}
	}
	return err
}

// giveBack ends so many, only of those that rest if it is to be so, and gives their places back.
func (f *followed) giveBack(most int, resting bool) error {
	var going []*follower
	for n, one := range f.by {
		if len(going) == most {
			break
		}
		if !resting || one.resting.Load() {
			one.stop()
			going = append(going, one)
			delete(f.by, n)
		}
	}
	var all sync.WaitGroup
	failed := make([]error, len(going))
	for i, one := range going {
		all.Go(func() {
			<-one.ended
			failed[i] = one.hold.Close()
		})
	}
	all.Wait()
	return errors.Join(failed...)
}
