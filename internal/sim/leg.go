package sim

import (
	"cmp"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/conversation"
)

// leg is one participant with its one session being made. Its metrics follow from its segments, as package arithmetic
// lists it; scenarios emit only what segments alone do not say.
type leg struct {
	call    *call
	party   conversation.Participant
	session conversation.Session
	queue   *queue // on behalf of which, or nil
	person  *agent // who takes part, or nil
	begun   instant
	at      instant // when the open segment began, else when the last one ended
	open    bool
	heard   instant // until when media was reported
	emitted []emission
	spent   spent
}

// emission is a metric before it is written.
type emission struct {
	at    instant
	name  string
	value instant
}

// spent is how long an agent or user did what tHandle counts.
type spent struct{ contacting, dialing, talk, held, acw instant }

func (s spent) handle() instant { return s.contacting + s.dialing + s.talk + s.held + s.acw }

// leg adds a participant. Every leg is voice; addresses are those of the conversation until the scenario says
// otherwise.
func (k *call) leg(purpose, direction string) *leg {
	l := &leg{call: k}
	l.party.ParticipantID = k.uuid()
	l.party.Purpose = purpose
	l.session.SessionID = k.uuid()
	l.session.Direction = direction
	l.session.MediaType = "voice"
	l.session.Provider = "Edge"
	l.session.Ani, l.session.Dnis, l.session.SessionDnis = k.ani, k.dnis, k.dnis
	l.session.EdgeID = pick(k.dice, k.centre.edges)
	l.session.ProtocolCallID = k.uuid()
	l.session.Segments = make([]conversation.Segment, 0, 4)
	k.legs = append(k.legs, l)
	return l
}

// begin opens a segment.
func (l *leg) begin(kind string, at instant) {
	if len(l.session.Segments) == 0 {
		l.begun, l.heard = at, at
	}
	l.session.Segments = append(l.session.Segments, conversation.Segment{
		Conference: l.call.no, SegmentStart: at.String(), SegmentType: kind,
	})
	if l.queue != nil {
		l.ask(l.queue)
	}
	l.at, l.open = at, true
	l.begins(kind)
}

// ask puts the queue on the last segment.
func (l *leg) ask(q *queue) {
	g := l.last()
	g.QueueID = q.ID
	if l.call.direction == "inbound" {
		g.RequestedRoutingSkillIDs = q.skills
	}
}

// end closes the open segment and gives its length.
func (l *leg) end(at instant) instant {
	g, length := l.last(), at-l.at
	g.SegmentEnd = at.String()
	l.at, l.open = at, false
	l.ends(g.SegmentType, length)
	return length
}

// stay adds a segment that follows the last one and ends at an instant.
func (l *leg) stay(kind string, until instant) {
	l.begin(kind, l.at)
	l.end(until)
}

// leave closes the open segment, with which the leg ends, and says how.
func (l *leg) leave(at instant, how string) instant {
	length := l.end(at)
	l.last().DisconnectType = how
	return length
}

func (l *leg) last() *conversation.Segment { return &l.session.Segments[len(l.session.Segments)-1] }

func (l *leg) emit(at instant, name string, value instant) {
	l.emitted = append(l.emitted, emission{at, name, value})
}

// begins emits what the start of a segment means.
func (l *leg) begins(kind string) {
	switch {
	case kind != "interact":
	case l.outside():
		l.emit(l.at, "nConnected", 1)
	case l.party.Purpose == "acd":
		l.emit(l.at, "nOffered", 1)
	}
}

// ends emits what the end of a segment means, and notes how long it was.
func (l *leg) ends(kind string, length instant) {
	switch l.party.Purpose {
	case "agent", "user":
		l.worked(kind, length)
	case "ivr":
		if kind == "ivr" {
			l.emit(l.at, "tIvr", length)
		}
	case "acd":
		if kind == "interact" {
			l.emit(l.at, "tAcd", length)
		}
	case "voicemail":
		if kind == "interact" {
			l.emit(l.at, "tVoicemail", length)
		}
	default:
		if kind == "interact" {
			l.emit(l.at, "tConnected", length)
		}
	}
}

// worked is ends for agents and users.
func (l *leg) worked(kind string, length instant) {
	switch kind {
	case "alert":
		l.emit(l.at, "tAlert", length)
	case "contacting":
		l.spent.contacting += length
		l.emit(l.at, "tContacting", length)
	case "dialing":
		l.spent.dialing += length
		l.emit(l.at, "tDialing", length)
	case "interact":
		l.spent.talk += length
		l.emit(l.at, "tTalk", length)
	case "hold":
		l.spent.held += length
		l.emit(l.at, "tHeld", length)
	case "wrapup":
		if l.party.Purpose == "agent" {
			l.spent.acw += length
			l.emit(l.at, "tAcw", length)
		}
	}
}

func (l *leg) outside() bool { return l.party.Purpose == "customer" || l.party.Purpose == "external" }

// finish gives the participant with its session.
func (l *leg) finish() conversation.Participant {
	slices.SortFunc(l.emitted, func(a, b emission) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.name, b.name), cmp.Compare(a.value, b.value))
	})
	l.session.Metrics = make([]conversation.Metric, len(l.emitted))
	for i, e := range l.emitted {
		l.session.Metrics[i] = conversation.Metric{EmitDate: e.at.String(), Name: e.name, Value: int64(e.value)}
	}
	slices.SortFunc(l.session.MediaEndpointStats, func(a, b conversation.MediaEndpointStat) int {
		return strings.Compare(a.EventTime, b.EventTime)
	})
	l.party.Sessions = []conversation.Session{l.session}
	return l.party
}
