package sim

import (
	"github.com/parley-hq/parley/internal/sim/floor"
	"github.com/parley-hq/parley/internal/sim/organization"
)

// flowEnds is a call that the flow ends: external system > interact/peer, ivr system > ivr/system.
func (k *call) flowEnds() {
	caller, r := k.arrives("external")
	at := k.contact.Ready
	r.tells(caller, 100)
	r.exits(at, "FLOW_DISCONNECT", "system")
	k.dropped(caller, at+k.Between(1, 4))
}

// callerLeaves is a call that the caller ends while the flow runs; what a flow asks for late, it then has not heard.
func (k *call) callerLeaves() {
	caller, r := k.arrives("external")
	at := k.start + k.Around(14*second, second, 3*minute)
	r.tells(caller, pick(k, []int{20, 100, 100, 100, 100}))
	k.hangsUp(caller, at, "endpoint")
	r.exits(at+k.Between(1, 4), "DISCONNECT", "peer")
}

// flowFails is a call whose line breaks while the flow runs.
func (k *call) flowFails() {
	caller, r := k.arrives("external")
	at := k.start + k.Around(14*second, second, 3*minute)
	r.tells(caller, 50)
	k.hangsUp(caller, at, "error")
	if g := caller.last(); g.DisconnectType != "" {
		g.ErrorCode = "error.ininedgecontrol.connection.media.endpoint"
		g.SipResponseCodes = []int64{pick(k, []int64{480, 503})}
		caller.emit(at+k.Between(0, 9), "nError", 1)
	}
	r.exits(at+k.Between(1, 4), "DISCONNECT", pick(k, []string{"peer", "error", "transportFailure"}))
}

// flowToFlow is a call that a second flow takes over, some ms before the first has gone.
func (k *call) flowToFlow() {
	caller, r := k.arrives("external")
	at := k.contact.Ready
	next := pick(k, k.centre.Organization.Flows)
	r.tells(caller, 100)
	r.handsOn(at, "FLOW", next.ID, next.Name)
	caller.report(at, opus)
	after := k.enters(caller, next, at-k.Between(20, 100), "flow", r.flow.ID)
	after.session.Flow.StartingLanguage = r.session.Flow.EndingLanguage
	end := at + k.menu()
	if k.Percent(45) {
		after.exits(end, "FLOW_DISCONNECT", "system")
		k.dropped(caller, end+k.Between(1, 4))
		return
	}
	after.exits(end, "DISCONNECT", "peer")
	k.hangsUp(caller, end, "endpoint")
}

// flowToNumber is a call that the flow connects to a number outside: a second external party, called by us.
func (k *call) flowToNumber() {
	caller, r := k.arrives("external")
	at := k.contact.Ready + 5*second
	target := k.centre.Organization.Caller(k.dice)
	r.tells(caller, 100)
	r.handsOn(at, "NUMBER", target.Number[1:], "")
	caller.report(at, opus)

	other := k.party("external", "outbound")
	other.party.ParticipantName, other.party.ExternalContactID = target.Name, target.Contact
	other.session.RemoteNameDisplayable = target.Name
	other.session.Recording = nil
	other.session.SessionDnis = "tel:" + target.Number
	other.begin("dialing", at-k.Between(800, 4000))
	other.end(at - k.Between(1, 6))
	other.begin("interact", other.at)
	end := at + k.Around(3*minute, 5*second, 40*minute)
	other.leave(end, "endpoint")
	k.hangsUp(caller, end+k.Between(1, 4), "peer")
}

// flowToUser is a call that the flow passes to a person outside any queue. Some of them wrap up later, in no time.
func (k *call) flowToUser() {
	caller, r := k.arrives("external")
	c := k.plan.Call
	r.tells(caller, 60)
	r.handsOn(c.Answered+2, "USER", c.To.ID, c.To.Name)
	caller.report(c.Answered, opus)

	user := k.user(c.To, "inbound", caller)
	user.begin("alert", c.Rings)
	user.end(c.Answered)
	user.talks(c.Until)
	user.finishes(c.Until, "client")
	k.dropped(caller, c.Until+k.Between(1, 4))
	if c.Done > c.Until {
		user.wrapsUpLate(c.Done)
	}
}

