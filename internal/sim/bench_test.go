package sim

import (
	"testing"
	"time"
)

// BenchmarkDay makes conversations, one day after another; BenchmarkRecords writes them as well. Run with -cpu 1 for the speed of one core.
func BenchmarkDay(b *testing.B) {
	n, centre, of := 0, New(Config{Seed: 1, PerDay: 2000}), monday
	for b.Loop() {
		for range centre.Day(of) {
			n++
		}
		of++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "conversations/s")
}

func BenchmarkRecords(b *testing.B) {
	n, size, centre, of := 0, 0, New(Config{Seed: 1, PerDay: 2000}), monday
	for b.Loop() {
		for c := range centre.Day(of) {
			n++
			size += len(encode(b, c))
		}
		of++
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
