package wire_test

import (
	"bytes"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
)

// BenchmarkDecode decodes simulated records: as they are, and with one value that does not fit.
func BenchmarkDecode(b *testing.B) {
	var fit, unfit [][]byte
	size := 0
	for c := range sim.New(sim.Config{Seed: 1, PerDay: 300}).Day(conversation.Day(20758)) {
		raw, err := wire.Encode(c)
		if err != nil {
			b.Fatal(err)
		}
		size += len(raw)
		fit = append(fit, raw)
		unfit = append(unfit, bytes.Replace(raw, []byte(`{`), []byte(`{"selfServed":"no",`), 1))
	}
	for name, records := range map[string][][]byte{"fits": fit, "one value does not": unfit} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(size / len(records)))
			b.ReportAllocs()
			for i := range b.N {
				wire.Decode(records[i%len(records)])
			}
		})
	}
}
