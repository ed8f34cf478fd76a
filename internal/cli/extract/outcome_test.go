package extract

import (
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/outcome"
)

// A service that meets the same problem at every try tells it once a day, another one at once, and the same one again once
// it was gone.
func TestWhatIsNews(t *testing.T) {
	var told telling
	begin := time.Date(2026, 11, 8, 6, 0, 0, 0, time.UTC)
	for i, c := range []struct {
		after   time.Duration
		verdict outcome.Verdict
		code    int
		missing []conversation.Day
		want    bool
	}{
		{0, outcome.Whole, 0, nil, false},
		{time.Minute, outcome.Failed, 6, nil, true},
		{2 * time.Minute, outcome.Failed, 6, nil, false},
		{3 * time.Minute, outcome.Failed, 9, nil, true},
		{4 * time.Minute, outcome.Incomplete, 3, []conversation.Day{7}, true},
		{5 * time.Minute, outcome.Incomplete, 3, []conversation.Day{7, 8}, true},
		{6 * time.Minute, outcome.Incomplete, 3, []conversation.Day{7, 8}, false},
		{24*time.Hour + 5*time.Minute - 1, outcome.Incomplete, 3, []conversation.Day{7, 8}, false},
		{24*time.Hour + 5*time.Minute, outcome.Incomplete, 3, []conversation.Day{7, 8}, true},
		{25 * time.Hour, outcome.Waiting, 3, nil, false},
		{26 * time.Hour, outcome.Incomplete, 3, []conversation.Day{7, 8}, true},
	} {
		if got := told.isNews(&outcome.Outcome{Verdict: c.verdict, ExitCode: c.code, Missing: c.missing, Ended: begin.Add(c.after)}); got != c.want {
			t.Errorf("%d: %v", i, got)
		}
	}
}
