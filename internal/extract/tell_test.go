package extract

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
	"github.com/parley-hq/parley/internal/runs"
)

// Between two steps, which may wait for the platform, a run tells every second how it gets on; when it has stopped, nothing.
func TestARunTellsOfItselfWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var entered []runs.Run
		var health atomic.Pointer[platform.Health]
		health.Store(&platform.Health{Counts: platform.Counts{Requests: 100, Throttled: 7, Trips: 2}})
		e := New(Config{Now: time.Now, Health: func() platform.Health { return *health.Load() }})
		e.teller = e.newTeller(time.Now())
		e.teller.enter = func(_ context.Context, r runs.Run) error {
			entered = append(entered, r)
			return errors.New("a failure is no reason to stop")
		}
		stop := e.teller.beats(t.Context())
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if len(entered) > 0 {
			t.Fatalf("before the run has begun: %+v", entered)
		}
		e.run.id, e.run.counters.Pages = "run", 4
		e.tell(t.Context(), "waiting for a job")
		opened := time.Now()
		health.Store(&platform.Health{
			Counts: platform.Counts{Requests: 105, Throttled: 8, AskedWait: 3 * time.Second, Trips: 3, Breaker: platform.BreakerOpen},
			Minute: 5, PerMinute: 180, Share: "60%", Allowed: 300, Since: opened, Next: opened.Add(time.Second), Why: "it is down",
		})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(entered) != 3 {
			t.Fatalf("%d were entered, want 3", len(entered))
		}
		last := entered[2]
		if last.Seen.Sub(opened) != 2*time.Second || last.Step != "waiting for a job" || last.Pages != 4 {
			t.Errorf("entered %+v", last)
		}
		want := runs.Upstream{
			Since: e.teller.begun, Minute: 5, PerMinute: 180, Share: "60%", Allowed: 300, Requests: 5, Throttled: 1, AskedWait: 3,
			Breaker: runs.Breaker{State: runs.Open, Trips: 1, Since: opened.UTC(), Next: opened.UTC().Add(time.Second), Why: "it is down"},
		}
		if *last.Upstream != want {
			t.Errorf("entered %+v, want %+v", *last.Upstream, want)
		}
		stop()
		time.Sleep(time.Minute)
		if len(entered) != 3 {
			t.Errorf("%d were entered after it was stopped", len(entered)-3)
		}
	})
}

// What a run came to has how it got on with the platform, and nothing of before it.
func TestARunThatHasEndedTellsWhatWasAsked(t *testing.T) {
	r := newRig(t, 2, platformtest.Config{Records: spread(2, 8)})
	r.mustRun()
	var asked atomic.Int64
	asked.Store(1000)
	now := r.cfg.Now()
	r.cfg.Now = func() time.Time { return now } // several goroutines ask for it
	r.cfg.Again, r.cfg.Health = conversation.Days{First: first, End: first + 1}, func() platform.Health {
		return platform.Health{Counts: platform.Counts{Requests: asked.Add(10)}}
	}
	r.mustRun()
	list, err := runs.In(r.lake.Control()).List(t.Context())
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	if u := list[0].Upstream; u == nil || u.Requests < 10 || u.Requests >= 1000 || u.Breaker.State != runs.Closed || list[0].Ended.IsZero() {
		t.Errorf("the second one: %+v", list[0])
	}
	if u := list[1].Upstream; u != nil {
		t.Errorf("the first one, of whose client nobody knew: %+v", u)
	}
}
