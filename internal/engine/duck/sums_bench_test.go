package duck_test

import (
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/query"
)

// BenchmarkSums measures the usual figures of ten days by queue and hour, and the same in SQL by hand, read by the same driver.
func BenchmarkSums(b *testing.B) {
	l, db := benchLake(b), openDB(b)
	snapshot, err := l.Snapshot(b.Context()) // the engine closes it; nothing expires here
	if err != nil {
		b.Fatal(err)
	}
	e := duck.New(db, snapshot)
	defer e.Close()
	emissions := query.Dimensions(query.OfEmission)
	queue := emissions[slices.IndexFunc(emissions, func(d query.Dimension) bool { return d.Name == "queueId" })]
	q := query.Sums{GroupBy: []query.Dimension{queue}}
	for _, m := range []string{"nOffered", "tAnswered", "tAbandon", "nOverSla", "tHandle"} {
		q.Measures = append(q.Measures, query.Measure{Metric: m})
	}
	for h := range 24*benchDays + 1 {
		q.Edges = append(q.Edges, benchFirst.Start().Add(time.Duration(h)*time.Hour))
	}
	b.Run("asked", func(b *testing.B) {
		percentiles(b, func() {
			if _, more, err := e.Sums(b.Context(), q, query.MaxSums); err != nil || more {
				b.Fatal(more, err)
			}
		})
	})
	b.Run("by hand", func(b *testing.B) {
		percentiles(b, func() {
			duck.Rows(b, db, "SELECT queue_id, date_trunc('hour', emit_date), name, count(*), sum(value)::DOUBLE, min(value), max(value) FROM "+glob(l, tables.Metrics, "*")+
				" WHERE name IN ('nOffered', 'tAnswered', 'tAbandon', 'nOverSla', 'tHandle') AND emit_date >= '2026-03-02' AND emit_date < '2026-03-12' GROUP BY ALL")
		})
	})
}
