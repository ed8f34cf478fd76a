package sim

// flowEnds is a call that the flow ends: external system > interact/peer, ivr system > ivr/system.
func (k *call) flowEnds() {
	caller, r := k.arrives("external")
	at := k.start + k.menu()
	r.tells(caller, 100)
	r.exits(at, "FLOW_DISCONNECT", "system")
	k.hangsUp(caller, at+k.between(1, 4), "peer")
}

// callerLeaves is a call that the caller ends while the flow runs; what a flow asks for late, it then has not heard.
func (k *call) callerLeaves() {
	caller, r := k.arrives("external")
	at := k.start + k.around(14*second, second, 3*minute)
	r.tells(caller, pick(k.dice, []int{20, 100, 100, 100, 100}))
	k.hangsUp(caller, at, "endpoint")
	r.exits(at+k.between(1, 4), "DISCONNECT", "peer")
}

// flowToFlow is a call that a second flow takes over, some ms before the first has gone.
func (k *call) flowToFlow() {
	caller, r := k.arrives("external")
	at := k.start + k.menu()
	next := pick(k.dice, k.centre.flows)
	r.tells(caller, 100)
	r.handsOn(at, "FLOW", next.ID, next.Name)
	caller.report(at, opus)
	after := k.enters(caller, next, at-k.between(20, 100), "flow", r.flow.ID)
	after.session.Flow.StartingLanguage = r.session.Flow.EndingLanguage
	end := at + k.menu()
	after.exits(end, "DISCONNECT", "peer")
	k.hangsUp(caller, end, "endpoint")
}

// flowToNumber is a call that the flow connects to a number outside: a second external party, called by us.
func (k *call) flowToNumber() {
	caller, r := k.arrives("external")
	at := k.start + k.menu() + 5*second
	target := telephone(k.dice)
	r.tells(caller, 100)
	r.handsOn(at, "NUMBER", target[1:], "")
	caller.report(at, opus)

	other := k.caller("external", "outbound")
	other.session.Recording = nil
	other.session.SessionDnis = "tel:" + target
	other.begin("dialing", at-k.between(800, 4000))
	other.end(at - k.between(1, 6))
	other.begin("interact", other.at)
	end := at + k.around(3*minute, 5*second, 40*minute)
	other.leave(end, "endpoint")
	k.hangsUp(caller, end+k.between(1, 4), "peer")
}

// flowToUser is a call that the flow passes to a person outside any queue. Some of them wrap up later, in no time.
func (k *call) flowToUser() {
	caller, r := k.arrives("external")
	u := pick(k.dice, k.centre.agents)
	k.touch(u.division)
	ring := k.around(4*second, second, 20*second)
	at := k.start + k.menu() + ring
	r.tells(caller, 60)
	r.handsOn(at+2, "USER", u.ID, u.Name)
	caller.report(at, opus)

	user := k.user(u, "inbound", caller)
	user.begin("alert", at-ring)
	user.end(at)
	end := user.talks(k.around(90*second, 5*second, 30*minute))
	user.finishes(end, "client")
	k.hangsUp(caller, end+k.between(1, 4), "peer")
	if k.percent(50) {
		user.wrapsUpLate(end + k.around(10*second, second, 34*minute))
	}
}

// flowToGroupVoicemail is a call that ends at the mailbox of a group, which is known by its id alone.
func (k *call) flowToGroupVoicemail() {
	group := k.uuid()
	k.leavesMessage("GROUP_VOICEMAIL", group, "Group mailbox", func(m *leg) {
		m.party.ParticipantName = group
		m.session.RemoteNameDisplayable = group
		m.session.SessionDnis = "sip:" + group + "@192.0.2.109;language=en-US;user=voicemail"
	})
}

// flowToUserVoicemail is a call that ends at a person's mailbox.
func (k *call) flowToUserVoicemail() {
	u := pick(k.dice, k.centre.agents)
	k.touch(u.division)
	k.leavesMessage("USER_VOICEMAIL", u.ID, u.Name, func(m *leg) { m.mailbox(u) })
}

// leavesMessage is a call that the flow hands to a mailbox.
func (k *call) leavesMessage(kind, address, name string, of func(*leg)) {
	caller, r := k.arrives("external")
	at := k.start + k.menu()
	r.tells(caller, 60)
	r.handsOn(at, kind, address, name)
	caller.report(at, opus)
	end, by, other := at+k.around(40*second, 2*second, 5*minute), "peer", "endpoint"
	if k.percent(40) {
		by, other = "system", "peer"
	}
	m := k.voicemail(at-k.between(8, 14), end, by)
	m.session.PeerID = caller.session.SessionID
	m.session.Remote = caller.party.ParticipantName
	of(m)
	k.hangsUp(caller, end+k.between(0, 3), other)
}

// voicemail adds a mailbox that records until the end.
func (k *call) voicemail(from, end instant, how string) *leg {
	m := k.leg("voicemail", "inbound")
	m.begin("system", from)
	m.end(from + k.between(5, 40))
	m.begin("interact", m.at)
	m.leave(end, how)
	m.report(end, opus)
	return m
}

// mailbox makes the leg the mailbox of a person.
func (l *leg) mailbox(u *agent) {
	l.party.UserID = u.ID
	l.session.SessionDnis = u.mail + "@192.0.2.109;language=en-US;user=voicemail"
}
