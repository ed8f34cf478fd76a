package account_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/axis"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// simulated are the conversations of a day.
func simulated(t *testing.T, seed uint64, perDay int) []*conversation.Conversation {
	t.Helper()
	day, err := conversation.ParseDay("2026-11-03")
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(sim.New(sim.Config{Seed: seed, PerDay: perDay}).Day(day))
}

// emitted is what the metrics of some names add up to over a whole record, in milliseconds.
func emitted(c *conversation.Conversation, names ...string) (sum int64) {
	for _, p := range c.Participants {
		for _, s := range p.Sessions {
			for _, m := range s.Metrics {
				if slices.Contains(names, m.Name) {
					sum += m.Value
				}
			}
		}
	}
	return sum
}

// Phases agree with the metrics, of every medium: what the segments add up to, leg by leg, is what the platform says. The
// exceptions are of known kinds, and each is counted.
func TestPhasesAgreeWithMetrics(t *testing.T) {
	unraced.Test(t)
	media, exceptions, compared := map[string]int{}, map[string]int{}, map[string]int{}
	for seed := range uint64(3) {
		for _, c := range simulated(t, 11+seed, 1500) {
			a := account.Of(c, account.Options{})
			for _, m := range a.Media {
				media[m]++
			}
			for _, k := range a.Checks {
				if k.Exception != "" {
					exceptions[k.Exception]++
				} else if compared[k.Phase]++; !k.Agrees {
					t.Errorf("%s: %s of %s is %d ms, its segments last %d ms", c.ConversationID, k.Metric, k.Session, time.Duration(k.Measured).Milliseconds(), time.Duration(k.Segments).Milliseconds())
				}
			}
			for _, p := range a.Phases {
				if ms := emitted(c, strings.Split(p.Metric, " + ")...); ms != time.Duration(p.Measured).Milliseconds() || !p.Agrees || p.Measured != p.Compared {
					t.Errorf("%s: %s: %+v, and the record says %d ms", c.ConversationID, p.Metric, p, ms)
				}
			}
		}
	}
	for _, m := range []string{"voice", "callback", "chat", "message", "email"} {
		if media[m] < 10 {
			t.Errorf("%d conversations of medium %s", media[m], m)
		}
	}
	for _, p := range []string{account.IVR, account.QueuePhase, account.Ringing, account.Dialling, account.Talk, account.Hold, account.Voicemail, account.WrapUpPhase} {
		if compared[p] < 20 {
			t.Errorf("%s was compared %d times", p, compared[p])
		}
	}
	for kind, n := range exceptions {
		if kind != account.Lasts && kind != account.NotWorked {
			t.Errorf("%d of a kind that simulated records should not have: %s", n, kind)
		}
	}
}

// Cut at any instant, a record is told as it was then: what goes on has no end, no sum contradicts a segment but for legs that
// have not ended, and every instant is on the axis.
func TestAccountsOfWhatGoesOn(t *testing.T) {
	unraced.Test(t)
	rnd := rand.New(rand.NewPCG(3, 3))
	states := map[string]int{}
	for _, c := range simulated(t, 5, 400) {
		whole, err := wire.RecordOf(c)
		if err != nil {
			t.Fatal(err)
		}
		last := whole.Start.Add(2 * time.Hour)
		if !whole.End.IsZero() {
			last = whole.End
		}
		at := whole.Start.Add(time.Duration(rnd.Int64N(int64(last.Sub(whole.Start)) * 5 / 4)))
		then, err := sim.History{}.At(whole, at)
		if err != nil {
			t.Fatal(err)
		}
		cut, _ := wire.Decode(then.JSON)
		a := account.Of(cut, account.Options{AsOf: at})
		states[a.EndFact.Value]++
		for _, k := range a.Checks {
			if !k.Agrees && k.Exception != account.Lasts {
				t.Errorf("%s at %v: %+v", whole.ID, at, k)
			}
		}
		if (a.EndFact.Value == account.GoingOn) != (cut.ConversationEnd == "" && a.End.IsZero()) {
			t.Errorf("%s at %v: %+v", whole.ID, at, a.EndFact)
		}
		sound(t, a)
	}
	if states[account.GoingOn] < 50 || states[account.Ended] < 1 {
		t.Errorf("got %v", states)
	}
}

