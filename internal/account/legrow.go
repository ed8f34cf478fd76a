package account

import (
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/nearest"
)

// LegRow is what people call one call: a visit to a queue, or a session of an agent or user. A conversation in which a caller
// goes through five queues and people has a row of each. Times that nobody knows are zero, texts empty.
type LegRow struct {
	Index       int64  // among the rows of the conversation, from 0, by when they began
	Kind        string // QueueVisit, Offer, Placed, Supervision, Reply, Share
	Participant string
	Session     string
	Purpose     string
	Media       string
	Direction   string
	Queue, User string // ids

	Start    time.Time // of the first segment
	Offered  time.Time // when the wait, or the ringing, began
	Answered time.Time
	Ended    time.Time // wrap-up apart

	Outcome string

	Wait, Ring, Dial, Talk, Hold, WrapUp Maybe
	Holds                                int64

	Visit          Maybe // which of the queue visits it is, or belongs to, from 0
	Offers, Missed int64 // of a queue visit: to people, and of these not answered

	CameBy, CameFrom       string // how it came, and from which user
	HandedOn               string // kind of the pass that ended it, or HandedOnFlowOut
	ToPurpose, ToQueue     string // who got it first
	ToUser, Reached        string // the user who got it, and the one who answered in the end
	Consults, ThirdParties int64

	Code, Note   string
	Disconnect   string
	OverSLA      bool
	ShortAbandon bool
	Conference   bool
	SourceID     string // conversation from which it came
	Measured     bool
}

// The kinds of legs.
const (
	QueueVisit  = "queue visit"
	Offer       = "offer"
	Placed      = "placed call"
	Supervision = "supervision"
	Reply       = "reply"       // to an email, written in a session of its own
	Share       = "other share" // neither rang nor talked
)

// Outcomes of a leg of a person, beside Answered and Waiting.
const (
	Declined    = "declined"     // the person refused it
	NotAnswered = "not answered" // nobody reacted, or it was forwarded
	GivenUp     = "given up"     // the other side left while it rang
	TakenOver   = "taken by another"
	Spoke       = "reached"     // of a placed call
	NotReached  = "not reached" // of a placed call
	Done        = "done"        // of all other kinds
)

// legRows fills the rows of legs.
func (d *Deriver) legRows() {
	t := &d.t
	clear(d.place)
	d.legs = d.legs[:0]
	visit := 0
	for _, l := range t.legs {
		if !l.handles() && l.p.Purpose != "acd" {
			continue
		}
		d.legs = append(d.legs, LegRow{Index: int64(len(d.legs))})
		r := &d.legs[len(d.legs)-1]
		d.place[l] = len(d.legs) - 1
		r.common(l)
		if l.handles() {
			t.handled(r, l)
			continue
		}
		r.visited(&t.Visits[visit], visit)
		visit++
	}
	d.joinOffers()
	d.handOn()
	if len(t.Flows) > 0 {
		d.sentByFlows()
	}
	d.overflow()
}

// common fills what both kinds have.
func (r *LegRow) common(l *leg) {
	r.Participant, r.Session, r.Purpose, r.Media, r.Direction = l.p.ParticipantID, l.s.SessionID, l.p.Purpose, l.s.MediaType, l.s.Direction
	r.Queue, r.User, r.Start, r.Disconnect, r.Measured = l.queue(), l.p.UserID, l.start(), l.how(), len(l.s.Metrics) > 0
	r.Ended = l.ended()
	for i := range l.spans {
		sp := &l.spans[i]
		r.Conference = r.Conference || sp.Conference != nil && *sp.Conference
		if sp.SourceConversationID != "" {
			r.SourceID = sp.SourceConversationID
		}
		if sp.WrapUpCode != "" {
			r.Code = sp.WrapUpCode
		}
		if note := strings.TrimSpace(sp.WrapUpNote); note != "" {
			r.Note = note
		}
	}
}

