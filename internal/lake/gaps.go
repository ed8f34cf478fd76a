package lake

import (
	"context"
	"slices"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/state"
)

// A lake has a day when the day is whole, or when records of it were imported. Of the days before the last one that it
// has, those that it does not have never came into it: nothing was looked for there, and what is not found there says
// nothing. Those after the first one that it has are its gaps. An import tells of records and not of days, so a day on
// which nothing happened is not told from one that is missing, unless it was extracted.

// Missing gives the days that an interval touches and that never came into the lake. An interval without a start is
// one from the first day that the lake has, and one without an end goes up to the last.
func (s *Snapshot) Missing(iv conversation.Interval) []conversation.Days {
	have := s.have()
	if len(have) == 0 {
		return nil
	}
	asked := conversation.Days{First: have[0].First, End: have[len(have)-1].End}
	if !iv.Start.IsZero() {
		asked.First = conversation.DayOf(iv.Start)
	}
	if !iv.End.IsZero() {
		asked.End = min(asked.End, conversation.DayOf(iv.End.Add(-1))+1)
	}
	return conversation.WithoutDays(asked, have)
}

// have gives the days that the lake has.
func (s *Snapshot) have() []conversation.Days {
	days := slices.Clone(s.whole)
	for _, f := range s.files[tables.Conversations] {
		days = append(days, conversation.Days{First: f.Day, End: f.Day + 1})
	}
	return conversation.JoinDays(days)
}

// FirstDay is the first day that the lake has, if it has any.
func (l *Lake) FirstDay(ctx context.Context) (day conversation.Day, some bool, err error) {
	err = l.having(ctx, func(have []conversation.Days) { day, some = have[0].First, true })
	return day, some, err
}

// LastDay is the last day that the lake has, if it has any.
func (l *Lake) LastDay(ctx context.Context) (day conversation.Day, some bool, err error) {
	err = l.having(ctx, func(have []conversation.Days) { day, some = have[len(have)-1].End-1, true })
	return day, some, err
}

// having tells of the days that the lake has, if it has any.
func (l *Lake) having(ctx context.Context, tell func([]conversation.Days)) error {
	s, err := l.snapshot(ctx, part{})
	if err != nil {
		return err
	}
	if have := s.have(); len(have) > 0 {
		tell(have)
	}
	return s.Close()
}

// Gaps gives the days between the first and the last one of the lake that never came into it.
func (l *Lake) Gaps(ctx context.Context) (_ []conversation.Days, err error) {
	s, err := l.snapshot(ctx, part{})
	if err != nil {
		return nil, err
	}
	return s.Missing(conversation.Interval{}), s.Close()
}

// wholeDays gives the days that are whole, as runs.
func (l *Lake) wholeDays(ctx context.Context) ([]conversation.Days, error) {
	var text string
	err := l.db.View(ctx, func(db *state.DB) error {
		// One text: a row for each day of ten years, at each request, would take longer than to find what is asked for.
		return db.Row(ctx, `SELECT coalesce(string_agg(day, ','), '') FROM (SELECT day FROM days ORDER BY day) AS d`).Scan(&text)
	})
	if err != nil {
		return nil, err
	}
	if last := l.whole.Load(); last != nil && last.text == text {
		return last.days, nil
	}
	days, err := conversation.ParseDays(text)
	if err != nil {
		return nil, fault.Because(fault.Corrupt, err, "the control database has a day that is none")
	}
	now := &wholeList{text, conversation.JoinDays(days)}
	l.whole.Store(now)
	return now.days, nil
}

// wholeList is the days that were whole when they were read last, as they are stored and as runs; nobody changes them.
type wholeList struct {
	text string
	days []conversation.Days
}
