package sim

import "github.com/parley-hq/parley/internal/sim/floor"

// How long a leg lives on whose end the platform never heard: half a day, or until the platform's sweep, some 60 days
// after it began.
const (
	lingers = 12 * hour
	sweep   = 59*day + 20*hour
)

// confers has the agent ask somebody outside to join. From then on the segments of all are of a conference; the segment
// in which it began is as a whole.
func (k *call) confers(caller, l *leg, s *floor.Service) {
	l.begin("interact", l.at)
	l.end(s.At)
	k.merged = s.At
	l.joined, caller.joined = true, true
	caller.last().Conference = k.yes
	l.stay("hold", s.At+(s.Until-s.At)/4)
	l.begin("interact", l.at)
	other := k.third(s.At + k.Between(20, 120))
	k.leavesConference(other, s)
}

// third adds somebody outside who was called by the agent, in a conversation of its own that becomes part of this one.
func (k *call) third(at instant) *leg {
	who := k.centre.Organization.Caller(k.dice)
	other := k.leg("customer", "outbound")
	other.joined = true
	other.party.ParticipantName, other.party.ExternalContactID = who.Name, who.Contact
	other.session.RemoteNameDisplayable, other.session.SessionDnis = who.Name, "tel:"+who.Number
	other.session.Ani, other.session.Dnis = k.dnis, "tel:"+who.Number
	other.session.Recording = k.yes
	other.begin("interact", at)
	other.last().SourceConversationID = k.UUID()
	if k.Percent(50) {
		other.last().DestinationConversationID = k.id
	}
	return other
}

// leavesConference ends the third leg, often long after everybody has gone: of 148 real calls of two days three were
// conferences with a leg of 12 to 15 hours.
func (k *call) leavesConference(other *leg, s *floor.Service) {
	switch at := k.Below(100); {
	case at < 22:
		other.leave(s.At+(s.Until-s.At)*3/4, pick(k, []string{"endpoint", "client"}))
	case at < 40:
		other.leave(s.Until+k.Between(5, 300), "peer")
	case at < 62:
		at := s.Until + lingers + k.Between(0, 3*hour)
		other.leave(at, "error")
		other.last().ErrorCode = "error.ininedgecontrol.connection.media.endpoint"
		other.emit(at, "nError", 1)
	case at < 84:
		other.leave(s.Until+lingers+k.Between(0, 3*hour), "peer")
		other.last().SipResponseCodes = []int64{503}
	default: // closed by the platform: nothing says how it ended
		other.end(other.at/day*day + sweep + k.Between(0, 32*second))
	}
	other.report(min(other.at, s.Until), opus)
}

// staysOn is a conference that the agent leaves: the customer stays with the others.
func (k *call) staysOn(caller, l *leg, s *floor.Service) {
	l.completes(s.Until, "client")
	k.hangsUp(caller, s.Until+k.Around(10*minute, minute, 2*hour), "peer")
}

// secures has the caller enter a card number into a flow while the agent waits.
func (k *call) secures(caller, l *leg, s *floor.Service) {
	f := k.centre.Organization.Secure
	r := k.enters(caller, f, s.At, "agent", l.person.ID)
	r.session.Flow.FlowType = "SECURECALL"
	r.handsOn(r.at+max(second, min((s.Until-s.At)/2, k.Around(40*second, 5*second, 3*minute))), "RETURN_TO_AGENT", l.person.ID, "")
	r.last().DisconnectType, r.last().SipResponseCodes = "system", nil
}
