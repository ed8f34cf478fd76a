package extract

import (
	"context"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
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
	if err := runs.In(e.cfg.Control).Put(ctx, r); err != nil {
		e.cfg.Log.DebugContext(ctx, "what the run is doing was not entered", "run", e.run.id, "err", err)
	}
	e.told = now
}

// about is what there is to say of the run at a moment.
func (e *Extraction) about(now time.Time) runs.Run {
	c := e.run.counters
	r := runs.Run{
		ID: string(e.run.id), Source: e.source.String(), First: e.cfg.First, End: e.cfg.End, Begun: e.run.begun, Seen: now,
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
