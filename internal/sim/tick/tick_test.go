package tick

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

func TestInstantsAreWrittenAsThePlatformDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 0))
	for range 1000 {
		at := Instant(r.Int64N(int64(200 * 365 * Day)))
		written := time.UnixMilli(int64(at))
		if got := at.String(); got != conversation.FormatTime(written) || Of(written) != at || at.Day() != int64(conversation.DayOf(written)) {
			t.Errorf("%d is written %s", at, got)
		}
	}
}
