package lake_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake"
)

// BenchmarkCommitChanged commits a night in which one record in a thousand of a day of 5,000 has changed.
func BenchmarkCommitChanged(b *testing.B) {
	l, err := lake.Create(b.Context(), filepath.Join(b.TempDir(), "lake"))
	if err != nil {
		b.Fatal(err)
	}
	w, err := l.Writer(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	at := time.Unix(1, 0).UTC()
	versions := simulated(b, 20_000, 5_000)
	if _, err := w.Commit(b.Context(), lake.Commit{Run: "run", At: at, Records: stream(versions)}); err != nil {
		b.Fatal(err)
	}
	used := processorTime(b)
	for b.Loop() {
		at = at.Add(time.Hour)
		var changed []conversation.Version
		for i := 500; i < len(versions); i += 1000 {
			v := versions[i]
			text := append([]byte(nil), v.JSON[:len(v.JSON)-1]...)
			text = append(text, []byte(`,"externalTag":"`+at.String()+`"}`)...)
			if os.Getenv("SEG") != "" {
				text = []byte(strings.Replace(string(text), `"segments":[`, `"segments":[{"segmentType":"wrapup","segmentStart":"2024-10-05T00:00:00.000Z","wrapUpNote":"`+at.String()+`"},`, 1))
			}
			v.Record = v.WithText(text)
			v.At = at
			changed = append(changed, v)
		}
		out, err := w.Commit(b.Context(), lake.Commit{Run: "run", At: at, Records: stream(changed)})
		if err != nil || out.Replaced != int64(len(changed)) {
			b.Fatal(out, err)
		}
	}
	b.ReportMetric(float64(processorTime(b)-used)/1e3/float64(b.N)/float64(len(versions)), "cpu-us/record")
	b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(b.N)/float64(len(versions)), "us/record")
	if err := errors.Join(w.Close(), l.Close()); err != nil {
		b.Fatal(err)
	}
}

// processorTime is what the process has used.
func processorTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