// sound requires what holds of every account.
func sound(t *testing.T, a account.Account) {
	t.Helper()
	if !strings.HasSuffix(a.Sentence, ".") || strings.Contains(a.Sentence, "  ") || strings.Contains(a.Sentence, " ,") || strings.Contains(a.Sentence, " .") {
		t.Errorf("%s: %q", a.ID, a.Sentence)
	}
	if a.Direction.Why == "" || a.Ending.Value == "" || a.Ending.Why == "" || a.EndFact.Why == "" {
		t.Errorf("%s: %+v, %+v, %+v", a.ID, a.Direction, a.Ending, a.EndFact)
	}
	scale, before := a.Axis.Scale(), -1.0
	for _, p := range a.Parties {
		if p.Label == "" || p.Turn < 1 {
			t.Errorf("%s: a party has no name: %+v", a.ID, p)
		}
		for _, s := range p.States {
			for _, x := range a.Axis {
				if x.Kind == axis.Fold && (s.Start.After(x.Start) && s.Start.Before(x.End) || s.End.After(x.Start) && s.End.Before(x.End)) {
					t.Errorf("%s: a fold hides a bound of %s", a.ID, p.Label)
				}
			}
		}
	}
	for i := range a.Axis {
		if from, _ := scale.Bounds(i); from < before {
			t.Errorf("%s: the axis goes back", a.ID)
		} else {
			before = from
		}
	}
}

// Real records, where they are at hand, are held to what they are known to be. Their text is not in the project.
func TestAccountsOfSamples(t *testing.T) {
	all := samples(t)
	folds, lenses, contradictions := 0, 0, 0
	for name, c := range all {
		a := account.Of(c, account.Options{})
		sound(t, a)
		kinds := map[axis.Kind]bool{}
		for _, s := range a.Axis {
			kinds[s.Kind] = true
			if s.Kind == axis.Fold && (s.Busy || s.Length() < 11*time.Hour) {
				t.Errorf("%s: a fold of %v", name, s.Length())
			}
		}
		folds, lenses = folds+count(kinds[axis.Fold]), lenses+count(kinds[axis.Lens])
		for _, d := range a.Doubts {
			if d.Kind == account.Contradiction {
				contradictions++
				if !strings.Contains(name, "truncated") {
					t.Errorf("%s: %s", name, d.Text)
				}
			}
			if long := strings.Contains(d.Text, "The record says"); long != kinds[axis.Fold] && d.Kind == account.Lingering {
				t.Errorf("%s: %s", name, d.Text)
			}
		}
	}
	if folds != 7 || lenses != 7 || contradictions != 3 {
		t.Errorf("of %d records %d have a fold and %d a lens, with %d contradictions", len(all), folds, lenses, contradictions)
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// samples are the real records, by name.
func samples(t *testing.T) map[string]*conversation.Conversation {
	t.Helper()
	const dir = "../../../shared/samples"
	files, err := filepath.Glob(dir + "/*.json")
	if err != nil || len(files) == 0 {
		t.Skip("the samples are not at hand")
	}
	out := map[string]*conversation.Conversation{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(f)], _ = wire.Decode(text)
	}
	text, err := os.ReadFile(dir + "/pages/job-results-last-page.json")
	if err != nil {
		t.Fatal(err)
	}
	var page struct {
		Conversations []json.RawMessage `json:"conversations"`
	}
	if err := json.Unmarshal(text, &page); err != nil {
		t.Fatal(err)
	}
	for _, raw := range page.Conversations {
		c, _ := wire.Decode(raw)
		out["page "+string(c.ConversationID)] = c
	}
	return out
}

// Two thousand participants are told in the time of one answer, and the rules that compare legs with one another do not make
// it the square of that.
func BenchmarkTwoThousandParticipants(b *testing.B) {
	var text strings.Builder
	for n := range 1000 {
		text.WriteString("acd:" + strconv.Itoa(n) + " interact 0-20/transfer nOffered=1@0 tAcd=20000@20\nagent:" + strconv.Itoa(n) + " alert 12-20 interact 20-60/peer tAnswered=20000@20\n")
	}
	c := read(text.String())
	for b.Loop() {
		account.Of(c, account.Options{})
	}
}
