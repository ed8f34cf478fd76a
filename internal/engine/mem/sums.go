package mem

import (
	"context"
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/conversation/dimension"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/query"
)

var _ engine.Summing = (*view)(nil)

// Sums implements engine.Summing. It opens every record that can have emitted something in the interval, and holds each sum
// once.
func (v *view) Sums(ctx context.Context, s query.Sums, most int) ([]query.Sum, bool, error) {
	all := newAdder(s, most)
	work := func(hits []hit) (*adder, error) {
		part := newAdder(s, most)
		return part, v.examine(ctx, hits, func(_ hit, c subject) { part.add(c) })
	}
	for part, err := range blockwise(v.inTime(ctx, s.Query(), nil), work) {
		if err != nil {
			return nil, false, err
		}
		if all.merge(part); all.full() {
			return nil, true, nil
		}
	}
	return all.sorted(), false, ctx.Err()
}

// adder adds emissions up.
type adder struct {
	query.Sums

	most     int              // sums beyond which none is wanted
	measures map[string][]int // those of a metric
	filters  []filter
	values   [][]string // of the emission that is added, for each dimension of the group
	sums     map[string]*query.Sum
	visited  int // groups, by those who count nothing
}

func newAdder(s query.Sums, most int) *adder {
	a := &adder{Sums: s, most: most, measures: map[string][]int{}, filters: compiled(s.Filters), values: make([][]string, len(s.GroupBy)), sums: map[string]*query.Sum{}}
	for i, m := range s.Measures {
		a.measures[m.Metric] = append(a.measures[m.Metric], i)
	}
	return a
}

// add adds what a conversation emitted.
func (a *adder) add(s subject) {
	dimension.Emissions(s.item, func(it *item, m *conversation.Metric) bool {
		if measures := a.measures[m.Name]; len(measures) > 0 && !it.Emitted.IsZero() {
			if bucket := a.Bucket(it.Emitted); bucket >= 0 && a.holds(it) {
				a.emission(it, m, bucket, measures)
			}
		}
		return !a.full()
	})
}

// full says that there are more sums than are wanted, so that there is no point in looking for more.
func (a *adder) full() bool { return max(len(a.sums), a.visited) > a.most }

func (a *adder) holds(it *item) bool {
	return !slices.ContainsFunc(a.filters, func(f filter) bool { return !f.holds(it) })
}

func (a *adder) emission(it *item, m *conversation.Metric, bucket int, measures []int) {
	for i, d := range a.GroupBy {
		a.values[i] = a.valuesOf(d, it)
	}
	group := make([]string, len(a.GroupBy))
	for _, measure := range measures {
		if r := a.Measures[measure].Range; (query.Range{Gte: r.Gte, Lt: r.Lt}).Contains(float64(m.Value)) {
			a.each(group, 0, func() { a.count(group, bucket, measure, float64(m.Value)) })
		}
	}
}

// valuesOf are those that an emission has in a dimension, each once; an empty one if it has none.
func (a *adder) valuesOf(d query.Dimension, it *item) (values []string) {
	getters[d.Kind][d.Name](it, func(v value) bool {
		if text := v.write(d.Type); !slices.Contains(values, text) {
			values = append(values, text)
		}
		return false
	})
	switch {
	case len(values) == 0:
		return []string{""}
	case a.Flatten:
		slices.Sort(values)
		return []string{strings.Join(values, ",")}
	}
	return values
}

// each visits every combination of values, from the i-th dimension on.
func (a *adder) each(group []string, i int, visit func()) {
	if i == len(group) {
		visit()
		return
	}
	for _, v := range a.values[i] {
		if a.full() { // of long lists there are more combinations than anybody can visit
			return
		}
		group[i] = v
		a.each(group, i+1, visit)
	}
}

func (a *adder) count(group []string, bucket, measure int, value float64) {
	key := keyOf(group, bucket, measure)
	s := a.sums[key]
	if s == nil {
		s = &query.Sum{Group: slices.Clone(group), Bucket: bucket, Measure: measure}
		a.sums[key] = s
	}
	s.Stats = s.Stats.Merge(query.Stats{Count: 1, Sum: value, Min: value, Max: value})
}

func (a *adder) merge(other *adder) {
	for key, s := range other.sums {
		if have := a.sums[key]; have != nil {
			have.Stats = have.Stats.Merge(s.Stats)
		} else {
			a.sums[key] = s
		}
	}
}

func (a *adder) sorted() []query.Sum {
	sums := make([]query.Sum, 0, len(a.sums))
	for _, s := range slices.SortedFunc(maps.Values(a.sums), func(s, t *query.Sum) int { return s.Compare(*t) }) {
		sums = append(sums, *s)
	}
	return sums
}

// keyOf writes what a sum is of so that no two are written alike.
func keyOf(group []string, bucket, measure int) string {
	key := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(bucket)), uint64(measure))
	for _, v := range group {
		key = append(binary.AppendUvarint(key, uint64(len(v))), v...)
	}
	return string(key)
}
