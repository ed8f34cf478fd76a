package answers

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/lake/tables"
)

// Parts divides what a search finds into stretches of about so many conversations: days, one or several, or parts of a day.
func Parts(ctx context.Context, from Source, s sqltext.Search, once int) iter.Seq2[sqltext.Part, error] {
	return func(yield func(sqltext.Part, error) bool) {
		var open sqltext.Part
		var rows int64
		flush := func() bool {
			if rows == 0 {
				return true
			}
			rows = 0
			return yield(open, nil)
		}
		for _, d := range daysOf(s) {
			if rows > 0 && rows+d.rows > int64(once) && !flush() {
				return
			}
			if d.rows <= 2*int64(once) {
				if rows == 0 {
					open = sqltext.Part{From: d.day.Start(), Whole: true}
				}
				open.To, rows = d.day.End(), rows+d.rows
				continue
			}
			parts, err := cut(ctx, from, s, d.day, once)
			if err != nil {
				yield(open, err)
				return
			}
			for _, p := range parts {
				if !yield(p, nil) {
					return
				}
			}
		}
		flush()
	}
}

type dayRows struct {
	day  conversation.Day
	rows int64
}

// daysOf are the days of the files of a search, each with its conversations.
func daysOf(s sqltext.Search) (days []dayRows) {
	for _, f := range s.Files(tables.Conversations) { // by day
		if n := len(days); n > 0 && days[n-1].day == f.Day {
			days[n-1].rows += f.Rows
			continue
		}
		days = append(days, dayRows{f.Day, f.Rows})
	}
	return days
}

// cut divides a day at the starts of conversations.
func cut(ctx context.Context, source Source, s sqltext.Search, day conversation.Day, once int) (parts []sqltext.Part, err error) {
	rows, err := source.Ask(ctx, s.Starts(day, once))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	from, first := day.Start(), true
	for rows.Next() {
		var at time.Time
		if err := rows.Scan(&at); err != nil {
			return nil, source.Failed(ctx, err)
		}
		if at = at.UTC(); first {
			first = false // the first part begins with the day
		} else if at.After(from) {
			parts = append(parts, sqltext.Part{From: from, To: at})
			from = at
		}
	}
	return append(parts, sqltext.Part{From: from, To: day.End()}), source.Failed(ctx, rows.Err())
}
