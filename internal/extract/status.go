package extract

import (
	"context"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/runs"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/state"
)

// Status is how complete a lake is, day by day.
type Status struct {
	Source    Identity         `json:"source"`
	Available string           `json:"data_availability_date,omitempty"` // the latest that the platform has told of
	Since     string           `json:"data_availability_since,omitempty"`
	First     conversation.Day `json:"from"`
	End       conversation.Day `json:"to"`
	Days      []ledger.Day     `json:"days"`
	Totals

	Interrupted string `json:"interrupted_run,omitempty"`
	// Running is that run, if it goes on; see Hear.
	Running  string `json:"running_run,omitempty"`
	Outdated int    `json:"days_to_derive"` // of which summaries and legs are missing, or were made by other rules
}

// Totals are those of the days of a status.
type Totals struct {
	Gaps        int   `json:"gaps"`
	Provisional int   `json:"provisional"`
	Settled     int   `json:"settled"`
	Records     int64 `json:"records"`
	Open        int64 `json:"open"` // conversations without an end
	Kept        int64 `json:"kept"` // that stay though the last reading of their day did not bring them
}

func (t *Totals) add(d ledger.Day) {
	switch d.Verdict {
	case ledger.Gap:
		t.Gaps++
	case ledger.Provisional:
		t.Provisional++
	case ledger.Settled:
		t.Settled++
	}
	t.Records += d.Records
	t.Open += d.Open
	t.Kept += d.Kept
}

// Incomplete is fault.Incomplete when something is missing; nil if nothing is.
func (s Status) Incomplete() error {
	if s.Gaps == 0 {
		return nil
	}
	var gaps []conversation.Day
	for _, d := range s.Days {
		if d.Verdict == ledger.Gap {
			gaps = append(gaps, d.Day)
		}
	}
	return fault.New(fault.Incomplete, "something is missing of %s; parley extract brings what is not there, parley reconcile counts again", Spans(gaps))
}

// StatusOf says how complete a lake is in [first, end). It asks nobody and changes nothing. A first day of nil is the first
// one that was ever asked for, an end of nil the day after the last one that was available, or that the lake has.
func StatusOf(ctx context.Context, l *lake.Lake, control *state.DB, rules ledger.Rules, first, end *conversation.Day) (s Status, err error) {
	book := ledger.In(control)
	if s.Source, err = Known(ctx, control); err != nil {
		return s, err
	}
	known, err := book.Platform(ctx)
	if err != nil {
		return s, err
	}
	if known != (ledger.Platform{}) {
		s.Available, s.Since = conversation.FormatTime(known.Available), conversation.FormatTime(known.Since)
	}
	if s.First, s.End, err = span(ctx, l, book, known, first, end); err != nil {
		return s, err
	}
	held, entries, err := heldOf(ctx, l, control, s.First, s.End)
	if err != nil {
		return s, err
	}
	rules.Available = known.Available
	s.Days = rules.Calendar(s.First, s.End, held, entries)
	for _, d := range s.Days {
		s.add(d)
	}
	outdated, _, err := l.Outdated(ctx)
	if err != nil {
		return s, err
	}
	s.Outdated = len(outdated)
	s.Interrupted, err = interruptedRun(ctx, control)
	return s, err
}

// span finds out of which days there is something to say.
func span(ctx context.Context, l *lake.Lake, book ledger.Ledger, known ledger.Platform, first, end *conversation.Day) (from, to conversation.Day, err error) {
	if first != nil {
		from = *first
	} else if from, err = FirstDay(ctx, l, book); err != nil {
		return 0, 0, err
	}
	if end != nil {
		to = *end
	} else if to, err = knownUpTo(ctx, l, known); err != nil {
		return 0, 0, err
	}
	if first == nil && end == nil && to <= from {
		return from, from, nil // what was asked for is not due yet
	}
	if to <= from {
		return 0, 0, fault.Field("--to", "the end %v must lie after the start %v", to, from)
	}
	return from, to, nil
}

// knownUpTo is the day before which something is known: the platform's data ends there, or the lake's.
func knownUpTo(ctx context.Context, l *lake.Lake, known ledger.Platform) (to conversation.Day, err error) {
	at, err := l.Available(ctx)
	if err != nil {
		return 0, err
	}
	to = max(conversation.DayOf(at), conversation.DayOf(known.Available))
	last, some, err := l.LastDay(ctx)
	if some {
		to = max(to, last+1)
	}
	return to, err
}

// heldOf gives what the lake and the ledger have of the days of [first, end).
func heldOf(ctx context.Context, l *lake.Lake, control *state.DB, first, end conversation.Day) (map[conversation.Day]ledger.Held, map[conversation.Day]ledger.Entry, error) {
	held := map[conversation.Day]ledger.Held{}
	entries, err := ledger.In(control).Entries(ctx, first, end)
	if err != nil {
		return nil, nil, err
	}
	completed, err := l.Completed(ctx, first, end)
	if err != nil {
		return nil, nil, err
	}
	for day, at := range completed {
		held[day] = ledger.Held{Whole: true}
		if _, has := entries[day]; !has {
			entries[day] = ledger.Assumed(day, at)
		}
	}
	aside, err := stage.RejectedDays(ctx, control)
	if err != nil {
		return nil, nil, err
	}
	for day, entry := range entries {
		h := held[day]
		h.Aside = aside[stage.RejectedDay{Run: stage.RunID(entry.Run), Day: day.String()}]
		held[day] = h
	}
	files, err := l.ConversationFiles(ctx)
	for _, f := range files {
		h := held[f.Day]
		h.Records += f.Rows
		h.Open += f.Open
		held[f.Day] = h
	}
	if err != nil {
		return held, entries, err
	}
	changes, err := l.ChangeFiles(ctx)
	for _, f := range changes {
		h := held[f.Day]
		h.Changed += f.Rows
		held[f.Day] = h
	}
	return held, entries, err
}

// interruptedRun names the run that was not ended, if there is one.
func interruptedRun(ctx context.Context, control *state.DB) (id string, err error) {
	err = openRun(ctx, control, func(r run) { id = string(r.id) })
	return id, err
}

// Hear tells apart a run that was interrupted from one that goes on: that which says so of itself.
func (s Status) Hear(list []runs.Run, now time.Time) Status {
	for _, r := range list {
		if r.ID == s.Interrupted && r.State(now) == runs.Running {
			s.Running, s.Interrupted = r.ID, ""
			break
		}
	}
	return s
}

// Stalled says for how long the platform's date had stood still at a moment, if that is longer than a night may be late.
func (s Status) Stalled(at time.Time) (time.Duration, bool) {
	since, err := conversation.ParseTime(s.Since)
	if err != nil {
		return 0, false
	}
	return ledger.Platform{Since: since}.Stalled(at, still)
}
