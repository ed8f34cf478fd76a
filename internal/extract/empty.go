package extract

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// maxQuery is how many days the synchronous query takes at once when it has no filter.
// Source: https://developer.genesys.cloud/analyticsdatamanagement/analytics/detail/
const maxQuery = 7

// confirm gives those of some days on which nothing happened, by the platform's synchronous query. A job over days
// before the platform's history, of a client whose role lacks divisions, or that went wrong, brings nothing either, and
// a day that is whole is never asked for again. A day that is not empty by the query is fetched once more; one of which
// nothing comes even then, and one for which the query fails, stays open.
func (e *Extraction) confirm(ctx context.Context, days []conversation.Day) (empty []conversation.Day, err error) {
	var again []conversation.Day
	for _, d := range spans(days, maxQuery) {
		found, err := e.ask(ctx, d)
		if err != nil {
			return nil, err
		}
		for day := d.First; day < d.End; day++ {
			switch reason, full := found[day]; {
			case e.gaps[day]:
			case e.cfg.AcceptEmpty.Has(day) || !full:
				empty = append(empty, day)
			case reason == isNotEmpty && !e.asked[day]:
				e.asked[day] = true
				again = append(again, day)
			default:
				e.leaveOpen(ctx, day, reason)
			}
		}
	}
	if len(again) == 0 {
		return empty, nil
	}
	e.warn(ctx, "nothing came of days on which something happened, by the synchronous query; they were fetched again: %s", Spans(again))
	return empty, e.refetch(ctx, again)
}

const isNotEmpty = "the synchronous query knows of conversations then"

// ask gives the days of d that are not known to be empty, with the reason.
func (e *Extraction) ask(ctx context.Context, d conversation.Days) (map[conversation.Day]string, error) {
	found := map[conversation.Day]string{}
	fails := func() (map[conversation.Day]string, error) {
		for day := d.First; day < d.End; day++ {
			found[day] = "the synchronous query fails"
		}
		return found, nil
	}
	if e.mute {
		return fails()
	}
	n, missing, err := e.cfg.Platform.Count(ctx, upTo(d.First.Start(), d.End.Start()))
	for _, day := range missing {
		if d.Has(day) {
			e.gaps[day] = true
		}
	}
	switch {
	case ctx.Err() != nil || errors.Is(err, fault.Unauthorized):
		return nil, errors.Join(ctx.Err(), err)
	case err != nil:
		// Not a reason to stop: the other days can be extracted, and these are asked for again by the next run. What was
		// tried in vain is not tried for each week of many years; only a refusal may be of this interval alone.
		e.mute = !errors.Is(err, fault.Invalid)
		e.warn(ctx, "nothing came of days, and the synchronous query cannot confirm it: %v: %v", d, err)
		return fails()
	case n > 0 && d.End-d.First == 1:
		found[d.First] = isNotEmpty
	case n > 0:
		for day := d.First; day < d.End; day++ {
			one, err := e.ask(ctx, conversation.Days{First: day, End: day + 1})
			if err != nil {
				return nil, err
			}
			maps.Copy(found, one)
		}
	}
	return found, nil
}

// upTo is the interval by which the synchronous query is asked for the conversations that started in [start, end). It
// takes those that started on a day that the interval touches, and whether an end at midnight touches the day that
// begins then is not documented; so the interval ends a millisecond before.
func upTo(start, end time.Time) conversation.Interval {
	return conversation.Interval{Start: start, End: end.Add(-time.Millisecond)}
}

func (e *Extraction) leaveOpen(ctx context.Context, day conversation.Day, reason string) {
	e.cfg.Log.InfoContext(ctx, "nothing came of a day, and it is not made whole", "day", day, "reason", reason)
	e.open[day] = reason
}
