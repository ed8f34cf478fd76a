package arithmetic

import (
	"slices"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// stages are the states of a session in the order in which it comes to them. Only those of the third stage may take turns;
// of each other stage a session has one at most. Types that no rule speaks of may come anywhere.
var stages = map[string]int{
	"system": 1, "delay": 1, "uploading": 1, "scheduled": 1, "alert": 1, "contacting": 1,
	"dialing":  2,
	interact:   3,
	hold:       3,
	"ivr":      3,
	"parked":   3,
	"callback": 3,
	wrapup:     4,
}

const talking = 3

// homes are the purposes of whose sessions a segment type is. What is said of purposes that no measured record has is no
// rule.
var homes = map[string][]string{
	"system":     {"customer", "external", "ivr", "voicemail"},
	"delay":      {"acd"},
	"ivr":        {"ivr"},
	interact:     {"customer", "external", "acd", "agent", "user", "voicemail", "workflow"},
	"alert":      {"agent", "user"},
	"contacting": {"agent", "user"},
	"dialing":    {"agent", "user", "customer", "external"},
	hold:         {"agent", "user"},
	wrapup:       {"agent", "user"},
	"uploading":  {"customer", "acd"},
}

// measured are the purposes that the measured records have.
var measured = []string{"customer", "external", "ivr", "acd", "agent", "user", "voicemail", "workflow"}

// states is rule 13: a session has the states of its participant, and comes to them in their order.
func (a *check) states(l *leg) {
	last, before := 0, ""
	for i, sp := range l.spans {
		if of, ok := homes[sp.kind]; ok && slices.Contains(measured, l.p.Purpose) && !slices.Contains(of, l.p.Purpose) {
			a.complain("rule 13", "segment %d of session %s is %s, which %s never is", i, l.s.SessionID, sp.kind, l.p.Purpose)
		}
		stage := stages[sp.kind]
		if stage == 0 {
			continue
		}
		if stage < last || stage == last && (stage != talking || sp.kind == before) {
			a.complain("rule 13", "segment %d of session %s is %s, after %s", i, l.s.SessionID, sp.kind, before)
		}
		last, before = stage, sp.kind
	}
}

// ends is rule 14: how a session ended stands on its last segment, and again on the wrap-up after it; a state that went
// on to the next one says nothing.
func (a *check) ends(l *leg) {
	for i := 1; i < len(l.spans); i++ {
		before, sp := l.spans[i-1], l.spans[i]
		switch {
		case sp.kind != wrapup && before.how != "":
			a.complain("rule 14", "segment %d of session %s ended by %s, and segment %d follows", i-1, l.s.SessionID, before.how, i)
		case sp.kind == wrapup && !sp.end.IsZero() && before.how != sp.how:
			a.complain("rule 14", "the wrap-up of session %s ended by %q, the segment before it by %q", l.s.SessionID, sp.how, before.how)
		}
	}
	for i, sp := range l.spans {
		if sp.end.IsZero() && sp.how != "" {
			a.complain("rule 14", "segment %d of session %s lasts, and ended by %s", i, l.s.SessionID, sp.how)
		}
	}
}

// how is how the session ended, empty while it goes on or if nothing says so.
func (l *leg) how() string {
	if len(l.spans) == 0 {
		return ""
	}
	return l.spans[len(l.spans)-1].how
}

// leaves are how the leg of a flow ends for each reason for which the flow did. Where a line breaks the caller has gone.
var leaves = map[string][]string{
	"TRANSFER": {"transfer"}, "FLOW_DISCONNECT": {"system"}, "DISCONNECT": {"peer", "error", "transportFailure"},
}

// flowEnds is rule 14 for flows: the leg of a flow ends as the flow did. One that gives the caller back to an agent ends
// by itself.
func (a *check) flowEnds(l *leg) {
	f := l.s.Flow
	if f == nil || l.how() == "" {
		return
	}
	want, ok := leaves[f.ExitReason]
	if f.TransferType == "RETURN_TO_AGENT" {
		want = []string{"system"}
	}
	if ok && !slices.Contains(want, l.how()) {
		a.complain("rule 14", "the flow of session %s ended by %s, its leg by %s", l.s.SessionID, f.ExitReason, l.how())
	}
}

// visitEnds is rule 14 for queues: an answered visit ends by transfer, an abandoned one by the peer who left.
func (a *check) visitEnds(l *leg, answered bool) {
	switch how := l.how(); {
	case how == "":
	case answered && how != "transfer":
		a.complain("rule 14", "queue visit %s was answered and ended by %s", l.s.SessionID, how)
	case !answered && l.count("tAbandon") > 0 && how != "peer":
		a.complain("rule 14", "queue visit %s was abandoned and ended by %s", l.s.SessionID, how)
	}
}

// hangsUp says whether a disconnectType says that its own party ended the leg.
func hangsUp(how string) bool { return how == "client" || how == "endpoint" }

// together is how near to one another the ends of two sessions are which the same event ended. Real ones are up to a few
// hundred milliseconds apart.
const together = 500 * time.Millisecond

// hangups is rule 15: when a talk of two ends, one of them has hung up. In a conference each leg ends on its own.
func (a *check) hangups() {
	if a.c.ConferenceStart != "" {
		return
	}
	a.readOutsiders()
	for i := range a.legs {
		l := &a.legs[i]
		other := a.peer(l)
		if other == nil || !hangsUp(l.how()) || !hangsUp(other.how()) || !l.met() || !other.met() {
			continue
		}
		if l.left().Sub(other.left()).Abs() <= together {
			a.complain("rule 15", "sessions %s and %s both hung up", l.s.SessionID, other.s.SessionID)
		}
	}
}

// peer is the outside session that an agent or user spoke with, nil if the record does not have it.
func (a *check) peer(l *leg) *leg {
	if l.s.PeerID == "" || l.p.Purpose != "agent" && l.p.Purpose != "user" {
		return nil
	}
	return a.outsiders[l.s.PeerID]
}

// readOutsiders finds the outside sessions; of several that have one id it is the first.
func (a *check) readOutsiders() {
	a.outsiders = map[string]*leg{}
	for i := range a.legs {
		l := &a.legs[i]
		if _, other := a.outsiders[l.s.SessionID]; !other && conversation.Outside(l.p.Purpose) {
			a.outsiders[l.s.SessionID] = l
		}
	}
}

// met says whether the session came to a talk.
func (l *leg) met() bool {
	some, _ := l.has(interact)
	return some
}

// left is when the last state before a wrap-up ended.
func (l *leg) left() (at time.Time) {
	for _, sp := range l.spans {
		if sp.kind != wrapup {
			at = sp.end
		}
	}
	return at
}

// direction is rule 16: a conversation has the direction of its first session, of one of them if several began at once.
func (a *check) direction() {
	first, _, _ := extent(a.legs)
	var found []string
	for _, l := range a.legs {
		if len(l.spans) > 0 && l.spans[0].start.Equal(first) && l.s.Direction != "" {
			found = append(found, l.s.Direction)
		}
	}
	if d := a.c.OriginatingDirection; d != "" && len(found) > 0 && !slices.Contains(found, d) {
		a.complain("rule 16", "originatingDirection is %s, and the first session is %s", d, found[0])
	}
}
