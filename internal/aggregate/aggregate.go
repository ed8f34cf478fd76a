// Package aggregate answers the platform's query for aggregates: figures of metrics by group and stretch of time. It asks an
// engine for sums of what sessions emitted, and makes of them what was asked for.
//
// A sum is of the emissions of one metric in a group and a bucket of time. A figure is what a request names: most are sums, the
// wait and the service level are made of several. A group is what agrees in the dimensions of groupBy. What may be asked is left
// to package query, and how records are added up to package engine.
package aggregate

import (
	"cmp"
	"context"
	"slices"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
)

// Group is the figures of what agrees in the dimensions of a request.
type Group struct {
	Values []string // of the dimensions, in their order; an empty one is that records do not say
	Data   []Bucket // in order of time, those in which there is anything
}

// Bucket is the figures of a stretch of time, in the order in which they were asked for, those of which there is anything.
type Bucket struct {
	Interval conversation.Interval
	Figures  []Figure
	Views    []Figure
}

// Figure is a metric or a view with what it comes to.
type Figure struct {
	Name  string
	Stats query.Stats // of the values; of the service level it is none
	Level *Level      // of the service level alone
}

// Level says how many of the calls that were answered or abandoned were answered in time.
type Level struct{ InTime, All float64 }

// Ratio is the share of those in time, from 0 to 1.
func (l Level) Ratio() float64 { return l.InTime / l.All }

// Answer answers a request: its groups in order of their values, or of the figure by which some are left. Besides what engines
// fail with it fails with fault.Invalid when there are more sums than query.MaxSums.
func Answer(ctx context.Context, e engine.Engine, a query.Aggregate) ([]Group, error) {
	p := planOf(a)
	sums, more, err := engine.Sums(ctx, e, p.sums, query.MaxSums)
	if err != nil {
		return nil, err
	}
	if more {
		return nil, tooMany(a)
	}
	groups := slices.Collect(chunks(sums, func(x, y query.Sum) bool { return slices.Equal(x.Group, y.Group) }))
	if a.Top.Type != query.Groups {
		groups = p.top(groups)
	}
	out := make([]Group, 0, len(groups))
	for _, g := range groups {
		if made := p.group(g); len(made.Data) > 0 {
			out = append(out, made)
		}
	}
	return out, nil
}

// tooMany refuses a request with a larger answer than any may have.
func tooMany(a query.Aggregate) error {
	field := "groupBy"
	if len(a.GroupBy) == 0 {
		field = "granularity"
	}
	return fault.Field(field, "the answer would have more than %d figures, of groups times intervals times metrics; group by fewer dimensions, "+
		"write a longer granularity, or ask for fewer metrics or a shorter interval", query.MaxSums)
}

// chunks divides a list where neighbours are not the same.
func chunks[T any](list []T, same func(T, T) bool) func(func([]T) bool) {
	return func(yield func([]T) bool) {
		for from := 0; from < len(list); {
			to := from + 1
			for to < len(list) && same(list[from], list[to]) {
				to++
			}
			if !yield(list[from:to]) {
				return
			}
			from = to
		}
	}
}

// plan is what a request asks of an engine.
type plan struct {
	query.Aggregate

	sums query.Sums
}

func planOf(a query.Aggregate) *plan {
	p := &plan{a, query.Sums{Edges: a.Edges, GroupBy: a.GroupBy, Flatten: a.Flatten, Filters: a.Filters}}
	for _, figure := range a.Metrics {
		p.measure(query.Parts(figure)...)
	}
	if a.Top.Metric != "" {
		p.measure(query.Parts(a.Top.Metric)...)
	}
	for _, v := range a.Views {
		p.sums.Measures = append(p.sums.Measures, v.Measure)
	}
	return p
}

// measure takes metrics into account.
func (p *plan) measure(metrics ...string) {
	for _, m := range metrics {
		if p.place(m) < 0 {
			p.sums.Measures = append(p.sums.Measures, query.Measure{Metric: m})
		}
	}
}

// place is that of a metric among the measures; -1 if it is none of them.
func (p *plan) place(metric string) int {
	return slices.Index(p.sums.Measures, query.Measure{Metric: metric})
}

// group makes the figures of the sums of one group.
func (p *plan) group(sums []query.Sum) Group {
	g := Group{Values: sums[0].Group}
	for same := range chunks(sums, func(x, y query.Sum) bool { return x.Bucket == y.Bucket }) {
		b := Bucket{Interval: p.sums.Interval(same[0].Bucket)}
		stats := p.statsOf(same)
		for _, name := range p.Metrics {
			if f, some := p.figure(name, stats); some {
				b.Figures = append(b.Figures, f)
			}
		}
		first := len(stats) - len(p.Views)
		for i, v := range p.Views {
			if s := stats[first+i]; s.Count > 0 {
				b.Views = append(b.Views, Figure{Name: v.Name, Stats: s})
			}
		}
		if len(b.Figures)+len(b.Views) > 0 {
			g.Data = append(g.Data, b)
		}
	}
	return g
}

// statsOf merges sums by their measures.
func (p *plan) statsOf(sums []query.Sum) []query.Stats {
	stats := make([]query.Stats, len(p.sums.Measures))
	for _, s := range sums {
		stats[s.Measure] = stats[s.Measure].Merge(s.Stats)
	}
	return stats
}

// figure makes a figure, and says whether there is anything of it.
func (p *plan) figure(name string, stats []query.Stats) (Figure, bool) {
	if name == "oServiceLevel" {
		of := func(metric string) query.Stats { return stats[p.place(metric)] }
		answered := float64(of("tAnswered").Count)
		l := Level{InTime: answered - of("nOverSla").Sum, All: answered + float64(of("tAbandon").Count)}
		return Figure{Name: name, Level: &l}, l.All > 0
	}
	var all query.Stats
	for _, part := range query.Parts(name) {
		all = all.Merge(stats[p.place(part)])
	}
	return Figure{Name: name, Stats: all}, all.Count > 0
}

// top leaves the groups that come first, of those that have a figure to be ordered by; ties by their values.
func (p *plan) top(groups [][]query.Sum) [][]query.Sum {
	type ranked struct {
		sums []query.Sum
		by   float64
	}
	var all []ranked
	for _, g := range groups {
		if f, some := p.figure(p.Top.Metric, p.statsOf(g)); some {
			all = append(all, ranked{g, p.Top.Function.Of(f.Stats)})
		}
	}
	slices.SortStableFunc(all, func(a, b ranked) int {
		if p.Top.Type == query.TopN {
			a, b = b, a
		}
		return cmp.Compare(a.by, b.by)
	})
	out := make([][]query.Sum, min(p.Top.Limit, len(all)))
	for i := range out {
		out[i] = all[i].sums
	}
	return out
}
