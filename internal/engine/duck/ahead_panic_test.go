package duck

import (
	"slices"
	"strings"
	"testing"
)

// A panic on one of the goroutines that read ends the reading, not the process.
func TestReadAheadPanics(t *testing.T) {
	found := func(yield func([]hit, error) bool) {
		yield([]hit{{file: 7}}, nil) // there is no such file
	}
	var failed []error
	for _, err := range readAhead(t.Context(), nil, found) {
		failed = append(failed, err)
	}
	if len(failed) != 1 || failed[0] == nil || !strings.Contains(failed[0].Error(), "panic") {
		t.Errorf("got %v, want one error that tells of a panic", slices.Clone(failed))
	}
}
