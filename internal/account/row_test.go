package account_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/test/unraced"
)

// Rows say what the account of the same record says, whatever the record before them was.
func TestRowsAgreeWithAccounts(t *testing.T) {
	unraced.Test(t)
	d := account.NewDeriver(nil)
	all := simulated(t, 21, 3000)
	for _, c := range odd() {
		all = append(all, c)
	}
	if len(all) < 3000 {
		t.Fatalf("%d records", len(all))
	}
	for _, c := range all {
		a := account.Of(c, account.Options{})
		s, legs := d.Of(c)
		agree(t, a, s, legs)
	}
}

// TestRowsOfSamples holds rows of real records, where they are at hand, to their accounts.
func TestRowsOfSamples(t *testing.T) {
	d := account.NewDeriver(nil)
	for _, c := range samples(t) {
		s, legs := d.Of(c)
		agree(t, account.Of(c, account.Options{}), s, legs)
	}
}

// agree requires of rows what the account says in words.
func agree(t *testing.T, a account.Account, s *account.SummaryRow, legs []account.LegRow) {
	t.Helper()
	same(t, a, "direction", s.Direction, a.Direction.Value)
	same(t, a, "state", s.EndState, a.EndFact.Value)
	same(t, a, "end", s.End, a.End.Time)
	same(t, a, "customer's end", s.Left, a.Left.Time)
	same(t, a, "from", s.From.Address, a.From.Address)
	same(t, a, "to", s.To.Address, a.To.Address)
	same(t, a, "media", strings.Join(s.Media, " "), strings.Join(a.Media, " "))
	for phase, got := range map[string]time.Duration{
		account.QueuePhase: s.InQueues, account.Ringing: s.Rang, account.Dialling: s.Dialled, account.Talk: s.Talked, account.Hold: s.Held,
		account.WrapUpPhase: s.WrappedUp, account.Voicemail: s.Recorded,
	} {
		same(t, a, phase, got, phaseOf(a, phase))
	}
	same(t, a, "in flows", s.InFlows, phaseOf(a, account.IVR)+phaseOf(a, account.FlowPhase))
	passes := map[string]int64{}
	for _, p := range a.Passes {
		passes[p.Kind]++
	}
	for kind, got := range map[string]int64{account.Blind: s.Blind, account.Warm: s.Warm, account.Consult: s.Consults, account.Forwarded: s.Forwarded} {
		same(t, a, kind, got, passes[kind])
	}
	same(t, a, "third parties", s.ThirdParties, passes[account.Joined]+passes[account.Connected])
	wrong := int64(0)
	for _, k := range a.Checks {
		if !k.Agrees && k.Exception == "" {
			wrong++
		}
	}
	same(t, a, "mismatches", s.Mismatches, wrong)
	same(t, a, "doubts", strings.Join(s.Doubts, ", "), strings.Join(judged(a), ", "))
	same(t, a, "visits", outcomes(legs), became(a))
	same(t, a, "whether somebody ended it", s.EndedBy == "", a.EndFact.Value == account.GoingOn)
	users := ""
	for _, h := range a.Handlers {
		if h.Did == account.DidAnswer || h.Did == account.DidBoth {
			users = h.UserID
			break
		}
	}
	same(t, a, "who answered", s.AnsweredBy, users)
}

func same[T comparable](t *testing.T, a account.Account, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %s: the row says %v, the account %v", a.ID, what, got, want)
	}
}

func phaseOf(a account.Account, name string) time.Duration {
	for _, p := range a.Phases {
		if p.Name == name {
			return time.Duration(p.Lasted)
		}
	}
	return 0
}

// judged are the kinds of doubts, but for those that lint-records finds: rows are no judgement of their records.
func judged(a account.Account) (kinds []string) {
	for _, d := range a.Doubts {
		if d.Kind != account.Contradiction && d.Kind != account.KnownOddity && !slices.Contains(kinds, d.Kind) {
			kinds = append(kinds, d.Kind)
		}
	}
	return kinds
}

func outcomes(legs []account.LegRow) string {
	var out []string
	for i := range legs {
		if legs[i].Kind == account.QueueVisit {
			out = append(out, legs[i].Queue+" "+legs[i].Outcome)
		}
	}
	return strings.Join(out, ", ")
}

