package account

import (
	"slices"
	"time"
)

// States of a conversation.
const (
	Ended       = "ended"
	Provisional = "provisional"
	GoingOn     = "going on"
	NoTimes     = "unknown"
)

// times derives when the conversation started and ended, and when its party had left.
func (t *teller) times() {
	t.Start = Instant{instant(t.c.ConversationStart)}
	if t.Start.IsZero() && len(t.legs) > 0 {
		t.Start = Instant{t.legs[0].start()}
	}
	end := instant(t.c.ConversationEnd)
	switch lasts := slices.ContainsFunc(t.legs, (*leg).lasts); {
	case !end.IsZero():
		t.End, t.EndFact = Instant{end}, Fact{Ended, "conversationEnd"}
	case lasts:
		t.EndFact = Fact{GoingOn, "there is no conversationEnd, and a segment has no end"}
	case t.lastEnd().IsZero():
		t.EndFact = Fact{NoTimes, "there is neither conversationEnd nor a segment with an end"}
	case t.unwritten():
		t.End = Instant{t.lastEnd()}
		t.EndFact = Fact{Provisional, "there is no conversationEnd: the end of the last segment. An agent has talked and has no tHandle, so the after-call work may be still to come"}
	default:
		t.End = Instant{t.lastEnd()}
		t.EndFact = Fact{Provisional, "there is no conversationEnd: the end of the last segment, as all have ended"}
	}
	for _, l := range t.legs {
		if l.party == t.main {
			t.Left = Instant{latest(t.Left.Time, l.ended())}
		}
	}
}

// lastEnd is the latest end of a segment.
func (t *teller) lastEnd() (last time.Time) {
	for _, l := range t.legs {
		for _, s := range l.spans {
			last = latest(last, s.end)
		}
	}
	return last
}

// unwritten says whether somebody may still be at after-call work that no segment shows yet. Records before 2018 have no
// metrics, and say nothing by the lack of one.
func (t *teller) unwritten() bool {
	return slices.ContainsFunc(t.legs, func(l *leg) bool {
		return l.p.Purpose == "agent" && l.first(Talk) != nil && len(l.s.Metrics) > 0 && !l.has("tHandle")
	})
}

// end derives how it ended, from the view of the party with which it was.
func (t *teller) end() {
	switch {
	case len(t.legs) == 0:
		t.Ending = t.closes(NobodyKnown, nil, func() Fact { return Fact{"", "the record has no sessions"} })
	case t.EndFact.Value == GoingOn:
		t.Ending = t.closes("", nil, func() Fact { return Fact{"it is still going on", t.EndFact.Why} })
	case t.main < 0:
		t.Ending = t.endOf(t.lastHandled())
	default:
		t.Ending = t.endOf(t.lastOfMain())
	}
}

// lastOfMain is the leg of the main party that ended last.
func (t *teller) lastOfMain() (last *leg) {
	for _, l := range t.legs {
		if l.party == t.main && (last == nil || !l.ended().Before(last.ended())) {
			last = l
		}
	}
	return last
}

// lastHandled is the leg of a handler that ended last, among those who came to a talk if any did.
func (t *teller) lastHandled() (last *leg) {
	for _, l := range t.legs {
		if !l.handles() {
			continue
		}
		talked := l.first(Talk) != nil
		if last == nil || talked && last.first(Talk) == nil || talked == (last.first(Talk) != nil) && !l.ended().Before(last.ended()) {
			last = l
		}
	}
	if last == nil {
		last = t.legs[len(t.legs)-1]
	}
	return last
}

// closing is who ended a conversation, and the leg that says so; nil if none does.
type closing struct {
	by  string
	leg *leg
}

// Who ends a conversation, beside the purposes of parties: customer, external, agent, user and so on.
const (
	Platform    = "platform"
	Flows       = "flow"
	Mailbox     = "voicemail"
	Another     = "another party" // that no session of the record is of
	Line        = "line"          // it failed
	Silence     = "timeout"       // nobody answered, or the thread expired
	PassedOn    = "passed on"
	NobodyKnown = "unknown"
)

// closes notes who ended the conversation, and tells it.
func (t *teller) closes(by string, l *leg, tell func() Fact) Fact {
	t.closed = closing{by, l}
	if t.brief {
		return Fact{}
	}
	return tell()
}

