package sim

import "github.com/parley-hq/parley/internal/conversation"

// listened adds the bot that a flow may call, which asks the caller what it is about. Who hangs up in the middle of that
// leaves bot and flow at once; else the bot gives the call back before the flow ends.
//
// How many flows call one (the contact centre that was measured has none), and how many callers leave it, is our guess. No real record of a bot on a call was found: its leg
// is that of a flow which runs inside another, each turn counts once, and tIvr is measured of the flow that called it alone.
func (r *run) listened(until instant, how string) {
	k := r.call
	if r.party.Purpose != "ivr" || r.session.Flow.FlowType != "INBOUNDCALL" || !k.Percent(4) {
		return
	}
	from := r.began + k.Between(200, 900)
	end, left := from+k.Around(18*second, 3*second, 90*second), k.Percent(30) && how == "DISCONNECT"
	if left {
		end = until
	}
	if end > until || end < from+2*second {
		return
	}
	k.bot(r).speaks(from, end, left)
}

// bot adds the leg of a bot that a flow calls.
func (k *call) bot(r *run) *leg {
	f, l := k.centre.Organization.VoiceBot, k.leg("botflow", "inbound")
	l.party.ParticipantName = f.Name
	l.session.PeerID, l.session.Remote, l.session.RemoteNameDisplayable = r.session.PeerID, r.session.Remote, "Internal"
	l.session.Flow = &conversation.Flow{
		EntryReason: r.flow.ID, EntryType: "flow", FlowID: f.ID, FlowName: f.Name, FlowType: "BOT", FlowVersion: f.Version,
		StartingLanguage: f.Language, EndingLanguage: f.Language,
	}
	return l
}

// speaks is a bot's talk with a caller, who may leave it.
func (l *leg) speaks(from, end instant, left bool) {
	k := l.call
	l.begin("system", from)
	l.end(from + k.Between(8, 46))
	l.begin("ivr", l.at)
	began := l.at
	l.emit(began, "nFlow", 1)
	for turns := 1 + instant(k.Below(4)); turns > 0; turns-- {
		l.emit(end-(end-began)/(turns+1), "nBotInteractions", 1)
	}
	how, name := "system", "tFlowExit"
	if left {
		how, name, l.session.Flow.ExitReason = "peer", "tFlowDisconnect", "DISCONNECT"
	}
	l.leave(end, how)
	l.emit(end, "tFlow", end-began)
	l.emit(end, name, end-began)
}
