package extract

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/runs"
)

// tellEvery is how often a run enters what it is doing, for people to look at.
const tellEvery = time.Second

// tell enters what the run is doing. That it cannot be entered is no reason to stop.
func (e *Extraction) tell(ctx context.Context, step string) {
	if e.run.id == "" {
		return // it has not begun
	}
	now := e.cfg.Now()
	r := e.about(now)
	r.Step, r.Days = step, e.dayStates()
	if now.Sub(e.told) < tellEvery && !now.Before(e.told) {
		e.teller.hold(r)
		return
	}
	e.teller.put(ctx, r)
	e.told = now
}

// stoppedWithin is how long a run that was interrupted takes at most to say so.
const stoppedWithin = 3 * time.Second

// tellStopped enters that the run is left before its end, and why: without it, it would be taken for one that goes on until nothing
// had been heard of it for long. The next extraction takes the run up all the same.
func (e *Extraction) tellStopped(ctx context.Context, because error) {
	if e.run.id == "" || e.ended {
		return
	}
	now := e.cfg.Now()
	r := e.about(now)
	r.Stopped, r.Days = now, strings.ReplaceAll(e.dayStates(), string(runs.Reading), string(runs.Waiting)) // nobody reads them now
	if ctx.Err() == nil {
		r.Why = whyOf(because)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stoppedWithin)
	defer cancel()
	e.teller.put(ctx, r)
}

// whyOf is what people are told of a failure: the message of a fault, which has nothing of what a record says.
func whyOf(err error) string {
	if told, ok := errors.AsType[*fault.Error](err); ok {
		return told.Message
	}
	return "it failed; what it printed, or its log, says why"
}

// teller enters what a run is doing: at its steps and, because a step may wait for the platform for long, between them. Safe for
// concurrent use.
type teller struct {
	enter  func(context.Context, runs.Run) error
	health func() platform.Health // nil if nobody knows how the client of the platform gets on
	now    func() time.Time
	log    *slog.Logger
	begun  time.Time       // when this process took up the run
	got    atomic.Int64    // records received by this process
	before platform.Health // what was counted then: a client may have served other runs

	mu   sync.Mutex
	last runs.Run // as it told of itself
}

func (e *Extraction) newTeller(begun time.Time) *teller {
	t := &teller{enter: runs.In(e.cfg.Control).Put, health: e.cfg.Health, now: e.cfg.Now, log: e.cfg.Log, begun: begun}
	if t.health != nil {
		t.before = t.health()
	}
	return t
}

// put enters the run. That it cannot be entered is no reason to stop.
func (t *teller) put(ctx context.Context, r runs.Run) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keep(ctx, r)
}

// hold remembers the run for the next beat.
func (t *teller) hold(r runs.Run) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = r
}

func (t *teller) keep(ctx context.Context, r runs.Run) {
	t.last = r
	if err := t.enter(ctx, r); err != nil {
		t.log.DebugContext(ctx, "what the run is doing was not entered", "run", r.ID, "err", err)
	}
}

// beat enters what the run told of last, with how fast it is and how it gets on with the platform now.
func (t *teller) beat(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last.ID == "" {
		return // it has not begun
	}
	r := t.last
	r.Seen, r.Upstream = t.now(), t.upstream()
	r.Rate = t.rate(r.Seen)
	t.keep(ctx, r)
}

// rate is how many records a second this process has received by a moment, on average.
func (t *teller) rate(now time.Time) float64 {
	if took := now.Sub(t.begun).Seconds(); took > 0 {
		return float64(t.got.Load()) / took
	}
	return 0
}

// beats does so every second, until it is stopped. Without somebody who knows how the client gets on there is nothing new to tell between steps.
func (t *teller) beats(ctx context.Context) (stop func()) {
	if t.health == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var one sync.WaitGroup
	one.Go(func() {
		tick := time.NewTicker(tellEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				t.beat(ctx)
			}
		}
	})
	return func() {
		cancel()
		one.Wait()
	}
}

// upstream is how the run gets on with the platform; nil if nobody knows.
func (t *teller) upstream() *runs.Upstream {
	if t.health == nil {
		return nil
	}
	h := t.health()
	return &runs.Upstream{
		Since: t.begun, Minute: h.Minute, PerMinute: h.PerMinute, Share: h.Share, Allowed: h.Allowed, Paused: stored(h.Paused),
		Requests: h.Requests - t.before.Requests, Failed: h.Failed - t.before.Failed, Throttled: h.Throttled - t.before.Throttled,
		AskedWait: (h.AskedWait - t.before.AskedWait).Seconds(), Waited: (h.BudgetTime - t.before.BudgetTime).Seconds(),
		Breaker: runs.Breaker{
			State: breakerStates[h.Breaker], Trips: h.Trips - t.before.Trips, Since: stored(h.Since), Next: stored(h.Next), Why: h.Why,
		},
	}
}

// stored is a moment as it is entered; none stays none.
func stored(at time.Time) time.Time {
	if at.IsZero() {
		return at
	}
	return at.UTC().Truncate(time.Microsecond)
}

var breakerStates = map[platform.BreakerState]runs.BreakerState{
	platform.BreakerClosed: runs.Closed, platform.BreakerHalfOpen: runs.HalfOpen, platform.BreakerOpen: runs.Open,
}

// about is what there is to say of the run at a moment.
func (e *Extraction) about(now time.Time) runs.Run {
	c := e.run.counters
	e.teller.got.Store(e.got)
	return runs.Run{
		Upstream: e.teller.upstream(), Rate: e.teller.rate(now),
		ID: string(e.run.id), Source: e.source.String(), URL: e.source.URL, Again: e.run.again, First: e.cfg.First, End: e.cfg.End, Begun: e.run.begun, Seen: now,
		Jobs: c.Jobs, Pages: c.Pages, Commits: c.Commits, Received: c.Received, Added: c.Added, Replaced: c.Replaced, Unchanged: c.Unchanged, Rejected: c.Rejected, Bytes: c.Bytes,
	}
}

// toldAs is what there is to say of the run when it has ended.
func (e *Extraction) toldAs(s Summary) runs.Run {
	now := e.cfg.Now()
	r := e.about(now)
	r.Ended, r.Warnings = now, s.Warnings
	r.Days = strings.ReplaceAll(e.dayStates(), string(runs.Waiting), string(runs.Before)) // they were not due, or did not come
	if err := s.incomplete(); err != nil {
		r.Lacking = err.Error()
	}
	return r
}

// dayStates are how far the run is with each of its days.
func (e *Extraction) dayStates() string {
	planned, left := setOf(e.plan.Days), setOf(e.left)
	reached := e.reached()
	states := make([]byte, 0, max(0, e.cfg.End-e.cfg.First))
	for day := e.cfg.First; day < e.cfg.End; day++ {
		states = append(states, byte(stateOf(day, planned[day], left[day], reached)))
	}
	return string(states)
}

func stateOf(day conversation.Day, planned, left bool, reached time.Time) runs.DayState {
	switch {
	case !planned:
		return runs.Before
	case !left:
		return runs.Whole
	case !day.End().After(reached):
		return runs.Read
	case day.Start().Before(reached):
		return runs.Reading
	}
	return runs.Waiting
}

func setOf(days []conversation.Day) map[conversation.Day]bool {
	out := make(map[conversation.Day]bool, len(days))
	for _, d := range days {
		out[d] = true
	}
	return out
}
