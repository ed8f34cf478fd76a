package sim

import (
	"github.com/parley-hq/parley/internal/sim/floor"
	"github.com/parley-hq/parley/internal/sim/organization"
)

// user adds a person who is called by, or calls, the peer; peer is nil for the one who begins, and for internal calls.
func (k *call) user(u *user, direction string, peer *leg) *leg {
	return k.person("user", u, direction, peer)
}

// person adds a user of the centre, as agent of a queue or as themselves, in a call.
func (k *call) person(purpose string, u *user, direction string, peer *leg) *leg {
	l := k.leg(purpose, direction)
	l.session.EdgeID, l.session.ProtocolCallID = u.Edge, u.Line
	if direction == "inbound" {
		l.session.SessionDnis = u.Address
	}
	return l.is(u, peer)
}

// is says who takes part, and with whom.
func (l *leg) is(u *user, peer *leg) *leg {
	l.party.UserID, l.person = u.ID, u
	l.call.touch(u.Division)
	if peer != nil {
		l.session.PeerID = peer.session.SessionID
		l.session.Remote = l.call.caller.Name
	}
	return l
}

// talks adds interact and now and then hold segments after one another, up to an instant. The last one stays open; it is
// a hold if the other side gives up while being held.
func (l *leg) talks(until instant) {
	for holds := l.holds(until - l.at); holds > 0; holds-- {
		part := (until - l.at) / instant(2*holds+1)
		l.stay("interact", l.at+l.call.Between(part/2, part))
		l.stay("hold", l.at+l.call.Between(part/2, part))
	}
	if until-l.at > minute && l.call.Percent(2) {
		l.stay("interact", l.at+(until-l.at)/2)
		l.begin("hold", l.at)
		return
	}
	l.begin("interact", l.at)
}

// holds is how often an agent holds the caller: seldom, and not within a minute.
func (l *leg) holds(length instant) int {
	if length < minute {
		return 0
	}
	return pick(l.call, []int{0, 0, 0, 0, 0, 0, 0, 1, 1, 2})
}

// finishes ends the talk, with which handling ends too, unless a wrap-up follows.
func (l *leg) finishes(at instant, how string) {
	l.completes(at, how)
	l.handled()
}

func (l *leg) handled() { l.emit(l.at, "tHandle", l.spent.handle()) }

// completes ends the talk.
func (l *leg) completes(at instant, how string) {
	l.leave(at, how)
	if l.session.MediaType == "voice" {
		l.report(l.at, opus)
	}
	l.emit(l.at, "tTalkComplete", l.spent.talk)
	if l.spent.held > 0 {
		l.emit(l.at, "tHeldComplete", l.spent.held)
	}
}

// wrapsUp adds after-call work up to an instant, which ends handling. Where there is none, handling ends with the talk,
// and the code may come hours or days later, in no time.
func (l *leg) wrapsUp(until instant) {
	if until <= l.at {
		l.handled()
		if l.call.Percent(12) {
			l.wrapsUpLate(l.at + l.call.Around(35*minute, minute, 2*day))
		}
		return
	}
	how := l.last().DisconnectType
	l.begin("wrapup", l.at)
	l.code()
	l.fails()
	l.leave(until, how)
	l.handled()
}

// code is what the agent chose: one of the queue's codes, none, or what the platform writes when time was up.
func (l *leg) code() {
	k := l.call
	switch at := k.Below(100); {
	case at < 20:
	case at < 38:
		l.last().WrapUpCode = organization.DefaultWrapUpCode
	case at < 44:
		l.last().WrapUpCode = "ININ-WRAP-UP-TIMEOUT"
	default:
		l.last().WrapUpCode = l.chooses()
		if k.Percent(20) {
			l.last().WrapUpNote = pick(k, notes)
		}
		if k.Percent(3) {
			l.last().WrapUpTags = []string{"follow-up"}
		}
	}
}

// chooses is a code of the queue; outside queues any may be chosen.
func (l *leg) chooses() string {
	if l.queue != nil {
		return pick(l.call, l.queue.Codes)
	}
	return pick(l.call, l.call.centre.Organization.WrapUpCodes).ID
}

// fails notes, now and then, that the station's session had gone when the wrap-up was written.
func (l *leg) fails() {
	if !l.joined && !l.call.Percent(12) || l.session.MediaType != "voice" {
		return
	}
	l.last().ErrorCode = "error.ininedgecontrol.session.inactive"
	l.emit(l.at+l.call.Between(0, 17), "nError", 1)
}

// wrapsUpLate adds a wrap-up of no length some time after the call.
func (l *leg) wrapsUpLate(at instant) {
	how := l.last().DisconnectType
	l.begin("wrapup", at)
	l.last().WrapUpCode = l.chooses()
	l.leave(at, how)
}

// listens adds a supervisor who listens to an agent, or whispers to the agent, or joins the talk. How often is our guess.
func (k *call) listens(m *floor.Monitor, to *leg) {
	l, d := k.user(m.User, "outbound", nil), k.centre.dice(k.contact, whatSupervisorsDo)
	kind, whom := "monitoring", &l.session.MonitoredParticipantID
	switch at := d.Below(100); {
	case at < 20:
		kind, whom = "coaching", &l.session.CoachedParticipantID
	case at < 30:
		kind, whom = "barging", &l.session.BargedParticipantID
	}
	*whom = to.party.ParticipantID
	l.begin(kind, m.From)
	l.leave(m.Until, "client")
}

var notes = []string{
	"Caller will send the form by mail.", "Explained the statement line by line.", "Promised an update by Friday.",
	"Asked for a copy of the policy.", "Reset the portal access and checked that it works.", "Wants to be called after 5 pm.",
	"First line: address.\nSecond line: card.", "",
}
