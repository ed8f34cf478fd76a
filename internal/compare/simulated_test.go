package compare

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// Conversations of every kind, at instants at random: the live object of a record tells the same as the record, and what an
// earlier record lacks is always what came later. A reason that is not known would be a mistake of ours.
func TestSimulatedConversationsHoldNothingUnexplained(t *testing.T) {
	unraced.Test(t)
	day, err := conversation.ParseDay("2026-11-03")
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(7, 7))
	behind := map[Reason]int{}
	for c := range sim.New(sim.Config{Seed: 7, PerDay: 150}).Day(day) {
		whole, err := wire.RecordOf(c)
		if err != nil {
			t.Fatal(err)
		}
		last := whole.Start.Add(72 * time.Hour)
		if !whole.End.IsZero() {
			last = whole.End.Add(time.Hour)
		}
		early, late := between(rnd, whole.Start, last), between(rnd, whole.Start, last)
		if late.Before(early) {
			early, late = late, early
		}
		then, err := (sim.History{}).At(whole, early)
		if err != nil {
			t.Fatal(err)
		}
		now, err := (sim.History{}).At(whole, late)
		if err != nil {
			t.Fatal(err)
		}
		object := liveOf(t, string(now.JSON))
		r := Of(Question{ID: whole.ID, Answers: map[Source]Answer{Live: {JSON: object}, Query: {JSON: wire.StripAttributes(now.JSON)}, Job: {JSON: now.JSON}}})
		if len(r.Differences) > 0 {
			t.Errorf("%s: the live object differs from its record: %v", whole.ID, told(r))
		}
		for name, of := range map[string]map[Source]Answer{
			"the query is behind": {Live: {JSON: object}, Query: {JSON: wire.StripAttributes(then.JSON)}},
			"the query is ahead":  {Live: {JSON: liveOf(t, string(then.JSON))}, Query: {JSON: wire.StripAttributes(now.JSON)}},
			"the job is behind":   {Query: {JSON: wire.StripAttributes(now.JSON)}, Job: {JSON: then.JSON}},
			"the lake is behind":  {Job: {JSON: now.JSON}, Lake: {JSON: then.JSON}},
		} {
			r := Of(Question{ID: whole.ID, Answers: of})
			if name == "the query is ahead" && r.End != "" {
				continue // of one that has ended, nothing is
			}
			for _, d := range r.Differences {
				for _, b := range d.Reasons {
					if behind[b.Reason]++; b.Reason == Unexplained {
						t.Errorf("%s, %s: %s is unexplained: %v", whole.ID, name, d.Path, d.Values)
					}
				}
			}
		}
	}
	for _, reason := range []Reason{NotProcessed, MovedOn, NotTonight, Changed} {
		if behind[reason] < 50 {
			t.Errorf("%s: %d times", reason, behind[reason])
		}
	}
}

// between is an instant at random.
func between(rnd *rand.Rand, from, until time.Time) time.Time {
	return from.Add(time.Duration(rnd.Int64N(int64(until.Sub(from)) + 1))).Truncate(time.Millisecond)
}
