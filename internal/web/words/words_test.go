package words

import "testing"

func TestNumbersAsPeopleReadThem(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Count(0), "0"}, {Count(999), "999"}, {Count(1000), "1,000"}, {Count(-1234567), "−1,234,567"},
		{Percent(0), "0%"}, {Percent(1), "100%"}, {Percent(1. / 3), "33.333%"}, {Percent(.1), "10%"},
		{Size(999), "999 bytes"}, {Size(1000), "1.0 kB"}, {Size(20_000_000), "20.0 MB"},
		{Short("0123456789"), "01234567"}, {Short("012"), "012"},
		{Listed(nil), ""}, {Listed([]string{"talk"}), "talk"}, {Listed([]string{"hold", "talk", "ringing"}), "hold, talk and ringing"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}
