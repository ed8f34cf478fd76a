package sim

import "github.com/parley-hq/parley/internal/conversation"

// run is one run of a flow on its ivr leg.
type run struct {
	*leg
	flow  *flow
	began instant // emission of nFlow
}

// arrives begins an inbound call: the outside party and the flow that it reaches.
func (k *call) arrives(purpose string) (caller *leg, first *run) {
	f := k.centre.reached(k.dice)
	k.direction, k.ani, k.dnis = "inbound", "tel:"+telephone(k.dice), f.number
	k.touch(f.division)
	caller = k.caller(purpose, "inbound")
	caller.begin("system", k.start)
	caller.end(k.start + k.between(140, 300))
	caller.begin("interact", caller.at)
	first = k.enters(caller, f, k.start+k.between(45, 80), "dnis", f.number)
	return caller, first
}

// caller adds an outside party.
func (k *call) caller(purpose, direction string) *leg {
	l := k.leg(purpose, direction)
	l.party.ExternalContactID = k.uuid()
	l.party.ParticipantName = callerName(k.dice)
	l.session.ProtocolCallID = k.dice.hex(32) + "@c" + k.dice.digits(1) + "b0" + k.dice.digits(1) + "_1_" + k.dice.digits(1)
	l.session.RemoteNameDisplayable = l.party.ParticipantName
	l.session.Recording = k.yes
	return l
}

// enters starts a flow for the caller.
func (k *call) enters(caller *leg, f *flow, at instant, how, reason string) *run {
	l := k.leg("ivr", "inbound")
	l.party.ParticipantName = f.Name
	l.session.PeerID = caller.session.SessionID
	l.session.Remote = caller.party.ParticipantName
	l.session.RemoteNameDisplayable = "Internal"
	l.session.Flow = &conversation.Flow{
		EntryReason: reason, EntryType: how, FlowID: f.ID, FlowName: f.Name, FlowType: "INBOUNDCALL", FlowVersion: f.version,
		StartingLanguage: f.language,
	}
	l.begin("system", at)
	l.end(at + k.between(8, 46))
	l.begin("ivr", l.at)
	r := &run{leg: l, flow: f, began: l.at + k.between(100, 250)}
	l.emit(r.began, "nFlow", 1)
	return r
}

// menu is how long a caller listens to the flow: at least half a second, so that the flow does not outlive its leg.
func (k *call) menu() instant { return k.around(24*second, second/2, 6*minute) }

// tells sets the attributes that the flow has gathered, share per cent of all that it can.
func (r *run) tells(caller *leg, share int) {
	caller.party.Attributes = r.flow.attributes(r.call, share)
}

// exits ends the flow: it hands the caller on, hangs up, or was left by the caller.
func (r *run) exits(at instant, how, disconnect string) {
	r.outcomes(at)
	r.leave(at, disconnect)
	r.report(at, opus)
	w := r.session.Flow
	w.ExitReason = how
	w.EndingLanguage = pick(r.call.dice, []string{"en-us", "en-us", "en-us", "en-us", "es-us"})
	gone := at + r.call.between(1, 5)
	r.emit(gone, "tFlow", gone-r.began)
	name := "tFlowDisconnect"
	if how == "TRANSFER" {
		name = "tFlowExit"
	}
	r.emit(gone, name, gone-r.began)
}

// outcomes records the flow's outcomes one after another in its last part.
func (r *run) outcomes(until instant) {
	each := (until - r.at) / instant(2*len(r.flow.outcomes)+1)
	at := r.at + each
	for _, id := range r.flow.outcomes {
		begun, value := at, "SUCCESS"
		at += each
		r.emit(at, "nFlowOutcome", 1)
		r.emit(at, "tFlowOutcome", at-begun)
		if r.call.percent(10) {
			value = "FAILURE"
			r.emit(at, "nFlowOutcomeFailed", 1)
		}
		r.session.Flow.Outcomes = append(r.session.Flow.Outcomes, conversation.FlowOutcome{
			FlowOutcome: id + ":" + value, FlowOutcomeEndTimestamp: at.String(), FlowOutcomeID: id,
			FlowOutcomeStartTimestamp: begun.String(), FlowOutcomeValue: value,
		})
		at += each
	}
}

// handsOn ends the flow with a transfer.
func (r *run) handsOn(at instant, kind, address, name string) {
	r.exits(at, "TRANSFER", "transfer")
	w := r.session.Flow
	w.TransferType, w.TransferTargetAddress, w.TransferTargetName = kind, address, name
}

// hangsUp ends the outside leg, unless this conversation is one whose end is never heard.
func (k *call) hangsUp(caller *leg, at instant, how string) {
	if k.lost {
		return
	}
	caller.leave(at, how)
	caller.report(at, pcmu)
	caller.report(at, opus)
}