// visited fills the row of a visit.
func (r *LegRow) visited(v *Visit, place int) {
	r.Kind, r.Outcome, r.Offered, r.Wait = QueueVisit, v.Became, v.At.Time, known(time.Duration(v.Waited))
	r.Visit = Maybe{int64(place), true}
	r.ShortAbandon = v.leg.has("tShortAbandon")
	if v.Became == Answered && v.answer != nil {
		r.Answered = v.answer.first(Talk).start
	}
	switch v.leg.s.FlowInType {
	case "":
	case "ivr", "workflow", "bot", "botflow", "digitalbot":
		r.CameBy = CameByFlow
	case "agent":
		r.CameBy = CameByTransfer
	default:
		r.CameBy = v.leg.s.FlowInType
	}
}

// How a leg came, beside the kinds of passes.
const (
	CameByFlow     = "flow"
	CameByQueue    = "queue"    // that offered it to a person, or let it go to another queue
	CameByTransfer = "transfer" // of which the record says no more
)

// HandedOnFlowOut is how a queue hands on, beside the kinds of passes.
const HandedOnFlowOut = "flow out"

// handled fills the row of a person's session.
func (t *teller) handled(r *LegRow, l *leg) {
	measure := func(phase string) Maybe {
		long, times := l.lasted(phase, t.AsOf)
		return Maybe{long.Milliseconds(), times > 0}
	}
	if r.Kind, r.Outcome = l.became(); r.Kind == Reply {
		return // its time is measured where the email is worked on
	}
	r.Ring, r.Dial, r.Talk, r.Hold, r.WrapUp = measure(Ringing), measure(Dialling), measure(Talk), measure(Hold), measure(WrapUpPhase)
	_, holds := l.lasted(Hold, t.AsOf)
	r.Holds, r.OverSLA = int64(holds), l.has("nOverSla")
	if rang := l.first(Ringing); rang != nil {
		r.Offered = rang.start
	}
	if talk := l.first(Talk); talk != nil {
		r.Answered = talk.start
	}
	if waited, n := l.sum("tAnswered"); n > 0 {
		r.Wait = Maybe{waited, true}
	} else if v := t.visitOf(l); v != nil {
		r.Wait = known(time.Duration(v.Waited))
	}
}

// became says what a person's session was, and what came of it.
func (l *leg) became() (kind, outcome string) {
	rang, talked := l.first(Ringing) != nil, l.first(Talk) != nil
	switch {
	case l.reply():
		return Reply, Done
	case l.placed() && talked:
		return Placed, Spoke
	case l.placed() && l.lasts():
		return Placed, Waiting
	case l.placed():
		return Placed, NotReached
	case talked:
		return Offer, Answered
	case rang:
		return Offer, l.missed()
	case l.first(Supervising) != nil:
		return Supervision, Done
	}
	return Share, Done
}

// missed says why an offer was not answered.
func (l *leg) missed() string {
	switch how := l.how(); {
	case l.lasts() && how == "":
		return Waiting
	case how == "client":
		return Declined
	case how == "peer":
		return GivenUp
	case how == "transfer":
		return TakenOver
	}
	return NotAnswered
}

// mostVisits is how many visits are looked at for the one to which an offer belongs: a record may have as many of both as it is
// long.
const mostVisits = 256

// joinOffers finds the visit to which each offer belongs: the one that it answered, else the last of the same queue that waited
// when it began to ring.
func (d *Deriver) joinOffers() {
	d.visits = d.visits[:0]
	for _, l := range d.t.legs {
		i, has := d.place[l]
		if !has {
			continue
		}
		if r := &d.legs[i]; r.Kind == QueueVisit {
			d.visits = append(d.visits, i)
		} else if r.Kind == Offer && l.p.Purpose == "agent" {
			d.joinOffer(l, r)
		}
	}
}

