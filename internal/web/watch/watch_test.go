package watch

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)

func TestManyReadersLookOnce(t *testing.T) {
	var w Watch
	looked := 0
	look := func(context.Context) (string, error) { looked++; return strconv.Itoa(looked), nil }
	var readers []*Reader
	for range 50 {
		readers = append(readers, w.Read("jobs", time.Second, look))
	}
	other := w.Read("runs", time.Second, look)
	ask := func(at time.Time, want string) {
		t.Helper()
		var all sync.WaitGroup
		for _, r := range readers {
			all.Go(func() {
				if got, err := r.Version(t.Context(), at); err != nil || got != want {
					t.Errorf("got %q, %v, want %q", got, err, want)
				}
			})
		}
		all.Wait()
	}
	ask(noon, "1")
	ask(noon.Add(999*time.Millisecond), "1")
	ask(noon.Add(time.Second), "2")
	if got, err := other.Version(t.Context(), noon); err != nil || got != "3" {
		t.Errorf("another thing: got %q, %v", got, err)
	}
	for _, r := range readers {
		r.Close()
	}
	if n := w.Readers(); n != 1 || len(w.seen) != 1 {
		t.Errorf("%d readers of %d things are left", n, len(w.seen))
	}
}

// What one reader may not see, another may.
func TestAFailureIsOfWhoLooked(t *testing.T) {
	var w Watch
	may := w.Read("sandbox", time.Hour, func(context.Context) (string, error) { return "a", nil })
	mayNot := w.Read("sandbox", time.Hour, func(context.Context) (string, error) { return "", errors.New("forbidden") })
	if _, err := mayNot.Version(t.Context(), noon); err == nil {
		t.Error("who may not look was told a version")
	}
	if got, err := may.Version(t.Context(), noon); err != nil || got != "a" {
		t.Errorf("who may look got %q, %v", got, err)
	}
}

// A reader who leaves while they look has not seen a failure of what they looked at.
func TestAReaderThatLeavesFailsNobodyElse(t *testing.T) {
	var w Watch
	look := func(ctx context.Context) (string, error) { return "a", ctx.Err() }
	leaves, stays := w.Read("jobs", time.Hour, look), w.Read("jobs", time.Hour, look)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := leaves.Version(ctx, noon); !errors.Is(err, context.Canceled) {
		t.Errorf("who left got %v", err)
	}
	if got, err := stays.Version(t.Context(), noon); err != nil || got != "a" {
		t.Errorf("who stays got %q, %v", got, err)
	}
}
