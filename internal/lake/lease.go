package lake

import (
	"context"
	"errors"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/wait"
)

// The writer's lease is a lock on a file of this name. Whoever makes a lake holds it meanwhile, so that of two at once
// one is told so.
const leaseName = "writer.lock"

// lease is the right to write to the lake.
func (l *Lake) lease(ctx context.Context) (store.Lock, error) {
	return lease(ctx, l.locks(), "%s is writing to the lake; wait until it is done")
}

// lease takes the lease of a lake. The message says what its holder does.
func lease(ctx context.Context, locks store.Locks, message string) (store.Lock, error) {
	lock, err := locks.Lock(ctx, leaseName, store.LockOptions{})
	if held, is := errors.AsType[*store.Held](err); is {
		return nil, fault.New(fault.Conflict, message, held.By)
	}
	return lock, err
}

// locks go with the control database: those of a Postgres are leases in it, others lie beside a file.
func (l *Lake) locks() store.Locks { return l.where.Locks }

// patience is the longest that whoever waits for the lease lets pass between two looks.
const patience = time.Second

// WriterWithin is Writer, but waits for so long while somebody else writes: a commit takes seconds, and what others do
// under the lease minutes at most.
func (l *Lake) WriterWithin(ctx context.Context, most time.Duration) (*Writer, error) {
	if err := l.mayWrite(); err != nil {
		return nil, err // which does not pass
	}
	return within(ctx, most, func() (*Writer, error) { return l.Writer(ctx) })
}

// Turn is the right to do one kind of work on the lake that one process at a time does, by its name: it excludes nobody
// who does another. While somebody else has it, it is waited for so long, and fault.Conflict then, with the message, which
// gets who has it.
func (l *Lake) Turn(ctx context.Context, name, message string, most time.Duration) (*Turn, error) {
	if err := l.mayWrite(); err != nil {
		return nil, err
	}
	lock, err := within(ctx, most, func() (store.Lock, error) { return l.turn(ctx, name, message) })
	if err != nil {
		return nil, err
	}
	return &Turn{lock, l}, nil
}

// Turn is a turn that somebody has. Close gives it back.
type Turn struct {
	store.Lock

	of *Lake
}

// Lake is the lake for whoever has the turn, and need not be closed: nothing is written by it once the turn was lost, whoever has the
// writer's lease, and fault.Conflict says so.
func (t *Turn) Lake() *Lake {
	h, can := t.Lock.(holder)
	if !can {
		return t.of
	}
	return t.of.fenced(h)
}

// Fenced is the lake's control database for whoever has the turn, as Lake is the lake.
func (t *Turn) Fenced(control *state.DB) *state.DB {
	if h, can := t.Lock.(holder); can {
		return control.Fenced(h.Hold)
	}
	return control
}

// Lost makes of an error why it came, if the turn was lost: what another has removed is missing then.
func (t *Turn) Lost(ctx context.Context, err error) error {
	h, can := t.Lock.(holder)
	if err == nil || !can || errors.Is(err, fault.InDoubt) {
		return err
	}
	if lost := h.Check(context.WithoutCancel(ctx)); errors.Is(lost, fault.Conflict) {
		return lost
	}
	return err
}

// turnSuffix ends the names of the locks of turns.
const turnSuffix = ".lock"

func (l *Lake) turn(ctx context.Context, name, message string) (store.Lock, error) {
	lock, err := takeTurn(ctx, l.locks(), name, message)
	if err != nil {
		return nil, err
	}
	if err := used(ctx, l.db, l.where); err != nil { // somebody has moved it while it was waited for
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

func takeTurn(ctx context.Context, locks store.Locks, name, message string) (store.Lock, error) {
	lock, err := locks.Lock(ctx, store.Location(name+turnSuffix), store.LockOptions{})
	if held, is := errors.AsType[*store.Held](err); is {
		return nil, fault.New(fault.Conflict, message, held.By)
	}
	return lock, err
}

// within tries until it succeeds, or fails with something else than fault.Conflict, or the time is over.
func within[T any](ctx context.Context, most time.Duration, try func() (T, error)) (T, error) {
	begun := time.Now()
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, patience) {
		got, err := try()
		left := most - time.Since(begun)
		if !errors.Is(err, fault.Conflict) || left <= 0 {
			return got, err
		}
		if stopped := wait.For(ctx, min(pause, left)); stopped != nil {
			return got, stopped
		}
	}
}

// Free says whether a Writer could be had now; if not, it is fault.Conflict, as from Writer. It changes nothing.
func (l *Lake) Free(ctx context.Context) error {
	if err := l.mayWrite(); err != nil {
		return err
	}
	lease, err := l.lease(ctx)
	if err != nil {
		return err
	}
	return lease.Close()
}
