package status

import (
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/ledger"
)

// The days that the next extraction reads again are those whose time has come by the platform's date.
func TestDaysThatAreDue(t *testing.T) {
	at := func(next string) ledger.Day { return ledger.Day{Verdict: ledger.Provisional, NextReading: next} }
	days := []ledger.Day{at("2026-11-08T00:00:00.000Z"), at("2026-11-09T04:00:00.000Z"), at("2026-11-10T00:00:00.000Z"), at("")}
	for available, want := range map[string]string{
		"":                         "",
		"2026-11-07T04:00:00.000Z": "",
		"2026-11-09T04:00:00.000Z": "; 2 by the next extraction",
	} {
		if got := due(extract.Status{Available: available, Days: days}); got != want {
			t.Errorf("complete up to %q: %q, want %q", available, got, want)
		}
	}
}

// Days in a row of which there is the same to say, because nobody extracted them, are one line; a day that was read never is.
func TestDaysAlike(t *testing.T) {
	nothing := ledger.Day{Verdict: ledger.Gap, Reason: "nobody"}
	read := ledger.Day{Verdict: ledger.Gap, Readings: 1}
	for _, c := range []struct {
		days []ledger.Day
		want int
	}{
		{[]ledger.Day{nothing}, 1},
		{[]ledger.Day{nothing, nothing, nothing, read}, 3},
		{[]ledger.Day{nothing, {Verdict: ledger.Gap, Reason: "nobody", Records: 1}}, 1},
		{[]ledger.Day{read, read}, 1},
	} {
		for i := range c.days {
			c.days[i].Day += conversation.Day(i)
		}
		if got := alike(c.days); got != c.want {
			t.Errorf("%+v: %d, want %d", c.days, got, c.want)
		}
	}
}
