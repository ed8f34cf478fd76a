package floor

import (
	"github.com/parley-hq/parley/internal/sim/organization"
	"github.com/parley-hq/parley/internal/sim/tick"
)

// line is a queue with those who wait in it.
type line struct {
	queue   *organization.Queue
	class   class
	pools   []*pool
	again   queue[*waiting] // who were offered to somebody who did not answer: they are next
	waiting queue[*waiting]
	shut    tick.Instant // when those who still wait are sent away
}

// waiting is a visit that goes on.
type waiting struct {
	visit *Visit
	plan  *Plan
	line  *line
	since tick.Instant // since when the line has them; who wrote at night has waited longer
	desk  *desk        // where it rings, or nil
	rung  tick.Instant // since when
	tries int
	over  bool
	talk  tick.Instant   // how long the talk will be, where somebody has decided that already
	then  func(*Service) // told of the answer, and of its absence by nil; may be nil
}

// first is who is next, or nil.
func (l *line) first() *waiting {
	for _, q := range [...]*queue[*waiting]{&l.again, &l.waiting} {
		for w := q.first(); w != nil; w = q.first() {
			if !(*w).over && (*w).desk == nil {
				return *w
			}
			q.drop()
		}
	}
	return nil
}

// waiting is who has waited for longest in any of the pool's lines, or nil.
func (p *pool) waiting(c class) (out *waiting) {
	for _, l := range p.lines {
		if l.class != c {
			continue
		}
		if w := l.first(); w != nil && (out == nil || w.since < out.since) {
			out = w
		}
	}
	return out
}

// desk is the agent who has been free for longest in any of the line's pools, or nil. The agent is free no more.
func (l *line) desk(now tick.Instant) *desk {
	var from *pool
	var next *turn
	for _, p := range l.pools {
		if t := p.first(l.class, now); t != nil && (next == nil || t.since < next.since) {
			from, next = p, t
		}
	}
	if next == nil {
		return nil
	}
	k := next.desk
	from.free[l.class].drop()
	return k
}

// enters has a visit begin, and end when the customer's patience does.
func (f *floor) enters(w *waiting, patience tick.Instant) {
	w.line, w.since = f.lines[w.visit.Queue], f.now
	w.plan.Visits = append(w.plan.Visits, w.visit)
	f.at(f.now+patience, func() { f.abandons(w) })
	f.seeks(w, &w.line.waiting)
}

// seeks looks for an agent, and has the visit wait among others if there is none.
func (f *floor) seeks(w *waiting, among *queue[*waiting]) {
	switch k := w.line.desk(f.now); {
	case k != nil:
		f.offers(w, k)
		f.idles(k, w.line.class)
	case f.now >= w.line.shut:
		f.ends(w, FlowedOut)
	default:
		among.add(w)
	}
}

// shuts sends away who still waits some time after the queue has closed.
func (f *floor) shuts(l *line) {
	for w := l.first(); w != nil; w = l.first() {
		f.ends(w, FlowedOut)
	}
}

// abandons ends a visit because the customer has no more patience. Of those who waited for long, some would rather be
// called back.
func (f *floor) abandons(w *waiting) {
	if w.over {
		return
	}
	how := Abandoned
	if w.plan.Kind == Queued && w.then == nil && f.now-w.since > tick.Minute && f.now < w.line.shut && w.plan.dice.Percent(15) {
		how = CalledBack
	}
	if k := w.desk; k != nil {
		if f.now > w.rung {
			w.visit.Offers = append(w.visit.Offers, Offer{User: k.user, At: w.rung, Until: f.now, Left: true})
		}
		f.leaves(k, w.line.class, f.now+tick.Second)
	}
	f.ends(w, how)
	if how == CalledBack {
		f.callsBack(w.plan, w.visit.Queue)
	}
}

// ends is the end of a visit that nobody answered.
func (f *floor) ends(w *waiting, how Outcome) {
	if w.visit.Medium == "callback" {
		how = NeverServed
	}
	w.over, w.visit.Left, w.visit.How = true, f.now, how
	if w.then != nil {
		w.then(nil)
	}
}

// offers rings at an agent's desk.
func (f *floor) offers(w *waiting, k *desk) {
	d, c := &w.plan.dice, w.line.class
	k.busy[c]++
	w.desk, w.rung = k, f.now+d.Between(250, 900)
	w.tries++
	try, ring := w.tries, d.Around(3*tick.Second, tick.Second/2, 11*tick.Second)
	if w.visit.Queue.Auto {
		ring = d.Between(15, 1800)
	}
	refuses := d.Permille(45)
	if refuses {
		ring = d.Between(5*tick.Second, 15200)
	}
	f.at(w.rung+ring, func() {
		switch {
		case w.over || w.tries != try:
		case refuses:
			f.refused(w, k)
		default:
			f.answers(w, k)
		}
	})
}

// refused puts a visit back: the agent did not answer, and gets no other conversation for a while.
func (f *floor) refused(w *waiting, k *desk) {
	o := Offer{User: k.user, At: w.rung, Until: f.now}
	away := w.plan.dice.Between(tick.Minute, 4*tick.Minute)
	if w.plan.dice.Percent(8) {
		o.After = f.now + away/2
	}
	w.visit.Offers, w.desk = append(w.visit.Offers, o), nil
	f.leaves(k, w.line.class, f.now+away)
	f.seeks(w, &w.line.again)
}
