package conversation

import (
	"testing"
	"time"
)

func TestPeriodFollowsTheCalendarOfThePlace(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, period string
		in           *time.Location
		n            int
		want         string
	}{
		{"2026-10-24T22:00:00Z", "P1D", berlin, 1, "2026-10-25T23:00:00.000Z"}, // 25 hours: clocks go back
		{"2026-10-24T22:00:00Z", "PT24H", berlin, 1, "2026-10-25T22:00:00.000Z"},
		{"2026-03-28T23:00:00Z", "P1D", berlin, 1, "2026-03-29T22:00:00.000Z"}, // 23 hours: clocks go ahead
		{"2026-03-28T23:00:00Z", "P1D", time.UTC, 1, "2026-03-29T23:00:00.000Z"},
		{"2026-01-31T00:00:00Z", "P1M", time.UTC, 1, "2026-02-28T00:00:00.000Z"},
		{"2026-01-31T00:00:00Z", "P1M", time.UTC, 2, "2026-03-31T00:00:00.000Z"},
		{"2024-02-29T00:00:00Z", "P1Y", time.UTC, 1, "2025-02-28T00:00:00.000Z"},
		{"2026-11-01T00:00:00Z", "P1DT12H", time.UTC, 3, "2026-11-05T12:00:00.000Z"},
		{"2026-11-01T00:00:00Z", "P2W", time.UTC, 2, "2026-11-29T00:00:00.000Z"},
		{"2026-11-01T00:00:00Z", "PT0.5S", time.UTC, 3, "2026-11-01T00:00:01.500Z"},
		{"2026-11-01T00:00:00Z", "PT999999H", time.UTC, 4, "9999-12-31T00:00:00.000Z"},
	} {
		from, err := ParseTime(c.from)
		if err != nil {
			t.Fatal(err)
		}
		p, err := ParsePeriod(c.period)
		if got := FormatTime(p.After(from.In(c.in), c.n)); err != nil || got != c.want {
			t.Errorf("%d times %s after %s in %v: %s, %v; want %s", c.n, c.period, c.from, c.in, got, err, c.want)
		}
	}
}
