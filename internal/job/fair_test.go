package job

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
)

func TestGivingOneJobBackLeavesTheOthersRunning(t *testing.T) {
	m := newManager(t, &fakeViews{}, nil)
	first, second := submit(t, m, 0), submit(t, m, 0)
	e := take(t, m)
	take(t, m)
	m.giveBack(t.Context(), e)
	wantState(t, m, first, Queued)
	wantState(t, m, second, Pending)
}

// recordingViews notes what it is asked for, in order.
type recordingViews struct {
	*fakeViews
	mu    sync.Mutex
	calls []string
}

func (v *recordingViews) note(call string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.calls = append(v.calls, call)
}

func (v *recordingViews) Available(ctx context.Context) (time.Time, error) {
	v.note("date")
	return v.fakeViews.Available(ctx)
}

func (v *recordingViews) Settled(ctx context.Context) (engine.Engine, error) {
	v.note("view")
	return v.fakeViews.Settled(ctx)
}

// A date that is asked for after the view was opened may promise what came in between, and the view has not.
func TestTheDateIsAskedForBeforeTheViewIsOpened(t *testing.T) {
	views := &recordingViews{fakeViews: &fakeViews{records: someRecords(1)}}
	m := newManager(t, views, nil)
	submit(t, m, 0)
	run(t, m, take(t, m))
	if want := []string{"date", "view"}; !slices.Equal(views.calls, want) {
		t.Errorf("asked for %v, want %v", views.calls, want)
	}
}

// What is refused for another reason takes nothing from the rate.
func TestRefusedSubmissionsDoNotCount(t *testing.T) {
	for name, limits := range map[string]Limits{
		"open": {Open: 1, PerMinute: 2}, "queued": {Queued: 1, PerMinute: 2},
	} {
		t.Run(name, func(t *testing.T) {
			m := newManager(t, &fakeViews{}, func(c *Config) { c.Limits = limits })
			first := submit(t, m, 0)
			for range 5 {
				_, err := m.Submit(t.Context(), me, body(0))
				wantKind(t, err, fault.Throttled)
				_, err = m.Submit(t.Context(), me, []byte(`{}`))
				wantKind(t, err, fault.Invalid)
			}
			if err := m.Delete(t.Context(), me, first); err != nil {
				t.Fatal(err)
			}
			second := submit(t, m, 0) // the second of the minute
			if err := m.Delete(t.Context(), me, second); err != nil {
				t.Fatal(err)
			}
			_, err := m.Submit(t.Context(), me, body(0))
			wantLimit(t, err, limitPerMinute, 2)
		})
	}
}

// The rate, the jobs that are open and the room are each client's own: neither another of its organization uses them
// up, nor one of the same name in another organization.
func TestLimitsAreThoseOfAClient(t *testing.T) {
	others := []Owner{{Organization: org, Client: "client-2"}, {Organization: "org-2", Client: me.Client}}
	for name, limits := range map[string]Limits{"rate": {PerMinute: 1}, "open": {Open: 1}, "room": {Stored: 1}} {
		t.Run(name, func(t *testing.T) {
			m := newManager(t, &fakeViews{records: someRecords(1)}, func(c *Config) {
				c.Limits = limits
				c.Views["org-2"] = &fakeViews{}
			})
			submit(t, m, 0)
			if name == "room" {
				run(t, m, take(t, m))
			}
			_, err := m.Submit(t.Context(), me, body(0))
			wantKind(t, err, fault.Throttled)
			for _, other := range others {
				submitAs(t, m, other, 0)
			}
		})
	}
}

// A cursor is good for its job alone, be the other one of the same owner and with the same results.
func TestACursorOfAnotherJob(t *testing.T) {
	m := newManager(t, &fakeViews{records: someRecords(5)}, nil)
	var ids []ID
	var cursors []string
	for range 2 {
		id := submit(t, m, 0)
		run(t, m, take(t, m))
		_, _, cursor := read(t, m, id, "", 2)
		ids, cursors = append(ids, id), append(cursors, cursor)
	}
	for i, id := range ids {
		_, err := m.Results(t.Context(), me, id, cursors[1-i], 2)
		wantKind(t, err, fault.Invalid)
		read(t, m, id, cursors[i], 2)
	}
}

// What another process deletes ends here, be it the only job that runs.
func TestTheOnlyRunningJobIsDeletedByAnotherProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		views := &fakeViews{records: someRecords(3), gate: make(chan struct{})}
		first := newManager(t, views, nil)
		first.look = time.Second
		second := again(t, first)
		defer start(t, first)()
		id := submit(t, second, 0)
		pass(2 * time.Second)
		wantState(t, second, id, Pending)
		if err := second.Delete(t.Context(), me, id); err != nil {
			t.Fatal(err)
		}
		pass(2 * time.Second)
		if views.open != 0 {
			t.Errorf("views open after the deletion: got %d, want none", views.open)
		}
	})
}

// One that is stopped while it stands by has never answered jobs, and must not put back what the other is answering.
func TestAProcessThatIsStoppedBeforeItsTurnChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		views := &fakeViews{records: someRecords(3), gate: make(chan struct{})}
		first := newManager(t, views, nil)
		second := again(t, first)
		defer start(t, first)()
		id := submit(t, first, 0)
		synctest.Wait()
		stop := start(t, second)
		synctest.Wait()
		stop()
		wantState(t, first, id, Pending)
	})
}
