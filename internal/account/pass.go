package account

import (
	"slices"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/nearest"
)

// Pass is a handler, or a flow, handing on, or bringing in somebody else.
type Pass struct {
	Kind string  `json:"kind"` // "blind transfer", "transfer after a consult", consult, forwarded, joined, "connected outside"
	At   Instant `json:"at,omitzero"`
	By   string  `json:"by,omitempty"`
	To   string  `json:"to,omitempty"`      // who got it first: a queue, a user, a number outside
	Then string  `json:"reached,omitempty"` // the person who answered in the end
	Why  string  `json:"why"`

	by, to, then *leg // nil if nobody
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
	bring := bringers{t.Handlers, t.exits()}
	for _, l := range t.legs {
		switch {
		case l.handles():
			t.passed(l)
		case l.outside() && l.party != t.main:
			t.joined(l, &bring)
		}
	}
	slices.SortStableFunc(t.Passes, func(a, b Pass) int { return a.At.Compare(b.At.Time) })
}

// readFollowers finds to whom one may be passed on, when somebody is.
func (t *teller) readFollowers() {
	if t.further.legs == nil {
		t.met = t.follow(func(l *leg) bool { return l.first(Talk) != nil || l.outside() && l.first(Present) != nil })
		t.further = t.follow(func(*leg) bool { return true })
	}
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
	p := Pass{Kind: kind, At: Instant{at}, By: t.who(by), Why: why, by: by}
	if began.IsZero() {
		began = at
	}
	began = began.Add(-near)
	t.readFollowers()
	if p.to = t.further.after(began, by.party); p.to != nil {
		p.To = t.who(p.to)
	}
	if p.then = t.met.after(began, by.party); p.then != nil && t.who(p.then) != p.To {
		p.Then = t.who(p.then)
	}
	t.Passes = append(t.Passes, p)
}

// followers are legs by their start, each with the place of the next one of another party: so the first after an instant that is
// not of one party is found without reading those between.
type followers struct {
	legs []*leg
	next []int
}

// follow are the legs that one may be passed on to: all but those of the main party.
func (t *teller) follow(which func(*leg) bool) (f followers) {
	for _, l := range t.legs {
		if l.party != t.main && !l.start().IsZero() && which(l) {
			f.legs = append(f.legs, l)
		}
	}
	f.next = make([]int, len(f.legs))
	for i := len(f.legs) - 1; i >= 0; i-- {
		f.next[i] = i + 1
		if i+1 < len(f.legs) && f.legs[i+1].party == f.legs[i].party {
			f.next[i] = f.next[i+1]
		}
	}
	return f
}

// after is the first leg from an instant on that is not of a party; nil if there is none.
func (f followers) after(at time.Time, party int) *leg {
	i, _ := slices.BinarySearchFunc(f.legs, at, func(l *leg, at time.Time) int { return l.start().Compare(at) })
	if i < len(f.legs) && f.legs[i].party == party {
		i = f.next[i]
	}
	if i == len(f.legs) {
		return nil
	}
	return f.legs[i]
}

// exits are the flows that connected somebody outside, by when they ended.
func (t *teller) exits() *nearest.List[*Flow] {
	all := &nearest.List[*Flow]{}
	for i := range t.Flows {
		if f := &t.Flows[i]; f.leg.s.Flow != nil && f.leg.s.Flow.TransferType == "NUMBER" {
			all.Add(f.leg.ended(), f)
		}
	}
	return all
}

// bringers are who may have brought somebody in: flows, and handlers, of whom those who had left are dropped as time goes on.
type bringers struct {
	handlers []Handler
	flows    *nearest.List[*Flow]
}

// handler is the first one who was there at an instant; nil if none was. Instants must not go back.
func (b *bringers) handler(at time.Time) *Handler {
	for len(b.handlers) > 0 {
		h := &b.handlers[0]
		if h.Did != WasOffered && !h.At.IsZero() && (h.Left.IsZero() || h.Left.Add(near).After(at)) {
			if h.At.Before(at) {
				return h
			}
			return nil // those behind came later
		}
		b.handlers = b.handlers[1:]
	}
	return nil
}

// joined is a further outside party: called in by a handler, connected by a flow, or taken over from another conversation.
// Legs are told in the order of their start.
func (t *teller) joined(l *leg, by *bringers) {
	p := Pass{Kind: Joined, At: Instant{l.start()}, To: t.who(l), to: l, Why: "a further outside party (customer, external) has a session"}
	if l.merged() {
		p.Why += ", which came from another conversation (sourceConversationId)"
	}
	if f, far, ok := by.flows.To(l.start()); ok && far < time.Minute {
		p.Kind, p.By, p.by, p.Why = Connected, f.Name, f.leg, "the flow left by transferType NUMBER"
	} else if h := by.handler(l.start()); h != nil {
		p.By, p.by = h.Label, h.legs[0]
	}
	t.Passes = append(t.Passes, p)
}
