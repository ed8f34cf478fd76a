package sim

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
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
			for _, c := range conversations(seed, 1500, of) {
				for _, line := range arithmetic.Check(c) {
					t.Errorf("seed %d, day %v, conversation %s: %s", seed, of, c.ConversationID, line)
				}
			}
		}
	}
}

// media are those of the sessions of simulated conversations.
var media = []string{"callback", "chat", "email", "message", "voice"}

// It takes three seconds; docs/simulated-and-real.md speaks of it.
func TestManyConversationsObeyTheArithmetic(t *testing.T) {
	const many = 100_000
	const seed = 41
	seen, checked, begun := map[string]int{}, 0, time.Now()
	centre := New(Config{Seed: seed, PerDay: 5000, Uneven: true})
	for of := sunday; checked < many; of++ {
		for c := range centre.Day(of) {
			for s := range sessions(c) {
				seen[s.MediaType]++
			}
			for _, f := range arithmetic.Find(c) {
				t.Errorf("seed %d, day %v, conversation %s: %s", seed, of, c.ConversationID, f)
			}
			if checked++; checked == many {
				break
			}
		}
	}
	if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, media) {
		t.Errorf("the media are %v", got)
	}
	t.Logf("%d conversations made and checked in %v; sessions by medium: %v", checked, time.Since(begun).Round(time.Millisecond), seen)
}

// alone are metrics that nothing else in a record confirms.
var alone = map[string]bool{
	"tAgentResponseTime": true, "oMessageTurn": true, "oMediaCount": true, "tFlowOut": true,
}

func TestArithmeticNoticesOneChangedNumber(t *testing.T) {
	const seed = 5
	r := rand.New(rand.NewPCG(seed, 0))
	for _, c := range conversations(seed, 500, monday) {
		p := &c.Participants[r.IntN(len(c.Participants))]
		if len(p.Sessions[0].Metrics) == 0 {
			continue
		}
		m := &p.Sessions[0].Metrics[r.IntN(len(p.Sessions[0].Metrics))]
		if alone[m.Name] {
			continue
		}
		m.Value += 3 + r.Int64N(1000) // an outcome's length may differ by its rounding
		if len(arithmetic.Check(c)) == 0 {
			t.Errorf("seed %d, conversation %s: nobody notices a wrong %s on %s", seed, c.ConversationID, m.Name, p.Purpose)
		}
	}
	for _, c := range conversations(seed, 200, monday) {
		for s := range sessions(c) {
			for i := range s.MediaEndpointStats {
				s.MediaEndpointStats[i].MinMos = new(1.5)
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

// Same bytes on any machine. Whoever changes what a seed gives changes this text, and the changelog.
func TestTheSameBytesEverywhere(t *testing.T) {
	h := sha256.New()
	for c := range New(Config{Seed: 7, PerDay: 400, Uneven: true}).Day(monday) {
		h.Write(encode(t, c))
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != "1f1eb23030c4cad49006bbf6c367b187f771985fc92a8add9e021bfdd9061822" {
		t.Errorf("got %s", got)
	}
}

// Days can be made at once, by several.
func TestDaysMadeAtOnceAreTheSame(t *testing.T) {
	one, many := New(Config{Seed: 8, PerDay: 200}), New(Config{Seed: 8, PerDay: 200})
	days := make([][]byte, 12)
	var all sync.WaitGroup
	for i := range days {
		all.Go(func() {
			for c := range many.Day(monday + conversation.Day(i)) {
				days[i] = append(days[i], encode(t, c)...)
			}
		})
	}
	all.Wait()
	for i := range days {
		var want []byte
		for c := range one.Day(monday + conversation.Day(i)) {
			want = append(want, encode(t, c)...)
		}
		if !bytes.Equal(days[i], want) {
			t.Errorf("day %d differs", i)
		}
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
