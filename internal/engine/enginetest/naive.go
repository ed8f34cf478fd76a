package enginetest

import (
	"bytes"
	"cmp"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/query"
)

// question is a query with the part of the answer that is asked for.
type question struct {
	query.Query
	limit, offset int
	aggregations  []query.Aggregation
}

// given is a record that the suite made, with what it is ordered by beside its start and end.
type given struct {
	conversation.Record
	first, last time.Time // earliest segmentStart, latest segmentEnd; zero if there is none, or not yet
	items       map[query.Kind][]item
}

// answer is the naive evaluation without limit and offset: written from what docs/query.md says in words,
// on purpose without the methods of query and conversation that engines use.
func (q question) answer(records []given) []given {
	out := []given{}
	for _, r := range records {
		if q.selects(r) && r.satisfies(q.Filters) {
			out = append(out, r)
		}
	}
	key := keys[q.OrderBy]
	slices.SortFunc(out, func(a, b given) int {
		order := missingLast(key(a), key(b))
		if q.Order == query.Descending {
			order = -order
		}
		return cmp.Or(order, cmp.Compare(a.ID, b.ID))
	})
	return out
}

// selects says whether the conversation lived at some instant of the interval and, when days are matched, started on a
// day that the interval touches.
func (q question) selects(r given) bool {
	from, to := q.Interval.Start, q.Interval.End
	y, m, d := from.UTC().Date()
	midnight := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	switch {
	case !r.Start.Before(to):
		return false
	case q.Matching == query.StartOfDay && r.Start.Before(midnight):
		return false
	case !r.Start.Before(from):
		return true
	}
	return r.End.IsZero() || r.End.After(from)
}

func (q question) slice(all []given) []given {
	all = all[min(q.offset, len(all)):]
	if q.limit > 0 {
		all = all[:min(q.limit, len(all))]
	}
	return all
}

var keys = map[query.OrderBy]func(given) time.Time{
	query.ByConversationStart: func(r given) time.Time { return r.Start },
	query.ByConversationEnd:   func(r given) time.Time { return r.End },
	query.BySegmentStart:      func(r given) time.Time { return r.first },
	query.BySegmentEnd:        func(r given) time.Time { return r.last },
}

// give derives what the suite must know of the records.
func give(t *testing.T, records []conversation.Record) []given {
	t.Helper()
	out := make([]given, len(records))
	for i, r := range records {
		out[i] = given{Record: r, items: itemsOf(t, r)}
		out[i].first, out[i].last = segments(out[i].items[query.OfSegment])
	}
	return out
}

// segments is the earliest segmentStart and the latest segmentEnd, which is zero while a segment is open.
func segments(items []item) (first, last time.Time) {
	var starts, ends []time.Time
	for _, it := range items {
		starts = append(starts, timeOf(walk(it.parts, "segment", "segmentStart")))
		ends = append(ends, timeOf(walk(it.parts, "segment", "segmentEnd")))
	}
	if len(starts) == 0 {
		return first, last
	}
	return slices.MinFunc(starts, missingLast), slices.MaxFunc(ends, missingLast)
}

// missingLast compares times of which a zero one is the last.
func missingLast(a, b time.Time) int {
	if a.IsZero() != b.IsZero() {
		if a.IsZero() {
			return 1
		}
		return -1
	}
	return a.Compare(b)
}

// collect reads to the end or to the first error.
func collect(seq iter.Seq2[conversation.Record, error]) (out []conversation.Record, err error) {
	for r, err := range seq {
		if err != nil {
			return out, err
		}
		out = append(out, r)
	}
	return out, nil
}

// difference requires the same records in the same order, byte for byte; it is empty if they are.
func difference(got []conversation.Record, want []given) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d records, want %d", len(got), len(want))
	}
	for i := range want {
		g, w := got[i], want[i]
		if g.ID != w.ID {
			return fmt.Sprintf("record %d is %q, want %q", i, g.ID, w.ID)
		}
		if !g.Start.Equal(w.Start) || !g.End.Equal(w.End) || !bytes.Equal(g.JSON, w.JSON) {
			return fmt.Sprintf("record %q is not what was put in: %v to %v, %d bytes; want %v to %v, %d bytes", w.ID,
				g.Start, g.End, len(g.JSON), w.Start, w.End, len(w.JSON))
		}
	}
	return ""
}
