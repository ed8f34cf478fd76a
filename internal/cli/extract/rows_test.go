package extract

import (
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/extract"
)

// Conversations may come again in another version; rows that do are worth a look.
func TestRowsThatComeAgain(t *testing.T) {
	for _, c := range []struct {
		rows      string
		conflicts int64
		want      int
	}{{"", 3, 0}, {"body.json", 0, 0}, {"body.json", 3, 1}} {
		var s extract.Summary
		s.Conflicts = c.conflicts
		(&Options{Rows: c.rows}).again(&s)
		if len(s.Warnings) != c.want || c.want > 0 && !strings.Contains(s.Warnings[0], "are in the lake: 3;") {
			t.Errorf("%+v: warned of %q", c, s.Warnings)
		}
	}
}
