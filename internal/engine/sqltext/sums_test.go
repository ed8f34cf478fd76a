package sqltext_test

import (
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/query"
)

// sumsOf are of hours of the first day, by a dimension, and of what has a text in it.
func sumsOf(d query.Dimension, flat bool) query.Sums {
	one := 1.0
	q := query.Sums{GroupBy: []query.Dimension{d}, Flatten: flat}
	for hour := range 25 {
		q.Edges = append(q.Edges, first.Start().Add(time.Duration(hour)*time.Hour))
	}
	p := query.Predicate{Dimension: d, Text: "a secret", Digits: "123", Range: query.Range{Gte: &one}}
	f := query.Filter{Kind: query.OfEmission, Type: query.Or}
	for _, p.Operator = range []query.Operator{query.Matches, query.Exists, query.NotExists} {
		f.Predicates = append(f.Predicates, p)
	}
	q.Filters = []query.Filter{f}
	return q
}

// Sums by every dimension have a parameter for each value, no text of the request, and no word that only DuckDB knows.
func TestSumsAreTheDialectsAndTheParameters(t *testing.T) {
	one := 1.0
	for _, d := range query.Dimensions(query.OfEmission) {
		for _, flat := range []bool{false, true} {
			q := sumsOf(d, flat)
			s := sqltext.NewSearch(plain{}, twoDays{}, q.Query())
			for _, in := range []query.RangeCount{{}, {Gte: &one}} {
				holds(t, d.Name, s.Sums(q, []string{"a secret", "tTalk"}, in, 10))
			}
		}
	}
}

// The whole of a statement, to be read: hours of a day on which clocks change, by what stands beside metrics.
func TestSumsByQueue(t *testing.T) {
	all := query.Dimensions(query.OfEmission)
	queue := all[slices.IndexFunc(all, func(d query.Dimension) bool { return d.Name == "queueId" })]
	start := first.Start()
	q := query.Sums{GroupBy: []query.Dimension{queue}, Edges: []time.Time{start, start.Add(24 * time.Hour), start.Add(49 * time.Hour), start.Add(73 * time.Hour)}}
	got := sqltext.NewSearch(plain{}, twoDays{}, q.Query()).Sums(q, []string{"tTalk"}, query.RangeCount{}, 10).SQL
	const want = "WITH emitted AS (SELECT emit_date, name, value, queue_id FROM TABLE(metrics, 2) WHERE true AND emit_date >= ? AND emit_date < ? AND ONEOF(name, ?))" +
		" SELECT queue_id, CASE WHEN emit_date < ? THEN ? + STEPS(emit_date, ?, ?) WHEN emit_date < ? THEN ? + STEPS(emit_date, ?, ?) ELSE ? + STEPS(emit_date, ?, ?) END, name," +
		" count(*), CAST(sum(value) AS DOUBLE), CAST(min(value) AS DOUBLE), CAST(max(value) AS DOUBLE) FROM emitted WHERE TRUE GROUP BY 1, 2, 3 LIMIT ?"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
