package sim

import (
	"strings"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sim/floor"
)

// written is a digital conversation being made.
type written struct {
	*call
	medium, provider string
	customer         *leg
	from, to         string // addresses of customer and centre
	kind             string // messageType
	subject          string
}

// chat is a web chat: no flow, and nobody measures how long the customer was connected.
func (k *call) chat() {
	w := k.writes("chat", "Webchat Provider", "", "")
	w.customer.session.RoomID = "acd-" + k.UUID() + "@conference.1.orgspan.com"
	w.thread(k.plan, k.start, "")
	if k.Percent(30) {
		w.customer.last().Properties = []conversation.Property{{Property: "recordingId", PropertyType: "uuid", Value: k.UUID()}}
	}
}

// channels are those of messages, with the engagement source that belongs to each.
var channels = []struct{ kind, source string }{
	{"webmessaging", "MobileChat"}, {"webmessaging", "WebChat"}, {"webmessaging", "WebChat"}, {"sms", "SMS"}, {"whatsapp", "WhatsApp"},
	{"facebook", "FacebookMessenger"}, {"open", "OpenMessaging"},
}

// message is a thread, which the customer may open again on the next day: then it has more sessions.
func (k *call) message() {
	w := k.writes("message", "PureCloud Messaging", k.UUID(), k.UUID())
	c := pick(k, channels)
	w.kind = c.kind
	w.speaks(w.customer)
	w.customer.session.EngagementSource = c.source
	w.greeted(k.start)
	w.thread(k.plan, k.start, "workflow")
	if k.again == nil {
		return
	}
	w.customer = w.side("customer").of(w.customer)
	w.greeted(k.contact.Again - k.Between(300, 3000))
	w.thread(k.again, k.contact.Again-4*second, "workflow")
}

// subjects are those of emails.
var subjects = []string{
	"Question about my bill", "Re: Your appointment", "Change of address", "Complaint", "Documents for claim", "Card not received",
	"Fwd: Policy, please confirm", "Größere Familie, neuer Tarif?",
}

// email is a mail that an agent answers. The customer may write again on the next day: then the thread has more sessions.
func (k *call) email() {
	k.caller = k.centre.Organization.Caller(k.dice)
	w := k.writes("email", "PureCloud Email", k.caller.Mail, "support@example.com")
	w.subject = pick(k, subjects)
	w.customer.subject = w.subject
	if k.Percent(10) {
		w.customer.session.Cc = []string{"family" + k.Digits(3) + "@example.com"}
	}
	w.thread(k.plan, k.start, "")
	if k.again == nil {
		return
	}
	w.subject = "Re: " + strings.TrimPrefix(w.subject, "Re: ")
	w.customer = w.side("customer").of(w.customer)
	w.thread(k.again, k.contact.Again, "")
}

// writes begins a digital conversation.
func (k *call) writes(medium, provider, from, to string) *written {
	if k.caller.Number == "" {
		k.caller = k.centre.Organization.Caller(k.dice)
	}
	k.direction = "inbound"
	w := &written{call: k, medium: medium, provider: provider, from: from, to: to}
	w.customer = w.side("customer")
	w.customer.party.ParticipantName, w.customer.party.ExternalContactID = k.caller.Name, k.caller.Contact
	w.customer.party.Attributes = map[string]string{"context.email": k.caller.Mail, "context.customField1Label": "Account", "context.customField1": "X" + k.Digits(8)}
	return w
}

// side adds somebody who takes part.
func (w *written) side(purpose string) *leg {
	l := w.bare(purpose, "inbound", w.medium, w.provider)
	w.speaks(l)
	return l
}

// speaks notes the addresses: from the customer to the centre, or the other way.
func (w *written) speaks(l *leg) {
	l.subject = w.subject
	l.session.MessageType = w.kind
	if l.party.Purpose == "customer" {
		l.session.AddressFrom, l.session.AddressTo = w.from, w.to
		return
	}
	l.session.AddressFrom, l.session.AddressTo = w.to, w.from
}

