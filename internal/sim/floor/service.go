package floor

import (
	"github.com/parley-hq/parley/internal/sim/chance"
	"github.com/parley-hq/parley/internal/sim/organization"
	"github.com/parley-hq/parley/internal/sim/tick"
)

// answers ends the wait, and begins the service.
func (f *floor) answers(w *waiting, k *desk) {
	w.over, w.visit.Left, w.visit.How = true, f.now, Answered
	s := &Service{User: k.user, Alert: w.rung, From: f.now}
	w.visit.Served = s
	if w.then != nil {
		w.then(s)
	}
	switch {
	case w.visit.Medium == "callback":
		f.calls(w, k, s)
	case w.talk > 0:
		f.until(w, k, s, f.now+w.talk)
	default:
		f.serves(w, k, s)
	}
}

// Talks are lognormal: so were those of the bank whose calls Brown et al. measured (see package arrival), and those of
// many others since. Work after a call is too.
const (
	talkSigma  = 1.1
	afterSigma = 0.8
)

func (f *floor) talk(w *waiting) tick.Instant {
	least := 5 * tick.Second
	if w.plan.contact.Last {
		least = tick.Minute
	}
	return w.plan.dice.Lognormal(w.visit.Queue.Talk, talkSigma, least, 5*tick.Hour)
}

// endings say how often a call in a queue ends in each way, in thousandths; it is hung up otherwise.
var endings = [...]struct {
	ending Ending
	share  int
}{{Blind, 95}, {ConsultedOver, 25}, {ConsultedBack, 20}, {Conference, 60}, {Secure, 20}}

func ending(d *chance.Dice) Ending {
	at := d.Below(1000)
	for _, e := range endings {
		if at -= e.share; at < 0 {
			return e.ending
		}
	}
	return HungUp
}

// serves is a talk with a customer, however it goes.
func (f *floor) serves(w *waiting, k *desk, s *Service) {
	d, talk := &w.plan.dice, f.talk(w)
	if w.visit.Medium == "voice" && !w.visit.Consult && talk > 40*tick.Second {
		s.Ending = ending(d)
		f.monitors(s, d, talk)
	}
	if w.visit.Medium == "message" && d.Percent(8) {
		s.Ending = Blind
	}
	s.At = f.now + talk/4 + d.Between(0, talk/4)
	switch s.Ending {
	case ConsultedOver, ConsultedBack:
		f.at(s.At, func() { f.consults(w, k, s, talk) })
	default:
		f.until(w, k, s, f.now+talk)
	}
}

// until ends the talk at an instant, or when the centre closes for the night.
func (f *floor) until(w *waiting, k *desk, s *Service, at tick.Instant) {
	f.at(max(f.now, min(at, f.night-25*tick.Minute)), func() { f.finishes(w, k, s) })
}

// finishes ends the talk, and has the agent write it up.
func (f *floor) finishes(w *waiting, k *desk, s *Service) {
	d := &w.plan.dice
	s.Until, s.Done = f.now, f.now
	if s.Ending == Blind {
		f.passes(w, s)
	}
	written := 90 // of a hundred talks; chats and messages are often left as they are
	if w.line.class == texts {
		written = 60
	}
	if d.Percent(written) {
		s.Done += d.Lognormal(w.visit.Queue.After, afterSigma, tick.Second, organization.LongestAfter)
	}
	f.leaves(k, w.line.class, s.Done+d.Between(200, 2000))
}

// passes hands the customer to another queue, if one is open.
func (f *floor) passes(w *waiting, s *Service) {
	q := f.other(w)
	if q == nil {
		s.Ending = HungUp
		return
	}
	next := &waiting{plan: w.plan, visit: &Visit{Queue: q, Medium: w.visit.Medium, Enter: f.now + w.plan.dice.Between(60, 170)}}
	f.at(next.visit.Enter, func() { f.enters(next, f.patience(w.plan)) })
}

// other is another open queue of the same medium, or nil.
func (f *floor) other(w *waiting) *organization.Queue {
	from := f.voice
	if w.line.class != calls {
		from = f.org.DigitalTeam().Queues[organization.MessageQueue : organization.MessageQueue+1]
	}
	for range 5 {
		q := chance.Pick(&w.plan.dice, from)
		if (q != w.visit.Queue || len(from) == 1) && q.Team.Open(f.now) {
			return q
		}
	}
	return nil
}

// consults has the agent wait in another queue while the customer is held. When nobody answers, the agent gives up and
// goes on.
func (f *floor) consults(w *waiting, k *desk, s *Service, talk tick.Instant) {
	q, d := f.other(w), &w.plan.dice
	if q == nil {
		s.Ending = HungUp
		f.until(w, k, s, s.From+talk)
		return
	}
	speak, rest := d.Around(50*tick.Second, 5*tick.Second, 10*tick.Minute), talk/2
	next := &waiting{plan: w.plan, visit: &Visit{Queue: q, Medium: "voice", Enter: f.now + d.Between(300, 900), Consult: true}}
	next.talk = speak
	if s.Ending == ConsultedOver {
		next.talk += rest
	}
	next.then = func(answer *Service) {
		switch {
		case answer == nil: // nobody answered
			s.Ending = ConsultedBack
			f.until(w, k, s, f.now+rest)
		case s.Ending == ConsultedOver:
			f.until(w, k, s, f.now+speak)
		default:
			f.until(w, k, s, f.now+speak+rest)
		}
	}
	s.Consult = next.visit
	f.at(next.visit.Enter, func() { f.enters(next, d.Around(70*tick.Second, 10*tick.Second, 5*tick.Minute)) })
}

// monitors has a supervisor listen to a talk in a hundred, if one is free.
func (f *floor) monitors(s *Service, d *chance.Dice, talk tick.Instant) {
	if !d.Percent(1) {
		return
	}
	if k := somebody(f.supervisors, d, f.now); k != nil {
		k.till = f.now + talk
		s.Monitor = &Monitor{User: k.user, From: f.now + talk/8, Until: f.now + talk/2}
	}
}

// patience is how long the customer waits: Weibull, as Palm and Kort found for telephone callers. With a shape below 1,
// as whoever does not give up at once waits on: Brown et al. saw the hazard fall.
func (f *floor) patience(p *Plan) tick.Instant {
	d := &p.dice
	switch {
	case p.contact.Last:
		return 4 * tick.Hour
	case p.Kind == Predictive:
		return tick.Second + d.Weibull(25*tick.Second, 1)
	case p.Kind == Chat:
		return tick.Second + d.Weibull(8*tick.Minute, 0.8)
	case p.Kind == Queued:
		return tick.Second + d.Weibull(14*tick.Minute, 0.75)
	}
	return 7 * tick.Day
}
