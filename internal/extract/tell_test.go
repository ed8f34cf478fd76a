package extract

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
	"github.com/parley-hq/parley/internal/runs"
	"github.com/parley-hq/parley/internal/wire"
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

// A run that is interrupted says so before its process ends, or why it could not go on, and is taken up by the next one all the same.
func TestARunSaysThatItWasInterrupted(t *testing.T) {
	for name, c := range map[string]struct {
		interrupt func(*rig, context.CancelFunc)
		why       string
	}{
		"told to stop": {func(r *rig, stop context.CancelFunc) {
			r.cfg.Report = func(p Progress) {
				if p.Records > 2 {
					stop()
				}
			}
		}, ""},
		"failed": {func(r *rig, _ context.CancelFunc) {
			came := 0
			r.cfg.Door = func(raw []byte) (conversation.Record, error) {
				if came++; came > 4 {
					return conversation.Record{}, fault.New(fault.Drifted, "there are members that nobody knows")
				}
				return wire.Record(raw)
			}
		}, "there are members that nobody knows"},
	} {
		r := newRig(t, 3, platformtest.Config{Records: spread(3, 12)})
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		c.interrupt(r, stop)
		if _, err := r.run(ctx); err == nil {
			t.Fatalf("%s: it was not interrupted", name)
		}
		left := r.onlyRun()
		if left.State(r.cfg.Now()) != runs.Stopped || left.Why != c.why || left.Received == 0 || left.Count(runs.Reading) > 0 {
			t.Errorf("%s: interrupted, it tells %+v", name, left)
		}
		r.cfg.Report, r.cfg.Door = nil, nil
		if s := r.mustRun(); !s.Resumed {
			t.Errorf("%s: it was not taken up: %+v", name, s)
		}
		if done := r.onlyRun(); done.ID != left.ID || done.State(r.cfg.Now()) != runs.Done || !done.Stopped.IsZero() {
			t.Errorf("%s: at its end it tells %+v", name, done)
		}
	}
}

func (r *rig) onlyRun() runs.Run {
	r.t.Helper()
	list, err := runs.In(r.lake.Control()).List(r.t.Context())
	if err != nil || len(list) != 1 {
		r.t.Fatalf("the runs are %+v, %v", list, err)
	}
	return list[0]
}

// What a run tells of itself is as old as a second: how fast it is, and what came since a step was told of.
func TestARunTellsHowFastItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var last runs.Run
		e := New(Config{Now: time.Now, Health: func() platform.Health { return platform.Health{} }})
		e.teller = e.newTeller(time.Now())
		e.teller.enter = func(_ context.Context, r runs.Run) error { last = r; return nil }
		told := func() runs.Run {
			e.teller.mu.Lock() // it is held while the run is entered
			defer e.teller.mu.Unlock()
			return last
		}
		stop := e.teller.beats(t.Context())
		defer stop()
		e.run.id = "run"
		time.Sleep(2 * time.Second)
		e.got, e.run.counters.Pages = 100, 1
		e.tell(t.Context(), "reading a page")
		if r := told(); r.Rate != 50 {
			t.Errorf("after 2 s, %v records a second", r.Rate)
		}
		e.got, e.run.counters.Pages = 200, 2
		e.tell(t.Context(), "reading a page") // so soon that it is not entered at once
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if r := told(); r.Rate != 50 || r.Pages != 2 {
			t.Errorf("after 4 s, %v records a second, and %d pages", r.Rate, r.Pages)
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if r := told(); r.Rate != 25 {
			t.Errorf("after 8 s, %v records a second", r.Rate)
		}
	})
}
