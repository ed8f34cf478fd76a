package wire_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
)

// simulated are the records of a simulated day, some 6 kB each.
func simulated(tb testing.TB) (records [][]byte) {
	tb.Helper()
	day := conversation.DayOf(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	for c := range sim.New(sim.Config{Seed: 1, PerDay: 1000}).Day(day) {
		text, err := wire.Encode(c)
		if err != nil {
			tb.Fatal(err)
		}
		records = append(records, text)
	}
	return records
}

func BenchmarkReadPage(b *testing.B) {
	records := simulated(b)
	page := append([]byte(`{"conversations":[`), bytes.Join(records, []byte(","))...)
	page = append(page, `],"cursor":"c","dataAvailabilityDate":"2026-11-08T00:00:00.000Z"}`...)
	indented := jsontext.Value(bytes.Clone(page))
	if err := indented.Indent(); err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string][]byte{"compact": page, "indented": indented} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if p, err := wire.ReadPage(bytes.NewReader(text), func([]byte) error { return nil }); err != nil || p.Records != len(records) {
					b.Fatal(p, err)
				}
			}
		})
	}
}

func BenchmarkRecord(b *testing.B) {
	record := simulated(b)[0]
	b.SetBytes(int64(len(record)))
	for b.Loop() {
		if _, err := wire.Record(record); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkValues(b *testing.B) {
	text := bytes.Join(simulated(b), []byte("\n"))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if err := wire.Values(bytes.NewReader(text), func([]byte) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecode decodes simulated records: as they are, and with one value that does not fit.
func BenchmarkDecode(b *testing.B) {
	fit := simulated(b)
	var unfit [][]byte
	size := 0
	for _, raw := range fit {
		size += len(raw)
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
