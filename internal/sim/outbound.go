package sim

// dials begins a call that a person of the centre places to an address: contacting > dialing, which stays open.
func (k *call) dials(purpose string, u *user, address string, q *queue) *leg {
	c := k.plan.Call
	k.direction, k.ani, k.dnis = "outbound", u.Address, address
	l := k.person(purpose, u, "outbound", nil)
	l.queue = q
	l.begin("contacting", c.Dials)
	if q != nil {
		l.emit(c.Dials, "nOutbound", 1)
	}
	l.end(c.Rings)
	l.begin("dialing", l.at)
	return l
}

// internal is a call from one user to another, who answers, or leaves it to the mailbox, unless the caller gives up.
func (k *call) internal() {
	c := k.plan.Call
	caller := k.dials("user", c.From, c.To.Extension, nil)
	callee := k.user(c.To, "inbound", nil)
	callee.session.Remote = k.ani
	callee.begin("alert", c.Rings+k.Between(1, 8))
	switch {
	case c.Mailbox:
		k.toMailbox(caller, callee)
	case c.Answered == 0:
		caller.leave(c.Until, "client")
		caller.handled()
		callee.leave(c.Until+k.Between(1, 4), "peer")
	default:
		callee.end(c.Answered)
		caller.end(c.Answered + k.Between(0, 3))
		caller.begin("interact", caller.at)
		callee.talks(c.Until)
		caller.finishes(c.Until+1, pick(k, []string{"client", "peer"}))
		callee.finishes(c.Until, otherSide(caller.last().DisconnectType))
	}
}

// otherSide is what the other party of a call shows when one shows how.
func otherSide(how string) string {
	if how == "peer" {
		return "client"
	}
	return "peer"
}

// toMailbox is a call that nobody answers: the caller comes to the mailbox.
func (k *call) toMailbox(caller, callee *leg) {
	c := k.plan.Call
	how := "noAnswerTransfer"
	if c.Busy {
		how = "notAvailableTransfer"
	}
	callee.leave(c.Answered, how)
	spoken := c.Answered + k.Between(50, 90)
	end := max(c.Until, spoken+second)
	caller.end(spoken)
	caller.begin("interact", spoken)
	by, mine := "peer", "client"
	if k.Percent(50) {
		by, mine = "system", "peer"
	}
	caller.finishes(end, mine)
	if by == "system" {
		caller.last().SipResponseCodes = gone
	}
	m := k.voicemail(nil, c.Answered+k.Between(5, 12), end+1, by)
	m.session.Remote = k.ani
	m.mailboxOf(c.To)
}

// outbound is a call from a user to an outside number.
func (k *call) outbound() {
	c := k.plan.Call
	k.caller = k.centre.Organization.Caller(k.dice)
	l := k.dials("user", c.From, "tel:"+k.caller.Number, nil)
	other := k.party("external", "outbound")
	other.begin("dialing", l.at+k.Between(1, 4))
	k.reached(l, other, c, c.Until)
	l.handled()
}

// outboundForQueue is a call that an agent places on behalf of a queue, and wraps up.
func (k *call) outboundForQueue() {
	c, q := k.plan.Call, k.contact.Queue
	k.caller = k.centre.Organization.Caller(k.dice)
	k.touch(q.Division)
	l := k.dials("agent", c.From, "tel:"+k.caller.Number, q)
	other := k.party("customer", "outbound")
	other.queue = q
	other.begin("dialing", l.at+k.Between(1, 4))
	k.reached(l, other, c, c.Until)
	l.wrapsUp(c.Done)
}
