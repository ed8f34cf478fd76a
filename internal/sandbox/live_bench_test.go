package sandbox

import (
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/query"
)

func BenchmarkLiveQuestions(b *testing.B) {
	now := time.Date(2026, 11, 10, 14, 0, 0, 0, time.UTC)
	w, err := Simulate(b.Context(), Scenario{Seed: 1, Days: 2, PerDay: 17280, Start: now, Speed: 0}, nil)
	if err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string]string{
		"newest":   `{"interval":"2026-11-09T14:00Z/2026-11-10T14:00Z","order":"desc","paging":{"pageSize":25,"pageNumber":1}}`,
		"filtered": `{"interval":"2026-11-10T13:00Z/2026-11-10T14:00Z","order":"desc","paging":{"pageSize":25,"pageNumber":1},"segmentFilters":[{"type":"and","predicates":[{"dimension":"mediaType","value":"voice"},{"dimension":"purpose","value":"agent"}]}]}`,
	} {
		q, err := query.DecodeDetail([]byte(text), query.PlatformLimits())
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			n := int64(0)
			for b.Loop() {
				v, err := w.Live(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				if n, err = v.Count(b.Context(), q.Query); err != nil {
					b.Fatal(err)
				}
				for _, err := range v.Records(b.Context(), q.Query, 25, 0) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(n), "hits")
		})
	}
}
