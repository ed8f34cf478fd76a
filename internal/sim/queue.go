package sim

import (
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sim/floor"
)

var standard, bullseye = []string{"Standard"}, []string{"Bullseye"}

// queued is an inbound call that the flow hands to a queue.
func (k *call) queued() {
	caller, r := k.arrives("customer")
	q := k.plan.Visits[0].Queue
	r.tells(caller, 80)
	r.handsOn(k.contact.Ready, "ACD", q.ID, q.Name)
	caller.report(k.contact.Ready, opus)
	caller.ask(q)
	k.visited(caller, "ivr")
}

// visited adds all visits of a call to queues, and ends it with the last.
func (k *call) visited(caller *leg, from string) {
	for i, v := range k.plan.Visits {
		if v.Medium == "callback" {
			k.callback(caller, v, 0)
			continue
		}
		if i > 0 {
			from = "agent"
		}
		k.visit(caller, v, from)
	}
}

// visit adds one visit: who waited, who was asked, and who answered.
func (k *call) visit(caller *leg, v *floor.Visit, from string) {
	l := k.waits(caller, v, from)
	for _, o := range v.Offers {
		k.offered(caller, v, o)
	}
	switch v.How {
	case floor.Answered:
		k.served(caller, l, v)
	case floor.Abandoned:
		k.abandons(caller, l, v)
	case floor.FlowedOut, floor.CalledBack, floor.NeverServed:
		k.flowsOut(caller, l, v)
	}
}

// waits adds the queue: delay > interact, the wait being open.
func (k *call) waits(caller *leg, v *floor.Visit, from string) *leg {
	l, q := k.leg("acd", "inbound"), v.Queue
	l.inQueue(caller, q, from)
	l.party.Attributes = map[string]string{"ivr.Skills": q.Skills[0]}
	if f := q.InQueue; f != nil {
		l.session.Flow = &conversation.Flow{
			FlowID: f.ID, FlowName: f.Name, FlowType: "INQUEUECALL", FlowVersion: f.Version, StartingLanguage: f.Language,
		}
	}
	l.begin("delay", v.Enter)
	l.end(v.Enter + k.Between(8, 46))
	l.begin("interact", l.at)
	return l
}

// inQueue makes the leg a queue.
func (l *leg) inQueue(caller *leg, q *queue, from string) {
	l.call.touch(q.Division)
	l.party.ParticipantName, l.queue = q.Name, q
	l.session.FlowInType = from
	l.session.PeerID = caller.session.SessionID
	l.session.Remote, l.session.RemoteNameDisplayable = l.call.caller.Name, q.Name
	l.session.RequestedRoutings, caller.session.RequestedRoutings = routing(q), routing(q)
}

// routing is how the queue looks for agents.
func routing(q *queue) []string {
	if q.Bullseye {
		return bullseye
	}
	return standard
}

// rings offers the caller to an agent.
func (k *call) rings(caller *leg, v *floor.Visit, u *user, at instant) *leg {
	l := k.person("agent", u, "inbound", caller)
	l.asked(v.Queue, u)
	l.begin("alert", at)
	return l
}

// asked notes which queue offers a conversation to the agent.
func (l *leg) asked(q *queue, u *user) {
	l.queue = q
	l.session.ActiveSkillIDs, l.session.RequestedRoutings = q.Skills, routing(q)
	l.session.SelectedAgentID = u.ID
}

// offered adds an agent who did not take the call.
func (k *call) offered(caller *leg, v *floor.Visit, o floor.Offer) {
	l := k.rings(caller, v, o.User, o.At)
	if o.Left {
		l.leave(o.Until, "peer")
		return
	}
	how := pick(k, []string{"client", "client", "client", "system"})
	l.leave(o.Until, how)
	l.emit(o.Until, "tNotResponding", o.Until-o.At)
	if o.After > 0 {
		l.emit(o.Until, "nError", 1)
		l.stay("wrapup", o.After)
		l.last().DisconnectType = how
		l.last().WrapUpCode, l.last().ErrorCode = l.chooses(), "error.ininedgecontrol.session.inactive"
		l.handled()
	}
}

