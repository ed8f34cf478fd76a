package duck

import (
	"runtime"
	"slices"
	"strings"
	"testing"
)

// A page is read by all readers, each its part; of more, whoever stops after a few has read few.
func TestAPageIsSharedOutEvenly(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	for limit, want := range map[int]int{0: 32, 1: 1, 2: 1, 25: 13, 100: 50, 1000: 64, 1_000_000: 64} {
		if got := firstSize(limit); got != want {
			t.Errorf("of %d, the first stretch has %d, want %d", limit, got, want)
		}
	}
	runtime.GOMAXPROCS(1)
	if got := firstSize(50); got != 50 {
		t.Errorf("one reader gets %d of 50", got)
	}
}

// A panic on one of the goroutines that read ends the reading, not the process.
func TestReadAheadPanics(t *testing.T) {
	found := func(yield func([]hit, error) bool) {
		yield([]hit{{file: 7}}, nil) // there is no such file
	}
	var failed []error
	for _, err := range readAhead(t.Context(), files{}, found) {
		failed = append(failed, err)
	}
	if len(failed) != 1 || failed[0] == nil || !strings.Contains(failed[0].Error(), "panic") {
		t.Errorf("got %v, want one error that tells of a panic", slices.Clone(failed))
	}
}