func (d *Deriver) joinOffer(l *leg, r *LegRow) {
	visits := d.visits // that had begun
	at, ok := d.t.answered[l]
	for i := len(visits) - 1; !ok && i >= max(0, len(visits)-mostVisits); i-- {
		if v := &d.t.Visits[i]; (v.QueueID == r.Queue || r.Queue == "" || v.QueueID == "") && v.waitedAt(l.start()) {
			at, ok = i, true
		}
	}
	if !ok || at >= len(visits) {
		return
	}
	v := &d.legs[visits[at]]
	r.Visit, r.CameBy = v.Visit, CameByQueue
	v.Offers++
	if r.Outcome != Answered && r.Outcome != Waiting {
		v.Missed++
	}
}

// waitedAt says whether a visit was going on at an instant.
func (v *Visit) waitedAt(at time.Time) bool {
	ended := v.leg.ended()
	return !at.Before(v.leg.start().Add(-near)) && (ended.IsZero() || !at.After(ended.Add(near)))
}

// handOn fills who passed a leg on, to whom, and how what came of it began.
func (d *Deriver) handOn() {
	for i := range d.t.Passes {
		p := &d.t.Passes[i]
		if p.by == nil {
			continue
		}
		from, has := d.place[p.by]
		if !has {
			continue
		}
		r := &d.legs[from]
		switch p.Kind {
		case Joined, Connected:
			r.ThirdParties++
		case Consult:
			r.Consults++
			d.cameBy(p, r.User)
		default:
			r.passedOn(p)
			d.cameBy(p, r.User)
		}
	}
}

// passedOn says to whom a leg was passed on.
func (r *LegRow) passedOn(p *Pass) {
	r.HandedOn = p.Kind
	if p.to == nil {
		return
	}
	r.ToPurpose = p.to.p.Purpose
	if p.to.p.Purpose == "acd" {
		r.ToQueue = p.to.queue()
	}
	if p.to.handles() {
		r.ToUser = p.to.p.UserID
	}
	if p.then == nil {
		return
	}
	if p.then.handles() {
		r.Reached = p.then.p.UserID
	}
	if r.ToQueue == "" {
		r.ToQueue = p.then.queue()
	}
}

// cameBy says of the first leg of a pass how it came: of the visit, where an offer belongs to one. Where a flow got it first, that is
// the leg that it led to.
func (d *Deriver) cameBy(p *Pass, user string) {
	l := p.to
	if l != nil && l.flow() {
		l = p.then
	}
	i, has := d.place[l]
	if !has {
		return
	}
	r := &d.legs[i]
	if r.Kind == Offer && r.Visit.Known {
		r = &d.legs[d.visits[r.Visit.N]]
	}
	if r.CameFrom == "" {
		r.CameBy, r.CameFrom = p.Kind, user
	}
}

// overflow says of visits that a queue let go to which queue they went, where another visit begins then and nothing else says how it
// came.
func (d *Deriver) overflow() {
	for n := 1; n < len(d.visits); n++ {
		from, to := &d.legs[d.visits[n-1]], &d.legs[d.visits[n]]
		if from.Outcome == LeftQueue && to.CameBy == "" && to.Start.Sub(from.Ended).Abs() <= near {
			from.HandedOn, from.ToPurpose, from.ToQueue = HandedOnFlowOut, to.Purpose, to.Queue
			to.CameBy = CameByQueue
		}
	}
}

// sentByFlows says of legs of which nothing else says how they came whether a flow sent the conversation there.
func (d *Deriver) sentByFlows() {
	sent := nearest.List[*leg]{}
	for i := range d.t.Flows {
		if l := d.t.Flows[i].leg; l.how() == "transfer" || l.s.Flow != nil && l.s.Flow.ExitReason == "TRANSFER" {
			sent.Add(l.ended(), l)
		}
	}
	for i := range d.legs {
		r := &d.legs[i]
		if r.CameBy != "" || r.Kind != Offer && r.Kind != QueueVisit {
			continue
		}
		if _, far, ok := sent.To(r.Start); ok && far <= near {
			r.CameBy = CameByFlow
		}
	}
}
