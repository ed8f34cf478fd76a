package sim

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/conversation/arithmetic"
	"github.com/parley-hq/parley/internal/wire"
)

// monday is a working day, sunday one of a weekend.
var (
	monday = mustDay("2026-11-02")
	sunday = mustDay("2026-11-01")
)

func mustDay(text string) conversation.Day {
	d, err := conversation.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return d
}

// conversations is a day of a centre as a list.
func conversations(seed uint64, perDay int, of conversation.Day) []*conversation.Conversation {
	return slices.Collect(New(Config{Seed: seed, PerDay: perDay}).Day(of))
}

func encode(t testing.TB, c *conversation.Conversation) []byte {
	t.Helper()
	b, err := wire.Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func record(t testing.TB, c *conversation.Conversation) conversation.Record {
	t.Helper()
	r, err := wire.Record(encode(t, c))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEveryConversationObeysTheArithmetic(t *testing.T) {
	for seed := range uint64(4) {
		for _, of := range []conversation.Day{0, sunday, monday} {
			for _, c := range conversations(seed, 1000, of) {
				for _, line := range arithmetic.Check(c) {
					t.Errorf("seed %d, day %v, conversation %s: %s", seed, of, c.ConversationID, line)
				}
			}
		}
	}
}

func TestArithmeticNoticesOneChangedNumber(t *testing.T) {
	const seed = 5
	r := rand.New(rand.NewPCG(seed, 0))
	for _, c := range conversations(seed, 500, monday) {
		p := &c.Participants[r.IntN(len(c.Participants))]
		m := &p.Sessions[0].Metrics[r.IntN(len(p.Sessions[0].Metrics))]
		m.Value += 3 + r.Int64N(1000) // an outcome's length may differ by its rounding
		if len(arithmetic.Check(c)) == 0 {
			t.Errorf("seed %d, conversation %s: nobody notices a wrong %s on %s", seed, c.ConversationID, m.Name, p.Purpose)
		}
	}
	for _, c := range conversations(seed, 200, monday) {
		for _, p := range c.Participants {
			for i := range p.Sessions[0].MediaEndpointStats {
				p.Sessions[0].MediaEndpointStats[i].MinMos = new(1.5)
			}
		}
		if c.MediaStatsMinConversationMos != nil && len(arithmetic.Check(c)) == 0 {
			t.Errorf("seed %d, conversation %s: nobody notices a wrong minMos", seed, c.ConversationID)
		}
	}
}

func TestRecordsDecodeAndEncodeUnchanged(t *testing.T) {
	for _, c := range conversations(6, 500, monday) {
		raw := encode(t, c)
		again, misfits := wire.Decode(raw)
		if misfits != nil {
			t.Errorf("conversation %s does not fit the schema: %v", c.ConversationID, misfits)
		}
		if !bytes.Equal(raw, encode(t, again)) {
			t.Errorf("conversation %s changes", c.ConversationID)
		}
	}
}

func TestADayFollowsFromSeedAndDayAlone(t *testing.T) {
	digest := func(seed uint64, of conversation.Day) (b []byte) {
		for _, c := range conversations(seed, 300, of) {
			b = append(b, encode(t, c)...)
		}
		return b
	}
	c := New(Config{Seed: 7, PerDay: 300})
	for range c.Day(sunday) { // has no effect on the day after
	}
	var b []byte
	for x := range c.Day(monday) {
		b = append(b, encode(t, x)...)
	}
	if !bytes.Equal(b, digest(7, monday)) {
		t.Error("the same seed and day give two different days")
	}
	if bytes.Equal(b, digest(8, monday)) || bytes.Equal(b, digest(7, sunday)) {
		t.Error("another seed or day gives the same conversations")
	}
}

func TestADayHoldsItsStartsInOrder(t *testing.T) {
	for _, perDay := range []int{-1, 0, 1, 49, 50, 1000} {
		ids := make(map[conversation.ID]bool)
		var before conversation.Record
		for _, c := range conversations(9, perDay, monday) {
			r := record(t, c)
			if r.Day() != monday || conversation.Compare(before, r) >= 0 || ids[r.ID] {
				t.Errorf("conversation %s starts %v after %v", r.ID, r.Start, before.Start)
			}
			ids[r.ID], before = true, r
		}
		if len(ids) != max(perDay, 0) {
			t.Errorf("%d conversations, want %d", len(ids), perDay)
		}
	}
}

func TestADayCanBeLeftEarly(t *testing.T) {
	n := 0
	for range New(Config{PerDay: 100}).Day(monday) {
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("got %d", n)
	}
}

func TestBusyDaysCrossMidnightAndNeverEnd(t *testing.T) {
	for seed := range uint64(20) {
		across, open := 0, 0
		for _, c := range conversations(seed, 200, monday+conversation.Day(seed)) {
			r := record(t, c)
			if r.End.IsZero() {
				open++
			} else if conversation.DayOf(r.End) > r.Day() {
				across++
			}
		}
		if across == 0 || open != 1 {
			t.Errorf("seed %d: %d conversations cross midnight, %d never end", seed, across, open)
		}
	}
}

func TestArrivalsFollowHourAndWeekday(t *testing.T) {
	nightly := func(of conversation.Day) (share float64) {
		all := conversations(10, 5000, of)
		for _, c := range all {
			if h := record(t, c).Start.Hour(); h < 6 || h >= 20 {
				share += 1 / float64(len(all))
			}
		}
		return share
	}
	if work, rest := nightly(monday), nightly(sunday); work > 0.1 || rest < 1.2*work {
		t.Errorf("%.3f of a working day's conversations come at night, %.3f of a Sunday's", work, rest)
	}
}

func TestInstantsAreWrittenAsThePlatformDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 0))
	for range 1000 {
		at := instant(r.Int64N(int64(200 * 365 * day)))
		if got := at.String(); got != conversation.FormatTime(time.UnixMilli(int64(at))) {
			t.Errorf("%d is written %s", at, got)
		}
	}
}

func entities[T any](from []T, entity func(T) Entity) []Entity {
	out := make([]Entity, len(from))
	for i, v := range from {
		out[i] = entity(v)
	}
	return out
}

func TestCatalogue(t *testing.T) {
	c := New(Config{Seed: 12})
	for what, list := range map[string][]Entity{
		"queues": entities(c.queues, func(q *queue) Entity { return q.Entity }), "agents": entities(c.agents, func(a *agent) Entity { return a.Entity }),
		"flows": entities(c.flows, func(f *flow) Entity { return f.Entity }), "codes": c.codes, "divisions": c.divisions, "skills": c.skills,
	} {
		ids, names := make(map[string]bool), make(map[string]bool)
		for _, e := range list {
			ids[e.ID], names[e.Name] = true, true
		}
		if len(list) == 0 || len(ids) != len(list) || len(names) != len(list) {
			t.Errorf("%d %s have %d ids and %d names", len(list), what, len(ids), len(names))
		}
	}
	if got := []int{len(c.queues), len(c.agents), len(c.flows), len(c.codes), len(c.divisions)}; !slices.Equal(got, []int{12, 120, 8, 20, 3}) {
		t.Errorf("got %d", got)
	}
}
