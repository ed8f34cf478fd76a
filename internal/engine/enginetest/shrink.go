package enginetest

import (
	"iter"
	"slices"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/query"
)

// views is how many views over fewer records the search for a small case opens at most.
const views = 60

// checkSmall asks one question; if the answer is wrong, it looks for a smaller question over fewer records that fails
// too, and shows the smallest.
func (s *suite) checkSmall(t *testing.T, q question) {
	t.Helper()
	what := s.wrong(q)
	if what == "" {
		return
	}
	t.Errorf("%v\n%s", q, what)
	small := &suite{rand: s.rand, open: s.open, engine: s.engine, records: s.records}
	q = small.fewerParts(q)
	small.fewerRecords(t, q)
	q = small.fewerParts(q)
	t.Errorf("the smallest that fails, over %d of %d records:\n%v\n%s", len(small.records), len(s.records), q, small.wrong(q))
	if len(small.records) <= 3 {
		for _, r := range small.records {
			t.Logf("record: %s", r.JSON)
		}
	}
}

// fewerParts takes parts of a question away for as long as the answer stays wrong.
func (s *suite) fewerParts(q question) question {
	for again := true; again; {
		again = false
		for smaller := range q.smaller() {
			if s.wrong(smaller) != "" {
				q, again = smaller, true
				break
			}
		}
	}
	return q
}

// smaller yields the question without each of its parts.
func (q question) smaller() iter.Seq[question] {
	return func(yield func(question) bool) {
		plain := everything()
		plain.Filters, plain.aggregations = q.Filters, q.aggregations
		if q.String() != plain.String() && !yield(plain) {
			return
		}
		for i := range q.aggregations {
			less := q
			if less.aggregations = without(q.aggregations, i); !yield(less) {
				return
			}
		}
		for i, f := range q.Filters {
			less := q
			if less.Filters = without(q.Filters, i); !yield(less) {
				return
			}
			for smaller := range smallerFilters(f) {
				less.Filters = slices.Clone(q.Filters)
				if less.Filters[i] = smaller; !yield(less) {
					return
				}
			}
		}
	}
}

// smallerFilters yields the filter without each of its parts.
func smallerFilters(f query.Filter) iter.Seq[query.Filter] {
	return func(yield func(query.Filter) bool) {
		if len(f.Predicates)+len(f.Clauses) > 1 {
			for i := range f.Predicates {
				less := f
				if less.Predicates = without(f.Predicates, i); !yield(less) {
					return
				}
			}
			for i := range f.Clauses {
				less := f
				if less.Clauses = without(f.Clauses, i); !yield(less) {
					return
				}
			}
		}
		for i, c := range f.Clauses {
			for j := range c.Predicates {
				if len(c.Predicates) == 1 {
					continue
				}
				less := f
				less.Clauses = slices.Clone(f.Clauses)
				if less.Clauses[i].Predicates = without(c.Predicates, j); !yield(less) {
					return
				}
			}
		}
	}
}

func without[T any](list []T, i int) []T { return slices.Delete(slices.Clone(list), i, i+1) }

// fewerRecords takes records away for as long as the answer stays wrong: half of them at a time, then a quarter, and
// so on.
func (s *suite) fewerRecords(t *testing.T, q question) {
	t.Helper()
	opened := 0
	for size := (len(s.records) + 1) / 2; size > 0 && len(s.records) > 1; {
		found := false
		for start := 0; start < len(s.records) && opened < views; start += size {
			fewer := slices.Delete(slices.Clone(s.records), start, min(start+size, len(s.records)))
			opened++
			small := &suite{rand: s.rand, open: s.open, records: fewer, engine: s.open(t, recordsOf(fewer))}
			if small.wrong(q) != "" {
				s.records, s.engine, found = small.records, small.engine, true
				break
			}
		}
		if !found {
			size /= 2
		}
		size = min(size, (len(s.records)+1)/2)
	}
}

func recordsOf(list []given) []conversation.Record {
	out := make([]conversation.Record, len(list))
	for i, r := range list {
		out[i] = r.Record
	}
	return out
}

// opener gives an engine over exactly these records.
type opener func(t *testing.T, records []conversation.Record) engine.Engine
