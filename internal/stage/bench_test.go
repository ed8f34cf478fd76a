package stage

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/state"
)

// BenchmarkPut stages pages of 1,000 records whose ids come in no order, as the platform's do.
func BenchmarkPut(b *testing.B) {
	l, err := lake.Create(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	s, err := Open(b.Context(), l.Control(), l.Store(), "run")
	if err != nil {
		b.Fatal(err)
	}
	var n uint64
	var took time.Duration // of the processor: the disk's part says nothing of the statements
	for b.Loop() {
		b.StopTimer()
		page := make([]conversation.Version, 1000)
		for i := range page {
			n++
			r := conversation.Record{ID: conversation.ID(fmt.Sprintf("%016x-0000-0000-0000-000000000000", n*0x9e3779b97f4a7c15)), Start: time.Unix(1_700_000_000+int64(i), 0).UTC(), JSON: []byte(`{}`)}
			page[i] = conversation.Version{Record: r, Run: "run", At: r.Start}
		}
		b.StartTimer()
		begun := processor(b)
		if err := s.Put(b.Context(), Portion{Records: page, With: func(*state.Tx, Counts) error { return nil }}); err != nil {
			b.Fatal(err)
		}
		took += processor(b) - begun
	}
	b.ReportMetric(float64(took.Milliseconds())/float64(b.N), "cpu-ms/op")
}

// processor is how long this process has computed so far.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
