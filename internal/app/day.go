package app

import (
	"context"
	"errors"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/web"
)

// Day implements web.Data.
func (all shownLakes) Day(ctx context.Context, organization string, day conversation.Day, mostChanged int) (out web.DayMore, err error) {
	s, err := all.get(ctx, organization)
	if err != nil {
		return out, err
	}
	view, err := s.views.Live(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	if err := hoursOf(ctx, view, day, &out); err != nil {
		return out, err
	}
	keys, err := s.lake.Keys(ctx)
	if err != nil {
		return out, err
	}
	for _, k := range keys {
		if !k.Known() && k.First == day {
			out.New = append(out.New, k.Path)
		}
	}
	out.Changed, out.Others, err = changedOn(ctx, s.lake, day, mostChanged)
	return out, err
}

// Day implements web.Data: a platform tells of itself as it is.
func (s shownWorld) Day(ctx context.Context, _ string, day conversation.Day, _ int) (out web.DayMore, err error) {
	view, err := s.world.Live(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	err = hoursOf(ctx, view, day, &out)
	return out, err
}

// hoursOf counts a day by hours, and the same day a week before.
func hoursOf(ctx context.Context, view engine.Engine, day conversation.Day, out *web.DayMore) (err error) {
	if out.Hours, err = countHours(ctx, view, day); err != nil {
		return err
	}
	before, err := countHours(ctx, view, day-7)
	if before != [24]int64{} {
		out.Before = &before
	}
	return err
}

// countHours counts what started in each hour of a day: up to the end of it, less what started before.
func countHours(ctx context.Context, view engine.Engine, day conversation.Day) (hours [24]int64, err error) {
	all, err := view.Count(ctx, query.Query{Interval: day.Interval(), Matching: query.StartOfDay})
	before := int64(0)
	for h := 0; h < len(hours) && before < all && err == nil; h++ {
		until := day.Start().Add(time.Duration(h+1) * time.Hour)
		var n int64
		n, err = view.Count(ctx, query.Query{Interval: conversation.Interval{Start: day.Start(), End: until}, Matching: query.StartOfDay})
		hours[h], before = n-before, n
	}
	return hours, err
}

// changedOn are conversations that began on a day and came again with another content, in the order in which the differences were found.
func changedOn(ctx context.Context, l *lake.Lake, day conversation.Day, most int) (out []web.ChangedConversation, more bool, err error) {
	snapshot, err := l.Snapshot(ctx)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	at := map[conversation.ID]int{}
	for c, err := range snapshot.Changes(ctx, lake.Wanted{Days: conversation.Days{First: day, End: day + 1}}) {
		if err != nil {
			return out, false, err
		}
		n, known := at[c.ID]
		if !known && len(out) == most {
			return out, true, nil
		}
		if !known {
			n = len(out)
			at[c.ID], out = n, append(out, web.ChangedConversation{ID: c.ID})
		}
		out[n].Places++
		out[n].FoundAt = c.FoundAt
	}
	return out, false, nil
}
