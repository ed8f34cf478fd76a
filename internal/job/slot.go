package job

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/wait"
)

// slot is the place of a runner among those of a home, for as long as it holds its lock.
type slot struct {
	number int
	lock   store.Lock
	jobs   registry // nothing is changed by it once the lock was lost
}

// lease is a lock that can be lost.
type lease interface {
	Context(ctx context.Context) (context.Context, context.CancelFunc) // that ends when it is seen to be
	Hold(ctx context.Context, tx *state.Tx) error                      // fault.Conflict when it was
}

// context ends with ctx, and when the slot is seen to be lost.
func (s slot) context(ctx context.Context) (context.Context, context.CancelFunc) {
	if l, can := s.lock.(lease); can {
		return l.Context(ctx)
	}
	return context.WithCancel(ctx)
}

// lost says whether an error is that the slot was lost.
func (s slot) lost(err error) bool {
	_, can := s.lock.(lease)
	return can && errors.Is(err, fault.Conflict)
}

const lockSuffix = ".lock"

// lockOf is the lock of the runner in a slot. The first one has the name of when there was one.
func lockOf(number int) store.Location {
	if number == 0 {
		return "runner" + lockSuffix
	}
	return store.Location(fmt.Sprint("runner-", number, lockSuffix))
}

// slotOf is the slot that a lock is of.
func slotOf(at store.Location) (number int, is bool) {
	middle := strings.TrimSuffix(strings.TrimPrefix(string(at), "runner"), lockSuffix)
	if middle != "" {
		number, _ = strconv.Atoi(strings.TrimPrefix(middle, "-"))
	}
	return number, lockOf(number) == at
}

// take takes a slot. One that another has is fault.Conflict.
func (m *Manager) take(ctx context.Context, number int) (slot, error) {
	lock, err := m.cfg.Home.Locks.Lock(ctx, lockOf(number), store.LockOptions{})
	if held, is := errors.AsType[*store.Held](err); is {
		return slot{}, fault.New(fault.Conflict, "%s answers jobs", held.By)
	}
	s := slot{number: number, lock: lock, jobs: m.jobs}
	if l, can := lock.(lease); can {
		s.jobs.db = m.jobs.db.Fenced(l.Hold)
	}
	return s, err
}

// takeFree takes the first slot that is free. While none is, it is fault.Conflict.
func (m *Manager) takeFree(ctx context.Context) (s slot, err error) {
	for number := range m.cfg.Home.Runners {
		if s, err = m.take(ctx, number); !errors.Is(err, fault.Conflict) {
			break
		}
	}
	return s, err
}

// takeSlot waits for a slot; it gives one without a lock when ctx ends first.
func (m *Manager) takeSlot(ctx context.Context) (slot, error) {
	for waited := false; ; waited = true {
		s, err := m.takeFree(ctx)
		if !errors.Is(err, fault.Conflict) {
			return s, err
		}
		if !waited {
			m.cfg.Log.InfoContext(ctx, "other processes answer jobs; this one stands by", "home", m.cfg.Home.Name)
		}
		if wait.For(ctx, lockEvery) != nil {
			return slot{}, nil //nolint:nilerr // asked to stop before its turn came: no lock, and nothing wrong
		}
	}
}

// Runs says whether some process answers jobs now.
func (m *Manager) Runs(ctx context.Context) (bool, error) {
	if m.cfg.Home.Runners == 1 { // and a folder has many more files than locks
		return m.runsIn(ctx, 0)
	}
	for at, err := range m.cfg.Home.Locks.Locked(ctx, "") {
		if err != nil {
			return false, err
		}
		number, is := slotOf(at)
		if !is {
			continue
		}
		if runs, err := m.runsIn(ctx, number); runs || err != nil {
			return runs, err
		}
	}
	return false, nil
}

func (m *Manager) runsIn(ctx context.Context, number int) (bool, error) {
	s, err := m.take(ctx, number)
	if errors.Is(err, fault.Conflict) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, s.lock.Close()
}
