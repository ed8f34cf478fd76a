package sandbox

import (
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine/enginetest"
	"github.com/parley-hq/parley/internal/engine/mem"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/sim"
)

func TestABatchThatFailsLeavesTheDateWhereItWas(t *testing.T) {
	noon := time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)
	today := conversation.DayOf(noon)
	for name, c := range map[string]struct {
		failed []conversation.Day
		want   conversation.Day // that begins at the dataAvailabilityDate
	}{
		"none": {nil, today}, "an older one": {[]conversation.Day{today - 1}, today},
		"the last": {[]conversation.Day{today}, today - 1}, "two": {[]conversation.Day{today - 1, today}, today - 2},
	} {
		w := newWorld(noon, "")
		w.failed, w.next = c.failed, today-4
		w.centre, w.store = sim.New(sim.Config{Seed: 7, PerDay: 10}), mem.New(sim.History{})
		at, err := w.Available(t.Context())
		if err != nil || !at.Equal(c.want.Start()) {
			t.Errorf("%s: got %v, %v, want %v", name, at, err, c.want)
		}
		// A job beyond the date finds what there is.
		view, err := w.Settled(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all := query.Query{Interval: conversation.Interval{Start: (today - 4).Start(), End: today.End()}, Matching: query.StartOfDay}
		if n, err := view.Count(t.Context(), all); err != nil || n != 10*int64(c.want-today+4) {
			t.Errorf("%s: got %d conversations, %v", name, n, err)
		}
		if err := view.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The sandbox over given records grows as one over a simulated centre does when a day is made.
func TestWorldIsASource(t *testing.T) {
	enginetest.RunSource(t, func(_ *testing.T, now time.Time) enginetest.Grows {
		w := newWorld(now, "")
		w.store = mem.New(nil)
		return enginetest.Grows{Source: w, Add: func(t *testing.T, records ...conversation.Record) {
			t.Helper()
			if _, err := w.store.Add(records...); err != nil {
				t.Fatal(err)
			}
		}}
	})
}
