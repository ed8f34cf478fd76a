package fault_test

import (
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
)

// What is quoted of a request has 64 characters at most, whatever they are made of.
func TestQuotesAreShort(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "x": "x", strings.Repeat("é", 64): strings.Repeat("é", 64), strings.Repeat("é", 65): strings.Repeat("é", 64) + "…",
	} {
		if got := fault.Clip(in); got != want {
			t.Errorf("%d bytes: got %s", len(in), got)
		}
	}
}
