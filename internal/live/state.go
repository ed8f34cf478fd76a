package live

import (
	"slices"

	"github.com/parley-hq/parley/internal/conversation"
)

// state is what a communication is doing: the platform's word, or held, which is connected with held beside it.
type state string

const (
	none         state = "none"
	alerting     state = "alerting"
	dialing      state = "dialing"
	contacting   state = "contacting"
	offering     state = "offering"
	connected    state = "connected"
	held         state = "held"
	converting   state = "converting"
	uploading    state = "uploading"
	transmitting state = "transmitting"
	parked       state = "parked"
	scheduled    state = "scheduled"
	disconnected state = "disconnected" // it is over, and the conversation goes on
	terminated   state = "terminated"   // both are over
)

// lasting is the state while a segment of a type lasts. While a call is offered, no system has taken it yet: it counts as
// connected from the next segment on, as the metric nConnected does.
var lasting = map[string]state{
	"alert": alerting, "barging": connected, "callback": connected, "coaching": connected, "contacting": contacting, "converting": converting,
	"delay": offering, "dialing": dialing, "hold": held, "interact": connected, "ivr": connected, "monitoring": connected, "parked": parked,
	"scheduled": scheduled, "screenmonitoring": connected, "sharing": connected, "system": offering, "transmitting": transmitting, "unknown": none,
	"uploading": uploading, "voicemail": connected, "wrapup": disconnected,
}

// stateOf is that of a session: what its open segment does. In a conversation that has ended nothing is open, whatever a
// record says whose end nobody heard.
func stateOf(s *conversation.Session, ended bool) state {
	if ended {
		return terminated
	}
	for _, g := range slices.Backward(s.Segments) {
		if g.SegmentEnd == "" {
			return during(g.SegmentType)
		}
	}
	return disconnected
}

// during is the state in a segment. One of a type that nobody knows is as good as unknown.
func during(segmentType string) state {
	if now, ok := lasting[segmentType]; ok {
		return now
	}
	return none
}

// initially is the state in which a session began.
func initially(s *conversation.Session) state {
	if len(s.Segments) == 0 {
		return none
	}
	return during(s.Segments[0].SegmentType)
}

// states are those that the schema of a medium has.
var states = map[string][]state{
	"voice":    {none, alerting, dialing, contacting, offering, connected, converting, uploading, transmitting, disconnected, terminated},
	"callback": {none, alerting, dialing, contacting, offering, connected, scheduled, disconnected, terminated},
	"chat":     {none, alerting, dialing, contacting, offering, connected, disconnected, terminated},
	"email":    {none, alerting, connected, transmitting, parked, disconnected},
	"message":  {alerting, connected, parked, disconnected},

	"cobrowse":         {none, alerting, dialing, contacting, offering, connected, scheduled, disconnected, terminated},
	"screenshare":      {none, alerting, dialing, contacting, offering, connected, disconnected, terminated},
	"video":            {none, alerting, dialing, contacting, offering, connected, disconnected, terminated},
	"internalmessage":  {alerting, connected, disconnected},
	"screenmonitoring": {none, connected, disconnected},
}

// fit is the word for a state among those that a medium has: what is over is disconnected where there is no other end,
// a callback that is being left is scheduled, and the rest is connected.
func fit(medium string, now state) string {
	known := states[medium]
	switch {
	case slices.Contains(known, now):
	case now == terminated:
		now = disconnected
	case now == uploading && slices.Contains(known, scheduled):
		now = scheduled
	default:
		now = connected
	}
	return string(now)
}

// closed says whether a communication is over.
func closed(now state) bool { return now == disconnected || now == terminated }

// over is closed for the platform's word.
func over(word string) bool { return closed(state(word)) }

// disconnectTypes is the word for each of those of analytics.
var disconnectTypes = map[string]string{
	"client": "client", "conferenceTransfer": "transfer.conference", "consultTransfer": "transfer.consult", "dndEndpoint": "endpoint.donotdisturb",
	"dndTransfer": "transfer.donotdisturb", "endpoint": "endpoint", "error": "error", "forwardTransfer": "transfer.forward", "inactivity": "inactivity",
	"noAnswerTransfer": "transfer.noanswer", "notAvailableTransfer": "transfer.notavailable", "other": "other", "peer": "peer",
	"sessionExpired": "session.expired", "spam": "spam", "system": "system", "takeover": "takeover", "timeout": "timeout", "transfer": "transfer",
	"transportFailure": "transport.failure", "uncallable": "uncallable",
}

// dotted is the word for a disconnectType of analytics. One that is new is given on as it is.
func dotted(camel string) string {
	if word, ok := disconnectTypes[camel]; ok {
		return word
	}
	return camel
}

// cause is why a session ended; empty while it goes on.
func cause(s *conversation.Session, now state) string {
	if !closed(now) {
		return ""
	}
	for _, g := range slices.Backward(s.Segments) {
		if g.DisconnectType != "" && g.SegmentType != "wrapup" {
			return dotted(g.DisconnectType)
		}
	}
	return ""
}

// camels is the word of analytics for each of those of the live object.
var camels = func() map[string]string {
	out := make(map[string]string, len(disconnectTypes))
	for camel, dotted := range disconnectTypes {
		out[dotted] = camel
	}
	return out
}()

// DisconnectType is the word of analytics for a disconnectType of a live object. One that is new is given on as it is.
func DisconnectType(dotted string) string {
	if word, ok := camels[dotted]; ok {
		return word
	}
	return dotted
}