// flowToGroupVoicemail is a call that ends at the mailbox of a group, which is known by its id alone.
func (k *call) flowToGroupVoicemail() {
	group := pick(k, k.centre.Organization.Groups)
	k.leavesMessage("GROUP_VOICEMAIL", group.ID, group.Name, func(m *leg) { m.mailbox(group.ID) })
}

// flowToUserVoicemail is a call that ends at a person's mailbox.
func (k *call) flowToUserVoicemail() {
	u := pick(k, k.centre.Organization.Staff).On(organization.DayOf(k.contact.At))
	k.touch(u.Division)
	k.leavesMessage("USER_VOICEMAIL", u.ID, u.Name, func(m *leg) { m.mailboxOf(u) })
}

// leavesMessage is a call that the flow hands to a mailbox.
func (k *call) leavesMessage(kind, address, name string, of func(*leg)) {
	caller, r := k.arrives("external")
	at := k.contact.Ready
	r.tells(caller, 60)
	r.handsOn(at, kind, address, name)
	caller.report(at, opus)
	end := at + k.Around(40*second, 2*second, 5*minute)
	if k.Percent(40) {
		of(k.voicemail(caller, at-k.Between(8, 14), end, "system"))
		k.dropped(caller, end+k.Between(0, 3))
		return
	}
	of(k.voicemail(caller, at-k.Between(8, 14), end+k.Between(0, 3), "peer"))
	k.hangsUp(caller, end, "endpoint")
}

// voicemail adds a mailbox that records the caller, who is nil for one inside, until the end.
func (k *call) voicemail(caller *leg, from, end instant, how string) *leg {
	m := k.leg("voicemail", "inbound")
	if caller != nil {
		m.session.PeerID, m.session.Remote = caller.session.SessionID, caller.party.ParticipantName
	}
	m.begin("system", from)
	m.end(from + k.Between(5, 40))
	m.begin("interact", m.at)
	m.leave(end, how)
	m.report(end, opus)
	return m
}

// mailbox makes the leg the mailbox of a group or a queue.
func (l *leg) mailbox(id string) {
	l.party.ParticipantName, l.session.RemoteNameDisplayable = id, id
	l.session.SessionDnis = "sip:" + id + "@192.0.2.109;language=en-US;user=voicemail"
}

// mailboxOf makes the leg the mailbox of a person.
func (l *leg) mailboxOf(u *user) {
	l.party.UserID = u.ID
	l.session.SessionDnis = u.Mail + "@192.0.2.109;language=en-US;user=voicemail"
}

// queueVoicemail is a call whose caller speaks to a queue's mailbox while the callback is put into the queue. A mailbox
// queue that nobody serves keeps it until the platform closes it.
func (k *call) queueVoicemail() {
	caller, r := k.arrives("customer")
	q, at := k.contact.Queue, k.contact.Ready
	r.tells(caller, 90)
	r.handsOn(at, "ACD_VOICEMAIL", q.ID, q.Name)
	r.last().SipResponseCodes = nil
	caller.ask(q)
	caller.report(at, opus)
	spoken := at + k.Around(40*second, 5*second, 4*minute)
	if k.kind() != floor.Expired {
		spoken = k.plan.Visits[0].Enter
	}
	k.voicemail(caller, at+2, spoken, "peer").mailbox(q.ID)
	k.hangsUp(caller, spoken, "endpoint")
	if k.kind() == floor.Expired {
		k.expires(caller, q, at+20, spoken)
		return
	}
	k.callback(caller, k.plan.Visits[0], at+20)
}
