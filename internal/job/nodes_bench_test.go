package job

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

// Pages of 100 records of a job of 50,000, one after another from any place.
func BenchmarkPages(b *testing.B) {
	for name, begin := range map[string]func(testing.TB) *cluster{"folder": newFolder, "bucket": newShared} {
		b.Run(name, func(b *testing.B) {
			c := begin(b)
			c.records = nil
			for i := range 50_000 {
				c.records = append(c.records, fmt.Sprintf(`{"conversationId":"c-%06d","text":%q}`, i, strings.Repeat(fmt.Sprint(i*7919), 100)))
			}
			m := c.node()
			id := submit(b, m, 0)
			run(b, m, c.takes(m, c.slot(m)))
			e, _, err := m.jobs.get(b.Context(), id)
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			for b.Loop() {
				p, err := m.Results(b.Context(), me, id, m.seal.seal(e, int64(n*7919%49_900)), 100)
				if err == nil {
					err = p.StreamZstd(io.Discard)
				}
				if err == nil {
					err = p.Close()
				}
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "pages/s")
		})
	}
}

// What an idle node asks the database for work.
func BenchmarkIdleNode(b *testing.B) {
	c := newShared(b)
	m := c.node()
	for b.Loop() {
		m.watch(b.Context())
	}
}

// What a node takes to look after another one that is there.
func BenchmarkLookAfter(b *testing.B) {
	c := newShared(b)
	a, other := c.node(), c.node()
	mine, theirs := c.slot(a), c.slot(other)
	submit(b, a, 0)
	c.takes(other, theirs)
	for b.Loop() {
		if err := a.rescueNext(b.Context(), mine); err != nil {
			b.Fatal(err)
		}
	}
}
