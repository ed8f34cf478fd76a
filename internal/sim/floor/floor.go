// Package floor is a day at the simulated centre: who waits in which queue, who answers, how long they talk and what they
// do then. It is a discrete-event simulation. Waits, abandons and answers over the service level follow from how many
// come and how many work; nobody decides them.
//
// A day goes from one quiet hour of the night to the next. Then nobody works and nobody waits, so that a day can be
// simulated without the one before it. What outlasts the night follows from when it came: an email of the evening waits
// in the queue when the next day begins, and so does a customer who writes again.
//
// Nobody serves more at once than the platform lets them, works outside a shift, or serves a queue that is not theirs.
package floor

import (
	"github.com/parley-hq/parley/internal/sim/organization"
	"github.com/parley-hq/parley/internal/sim/tick"
)

// Day is what became of the contacts of one of the centre's days. Safe for concurrent use: it is read only.
type Day struct {
	plans map[key]*Plan
}

// key is a contact, and whether it is one who writes again.
type key struct {
	day   int64
	n     int
	again bool
}

// Plan is what became of a contact, nil if the day did not serve it.
func (d *Day) Plan(c *Contact, again bool) *Plan { return d.plans[key{c.Day, c.N, again}] }

// floor is a day while it goes on.
type floor struct {
	events
	org                *organization.Organization
	now                tick.Instant
	night              tick.Instant // when the day ends
	lines              map[*organization.Queue]*line
	voice              []*organization.Queue
	staff, supervisors []*desk
}

// Play simulates a day of the centre, to which the contacts come. They may come in any order, and those whom another day
// serves are left out.
func Play(o *organization.Organization, day int64, contacts []Contact) *Day {
	f := &floor{org: o, night: tick.Instant(day+1)*tick.Day + organization.Quiet, lines: make(map[*organization.Queue]*line)}
	f.opens(day)
	f.seats(day)
	out := &Day{plans: make(map[key]*Plan, len(contacts))}
	for i := range contacts {
		c := &contacts[i]
		switch first, second := c.Floors(); {
		case !c.Served():
		case first == day:
			out.plans[key{c.Day, c.N, false}] = f.expects(c, c.Ready, day)
		case second == day:
			out.plans[key{c.Day, c.N, true}] = f.expects(c, c.Again, day)
		}
	}
	for len(f.heap) > 0 {
		e := f.next()
		f.now = e.at
		e.do()
	}
	return out
}

// opens makes the queues.
func (f *floor) opens(day int64) {
	of := map[int]class{organization.ChatQueue: texts, organization.MessageQueue: texts, organization.EmailQueue: mails}
	for _, t := range f.org.Teams {
		for i, q := range t.Queues {
			l := &line{queue: q, shut: tick.Instant(day)*tick.Day + t.Hours[organization.Weekday(day)].Until + 20*tick.Minute}
			if t.Medium != "voice" {
				l.class = of[i]
			} else {
				f.voice = append(f.voice, q)
			}
			f.lines[q] = l
			f.at(l.shut, func() { f.shuts(l) })
		}
	}
}

// expects has a contact come when it is ready; who wrote at night comes when the day begins.
func (f *floor) expects(c *Contact, ready tick.Instant, day int64) *Plan {
	p := &Plan{Kind: c.Kind, contact: c, dice: c.dice}
	if ready == c.Again {
		p.dice.Below(7) // other throws than in the morning
	}
	at := ready
	if c.Kind == ForQueue || c.Kind == Internal || c.Kind == Outbound || c.Kind == Preview {
		at = c.At
	}
	f.at(max(at, tick.Instant(day)*tick.Day+organization.Quiet), func() { f.comes(p, ready) })
	return p
}

// comes is what happens first.
func (f *floor) comes(p *Plan, ready tick.Instant) {
	switch c := p.contact; c.Kind {
	case ToUser:
		f.toUser(p)
	case Internal:
		f.internal(p)
	case Outbound:
		f.outbound(p)
	case ForQueue:
		f.forQueue(p)
	case Queued:
		f.waits(p, "voice", ready+p.dice.Between(60, 110))
	case QueueVoicemail:
		ready += p.dice.Around(40*tick.Second, 5*tick.Second, 4*tick.Minute)
		f.waits(p, "callback", ready)
	case Preview:
		p.Campaign = f.campaign(p, false)
		f.waits(p, "callback", c.At)
	case Predictive:
		f.dials(p)
	case Chat:
		f.waits(p, "chat", ready)
	case Message:
		f.waits(p, "message", ready)
	case Email:
		f.waits(p, "email", ready)
	default: // needs nobody
	}
}

// waits has the contact enter its queue at an instant, which may have passed.
func (f *floor) waits(p *Plan, medium string, at tick.Instant) {
	w := &waiting{plan: p, visit: &Visit{Queue: p.contact.Queue, Medium: medium, Enter: at}}
	f.at(max(at, f.now), func() { f.enters(w, f.patience(p)) })
}

// campaign is one that calls for the contact's queue.
func (f *floor) campaign(p *Plan, predictive bool) *organization.Campaign {
	for i, from := 0, p.dice.Below(len(f.org.Campaigns)); i < len(f.org.Campaigns); i++ {
		if c := f.org.Campaigns[(from+i)%len(f.org.Campaigns)]; c.Predictive == predictive {
			return c
		}
	}
	return f.org.Campaigns[0]
}

// dials is a campaign's call: four in ten answer, and wait for an agent.
func (f *floor) dials(p *Plan) {
	p.Campaign = f.campaign(p, true)
	c := &Call{Dials: p.contact.At, Rings: p.contact.At}
	p.Call = c
	c.Until = f.now
	if p.dice.Percent(40) {
		c.Answered = f.now
		f.waits(p, "voice", f.now+p.dice.Between(100, 400))
	}
}
