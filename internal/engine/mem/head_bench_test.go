package mem

import "testing"

func BenchmarkReadLifetime(b *testing.B) {
	records := simulated(b, 7, 1, 300)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		readLifetime(records[i%len(records)].JSON)
	}
}