func became(a account.Account) string {
	var out []string
	for _, v := range a.Visits {
		out = append(out, v.QueueID+" "+v.Became)
	}
	return strings.Join(out, ", ")
}

// counted are figures by the rows of legs, and by the metrics of the record.
type counted struct{ offered, answered, abandoned, left, short, over, transfers, wait, answerWait, talk, wrapUp int64 }

// Sums over legs are the platform's figures. The one exception has a name, and is counted.
func TestLegsAddUpToFigures(t *testing.T) {
	unraced.Test(t)
	d := account.NewDeriver(nil)
	legsOf, records, exceptions := map[string]int{}, 0, 0
	for seed := range uint64(4) {
		for _, c := range simulated(t, 31+seed, 2000) {
			_, legs := d.Of(c)
			records++
			for i := range legs {
				legsOf[legs[i].Kind+" "+legs[i].Outcome]++
			}
			switch got, want := byLegs(legs), byMetrics(c); {
			case got == want:
			case swept(legs, got, want):
				exceptions++
			default:
				t.Errorf("%s: by legs %+v, by metrics %+v", c.ConversationID, got, want)
			}
		}
	}
	for _, kind := range []string{
		"queue visit answered", "queue visit abandoned", "queue visit left the queue", "queue visit closed by the platform", "offer answered", "offer declined",
		"offer given up", "offer not answered", "placed call reached", "placed call not reached", "supervision done", "reply done",
	} {
		if legsOf[kind] == 0 {
			t.Errorf("there is no %s; there are %v", kind, legsOf)
		}
	}
	if exceptions == 0 || exceptions > records/100 {
		t.Errorf("%d of %d records are exceptions", exceptions, records)
	}
}

func byLegs(legs []account.LegRow) (n counted) {
	for i := range legs {
		l := &legs[i]
		if l.Kind == account.QueueVisit {
			n.visit(l)
			continue
		}
		if l.OverSLA {
			n.over++
		}
		if l.HandedOn == account.Blind || l.HandedOn == account.Warm {
			n.transfers++
		}
		if l.Measured {
			n.talk, n.wrapUp = n.talk+l.Talk.N, n.wrapUp+l.WrapUp.N
		}
		if l.Kind == account.Offer && l.Outcome == account.Answered && l.Visit.Known {
			n.answerWait += l.Wait.N
		}
	}
	return n
}

func (n *counted) visit(l *account.LegRow) {
	n.offered++
	n.wait += l.Wait.N
	switch l.Outcome {
	case account.Answered:
		n.answered++
	case account.Abandoned:
		n.abandoned++
	case account.LeftQueue:
		n.left++
	}
	if l.ShortAbandon {
		n.short++
	}
}

func byMetrics(c *conversation.Conversation) (n counted) {
	return counted{
		offered: emitted(c, "nOffered"), answered: emissions(c, "tAnswered"), abandoned: emissions(c, "tAbandon"), left: emissions(c, "tFlowOut"),
		short: emissions(c, "tShortAbandon"), over: emitted(c, "nOverSla"), transfers: emitted(c, "nTransferred"), wait: emitted(c, "tAcd"),
		answerWait: emitted(c, "tAnswered"), talk: emitted(c, "tTalkComplete"), wrapUp: emitted(c, "tAcw"),
	}
}

// emissions is how often a metric was emitted.
func emissions(c *conversation.Conversation, name string) (n int64) {
	for _, p := range c.Participants {
		for _, s := range p.Sessions {
			for _, m := range s.Metrics {
				if m.Name == name {
					n++
				}
			}
		}
	}
	return n
}

// swept is the one known exception: the platform lets a callback go that nobody took, which legs do not call leaving the queue.
func swept(legs []account.LegRow, got, want counted) bool {
	got.left = want.left
	return got == want && slices.ContainsFunc(legs, func(l account.LegRow) bool { return l.Outcome == account.Swept })
}

