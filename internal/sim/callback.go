package sim

import (
	"github.com/parley-hq/parley/internal/sim/floor"
)

// callback adds a visit that waits for a call of ours: another session of the customer, the queue, and agents. Where the
// caller spoke to a mailbox, the recording is put away first, from an instant that is not 0.
func (k *call) callback(caller *leg, v *floor.Visit, uploads instant) {
	session := k.calledBack(caller, v.Queue)
	visit := k.wantsCall(session, v.Queue)
	for _, l := range []*leg{session, visit} {
		switch {
		case uploads > 0:
			l.begin("uploading", uploads)
			l.end(v.Enter + 5)
			l.begin("interact", l.at)
		case v.Booked > 0:
			l.session.CallbackScheduledTime = v.Enter.String()
			l.begin("scheduled", v.Booked)
			l.end(v.Enter)
			l.begin("interact", l.at)
		default:
			l.begin("interact", v.Enter)
		}
	}
	if v.Booked > 0 {
		visit.emit(v.Booked, "nCallbackScheduled", 1) // by queue, as all that is counted of waits
	}
	for _, o := range v.Offers {
		k.offeredBack(session, v, o)
	}
	if v.Served == nil {
		session.leave(v.Left, "client")
		wait := visit.leave(v.Left, "peer")
		visit.emit(visit.at, "tFlowOut", wait)
		return
	}
	k.callsBack(caller, session, visit, v)
}

// calledBack adds the customer's session of a callback.
func (k *call) calledBack(caller *leg, q *queue) *leg {
	l := k.bare("customer", "outbound", "callback", "PureCloud Callback").of(caller)
	l.callsTo()
	l.queue = q
	return l
}

// wantsCall adds the queue of a callback.
func (k *call) wantsCall(customer *leg, q *queue) *leg {
	l := k.bare("acd", "outbound", "callback", "PureCloud Callback")
	l.callsTo()
	l.inQueue(customer, q, "voicemail")
	return l
}

var never = new(int64(0))

// callsTo notes whom to call.
func (l *leg) callsTo() {
	l.session.CallbackNumbers, l.session.CallbackUserName = []string{l.call.caller.Number}, "Name Not Provided"
	l.session.SkipEnabled, l.session.TimeoutSeconds = l.call.yes, never
}

// rungBack offers a callback to an agent.
func (k *call) rungBack(customer *leg, q *queue, u *user, at instant) *leg {
	l := k.bare("agent", "outbound", "callback", "PureCloud Callback").is(u, customer)
	l.callsTo()
	l.asked(q, u)
	l.begin("alert", at)
	return l
}

func (k *call) offeredBack(customer *leg, v *floor.Visit, o floor.Offer) {
	l := k.rungBack(customer, v.Queue, o.User, o.At)
	l.leave(o.Until, pick(k, []string{"system", "client"}))
	l.emit(o.Until, "tNotResponding", o.Until-o.At)
}

// callsBack is the agent's work on a callback: the agent looks at it, and calls in a session of its own.
func (k *call) callsBack(caller, customer, visit *leg, v *floor.Visit) {
	s := v.Served
	l := k.rungBack(customer, v.Queue, s.User, s.Alert)
	k.answers(customer, visit, l, s.From)
	l.begin("interact", l.at)
	if s.Ending == floor.Skipped {
		l.finishes(s.Until, "client")
		l.begin("wrapup", s.Until+24)
		l.last().WrapUpCode = "ININ-OUTBOUND-PREVIEW-SKIPPED"
		l.leave(s.Until+24, "client")
		customer.leave(s.Until, "peer")
		return
	}
	l.finishes(s.Called.Dials, "client")
	k.phones(caller, l, s)
	customer.leave(s.Until+k.Between(1, 4), "peer")
}

// phones is the call of a callback, on the phone of the same agent and customer.
func (k *call) phones(caller, l *leg, s *floor.Service) {
	c := s.Called
	agent := k.person("agent", s.User, "outbound", nil).of(l)
	number := "tel:" + k.caller.Number
	agent.session.Ani, agent.session.Dnis, agent.session.SessionDnis = s.User.Address, number, number
	agent.begin("contacting", c.Dials)
	agent.end(c.Rings)
	agent.begin("dialing", agent.at)
	other := k.party("customer", "outbound").of(caller)
	other.session.Ani, other.session.Dnis, other.session.SessionDnis = s.User.Address, number, number
	other.begin("dialing", c.Rings+1)
	k.reached(agent, other, c, s.Until)
	agent.wrapsUp(s.Done)
}