// greeted adds the flow that takes a message.
func (w *written) greeted(at instant) {
	f := w.centre.Organization.Digital
	l := w.side("workflow")
	l.party.ParticipantName = f.Name
	l.session.PeerID, l.session.Remote = w.customer.session.SessionID, w.call.caller.Name
	l.session.Flow = &conversation.Flow{
		EntryReason: w.to, EntryType: "dnis", ExitReason: "TRANSFER", FlowID: f.ID, FlowName: f.Name, FlowType: "INBOUNDSHORTMESSAGE",
		FlowVersion: f.Version, StartingLanguage: f.Language, EndingLanguage: f.Language, TransferType: "ACD",
		TransferTargetAddress: w.contact.Queue.ID, TransferTargetName: w.contact.Queue.Name,
	}
	l.begin("interact", at+2)
	l.emit(l.at, "nFlow", 1)
	begun, until := l.at, at+w.Between(100, 290)
	if w.contact.Bot && at == w.start {
		until = max(until, w.plan.Visits[0].Enter-w.Between(5, 40))
		w.answered(l, at+w.Between(50, 90), until)
	}
	l.leave(until, "transfer")
	l.emit(l.at, "tFlow", l.at-begun)
	l.emit(l.at, "tFlowExit", l.at-begun)
}

// answered adds the bot that a flow calls, which speaks with the customer until it gives the thread back. No real record of
// one was found: each turn counts once, and what the bot measures is what other flows do.
func (w *written) answered(by *leg, at, until instant) {
	f, d := w.centre.Organization.Bot, w.centre.dice(w.contact, whatBotsSay)
	l := w.side("botflow")
	l.party.ParticipantName = f.Name
	l.session.PeerID, l.session.Remote = w.customer.session.SessionID, w.call.caller.Name
	l.session.Flow = &conversation.Flow{
		EntryReason: by.session.Flow.FlowID, EntryType: "flow", FlowID: f.ID, FlowName: f.Name, FlowType: "DIGITALBOT", FlowVersion: f.Version,
		StartingLanguage: f.Language, EndingLanguage: f.Language,
	}
	l.begin("interact", at)
	l.emit(at, "nFlow", 1)
	for turns := 1 + instant(d.Below(4)); turns > 0; turns-- {
		l.emit(until-(until-at)/(turns+1), "nBotInteractions", 1)
	}
	l.leave(until, "system")
	l.emit(l.at, "tFlow", l.at-at)
	l.emit(l.at, "tFlowExit", l.at-at)
}

// thread adds the visits of a plan, the customer being there from the start.
func (w *written) thread(p *floor.Plan, start instant, from string) {
	w.customer.begin("interact", start)
	w.customer.ask(p.Visits[0].Queue)
	for i, v := range p.Visits {
		if i > 0 {
			from = "agent"
		}
		w.visit(v, from)
	}
}

// visit adds one visit of a thread to a queue.
func (w *written) visit(v *floor.Visit, from string) {
	l := w.side("acd")
	l.inQueue(w.customer, v.Queue, from)
	l.begin("interact", v.Enter)
	for _, o := range v.Offers {
		a := w.rung(v, o.User, o.At)
		a.leave(o.Until, pick(w.call, []string{"client", "timeout"}))
		a.emit(o.Until, "tNotResponding", o.Until-o.At)
	}
	switch v.How {
	case floor.Answered:
		w.served(l, v)
	case floor.Abandoned:
		w.abandons(w.customer, l, v)
	default:
		w.flowsOut(w.customer, l, v)
	}
}

// rung offers the thread to an agent.
func (w *written) rung(v *floor.Visit, u *user, at instant) *leg {
	l := w.side("agent").is(u, w.customer)
	if host := w.again(u); host != nil {
		l = l.of(host)
	}
	l.asked(v.Queue, u)
	l.begin("alert", at)
	return l
}

// again is the agent's first session in a message that comes to the same agent again: the real one that was found has all
// six sessions of an agent in one participant.
func (w *written) again(u *user) *leg {
	for _, l := range w.legs {
		if w.medium == "message" && l.person == u && l.host == nil && len(l.session.Segments) > 0 {
			return l
		}
	}
	return nil
}

