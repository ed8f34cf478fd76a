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
	o := k.centre.Organization
	f := o.Reached(k.dice)
	k.caller = o.Caller(k.dice)
	k.direction, k.ani, k.dnis = "inbound", "tel:"+k.caller.Number, f.Number
	k.touch(f.Division)
	caller = k.party(purpose, "inbound")
	caller.begin("system", k.start)
	caller.end(k.start + k.Between(140, 300))
	caller.begin("interact", caller.at)
	first = k.enters(caller, f, k.start+k.Between(45, 80), "dnis", f.Number)
	return caller, first
}

// party adds the outside party of a call.
func (k *call) party(purpose, direction string) *leg {
	l := k.leg(purpose, direction)
	l.party.ExternalContactID, l.party.ParticipantName = k.caller.Contact, k.caller.Name
	l.session.ProtocolCallID = k.Hex(32) + "@c" + k.Digits(1) + "b0" + k.Digits(1) + "_1_" + k.Digits(1)
	l.session.RemoteNameDisplayable = k.caller.Name
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
		EntryReason: reason, EntryType: how, FlowID: f.ID, FlowName: f.Name, FlowType: "INBOUNDCALL", FlowVersion: f.Version,
		StartingLanguage: f.Language,
	}
	if k.Percent(4) {
		l.session.Flow.StartingLanguage = k.language()
	}
	l.begin("system", at)
	l.end(at + k.Between(8, 46))
	l.begin("ivr", l.at)
	r := &run{leg: l, flow: f, began: l.at + k.Between(100, 250)}
	l.emit(r.began, "nFlow", 1)
	return r
}

// menu is how long a caller listens to a second flow: at least half a second, so that it does not outlive its leg.
func (k *call) menu() instant { return k.Around(24*second, second/2, 6*minute) }

// tells sets the attributes that the flow has gathered, share per cent of all that it can.
func (r *run) tells(caller *leg, share int) {
	caller.party.Attributes = r.call.attributes(r.flow, share)
}

// language is the one in which a caller leaves the flow.
func (k *call) language() string {
	switch at := k.Below(1000); {
	case at < 90:
		return "es-us"
	case at < 110:
		return "pt-br"
	case at < 112:
		return "lt-lt"
	}
	return "en-us"
}

// exits ends the flow: it hands the caller on, hangs up, or was left by the caller.
func (r *run) exits(at instant, how, disconnect string) {
	r.outcomes(at)
	r.call.with(whatVoiceBotsSay, func() { r.listened(at, how) })
	r.leave(at, disconnect)
	r.report(at, opus)
	w := r.session.Flow
	w.ExitReason = how
	w.EndingLanguage = r.call.language()
	gone := at + r.call.Between(1, 5)
	r.emit(gone, "tFlow", gone-r.began)
	name := "tFlowDisconnect"
	if how == "TRANSFER" {
		name = "tFlowExit"
	}
	r.emit(gone, name, gone-r.began)
}

// outcomes records the flow's outcomes one after another in its last part.
func (r *run) outcomes(until instant) {
	each := (until - r.at) / instant(2*len(r.flow.Outcomes)+1)
	at := r.at + each
	for _, id := range r.flow.Outcomes {
		begun, value := at, "SUCCESS"
		at += each
		r.emit(at, "nFlowOutcome", 1)
		r.emit(at, "tFlowOutcome", at-begun)
		if r.call.Percent(10) {
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

// moved is what a trunk answers when a call was sent elsewhere, gone when it was ended from inside.
var (
	moved = []int64{410}
	gone  = []int64{487}
)

// handsOn ends the flow with a transfer.
func (r *run) handsOn(at instant, kind, address, name string) {
	r.exits(at, "TRANSFER", "transfer")
	w := r.session.Flow
	w.TransferType, w.TransferTargetAddress, w.TransferTargetName = kind, address, name
	if kind != "ACD" {
		r.last().SipResponseCodes = moved
	}
}

// hangsUp ends the outside leg, unless this conversation is one whose end is never heard.
func (k *call) hangsUp(caller *leg, at instant, how string) {
	if k.lost {
		return
	}
	caller.leave(at, how)
	if caller.session.MediaType != "voice" {
		return
	}
	caller.report(caller.at, pcmu)
	caller.report(caller.at, opus)
	if how == "endpoint" && k.Percent(15) {
		caller.last().Q850ResponseCodes = []int64{16}
	}
}

// dropped ends the outside leg from inside: the trunk says so.
func (k *call) dropped(caller *leg, at instant) {
	k.hangsUp(caller, at, "peer")
	if !k.lost && k.Percent(95) {
		caller.last().SipResponseCodes = gone
	}
}