// answers ends the alert and with it the wait; the platform writes both ends some ms apart.
func (k *call) answers(caller, visit, l *leg, at instant) {
	l.end(at)
	wait := visit.leave(at+k.Between(1, 3), "transfer")
	q, u := visit.queue, l.person
	if visit.session.MediaType == "voice" {
		visit.last().SipResponseCodes = moved
		visit.session.DestinationAddresses = []string{u.Mail + "@localhost"}
		if q.InQueue != nil {
			visit.report(at, opus)
			caller.report(at, opus)
		}
	}
	for _, s := range []*conversation.Session{caller.session, visit.session, l.session} {
		s.ActiveSkillIDs, s.SelectedAgentID, s.UsedRouting = q.Skills, u.ID, "Standard"
		if q.Bullseye {
			s.RoutingRing, s.AgentBullseyeRing, s.RemovedSkillIDs = one, one, q.Skills[len(q.Skills)-1:]
		}
	}
	l.emit(at, "tAnswered", wait)
	if wait > q.Target {
		l.emit(at, "nOverSla", 1)
	}
}

var one = new(int64(1))

// abandons ends the wait because the customer, or the agent who asked another, has gone.
func (k *call) abandons(caller, l *leg, v *floor.Visit) {
	at := v.Left
	if !v.Consult {
		k.hangsUp(caller, at, "endpoint")
		at += k.Between(1, 4)
	}
	wait := l.leave(at, "peer")
	l.emit(l.at, "tAbandon", wait)
	if wait < v.Queue.Short {
		l.emit(l.at, "tShortAbandon", wait)
	}
}

// flowsOut ends the wait without an answer: the queue has closed, or the customer wants to be called back.
func (k *call) flowsOut(caller, l *leg, v *floor.Visit) {
	wait := l.leave(v.Left, "system")
	l.session.FlowOutType = "DISCONNECT"
	if v.How == floor.CalledBack {
		l.last().DisconnectType, l.session.FlowOutType = "transfer", "callback"
	}
	l.emit(l.at, "tFlowOut", wait)
	if !v.Consult {
		k.dropped(caller, l.at+k.Between(1, 4))
	}
}

// served adds the agent who answered, and how the talk went on and ended.
func (k *call) served(caller, visit *leg, v *floor.Visit) {
	s := v.Served
	l := k.rings(caller, v, s.User, s.Alert)
	k.answers(caller, visit, l, s.From)
	k.goesOn(caller, l, s)
	switch {
	case s.Ending == floor.Blind:
		l.completes(s.Until, "transfer")
		l.passed("nBlindTransferred")
	case s.Ending == floor.ConsultedOver:
		l.completes(s.Until, "transfer")
		l.passed("nConsultTransferred")
	case v.Consult && k.returns(v):
		l.completes(s.Until, pick(k, []string{"client", "peer"}))
	case s.Ending == floor.Conference && k.Percent(30):
		k.staysOn(caller, l, s)
	default:
		k.parts(caller, l, s.Until)
	}
	l.wrapsUp(s.Done)
}

// goesOn adds the talk and what happens during it.
func (k *call) goesOn(caller, l *leg, s *floor.Service) {
	if s.Monitor != nil {
		k.listens(s.Monitor, l)
	}
	switch s.Ending {
	case floor.ConsultedOver, floor.ConsultedBack:
		if s.Consult != nil {
			l.emit(s.At, "nConsult", 1)
		}
		l.begin("interact", l.at)
	case floor.Conference:
		k.confers(caller, l, s)
	case floor.Secure:
		k.secures(caller, l, s)
		l.begin("interact", l.at)
	default:
		l.talks(s.Until)
	}
}

// passed notes that the agent passed the customer on.
func (l *leg) passed(how string) {
	l.emit(l.at, "nTransferred", 1)
	l.emit(l.at, how, 1)
}

// returns says whether the customer stayed with the agent who consulted.
func (k *call) returns(consult *floor.Visit) bool {
	for _, v := range k.plan.Visits {
		if v.Served != nil && v.Served.Consult == consult {
			return v.Served.Ending == floor.ConsultedBack
		}
	}
	return false
}

// parts ends the talk, and the call: one of the two hangs up. Whom the agent leaves, a flow may ask how it was.
func (k *call) parts(caller, l *leg, at instant) {
	if k.Percent(40) {
		l.completes(at, "client")
		if !k.asks(caller, l, at) {
			k.hangsUp(caller, at+k.Between(1, 4), "peer")
		}
		return
	}
	k.hangsUp(caller, at, "endpoint")
	l.completes(at+k.Between(1, 4), "peer")
}
