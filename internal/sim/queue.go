package sim

import "github.com/parley-hq/parley/internal/conversation"

var standard = []string{"Standard"}

// queued begins an inbound call that the flow hands to a queue.
func (k *call) queued() (caller, visit *leg) {
	caller, r := k.arrives("customer")
	at := k.start + k.menu()
	q := pick(k.dice, k.centre.queues)
	r.tells(caller, 80)
	r.handsOn(at, "ACD", q.ID, q.Name)
	caller.report(at, opus)
	caller.ask(q)
	return caller, k.visits(caller, q, at+k.between(40, 100), "ivr")
}

// visits adds a visit to a queue: delay > interact, the wait being open.
func (k *call) visits(caller *leg, q *queue, at instant, from string) *leg {
	l := k.leg("acd", "inbound")
	k.touch(q.division)
	l.party.ParticipantName = q.Name
	l.party.Attributes = map[string]string{"ivr.Skills": q.skills[0]}
	l.queue = q
	l.session.FlowInType = from
	l.session.PeerID = caller.session.SessionID
	l.session.Remote = caller.party.ParticipantName
	l.session.RemoteNameDisplayable = q.Name
	if f := q.inQueue; f != nil {
		l.session.Flow = &conversation.Flow{
			FlowID: f.ID, FlowName: f.Name, FlowType: "INQUEUECALL", FlowVersion: f.version, StartingLanguage: f.language,
		}
	}
	l.session.RequestedRoutings, caller.session.RequestedRoutings = standard, standard
	l.begin("delay", at)
	l.end(at + k.between(8, 46))
	l.begin("interact", l.at)
	return l
}

// rings offers the caller to an agent.
func (k *call) rings(caller, visit *leg, u *agent, at instant) *leg {
	l := k.person("agent", u, "inbound", caller)
	k.touch(u.division)
	l.queue = visit.queue
	l.session.ActiveSkillIDs, l.session.RequestedRoutings = visit.queue.skills, standard
	l.session.SelectedAgentID = u.ID
	l.begin("alert", at)
	return l
}

// answers ends the alert and with it the visit; the platform writes both ends some ms apart.
func (k *call) answers(caller, visit, l *leg, at instant) {
	l.end(at)
	wait := visit.leave(at+k.between(1, 3), "transfer")
	visit.last().SipResponseCodes = []int64{410}
	visit.session.DestinationAddresses = []string{l.person.mail + "@localhost"}
	if visit.queue.inQueue != nil {
		visit.report(at, opus)
		caller.report(at, opus)
	}
	for _, s := range []*conversation.Session{&caller.session, &visit.session, &l.session} {
		s.ActiveSkillIDs, s.SelectedAgentID, s.UsedRouting = visit.queue.skills, l.person.ID, "Standard"
	}
	l.emit(at, "tAnswered", wait)
	if wait > visit.queue.target {
		l.emit(at, "nOverSla", 1)
	}
}

// answered is a call that waits, is answered by an agent, and wrapped up.
func (k *call) answered() {
	caller, visit := k.queued()
	ring := k.around(3*second, 20, 12*second)
	at := visit.at + ring + k.around(12*second, 200, 15*minute)
	l := k.rings(caller, visit, pick(k.dice, k.centre.agents), at-ring)
	k.answers(caller, visit, l, at)
	k.serves(caller, l)
}

// serves is the agent's talk with the caller, until either of them hangs up, and the work after it.
func (k *call) serves(caller, l *leg) {
	end := l.talks(k.around(7*minute, minute, 90*minute))
	if k.percent(40) {
		l.completes(end, "client")
		k.hangsUp(caller, end+k.between(1, 4), "peer")
	} else {
		k.hangsUp(caller, end, "endpoint")
		l.completes(end+k.between(1, 4), "peer")
	}
	l.wrapsUp(20)
}

// notResponding is a call whose first agent does not take it; the wait goes on and another one does.
func (k *call) notResponding() {
	caller, visit := k.queued()
	first := pick(k.dice, k.centre.agents)
	l := k.rings(caller, visit, first, visit.at+k.around(8*second, 300, 5*minute))
	gone := l.at + k.between(3*second, 15*second)
	tried := l.leave(gone, "client")
	l.emit(gone, "tNotResponding", tried)

	next := k.rings(caller, visit, pick(k.dice, k.centre.agents), gone+k.between(200, 20*second))
	k.answers(caller, visit, next, next.at+k.around(3*second, 20, 12*second))
	k.serves(caller, next)
}

// abandoned is a call whose caller hangs up while waiting.
func (k *call) abandoned() {
	caller, visit := k.queued()
	at := visit.at + k.around(18*second, second, 20*minute)
	k.hangsUp(caller, at, "endpoint")
	wait := visit.leave(at+k.between(1, 4), "peer")
	visit.emit(visit.at, "tAbandon", wait)
	if wait < visit.queue.short {
		visit.emit(visit.at, "tShortAbandon", wait)
	}
}

// transferred is a call that the first agent passes to another queue without speaking to who answers there.
func (k *call) transferred() {
	caller, visit := k.queued()
	ring := k.around(3*second, 20, 12*second)
	at := visit.at + ring + k.around(12*second, 200, 10*minute)
	l := k.rings(caller, visit, pick(k.dice, k.centre.agents), at-ring)
	k.answers(caller, visit, l, at)
	end := l.talks(k.around(2*minute, 10*second, hour))
	l.completes(end, "transfer")
	l.emit(end, "nTransferred", 1)
	l.emit(end, "nBlindTransferred", 1)
	l.wrapsUp(70)

	again := k.visits(caller, k.other(visit.queue), end+k.between(50, 120), "agent")
	ring = k.around(3*second, 20, 12*second)
	at = again.at + ring + k.around(12*second, 200, 10*minute)
	next := k.rings(caller, again, pick(k.dice, k.centre.agents), at-ring)
	k.answers(caller, again, next, at)
	k.serves(caller, next)
}

// other is a queue that is not q.
func (k *call) other(q *queue) *queue {
	for {
		if o := pick(k.dice, k.centre.queues); o != q {
			return o
		}
	}
}
