package words

import (
	"testing"
	"time"
)

func TestWordsAsPeopleReadThem(t *testing.T) {
	at := time.Date(2026, 7, 14, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct{ got, want string }{
		{Count(0), "0"}, {Count(999), "999"}, {Count(1000), "1,000"}, {Count(-1234567), "−1,234,567"},
		{Percent(0), "0%"}, {Percent(1), "100%"}, {Percent(1. / 3), "33.333%"}, {Percent(.1), "10%"},
		{Size(999), "999 bytes"}, {Size(1000), "1.0 kB"}, {Size(20_000_000), "20.0 MB"},
		{Short("0123456789"), "01234567"}, {Short("012"), "012"},
		{Amount(0, "place", "places"), "no places"}, {Amount(1, "place", "places"), "1 place"}, {Amount(1200, "place", "places"), "1,200 places"},
		{Instant(at.In(time.FixedZone("", 3600))), "14 Jul 2026, 10:00:00"},
		{Since(at, at.Add(59*time.Second)), "59 s"}, {Since(at, at.Add(time.Minute)), "1 min"}, {Since(at, at.Add(3*time.Hour)), "3 h"}, {Since(at, at.Add(48*time.Hour)), "2 days"}, {Since(at, at.Add(-time.Hour)), "0 s"},
		{Sentence(""), ""}, {Sentence("from is no day"), "from is no day."}, {Sentence("Is it? No."), "Is it? No."},
		{Seconds(0), "0 s"}, {Seconds(6.54), "6.5 s"}, {Seconds(99), "99 s"}, {Seconds(100), "1:40"}, {Seconds(454.4), "7:34"}, {Seconds(3599.6), "1:00:00"}, {Seconds(3723), "1:02:03"},
		{Listed(nil), ""}, {Listed([]string{"talk"}), "talk"}, {Listed([]string{"hold", "talk", "ringing"}), "hold, talk and ringing"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}
