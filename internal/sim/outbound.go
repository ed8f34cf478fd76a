package sim

// dials begins a call that a person of the centre places to an address: contacting > dialing, which stays open.
func (k *call) dials(purpose string, u *agent, address string, q *queue) *leg {
	k.direction, k.ani, k.dnis = "outbound", u.address, address
	l := k.person(purpose, u, "outbound", nil)
	l.queue = q
	l.begin("contacting", k.start)
	if q != nil {
		l.emit(k.start, "nOutbound", 1)
	}
	l.end(k.start + k.around(second, 40, 6*second))
	l.begin("dialing", l.at)
	return l
}

// called adds the person who is called inside, ringing.
func (k *call) called(u *agent) *leg {
	l := k.user(u, "inbound", nil)
	l.session.Remote = k.ani
	return l
}

// internal is a call from one user to another.
func (k *call) internal() {
	from, to := k.pair()
	caller := k.dials("user", from, to.extension, nil)
	callee := k.called(to)
	callee.begin("alert", caller.at+k.between(1, 8))
	callee.end(callee.at + k.around(6*second, second, 20*second))
	caller.end(callee.at + k.between(0, 3))
	length := k.around(4*minute, second, hour)
	caller.begin("interact", caller.at)
	end := callee.talks(length)
	caller.finishes(end+1, pick(k.dice, []string{"client", "peer"}))
	callee.finishes(end, otherSide(caller.last().DisconnectType))
}

// otherSide is what the other party of a call shows when one shows how.
func otherSide(how string) string {
	if how == "peer" {
		return "client"
	}
	return "peer"
}

// internalVoicemail is a call that nobody answers: the caller comes to the mailbox.
func (k *call) internalVoicemail() {
	from, to := k.pair()
	caller := k.dials("user", from, to.extension, nil)
	callee := k.called(to)
	callee.begin("alert", caller.at+k.between(1, 8))
	gone := callee.at + k.between(12*second, 12050)
	callee.leave(gone, "noAnswerTransfer")

	spoken := gone + k.between(50, 90)
	caller.end(spoken)
	caller.begin("interact", spoken)
	end := spoken + k.around(6*second, second, 3*minute)
	how := pick(k.dice, []string{"client", "peer"})
	caller.finishes(end, how)
	m := k.voicemail(gone+k.between(5, 12), end+1, pick(k.dice, []string{"peer", "system"}))
	m.session.Remote = k.ani
	m.mailbox(to)
}

// internalGivenUp is a call whose caller hangs up before anybody answers.
func (k *call) internalGivenUp() {
	from, to := k.pair()
	caller := k.dials("user", from, to.extension, nil)
	callee := k.called(to)
	callee.begin("alert", caller.at+k.between(1, 8))
	end := callee.at + k.between(2*second, 11*second)
	caller.leave(end, "client")
	caller.emit(end, "tHandle", caller.spent.handle())
	callee.leave(end+k.between(1, 4), "peer")
}

// pair is two different people of the centre.
func (k *call) pair() (from, to *agent) {
	i := k.below(agentCount)
	j := (i + 1 + k.below(agentCount-1)) % agentCount
	from, to = k.centre.agents[i], k.centre.agents[j]
	k.touch(from.division)
	k.touch(to.division)
	return from, to
}

// outbound is a call from a user to an outside number.
func (k *call) outbound() {
	u := pick(k.dice, k.centre.agents)
	k.touch(u.division)
	l := k.dials("user", u, "tel:"+telephone(k.dice), nil)
	k.reaches(l, "external")
	l.emit(l.at, "tHandle", l.spent.handle())
}

// outboundForQueue is a call that an agent places on behalf of a queue, and wraps up.
func (k *call) outboundForQueue() {
	u, q := pick(k.dice, k.centre.agents), pick(k.dice, k.centre.queues)
	k.touch(q.division)
	k.touch(u.division)
	l := k.dials("agent", u, "tel:"+telephone(k.dice), q)
	k.reaches(l, "customer")
	l.wrapsUp(20)
}

// reaches lets the outside party answer, and talk until one of the two hangs up.
func (k *call) reaches(l *leg, purpose string) {
	other := k.caller(purpose, "outbound")
	other.queue = l.queue
	l.session.PeerID, l.session.Remote = other.session.SessionID, other.party.ParticipantName
	other.begin("dialing", l.at+k.between(1, 4))
	at := l.at + k.around(8*second, second, 40*second)
	other.end(at - k.between(1, 5))
	l.end(at)
	other.begin("interact", other.at)
	end := l.talks(k.around(70*second, 2*second, 30*minute))
	if k.percent(50) {
		l.completes(end, "client")
		k.hangsUp(other, end+k.between(1, 4), "peer")
	} else {
		k.hangsUp(other, end, "endpoint")
		l.completes(end+k.between(1, 4), "peer")
	}
}
