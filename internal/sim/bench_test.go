package sim

import (
	"testing"
	"time"
)

// BenchmarkDay makes conversations; BenchmarkRecords writes them as well. Run with -cpu 1 for the speed of one core.
func BenchmarkDay(b *testing.B) {
	n := 0
	for b.Loop() {
		n += len(conversations(1, 2000, monday))
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "conversations/s")
}

func BenchmarkRecords(b *testing.B) {
	n, size := 0, 0
	for b.Loop() {
		for c := range New(Config{Seed: 1, PerDay: 2000}).Day(monday) {
			n++
			size += len(encode(b, c))
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "conversations/s")
	b.ReportMetric(float64(size)/float64(n), "bytes/record")
}

func BenchmarkCutRecord(b *testing.B) {
	all := conversations(1, 500, monday)
	r := record(b, all[250])
	at := r.Start.Add(20 * time.Second)
	for b.Loop() {
		if _, err := CutRecord(r, at); err != nil {
			b.Fatal(err)
		}
	}
}
