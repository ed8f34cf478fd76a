package written

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine/enginetest"
	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
)

// Files of a lake stand for those of a cluster: each is in order, and of a day of its own, so that all but one wait.
func BenchmarkMergeMemory(b *testing.B) {
	for _, of := range []struct{ files, each int }{{10, 12_000}, {100, 1_200}} {
		b.Run(fmt.Sprint("files ", of.files), func(b *testing.B) {
			files := filesOf(b, of.files, of.each)
			want, by := 0, sqltext.Sorting{Column: "conversation_start"}
			for _, f := range files {
				want += int(f.Rows)
			}
			for b.Loop() {
				if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
					b.Fatal(err)
				}
				before := resident(b, "VmRSS")
				n, bytes := 0, int64(0)
				for r, err := range merge(b.Context(), files, by) {
					if err != nil {
						b.Fatal(err)
					}
					n++
					bytes += int64(len(r.JSON))
				}
				if n != want {
					b.Fatalf("%d records, want %d", n, want)
				}
				b.SetBytes(bytes)
				b.ReportMetric(resident(b, "VmHWM")-before, "MiB-more")
				b.ReportMetric(float64(n), "records")
			}
		})
	}
}

// filesOf makes so many files of so many records.
func filesOf(tb testing.TB, days, perDay int) []datafile.File {
	tb.Helper()
	l, err := lake.Create(tb.Context(), filepath.Join(tb.TempDir(), "lake"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() }) // it was only read
	w, err := l.Writer(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	centre, first := sim.New(sim.Config{Seed: 7, PerDay: perDay}), conversation.DayOf(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	for day := first; day < first+conversation.Day(days); day += 50 {
		var records []conversation.Record
		for day := day; day < min(day+50, first+conversation.Day(days)); day++ {
			for c := range centre.Day(day) {
				raw, err := wire.Encode(c)
				if err != nil {
					tb.Fatal(err)
				}
				r, err := wire.Record(raw)
				if err != nil {
					tb.Fatal(err)
				}
				records = append(records, r)
			}
		}
		slices.SortFunc(records, conversation.Compare)
		if _, err := w.Commit(tb.Context(), lake.Commit{Run: "run", At: time.Unix(1, 0), Records: enginetest.Versions(records)}); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	s, err := l.Snapshot(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() }) // it was only read
	return s.Files(tables.Conversations)
}

// resident gives a line of what Linux says of this process's memory, in MiB.
func resident(tb testing.TB, name string) float64 {
	tb.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if of, is := strings.CutPrefix(line, name+":"); is {
			kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(of), " kB"), 64)
			if err != nil {
				tb.Fatal(err)
			}
			return kib / 1024
		}
	}
	tb.Fatalf("there is no %s", name)
	return 0
}
