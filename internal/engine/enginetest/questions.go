package enginetest

import (
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/query"
)

// question asks by chance: about intervals that begin and end anywhere and exactly at starts, ends and midnights.
func (s *suite) question() question {
	a, b := s.boundary(), s.boundary()
	if b.Before(a) {
		a, b = b, a
	}
	if !b.After(a) {
		b = a.Add(time.Millisecond)
	}
	q := question{Query: query.Query{
		Interval: conversation.Interval{Start: a, End: b},
		Matching: pick(s, query.Overlap, query.StartOfDay),
		Order:    pick(s, query.Ascending, query.Descending, query.Unordered),
		OrderBy:  pick(s, query.ByConversationStart, query.ByConversationEnd, query.BySegmentStart, query.BySegmentEnd),
	}}
	if s.rand.IntN(4) == 0 {
		q.Interval = everything().Interval
	}
	n := len(s.records)
	q.limit = pick(s, 0, 0, 1, 1+s.rand.IntN(n+1), n, n+1)
	q.offset = pick(s, 0, 0, 0, s.rand.IntN(n+1), n, n+1)
	return q
}

// boundary is an instant at which something may be wrong by one.
func (s *suite) boundary() time.Time {
	t := epoch.Add(time.Duration(s.rand.Int64N(int64(8*24*time.Hour))) - 4*24*time.Hour).Truncate(time.Millisecond)
	if len(s.records) > 0 {
		r := s.records[s.rand.IntN(len(s.records))]
		t = pick(s, t, r.Start, r.End, r.Start.Truncate(24*time.Hour), r.Start.Truncate(24*time.Hour).Add(24*time.Hour))
		if t.IsZero() {
			t = r.Start
		}
	}
	return t.Add(time.Duration(s.rand.IntN(3)-1) * time.Millisecond * time.Duration(s.rand.IntN(2)))
}

// everything asks for all records by start.
func everything() question {
	return question{Query: query.Query{
		Interval: conversation.Interval{Start: epoch.AddDate(-10, 0, 0), End: epoch.AddDate(10, 0, 0)},
		Order:    query.Ascending, OrderBy: query.ByConversationStart,
	}}
}

func pick[T any](s *suite, from ...T) T { return from[s.rand.IntN(len(from))] }
