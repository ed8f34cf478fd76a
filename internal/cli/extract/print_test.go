package extract

import (
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
)

// A list of days is not taken for all days between its first and its last.
func TestDays(t *testing.T) {
	for want, list := range map[string][]conversation.Day{
		"no day":                           nil,
		"2026-11-01":                       {20758},
		"3 days, 2026-11-01 to 2026-11-03": {20758, 20759, 20760},
		"3 days: 2026-11-01, 2026-11-03 to 2026-11-04": {20758, 20760, 20761},
	} {
		if got := days(list); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
