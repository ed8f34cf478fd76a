package account

import (
	"slices"
	"strings"
	"time"
)

// Pass is a handler, or a flow, handing on, or bringing in somebody else.
type Pass struct {
	Kind string  `json:"kind"` // "blind transfer", "transfer after a consult", consult, forwarded, joined, "connected outside"
	At   Instant `json:"at,omitzero"`
	By   string  `json:"by,omitempty"`
	To   string  `json:"to,omitempty"`      // who got it first: a queue, a user, a number outside
	Then string  `json:"reached,omitempty"` // the person who answered in the end
	Why  string  `json:"why"`
}

// The kinds of passes.
const (
	Blind     = "blind transfer"
	Warm      = "transfer after a consult"
	Consult   = "consult"
	Forwarded = "forwarded"
	Joined    = "joined"
	Connected = "connected outside"
)

// passes are found by counts, and not by how legs ended: those of flows and queues end by transfer in normal routing, and a
// transfer after a consult was seen to end as a blind one does.
func (t *teller) passes() {
	for _, l := range t.legs {
		switch {
		case l.handles():
			t.passed(l)
		case l.outside() && l.party != t.main:
			t.joined(l)
		}
	}
	slices.SortStableFunc(t.Passes, func(a, b Pass) int { return a.At.Compare(b.At.Time) })
}

// passed are the passes of one leg of a handler.
func (t *teller) passed(l *leg) {
	consulted := time.Time{}
	transfers, consults := 0, 0
	for _, m := range l.s.Metrics {
		at := instant(m.EmitDate)
		switch m.Name {
		case "nConsult":
			consulted = at
			consults++
		case "nConsultTransferred":
			t.pass(Warm, l, at, consulted, "nConsultTransferred")
			transfers, consults = transfers+1, consults-1
		case "nBlindTransferred":
			t.pass(Blind, l, at, at, "nBlindTransferred")
			transfers++
		}
	}
	if consults > 0 {
		t.pass(Consult, l, consulted, consulted, "nConsult without nConsultTransferred: whoever was asked did not take it over")
	}
	how := l.how()
	switch {
	case l.first(Talk) == nil && slices.Contains([]string{"noAnswerTransfer", "notAvailableTransfer", "forwardTransfer"}, how):
		t.pass(Forwarded, l, l.ended(), l.ended(), "the alert ended by "+how)
	case transfers == 0 && l.first(Talk) != nil && strings.HasSuffix(strings.ToLower(how), "transfer"):
		kind := Blind
		if how == "consultTransfer" {
			kind = Warm
		}
		t.pass(kind, l, l.ended(), l.ended(), "the session ended by "+how+"; no count says so")
	}
}

// pass adds a pass by a leg, whose chain of further legs began at some instant.
func (t *teller) pass(kind string, by *leg, at, began time.Time, why string) {
	p := Pass{Kind: kind, At: Instant{at}, By: t.Parties[by.party].Label, Why: why}
	if began.IsZero() {
		began = at
	}
	for _, l := range t.legs {
		if l == by || l.party == by.party || l.start().Before(began.Add(-near)) || l.party == t.main {
			continue
		}
		if p.To == "" {
			p.To = t.Parties[l.party].Label
		}
		if l.first(Talk) != nil || l.outside() && l.first(Present) != nil {
			if p.Then = t.Parties[l.party].Label; p.Then == p.To {
				p.Then = ""
			}
			break
		}
	}
	t.Passes = append(t.Passes, p)
}

// joined is a further outside party: called in by a handler, connected by a flow, or taken over from another conversation.
func (t *teller) joined(l *leg) {
	p := Pass{Kind: Joined, At: Instant{l.start()}, To: t.Parties[l.party].Label, Why: "a further outside party (customer, external) has a session"}
	if l.merged() {
		p.Why += ", which came from another conversation (sourceConversationId)"
	}
	for _, f := range t.Flows {
		if x := f.leg.s.Flow; x != nil && x.TransferType == "NUMBER" && f.leg.ended().Sub(l.start()).Abs() < time.Minute {
			p.Kind, p.By, p.Why = Connected, f.Name, "the flow left by transferType NUMBER"
		}
	}
	for _, h := range t.Handlers {
		if p.By == "" && h.At.Before(l.start()) && (h.Left.IsZero() || h.Left.Add(near).After(l.start())) && h.Did != WasOffered {
			p.By = h.Label
		}
	}
	t.Passes = append(t.Passes, p)
}
