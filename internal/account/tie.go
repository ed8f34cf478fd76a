package account

import (
	"slices"
	"time"
)

// Tie is what two parties have to do with each other at an instant.
type Tie struct {
	Kind     string  `json:"kind"` // Peered, Handed, Joining
	At       Instant `json:"at"`
	From, To int     `json:"-"` // by their places among Parties
}

// The kinds of ties.
const (
	Peered  = "talks to"    // the session names the other one as its peer (peerId)
	Handed  = "hands on to" // a pass, the answer to a visit, or where a flow sends the conversation
	Joining = "brings in"   // a further outside party
)

// ties are found among parties, each once: what says more comes first, and a peer is told of where nothing else is.
func (t *teller) ties() {
	t.passTies()
	t.answerTies()
	t.flowTies()
	met := map[meeting]bool{}
	for _, x := range t.Ties {
		met[meetingOf(x, 0)] = true
	}
	for _, x := range t.peerTies() {
		if told := met[meetingOf(x, -near)] || met[meetingOf(x, 0)] || met[meetingOf(x, near)]; !told {
			t.Ties, met[meetingOf(x, 0)] = append(t.Ties, x), true
		}
	}
	slices.SortStableFunc(t.Ties, func(a, b Tie) int { return a.At.Compare(b.At.Time) })
}

// meeting is when two parties have to do with each other, about.
type meeting struct {
	one, other int
	at         int64
}

// meetingOf is that of a tie, whichever way round, so much later.
func meetingOf(x Tie, later time.Duration) meeting {
	return meeting{min(x.From, x.To), max(x.From, x.To), x.At.Add(later).UnixNano() / int64(near)}
}

// tie adds a tie of two legs. What has no time cannot be drawn, and nobody has to do with themselves.
func (t *teller) tie(kind string, at time.Time, from, to *leg) {
	if from != nil && to != nil && from.party != to.party && !at.IsZero() {
		t.Ties = append(t.Ties, Tie{kind, Instant{at}, from.party, to.party})
	}
}

func (t *teller) passTies() {
	for i := range t.Passes {
		p := &t.Passes[i]
		switch by := p.by; p.Kind {
		case Joined, Connected:
			if by == nil {
				by = t.mainLeg()
			}
			t.tie(Joining, p.At.Time, by, p.to)
		default:
			t.tie(Handed, p.At.Time, by, p.to)
		}
	}
}

func (t *teller) answerTies() {
	for i := range t.Visits {
		v := &t.Visits[i]
		if v.answer != nil {
			t.tie(Handed, v.leg.ended(), v.leg, v.answer)
		}
	}
}

// flowTies are those of flows that sent the conversation to a leg that began as they ended.
func (t *teller) flowTies() {
	if len(t.Flows) > 0 {
		t.readFollowers()
	}
	for i := range t.Flows {
		l := t.Flows[i].leg
		if l.how() != "transfer" || l.ended().IsZero() {
			continue
		}
		if to := t.further.after(l.ended().Add(-near), l.party); to != nil && to.start().Sub(l.ended()) <= near {
			t.tie(Handed, l.ended(), l, to)
		}
	}
}

// peerTies are those of sessions that name each other.
func (t *teller) peerTies() (out []Tie) {
	sessions := make(map[string]*leg, len(t.legs))
	for _, l := range t.legs {
		sessions[l.s.SessionID] = l
	}
	for _, l := range t.legs {
		peer := sessions[l.s.PeerID]
		if l.s.PeerID == "" || peer == nil || peer.party == l.party || l.start().IsZero() {
			continue
		}
		at := latest(l.start(), peer.start())
		out = append(out, Tie{Peered, Instant{at}, l.party, peer.party})
	}
	return out
}
