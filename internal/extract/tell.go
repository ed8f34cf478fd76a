package extract

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
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
	if now.Sub(e.told) < tellEvery && !now.Before(e.told) {
		return
	}
	r := e.about(now)
	r.Step, r.Days = step, e.dayStates()
	e.teller.put(ctx, r)
	e.told = now
}

// teller enters what a run is doing: at its steps and, because a step may wait for the platform for long, between them. Safe for
// concurrent use.
type teller struct {
	enter  func(context.Context, runs.Run) error
	health func() platform.Health // nil if nobody knows how the client of the platform gets on
	now    func() time.Time
	log    *slog.Logger
	begun  time.Time       // when this process took up the run
	before platform.Health // what was counted then: a client may have served other runs

	mu   sync.Mutex
	last runs.Run // as it was entered
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

func (t *teller) keep(ctx context.Context, r runs.Run) {
	t.last = r
	if err := t.enter(ctx, r); err != nil {
		t.log.DebugContext(ctx, "what the run is doing was not entered", "run", r.ID, "err", err)
	}
}

// beat enters once more what was entered last, with how the run gets on with the platform now.
func (t *teller) beat(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last.ID == "" {
		return // it has not begun
	}
	r := t.last
	r.Seen, r.Upstream = t.now(), t.upstream()
	t.keep(ctx, r)
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
	r := runs.Run{
		Upstream: e.teller.upstream(),
		ID:       string(e.run.id), Source: e.source.String(), URL: e.source.URL, Again: e.run.again, First: e.cfg.First, End: e.cfg.End, Begun: e.run.begun, Seen: now,
		Jobs: c.Jobs, Pages: c.Pages, Commits: c.Commits, Received: c.Received, Added: c.Added, Replaced: c.Replaced, Unchanged: c.Unchanged, Rejected: c.Rejected, Bytes: c.Bytes,
	}
	if took := now.Sub(e.begun).Seconds(); took > 0 {
		r.Rate = float64(e.got) / took
	}
	return r
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
