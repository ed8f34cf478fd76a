package lake

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/ids"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/store/folder"
	"github.com/parley-hq/parley/internal/wire"
)

const perCommit = 50_000

// simulatedDay gives the records of a simulated day, in order.
func simulatedDay(b *testing.B, day conversation.Day) (versions []conversation.Version) {
	b.Helper()
	for c := range sim.New(sim.Config{Seed: 7, PerDay: perCommit}).Day(day) {
		text, err := wire.Encode(c)
		if err != nil {
			b.Fatal(err)
		}
		r, err := wire.Record(text)
		if err != nil {
			b.Fatal(err)
		}
		versions = append(versions, conversation.Version{Record: r, Run: "run", At: time.Unix(0, 0).UTC()})
	}
	return versions
}

// sizes are those of the runs that commits of perCommit leave of so many ids.
func sizes(ids int64) (out []int64) {
	largest := int64(perCommit)
	for largest*runsPerMerge <= mergeMost {
		largest *= runsPerMerge
	}
	for size := largest; size >= perCommit; size /= runsPerMerge {
		for ; ids >= size; ids -= size {
			out = append(out, size)
		}
	}
	return out
}

// fillIndex enters so many ids that no record has.
func fillIndex(b *testing.B, l *Lake, n int64, first, last conversation.Day) {
	b.Helper()
	x, err := l.index(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(uint64(n), 0))
	for _, size := range sizes(n) {
		r, err := l.writeRun(b.Context(), runFile{first: first, last: last}, func(w *ids.Writer) error {
			key, gap := uint64(0), math.MaxUint64/uint64(size)
			for range size {
				key += 1 + rng.Uint64N(2*gap-2)
				if key > math.MaxUint64-2*gap {
					break
				}
				if err := w.Add(ids.Entry{Key: key, Day: first + conversation.Day(rng.IntN(int(last-first)+1))}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		if err := x.enter(b.Context(), indexed{runs: []runFile{r}}); err != nil {
			b.Fatal(err)
		}
	}
}

// lakeOf makes a lake of some days with a record each, and so many ids in its index.
func lakeOf(b *testing.B, n int64, days int) *Lake {
	b.Helper()
	l, err := Create(b.Context(), filepath.Join(b.TempDir(), "lake"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	if n == 0 {
		return l
	}
	onDisk = hastyDisk{}
	defer func() { onDisk = folder.OS{} }()
	var versions []conversation.Version
	for i := range days {
		versions = append(versions, record(fmt.Sprint("first of ", i), day1.Add(-time.Duration(i+1)*oneDay), ""))
	}
	commitTo(b, l, versions)
	first := conversation.DayOf(day1) - conversation.Day(days)
	fillIndex(b, l, n, first, conversation.DayOf(day1)-1)
	return l
}

func commitTo(b *testing.B, l *Lake, versions []conversation.Version) {
	b.Helper()
	w, err := l.Writer(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	out, err := w.Commit(b.Context(), Commit{Run: "run", At: day1, Records: all(versions...)})
	if err != nil || out.Added != int64(len(versions)) {
		b.Fatal(out, err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkCommitInto commits days of 50,000 records into lakes of more and more conversations, and each day into an empty
// lake too. Their ids are made without records, in as many days as commits of 50,000 would have brought. PeakMiB is that of
// the process: run each size by itself to compare it.
func BenchmarkCommitInto(b *testing.B) {
	for _, n := range []int64{0, 1_000_000, 10_000_000, 100_000_000} {
		var l *Lake
		day := conversation.DayOf(day1)
		b.Run(fmt.Sprint(n), func(small *testing.B) {
			if l == nil {
				l = lakeOf(b, n, int(n/perCommit)) // once, for each number of rounds that is tried
			}
			var into, empty costs
			small.ResetTimer()
			for range small.N {
				small.StopTimer()
				versions := simulatedDay(b, day)
				day++
				forget(b, l)
				into.cold += planOnce(b, l, versions)
				into.planning += planOnce(b, l, versions)
				first, second := func() { empty.commit(b, lakeOf(b, 0, 0), versions) }, func() {
					small.StartTimer()
					into.commit(b, l, versions)
					small.StopTimer()
				}
				if day%2 == 0 { // the disk is still busy with the first when the second begins
					first, second = second, first
				}
				first()
				second()
				small.StartTimer()
			}
			small.ReportMetric(into.planning.Seconds()*1000/float64(small.N), "plan-ms")
			small.ReportMetric(into.cold.Seconds()*1000/float64(small.N), "cold-plan-ms")
			small.ReportMetric(into.cpu.Seconds()/float64(small.N), "cpu-s")
			small.ReportMetric(into.cpu.Seconds()/empty.cpu.Seconds(), "cpu/empty")
			small.ReportMetric(into.clock.Seconds()/empty.clock.Seconds(), "clock/empty")
			small.ReportMetric(peakMiB(b), "PeakMiB")
		})
	}
}

// costs are what commits took together.
type costs struct{ clock, cpu, planning, cold time.Duration }

func (c *costs) commit(b *testing.B, l *Lake, versions []conversation.Version) {
	b.Helper()
	runtime.GC() // neither is to pay for the other's leavings
	begun, before := time.Now(), cpu(b)
	commitTo(b, l, versions)
	c.clock += time.Since(begun)
	c.cpu += cpu(b) - before
}

func indexOfB(b *testing.B, l *Lake) *index {
	b.Helper()
	x, err := l.index(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	return x
}

// forget has the kernel forget what it holds of the index.
func forget(b *testing.B, l *Lake) {
	b.Helper()
	for _, r := range indexOfB(b, l).runs {
		f, err := os.Open(pathOf(l, runAt(r.name)))
		if err != nil {
			b.Fatal(err)
		}
		if err := errors.Join(f.Sync(), unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED), f.Close()); err != nil {
			b.Fatal(err)
		}
	}
}

// planOnce says how long a plan takes.
func planOnce(b *testing.B, l *Lake, versions []conversation.Version) time.Duration {
	b.Helper()
	s, err := l.Snapshot(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	begun := time.Now()
	_, err = planMerge(b.Context(), s, Commit{Records: all(versions...)}, indexOfB(b, l), tables.Deriving{})
	took := time.Since(begun)
	if err := errors.Join(err, s.Close()); err != nil {
		b.Fatal(err)
	}
	return took
}

// cpu is the processor time of this process.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peakMiB is the largest resident size that this process has had.
func peakMiB(b *testing.B) float64 {
	b.Helper()
	f, err := os.Open("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	var kib float64
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			if _, err := fmt.Sscan(text, &kib); err != nil {
				b.Fatal(err)
			}
		}
	}
	return kib / 1024
}