// endOf says how a leg ended, and who did it. Each party says of its own end how it came: who hung up says endpoint or client,
// the others say peer.
func (t *teller) endOf(l *leg) Fact {
	how := l.how()
	why := t.text(func() string { return "the last session of " + t.the(l.party) + " ended by " + said(how) })
	switch how {
	case "endpoint", "client":
		return t.leftBy(l, why)
	case "peer", "":
		return t.leftByPeer(l, why)
	case "system":
		return t.byMachine(l, Platform, Fact{"the platform ended it", why})
	case "error", "transportFailure":
		return t.closes(Line, l, func() Fact { return Fact{"the line failed" + t.while(l), why} })
	case "timeout":
		return t.closes(Silence, l, func() Fact {
			return Fact{t.the(l.party) + " did not answer any more", why + ": nobody answered, or idle for too long"}
		})
	case "inactivity", "sessionExpired":
		return t.closes(Silence, l, func() Fact { return Fact{"the thread expired", why} })
	case "transfer", "consultTransfer", "conferenceTransfer", "forwardTransfer", "noAnswerTransfer", "notAvailableTransfer":
		return t.closes(PassedOn, l, func() Fact { return Fact{"it was passed on", why} })
	}
	return t.closes(NobodyKnown, l, func() Fact { return Fact{how, why} })
}

// leftBy tells of a party that ended its own leg, as far as it was its own doing.
func (t *teller) leftBy(l *leg, why string) Fact {
	if t.sweptAway(l) {
		return t.closes(Platform, l, func() Fact {
			return Fact{"the platform closed the callback, which nobody had taken for " + Length(l.ended().Sub(l.start())).Words(), why + " 59 days after it came, which is no person's doing"}
		})
	}
	return t.closes(l.p.Purpose, l, func() Fact {
		return Fact{t.the(l.party) + " " + leaves(l) + t.while(l), why + ": this party did it"}
	})
}

// leftByPeer tells of a leg that another party ended, or of which nothing is said.
func (t *teller) leftByPeer(l *leg, why string) Fact {
	by := t.whoLeft(l)
	switch {
	case by != nil:
		return t.closes(by.p.Purpose, by, func() Fact {
			return Fact{t.the(by.party) + " " + leaves(by), why + "; the session of " + t.the(by.party) + " ended by " + by.how() + " at the same time"}
		})
	case l.how() == "":
		return t.closes(NobodyKnown, nil, func() Fact { return Fact{"the record does not say how it ended", why} })
	}
	return t.byMachine(l, Another, Fact{"another party ended it", why + ", and no other session says that it did"})
}

// leaves is the word for ending one's own leg.
func leaves(l *leg) string {
	if l.s.MediaType == "voice" || l.s.MediaType == "" {
		return "hung up"
	}
	return "ended it"
}

// sweptAway says whether a leg belongs to a callback that the platform closed.
func (t *teller) sweptAway(l *leg) bool {
	return l.s.MediaType == "callback" && slices.ContainsFunc(t.Visits, func(v Visit) bool {
		return v.Became == Swept || v.leg.s.MediaType == "callback" && time.Duration(v.Waited) >= sweptAfter
	})
}

// whoLeft is the leg of another party that ended itself when this one ended; nil if none did.
func (t *teller) whoLeft(l *leg) (found *leg) {
	best := near
	for _, o := range t.legs {
		if o.party == l.party || !hungUp(o.how()) || o.ended().IsZero() {
			continue
		}
		if far := o.ended().Sub(l.ended()).Abs(); far <= best {
			found, best = o, far
		}
	}
	return found
}

// byMachine says which machine ended a leg: a flow or a mailbox whose own leg ended by the system at that time.
func (t *teller) byMachine(l *leg, by string, otherwise Fact) Fact {
	for _, o := range t.legs {
		if o.how() != "system" || o.ended().Sub(l.ended()).Abs() > near {
			continue
		}
		switch {
		case o.flow():
			return t.machine(Flows, o, t.the(o.party)+" ended it", otherwise.Why+"; the session of the flow")
		case o.handles():
			return t.machine(Platform, o, "the platform ended it", otherwise.Why+"; the session of "+t.the(o.party))
		case o.p.Purpose == "voicemail":
			return t.machine(Mailbox, o, "the mailbox ended the recording", otherwise.Why+"; the session of the mailbox")
		}
	}
	return t.closes(by, l, func() Fact { return otherwise })
}

func (t *teller) machine(by string, l *leg, value, why string) Fact {
	return t.closes(by, l, func() Fact { return Fact{value, why + " ended by system at the same time"} })
}

// while says what our side was doing when a leg ended: that is where a party gave up. Nothing if they were talking.
func (t *teller) while(l *leg) string {
	for _, o := range t.legs {
		sp := o.left()
		if o.party == l.party || o.outside() || sp == nil || sp.end.Sub(l.ended()).Abs() > near {
			continue
		}
		switch sp.phase {
		case QueuePhase:
			return " while waiting in " + t.the(o.party)
		case IVR, FlowPhase:
			return " in " + t.the(o.party)
		case Hold:
			return " while on hold"
		case Voicemail:
			return " after leaving a voicemail"
		case Ringing:
			return " while it rang at " + t.the(o.party)
		case Talk:
			return ""
		}
	}
	return ""
}
