package job

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state/statetest"
)

// breakable gives a manager whose control database can fail, and whose clock can be moved.
func breakable(t *testing.T, views *fakeViews) (m *Manager, broken *statetest.Broken, move func(time.Duration)) {
	t.Helper()
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	m = newManager(t, views, func(c *Config) { c.Now = func() time.Time { return now } })
	broken = statetest.Break(t, m.cfg.DB)
	m.cfg.DB, m.jobs.db = broken.DB(), broken.DB()
	return m, broken, func(d time.Duration) { now = now.Add(d) }
}

// Whatever fails in the control database while something is done to a job, it is not done, and the next try does it as
// if it were the first.
func TestEachStepOfAJobIsTakenAsAWhole(t *testing.T) {
	m, broken, move := breakable(t, &fakeViews{records: someRecords(3)})
	var id ID
	broken.Each(t, func() (err error) {
		id, err = m.Submit(t.Context(), me, body(0))
		return err
	}, nil)
	if jobs, err := m.List(t.Context(), me); err != nil || len(jobs) != 1 || jobs[0].ID != id {
		t.Fatalf("submitted once: got %+v, %v", jobs, err)
	}
	var e entry
	broken.Each(t, func() (err error) {
		e, _, err = m.jobs.take(t.Context(), 0, m.turns())
		return err
	}, func() { wantState(t, m, id, Queued) })
	broken.Each(t, func() error {
		return m.jobs.giveBack(t.Context(), e.named())
	}, func() { wantState(t, m, id, Pending) })
	wantState(t, m, id, Queued)
	e = take(t, m)
	e.status.State, e.status.ExpirationDate, e.forget, e.size = Fulfilled, m.cfg.Now().Add(time.Hour), m.cfg.Now().Add(2*time.Hour), Size{3, 30, 300}
	broken.Each(t, func() error {
		_, err := m.jobs.finish(t.Context(), e)
		return err
	}, func() { wantState(t, m, id, Pending) })
	wantState(t, m, id, Fulfilled)
	move(time.Hour)
	var expired []entry
	broken.Each(t, func() (err error) {
		expired, _, err = m.jobs.expire(t.Context(), m.cfg.Now())
		return err
	}, nil)
	if len(expired) != 1 || expired[0].id != id {
		t.Errorf("expired: got %v", expired)
	}
	broken.Each(t, func() error {
		return m.Delete(t.Context(), me, id)
	}, func() { wantState(t, m, id, Expired) })
	_, err := m.Status(t.Context(), me, id)
	wantKind(t, err, fault.NotFound)
}

// Deleted before it is done, a job is cancelled, or it is not.
func TestCancellingFailsAsAWhole(t *testing.T) {
	m, broken, move := breakable(t, &fakeViews{})
	id := submit(t, m, 0)
	broken.Each(t, func() error {
		return m.Delete(t.Context(), me, id)
	}, func() { wantState(t, m, id, Queued) })
	wantState(t, m, id, Cancelled)
	move(m.cfg.Keep)
	broken.Each(t, func() error {
		_, _, err := m.jobs.expire(t.Context(), m.cfg.Now())
		return err
	}, func() { wantState(t, m, id, Cancelled) })
	_, err := m.Status(t.Context(), me, id)
	wantKind(t, err, fault.NotFound)
}

// A manager that cannot read what it needs is not made: one with a key or a limit of its own would differ from the next.
func TestMakingAManagerSaysThatItFailed(t *testing.T) {
	m, broken, _ := breakable(t, &fakeViews{})
	id := submit(t, m, 0)
	cursor := m.seal.seal(entry{id: id, owner: me}, 7)
	c := m.cfg
	c.Limits.Stored, c.Meter = 0, nil
	broken.Each(t, func() (err error) {
		m, err = New(t.Context(), c)
		return err
	}, nil)
	if place, err := m.seal.place(entry{id: id, owner: me}, cursor); place != 7 || err != nil {
		t.Errorf("a cursor of the one before: got %d, %v", place, err)
	}
}

// What a killed process has left is made good whole, however often it takes to get there.
func TestRecoveryFailsAsAWhole(t *testing.T) {
	m, broken, _ := breakable(t, &fakeViews{})
	given, back := submit(t, m, 0), submit(t, m, 0)
	for range maxStarts {
		if err := m.jobs.putBack(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		take(t, m)
	}
	for _, id := range []ID{given, back} {
		if err := os.WriteFile(partPath(m, id), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	broken.Each(t, func() error { return m.recover(t.Context(), m.first()) }, nil)
	wantState(t, m, given, Failed)
	wantState(t, m, back, Queued)
	if names := list(t, m); len(names) > 0 {
		t.Errorf("files left: %v", names)
	}
}

// Who cannot even look at what is left to do does not begin to answer jobs.
func TestRunEndsWhenTheControlDatabaseCannotBeUsed(t *testing.T) {
	m, broken, _ := breakable(t, &fakeViews{})
	if err := broken.DB().Close(); err != nil {
		t.Fatal(err)
	}
	if err := m.Run(t.Context()); err == nil {
		t.Error("got no error")
	}
	if runs, err := m.Runs(t.Context()); runs || err != nil { // the lock is given back
		t.Errorf("runs: got %v, %v", runs, err)
	}
	if err := os.RemoveAll(m.dir()); err != nil {
		t.Fatal(err)
	}
	if runs, err := m.Runs(t.Context()); runs || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("runs, without a folder: got %v, %v", runs, err)
	}
}

// What cannot be looked up must not pass for nothing.
func TestReadingSaysThatItFailed(t *testing.T) {
	m, broken, _ := breakable(t, &fakeViews{records: someRecords(3)})
	id := submit(t, m, 0)
	run(t, m, take(t, m))
	submit(t, m, 0)
	take(t, m)
	for name, read := range map[string]func() error{
		"list":    func() error { _, err := m.List(t.Context(), me); return err },
		"status":  func() error { _, err := m.Status(t.Context(), me, id); return err },
		"found":   func() error { _, err := m.find(t.Context(), me, id); return err },
		"count":   func() error { _, err := m.count(t.Context()); return err },
		"pending": func() error { _, err := m.jobs.pending(t.Context()); return err },
		"room":    func() error { _, err := room(t.Context(), m.jobs, m.cfg.Home.Free); return err },
		"key":     func() error { _, err := m.jobs.key(t.Context()); return err },
		"nothing": func() error { _, _, err := m.jobs.take(t.Context(), 0, m.turns()); return err },
		"not due": func() error { _, _, err := m.jobs.expire(t.Context(), m.cfg.Now()); return err },
		"settled": func() error { return m.clear(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) { broken.Each(t, read, nil) })
	}
}
