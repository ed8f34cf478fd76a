package floor

import (
	"github.com/parley-hq/parley/internal/sim/organization"
	"github.com/parley-hq/parley/internal/sim/tick"
)

// callsBack puts a callback into a queue: at once, or when the customer has time.
func (f *floor) callsBack(p *Plan, q *organization.Queue) {
	w := &waiting{plan: p, visit: &Visit{Queue: q, Medium: "callback", Enter: f.now}}
	patience := f.patience(&Plan{Kind: QueueVoicemail, contact: p.contact})
	if at := f.books(p, q); at > 0 {
		w.visit.Booked, w.visit.Enter = f.now, at
		f.at(at, func() { f.enters(w, patience) })
		return
	}
	f.enters(w, patience)
}

// books is when the customer wants to be called back, on the quarter of an hour, while the queue is open; 0 for as soon as
// somebody can. That one in three chooses a time is our guess.
func (f *floor) books(p *Plan, q *organization.Queue) tick.Instant {
	d := p.dice // a copy: what follows falls as if nobody had asked
	if !d.Percent(33) {
		return 0
	}
	const quarter = 15 * tick.Minute
	at := (f.now + d.Between(20*tick.Minute, 4*tick.Hour)) / quarter * quarter
	if !q.Team.Open(at) {
		return 0
	}
	return at
}

// calls is the call that an agent makes for a callback or a preview: the agent looks at it first, and may not make it.
func (f *floor) calls(w *waiting, k *desk, s *Service) {
	d := &w.plan.dice
	looks := d.Around(9*tick.Second, 2*tick.Second, 2*tick.Minute)
	if w.plan.Kind == Preview && d.Percent(15) {
		s.Ending = Skipped
		f.at(f.now+looks, func() {
			s.Until, s.Done = f.now, f.now
			f.leaves(k, w.line.class, f.now+tick.Second)
		})
		return
	}
	c := &Call{From: k.user, Dials: f.now + looks, Rings: f.now + looks + d.Around(tick.Second, 40, 6*tick.Second)}
	s.Called = c
	until := c.Rings + d.Between(12*tick.Second, 40*tick.Second)
	if d.Percent(70) {
		c.Answered = c.Rings + d.Around(8*tick.Second, tick.Second, 30*tick.Second)
		until = c.Answered + f.talk(w)
	} else {
		s.Ending = Unanswered
	}
	f.until(w, k, s, max(until, c.Rings+tick.Second))
}

// forQueue has an agent of the queue call somebody. If none is free, nobody calls.
func (f *floor) forQueue(p *Plan) {
	l, d := f.lines[p.contact.Queue], &p.dice
	k := l.desk(f.now)
	if k == nil {
		p.Kind = FlowEnds
		return
	}
	k.busy[l.class]++
	c := f.outside(p, k.user)
	c.Done = c.Until
	if d.Percent(85) {
		c.Done += d.Lognormal(p.contact.Queue.After, afterSigma, tick.Second, 10*tick.Minute)
	}
	f.leaves(k, l.class, c.Done+d.Between(200, 2000))
}

// outside is a call to a number outside.
func (f *floor) outside(p *Plan, from *organization.User) *Call {
	d := &p.dice
	c := &Call{From: from, Dials: f.now, Rings: f.now + d.Around(tick.Second, 40, 6*tick.Second)}
	p.Call = c
	if d.Percent(80) {
		c.Answered = c.Rings + d.Around(8*tick.Second, tick.Second, 40*tick.Second)
		c.Until = c.Answered + d.Lognormal(80*tick.Second, 1.5, 2*tick.Second, 90*tick.Minute)
	} else {
		c.Until = c.Rings + d.Between(8*tick.Second, 50*tick.Second)
	}
	return c
}

// outbound has one of the staff call somebody outside.
func (f *floor) outbound(p *Plan) {
	k := somebody(f.staff, &p.dice, f.now)
	if k == nil {
		p.Kind = FlowEnds
		return
	}
	k.till = f.outside(p, k.user).Until + tick.Second
}

// internal has one of the staff call another. Who speaks to somebody, or has gone, does not answer.
func (f *floor) internal(p *Plan) {
	d := &p.dice
	from := somebody(f.staff, d, f.now)
	if from == nil || len(f.staff) < 2 {
		p.Kind = FlowEnds
		return
	}
	to := f.staff[d.Below(len(f.staff))]
	for to == from {
		to = f.staff[d.Below(len(f.staff))]
	}
	p.Call = &Call{From: from.user, To: to.user, Dials: f.now, Rings: f.now + d.Around(tick.Second, 40, 6*tick.Second)}
	f.rings(p, to)
	from.till = p.Call.Until + tick.Second
}

// rings is what a called person does: answer, or leave it to the mailbox, unless the caller gives up first.
func (f *floor) rings(p *Plan, to *desk) {
	d, c := &p.dice, p.Call
	free := to != nil && to.on(f.now) && to.till <= f.now
	c.Busy = to != nil && to.till > f.now && d.Percent(50)
	switch {
	case free && d.Percent(82):
		c.Answered = c.Rings + d.Around(6*tick.Second, tick.Second, 11*tick.Second)
		c.Until = c.Answered + d.Lognormal(90*tick.Second, 1.6, tick.Second, 2*tick.Hour)
		to.till = c.Until + tick.Second
	case d.Percent(25):
		c.Until = c.Rings + d.Between(2*tick.Second, 11*tick.Second)
		if free {
			to.till = c.Until + tick.Second
		}
	default:
		c.Mailbox = true
		c.Answered = c.Rings + d.Between(12*tick.Second, 12050)
		c.Until = c.Answered + d.Around(8*tick.Second, tick.Second, 3*tick.Minute)
		if free {
			to.till = c.Answered + tick.Second
		}
	}
}

// toUser has the flow ring at one of the staff.
func (f *floor) toUser(p *Plan) {
	d := &p.dice
	to := somebody(f.staff, d, f.now)
	if to == nil {
		p.Kind = UserVoicemail
		return
	}
	p.Call = &Call{To: to.user, Dials: f.now, Rings: f.now + d.Between(60, 200)}
	c := p.Call
	c.Answered = c.Rings + d.Around(4*tick.Second, tick.Second, 20*tick.Second)
	c.Until = c.Answered + d.Lognormal(100*tick.Second, 1.3, 3*tick.Second, 2*tick.Hour)
	c.Done = c.Until
	if d.Percent(50) {
		c.Done += d.Around(10*tick.Second, tick.Second, 34*tick.Minute)
	}
	to.till = c.Until + tick.Second
}