// reached ends a call of ours: answered, spoken and hung up, or not answered.
func (k *call) reached(l, other *leg, c *floor.Call, until instant) {
	l.session.PeerID, l.session.Remote = other.session.SessionID, k.caller.Name
	if c.Answered == 0 || c.Answered >= until {
		how := pick(k, []string{"client", "peer"})
		l.leave(until, how)
		other.leave(until+1, otherSide(how))
		other.last().SipResponseCodes = []int64{pick(k, []int64{480, 487})}
		return
	}
	other.end(c.Answered - k.Between(1, 5))
	l.end(c.Answered)
	other.begin("interact", other.at)
	l.talks(until)
	if k.Percent(50) {
		l.completes(until, "client")
		k.hangsUp(other, until+k.Between(1, 4), "peer")
		return
	}
	k.hangsUp(other, until, "endpoint")
	l.completes(until+k.Between(1, 4), "peer")
}

// expires is a callback in a queue that nobody serves: the platform closes it 59 days and a second after it came.
func (k *call) expires(caller *leg, q *queue, uploads, spoken instant) {
	session := k.calledBack(caller, q)
	visit := k.wantsCall(session, q)
	for _, l := range []*leg{session, visit} {
		l.begin("uploading", uploads)
		l.end(spoken + k.Between(2, 4)*second)
		l.begin("interact", l.at)
	}
	at := spoken + 59*day + second
	session.leave(at, "client")
	wait := visit.leave(at+11, "peer")
	visit.emit(visit.at, "tFlowOut", wait)
}

// preview is a campaign whose agents see a contact before they call it.
func (k *call) preview() {
	k.outward(k.plan.Visits[0].Queue)
	v, c := k.plan.Visits[0], k.plan.Campaign
	caller := k.bare("customer", "outbound", "callback", "PureCloud Callback")
	caller.party.ParticipantName, caller.party.ExternalContactID = k.caller.Name, k.caller.Contact
	caller.callsTo()
	caller.queue = v.Queue
	visit := k.wantsCall(caller, v.Queue)
	visit.session.FlowInType = ""
	contact := k.Hex(32)
	caller.begin("interact", v.Enter)
	visit.begin("interact", v.Enter)
	for _, o := range v.Offers {
		k.offeredBack(caller, v, o)
	}
	if v.Served == nil {
		caller.leave(v.Left, "system")
		visit.emit(v.Left, "tFlowOut", visit.leave(v.Left, "peer"))
	} else {
		k.callsBack(caller, caller, visit, v)
	}
	for _, l := range k.legs {
		l.session.OutboundCampaignID, l.session.OutboundContactID, l.session.OutboundContactListID = c.ID, contact, c.ContactList
		if l.session.MediaType == "callback" {
			l.session.ScriptID, l.session.CallbackScheduledTime = c.Script, k.start.String()
		}
	}
}

// outward begins a conversation that a campaign wants.
func (k *call) outward(q *queue) {
	k.caller = k.centre.Organization.Caller(k.dice)
	k.direction, k.ani, k.dnis = "outbound", "tel:+18005550199", "tel:"+k.caller.Number
	k.touch(q.Division)
}

// dispositions are what the dialer makes of a call that no person answers.
var dispositions = []string{"noanswer", "busy", "machine", "sit"}

// predictive is a campaign that calls; an agent gets who answers.
func (k *call) predictive() {
	c := k.plan.Call
	k.outward(k.plan.Campaign.Queue)
	caller := k.party("customer", "outbound")
	caller.begin("dialing", c.Dials)
	caller.emit(c.Dials, "nOutboundAttempted", 1)
	contact := k.Hex(32)
	if c.Answered == 0 {
		name := pick(k, dispositions)
		caller.leave(c.Until, pick(k, []string{"system", "peer", "uncallable"}))
		caller.last().SipResponseCodes = []int64{pick(k, []int64{480, 486, 487})}
		caller.session.DispositionName, caller.session.DispositionAnalyzer = "disposition.classification.callable."+name, "final"
	} else {
		caller.end(c.Answered)
		caller.begin("interact", caller.at)
		caller.emit(caller.at, "nOutboundConnected", 1)
		caller.queue = k.plan.Campaign.Queue
		caller.ask(caller.queue)
		k.visited(caller, "")
		if k.plan.Visits[0].How == floor.Abandoned {
			caller.emit(k.plan.Visits[0].Left, "nOutboundAbandoned", 1)
		}
	}
	for _, l := range k.legs {
		l.session.OutboundCampaignID, l.session.OutboundContactID, l.session.OutboundContactListID = k.plan.Campaign.ID, contact, k.plan.Campaign.ContactList
	}
}
