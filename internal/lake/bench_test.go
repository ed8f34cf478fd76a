package lake_test

import (
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
)

// simulated gives the records of a day, in order.
func simulated(tb testing.TB, day conversation.Day, perDay int) []conversation.Version {
	tb.Helper()
	var out []conversation.Version
	for c := range sim.New(sim.Config{Seed: 7, PerDay: perDay}).Day(day) {
		text, err := wire.Encode(c)
		if err != nil {
			tb.Fatal(err)
		}
		r, err := wire.Record(text)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, conversation.Version{Record: r, Run: "run", At: time.Unix(0, 0).UTC()})
	}
	return out
}

func stream(versions []conversation.Version) iter.Seq2[conversation.Version, error] {
	return func(yield func(conversation.Version, error) bool) {
		for _, v := range versions {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// BenchmarkCommit shreds, writes and commits a day of 5,000 conversations: whole, and without the derived tables, which may cost
// 15 hundredths of it.
func BenchmarkCommit(b *testing.B) {
	versions := simulated(b, 20_000, 5_000)
	for name, derived := range map[string]bool{"whole": true, "underived": false} {
		b.Run(name, func(b *testing.B) { benchmarkCommit(b, versions, derived) })
	}
}

func benchmarkCommit(b *testing.B, versions []conversation.Version, derived bool) {
	var size int64
	for _, v := range versions {
		size += int64(len(v.JSON))
	}
	b.SetBytes(size)
	for n := range b.N {
		l, err := lake.Create(b.Context(), filepath.Join(b.TempDir(), fmt.Sprint(n)))
		if err != nil {
			b.Fatal(err)
		}
		w, err := l.Writer(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if !derived {
			w.LeaveUnderived()
		}
		if _, err := w.Commit(b.Context(), lake.Commit{Run: "run", At: time.Unix(1, 0), Records: stream(versions)}); err != nil {
			b.Fatal(err)
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(versions))*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkFewRecords reads one record in fifty of a day, as a page of hits does.
func BenchmarkFewRecords(b *testing.B) {
	l, err := lake.Create(b.Context(), filepath.Join(b.TempDir(), "lake"))
	if err != nil {
		b.Fatal(err)
	}
	w, err := l.Writer(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if _, err := w.Commit(b.Context(), lake.Commit{Run: "run", At: time.Unix(1, 0), Records: stream(simulated(b, 20_000, 5_000))}); err != nil {
		b.Fatal(err)
	}
	s, err := l.Snapshot(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	file := s.Files(tables.Conversations)[0]
	for b.Loop() {
		r, err := new(datafile.Footers).Open(b.Context(), file)
		if err != nil {
			b.Fatal(err)
		}
		for row := int64(0); row < file.Rows; row += 50 {
			if _, err := r.Read(row); err != nil {
				b.Fatal(err)
			}
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(file.Bytes), "bytes")
	if err := errors.Join(w.Close(), l.Close()); err != nil {
		b.Fatal(err)
	}
}
