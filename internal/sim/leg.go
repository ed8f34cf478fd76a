package sim

import (
	"cmp"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/conversation"
)

// leg is one session being made, of a participant of its own or of another leg's. Its metrics follow from its segments,
// as package arithmetic lists it; who makes it emits only what segments alone do not say.
type leg struct {
	call     *call
	host     *leg // whose participant this is a session of; nil for one of its own
	party    conversation.Participant
	place    int                   // of the participant in the conversation
	session  *conversation.Session // of sessions, which has no other
	sessions []conversation.Session
	queue    *queue // on behalf of which, or nil
	person   *user  // who takes part, or nil
	begun    instant
	at       instant // when the open segment began, else when the last one ended
	open     bool
	joined   bool    // it is part of a conference
	subject  string  // of an email
	heard    instant // until when media was reported
	emitted  []emission
	spent    spent
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

// leg adds a participant of a call. Addresses are those of the conversation until somebody says otherwise.
func (k *call) leg(purpose, direction string) *leg {
	l := k.bare(purpose, direction, "voice", "Edge")
	l.session.Ani, l.session.Dnis, l.session.SessionDnis = k.ani, k.dnis, k.dnis
	l.session.EdgeID = pick(k, k.centre.Organization.Edges)
	l.session.ProtocolCallID = k.UUID()
	return l
}

// bare adds a participant in any medium.
func (k *call) bare(purpose, direction, medium, provider string) *leg {
	l := &leg{call: k, sessions: make([]conversation.Session, 1), emitted: make([]emission, 0, 8)}
	l.session = &l.sessions[0]
	l.party.ParticipantID = k.UUID()
	l.party.Purpose = purpose
	l.session.SessionID = k.UUID()
	l.session.Direction = direction
	l.session.MediaType = medium
	l.session.Provider = provider
	l.session.Segments = make([]conversation.Segment, 0, segmentsOf(purpose))
	k.legs = append(k.legs, l)
	return l
}

// segmentsOf is how many segments a leg is likely to have; they are large.
func segmentsOf(purpose string) int {
	if purpose == "agent" || purpose == "user" {
		return 4
	}
	return 2
}

// of makes the leg another session of a participant.
func (l *leg) of(host *leg) *leg {
	l.host, l.person, l.queue = host, host.person, host.queue
	l.party.Purpose = host.party.Purpose
	return l
}

// begin opens a segment.
func (l *leg) begin(kind string, at instant) {
	if len(l.session.Segments) == 0 {
		l.begun, l.heard = at, at
	}
	g := conversation.Segment{Conference: l.call.no, SegmentStart: at.String(), SegmentType: kind, Subject: l.subject}
	if l.joined {
		g.Conference = l.call.yes
	}
	l.session.Segments = append(l.session.Segments, g)
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
		g.RequestedRoutingSkillIDs = q.Skills
	}
}

// end closes the open segment and gives its length.
func (l *leg) end(at instant) instant {
	at = max(at, l.at)
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
	switch name := l.means(kind); {
	case l.person != nil:
		l.worked(kind, length)
	case name != "":
		l.emit(l.at, name, length)
	}
}

// means is the metric that the end of a segment of somebody else than a user emits, if it does.
func (l *leg) means(kind string) string {
	switch {
	case kind == "ivr" && l.party.Purpose == "ivr":
		return "tIvr"
	case kind != "interact":
		return ""
	case l.party.Purpose == "acd":
		return "tAcd"
	case l.party.Purpose == "voicemail":
		return "tVoicemail"
	case l.outside() && l.session.MediaType != "chat": // of a chat nobody measures how long the customer was connected
		return "tConnected"
	}
	return ""
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
	case "monitoring":
		l.emit(l.at, "tMonitoring", length)
		l.emit(l.at, "tMonitoringComplete", length)
	case "coaching":
		l.emit(l.at, "tCoaching", length)
		l.emit(l.at, "tCoachingComplete", length)
	case "barging": // the platform has no tBargingComplete
		l.emit(l.at, "tBarging", length)
	case "wrapup":
		if l.party.Purpose == "agent" {
			l.spent.acw += length
			l.emit(l.at, "tAcw", length)
		}
	}
}

func (l *leg) outside() bool { return l.party.Purpose == "customer" || l.party.Purpose == "external" }

// finish puts the session, and the participant if it has none yet, into the conversation.
func (l *leg) finish(c *conversation.Conversation) {
	l.write()
	if l.host == nil {
		l.place = len(c.Participants)
		l.party.Sessions = l.sessions
		c.Participants = append(c.Participants, l.party)
		return
	}
	p := &c.Participants[l.host.place]
	p.Sessions = append(p.Sessions, *l.session)
}

// write puts metrics and media into the session, in their order.
func (l *leg) write() {
	slices.SortFunc(l.emitted, func(a, b emission) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.name, b.name), cmp.Compare(a.value, b.value))
	})
	l.session.Metrics = make([]conversation.Metric, len(l.emitted))
	for i, e := range l.emitted {
		l.session.Metrics[i] = conversation.Metric{Name: e.name, Value: int64(e.value)}
		if i > 0 && l.emitted[i-1].at == e.at {
			l.session.Metrics[i].EmitDate = l.session.Metrics[i-1].EmitDate
		} else {
			l.session.Metrics[i].EmitDate = e.at.String()
		}
	}
	if len(l.emitted) == 0 {
		l.session.Metrics = nil
	}
	slices.SortFunc(l.session.MediaEndpointStats, func(a, b conversation.MediaEndpointStat) int {
		return strings.Compare(a.EventTime, b.EventTime)
	})
}