// served is an agent's part of a thread, between work on others.
func (w *written) served(visit *leg, v *floor.Visit) {
	s := v.Served
	l := w.rung(v, s.User, s.Alert)
	w.answers(w.customer, visit, l, s.From)
	w.divides(l, s)
	reads := l.at
	how := pick(w.call, []string{"client", "client", "peer", "system"})
	if s.Ending == floor.Blind {
		how = "transfer"
	}
	l.completes(s.Until, how)
	if s.Ending == floor.Blind {
		l.passed("nBlindTransferred")
	}
	w.counts(l)
	w.with(whatRepliesSay, func() { w.replies(l, reads) })
	l.wrapsUp(s.Done)
	if s.Ending != floor.Blind {
		w.hangsUp(w.customer, s.Until+w.Between(1, 5), w.gone(how))
	}
}

// replies adds the agent's answer to an email: an outbound session of the agent, beside the one in which the customer's
// email was offered. What was written is sent when the agent is done with it. No real record of one was found; it measures
// nothing, as the time is that of the other session already. That one email in seven needs no answer is our guess.
func (w *written) replies(to *leg, reads instant) {
	from := reads + (to.at-reads)/4
	sent := to.at - w.Between(20, 90)
	sending := sent - w.Between(200, 900)
	if w.medium != "email" || w.Percent(14) || sending <= from {
		return
	}
	l := w.bare("agent", "outbound", w.medium, w.provider).of(to)
	l.person = nil // whose work it is says the other session
	w.speaks(l)
	l.subject = "Re: " + strings.TrimPrefix(w.subject, "Re: ")
	l.session.PeerID, l.session.Remote = w.customer.session.SessionID, w.call.caller.Name
	l.session.SelectedAgentID = to.person.ID
	l.begin("interact", from)
	l.end(sending)
	l.begin("transmitting", sending)
	l.leave(sent, "client")
}

// gone is how a customer's side of a thread ends, when the agent's shows how. Not both leave.
func (w *written) gone(agent string) string {
	switch w.medium {
	case "chat":
		how := pick(w.call, []string{"endpoint", "peer", "timeout", "system"})
		if how == "endpoint" && agent == "client" {
			return "peer"
		}
		return how
	case "message":
		return pick(w.call, []string{"peer", "peer", "inactivity", "sessionExpired"})
	}
	return "peer"
}

// divides is the agent's time with a thread: the platform calls it hold when the agent works on another.
func (w *written) divides(l *leg, s *floor.Service) {
	if w.medium == "email" {
		l.begin("interact", l.at)
		if w.Percent(10) && s.Until-l.at > minute {
			l.end(l.at + (s.Until-l.at)/4)
			l.stay("parked", l.at+(s.Until-l.at)/2)
			l.begin("interact", l.at)
		}
		return
	}
	holds := w.Below(4)
	if w.medium == "message" {
		holds = int(w.Around(2, 0, 12)) // the real one that was found has some four a session
	}
	for n := holds; n > 0 && s.Until-l.at > 20*second; n-- {
		part := (s.Until - l.at) / instant(2*n)
		l.stay("interact", l.at+w.Between(part/3, part))
		l.stay("hold", l.at+w.Between(part/3, part))
	}
	l.begin("interact", l.at)
	if w.Percent(35) { // the customer goes while the agent works on another
		l.end(l.at + (s.Until-l.at)/2)
		l.begin("hold", l.at)
	}
}

// counts emits what is measured of messages alone.
func (w *written) counts(l *leg) {
	if w.medium != "message" {
		return
	}
	l.emit(l.at, "oMessageTurn", w.Between(1, 14))
	l.emit(l.at, "tAgentResponseTime", l.at-w.start)
	l.session.MediaCount = new(int64(w.Below(3)))
	if n := w.Below(4); n > 2 {
		l.emit(l.at, "oMediaCount", instant(n))
	}
}