// odd are records that nobody would make, by what is odd about them.
func odd() map[string]*conversation.Conversation {
	many := strings.Builder{}
	for n := range 1000 {
		at := n * 3
		many.WriteString("acd:q" + strconv.Itoa(n%7) + "#" + strconv.Itoa(n) + " interact " + strconv.Itoa(at) + "-" + strconv.Itoa(at+2) + "/transfer nOffered=1@0 tAcd=2000@2\n")
		many.WriteString("agent:a" + strconv.Itoa(n) + " alert " + strconv.Itoa(at+1) + "-" + strconv.Itoa(at+2) + "/client tAlert=1000@2\n")
	}
	return map[string]*conversation.Conversation{
		"without participants":   {ConversationID: "none", ConversationStart: second("0")},
		"of two thousand":        read(many.String()),
		"of sixty days":          read("external:x interact 0-5183000\nagent:f1 alert 1-2 interact 2-60/client wrapup 60-70\nacd:q interact 0-2/transfer\nend 5183000"),
		"metrics that differ":    read("customer:x interact 0-60/endpoint\nacd:q interact 0-2/transfer nOffered=1@0 tAcd=9000@2\nagent:f1 alert 1-2 interact 2-60/peer tTalkComplete=1000@60 tAlert=1000@2\nend 60"),
		"segments without times": {ConversationID: "timeless", Participants: []conversation.Participant{{Purpose: "acd", Sessions: []conversation.Session{{Segments: []conversation.Segment{{SegmentType: "interact"}}}}}, {Purpose: "agent", Sessions: []conversation.Session{{}}}}},
	}
}

// What a record says wrongly is told in its row, and nothing is smoothed over.
func TestRowsOfOddRecords(t *testing.T) {
	d := account.NewDeriver(nil)
	all := odd()
	row := func(of string) (account.SummaryRow, []account.LegRow) {
		s, legs := d.Of(all[of])
		return *s, legs
	}
	if s, legs := row("without participants"); len(legs) != 0 || s.Parties != 0 || !slices.Contains(s.Doubts, account.NoParticipants) {
		t.Errorf("got %+v, %d legs", s, len(legs))
	}
	if s, _ := row("metrics that differ"); s.Mismatches != 2 || s.Talked != 58*time.Second || s.InQueues != 2*time.Second {
		t.Errorf("got %+v", s)
	}
	if s, _ := row("of sixty days"); !slices.Contains(s.Doubts, account.Lingering) || s.Duration.N != 5183000_000 || s.EndedBy != account.NobodyKnown {
		t.Errorf("got %+v", s)
	}
	if s, legs := row("of two thousand"); len(legs) != 2000 || s.Visits != 1000 || s.Offers != 1000 || s.OffersMissed != 1000 {
		t.Errorf("got %d legs, %+v", len(legs), s)
	}
	if s, legs := row("segments without times"); len(legs) != 2 || s.EndState != account.NoTimes {
		t.Errorf("got %d legs, %+v", len(legs), s)
	}
}

// The organization's rules give the reasons, each with its label, in their order; nothing else does.
func TestReasonsOfRows(t *testing.T) {
	c := read("external:x interact 0-9/endpoint\nivr:f ivr 0-9/peer\nend 9")
	c.Participants[0].Attributes = map[string]string{"Menu": "2", "Other": "x"}
	d := account.NewDeriver([]account.ReasonRule{{Label: "Choice", Attribute: "Menu", Values: map[string]string{"2": "claims"}}, {Label: "Order", Outcome: "o"}})
	for range 2 {
		if s, _ := d.Of(c); !slices.Equal(s.ReasonLabels, []string{"Choice"}) || !slices.Equal(s.ReasonValues, []string{"claims"}) {
			t.Errorf("got %q, %q", s.ReasonLabels, s.ReasonValues)
		}
	}
	if s, _ := account.NewDeriver(nil).Of(c); len(s.ReasonLabels) != 0 {
		t.Errorf("got %q", s.ReasonLabels)
	}
}

// BenchmarkRows derives both rows of simulated records that are decoded, on one core: 20,000 a second at least.
func BenchmarkRows(b *testing.B) {
	day, err := conversation.ParseDay("2026-11-03")
	if err != nil {
		b.Fatal(err)
	}
	all := slices.Collect(sim.New(sim.Config{Seed: 1, PerDay: 3000}).Day(day))
	d := account.NewDeriver(nil)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		d.Of(all[n%len(all)])
		n++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "conversations/s")
}
