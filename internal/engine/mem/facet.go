package mem

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/query"
)

// Facets implements engine.Engine. It holds each distinct value once.
func (v *view) Facets(ctx context.Context, q query.Query, aggregations []query.Aggregation) ([]query.Facet, error) {
	all := newTallies(aggregations)
	heads, records := split(q.Filters)
	if len(aggregations) > 0 {
		count := func(hits []hit) (tallies, error) {
			part := newTallies(aggregations)
			err := v.examine(ctx, hits, func(_ hit, s subject) {
				if s.satisfies(records) {
					part.add(s)
				}
			})
			return part, err
		}
		for part, err := range blockwise(v.inTime(ctx, q, heads), count) {
			if err != nil {
				return nil, err
			}
			all.merge(part)
		}
	}
	facets := make([]query.Facet, len(all))
	for i, t := range all {
		facets[i] = t.facet()
	}
	return facets, ctx.Err()
}

// tallies are the counts of several aggregations.
type tallies []*tally

func newTallies(aggregations []query.Aggregation) tallies {
	out := make(tallies, len(aggregations))
	for i, a := range aggregations {
		out[i] = &tally{Aggregation: a, terms: make(map[string]int64), ranges: make([]int64, len(a.Ranges))}
	}
	return out
}

func (ts tallies) add(s subject) {
	for _, t := range ts {
		t.add(s)
	}
}

func (ts tallies) merge(others tallies) {
	for i, t := range ts {
		t.merge(others[i])
	}
}

// tally counts the values of a dimension or metric.
type tally struct {
	query.Aggregation
	terms  map[string]int64 // termFrequency
	ranges []int64          // numericRange: of each range
}

// add counts what a conversation has: once for the conversation and each of its values if it says it of
// itself, else once for each item and value.
func (t *tally) add(s subject) {
	get := getters[t.Dimension.Kind][t.Dimension.Name]
	each := func(v value) bool {
		t.count(v)
		return false
	}
	for it := range s.items(t.Dimension.Kind) {
		get(it, each)
	}
}

func (t *tally) count(v value) {
	if t.Type == query.TermFrequency {
		t.terms[v.write(t.Dimension.Type)]++
		return
	}
	for i, r := range t.Ranges {
		if (query.Range{Gte: r.Gte, Lt: r.Lt}).Contains(v.number) {
			t.ranges[i]++
		}
	}
}

func (t *tally) merge(other *tally) {
	for term, n := range other.terms {
		t.terms[term] += n
	}
	for i, n := range other.ranges {
		t.ranges[i] += n
	}
}

func (t *tally) facet() query.Facet {
	f := query.Facet{Aggregation: t.Aggregation}
	for i, r := range t.Ranges {
		f.Entries = append(f.Entries, query.Entry{Range: r, Count: t.ranges[i]})
		f.Count += t.ranges[i]
	}
	for _, term := range slices.SortedFunc(maps.Keys(t.terms), t.compare) {
		if f.Count += t.terms[term]; len(f.Entries) < t.Size {
			f.Entries = append(f.Entries, query.Entry{Value: term, Count: t.terms[term]})
		}
	}
	return f
}

// compare puts the most frequent term first, ties by value.
func (t *tally) compare(a, b string) int {
	return cmp.Or(cmp.Compare(t.terms[b], t.terms[a]), strings.Compare(a, b))
}
