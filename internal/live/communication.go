package live

import (
	"cmp"
	"strings"

	"github.com/parley-hq/parley/internal/conversation"
)

// communication makes a communication of a session.
func communication(s *conversation.Session, ended bool, names Names) Communication {
	now := stateOf(s, ended)
	c := Communication{
		State: fit(s.MediaType, now), InitialState: fit(s.MediaType, initially(s)), ID: s.SessionID, Direction: s.Direction,
		Segments: segments(s.Segments), DisconnectType: cause(s, now), Provider: s.Provider, ScriptID: s.ScriptID, PeerID: s.PeerID,
	}
	if canHold[s.MediaType] {
		c.Held = new(now == held)
	}
	c.times(s, now)
	c.afterwards(s, names)
	switch s.MediaType {
	case "voice":
		c.call(s, now)
	case "callback":
		c.CallbackNumbers, c.CallbackUserName, c.CallbackScheduledTime = s.CallbackNumbers, s.CallbackUserName, s.CallbackScheduledTime
		c.SkipEnabled, c.TimeoutSeconds = s.SkipEnabled, s.TimeoutSeconds
	case "chat":
		c.RoomID = s.RoomID
	case "email":
		c.Subject = subject(s)
	case "message":
		c.Authenticated, c.Type, c.EngagementSource, c.AgentAssistantID = s.Authenticated, s.MessageType, s.EngagementSource, s.AgentAssistantID
		c.ToAddress, c.FromAddress = address(s.AddressTo, ""), address(s.AddressFrom, "")
	default:
		c.lacks(s.MediaType)
	}
	return c
}

// lacks leaves out what the schemas of the rarer media do not have.
func (c *Communication) lacks(medium string) {
	c.Direction, c.ScriptID = "", ""
	switch medium {
	case "video":
		c.Segments = nil
	case "screenmonitoring":
		c.StartAlertingTime, c.PeerID = "", ""
		c.Wrapup, c.AfterCallWork = nil, nil
	case "internalmessage":
		c.Wrapup, c.AfterCallWork = nil, nil
	}
}

// canHold are the media with members about holding.
var canHold = map[string]bool{"voice": true, "callback": true, "chat": true, "email": true, "message": true}

// call adds what only calls have.
func (c *Communication) call(s *conversation.Session, now state) {
	c.Recording, c.AgentAssistantID = s.Recording, s.AgentAssistantID
	if s.Recording != nil && *s.Recording && (now == connected || now == held) {
		c.RecordingState = "active"
	} else {
		c.RecordingState = "none"
	}
	own, others := s.Dnis, s.Ani
	if s.Direction == "outbound" {
		own, others = others, own
	}
	c.Self, c.Other = address(own, ""), address(others, s.Remote)
	for i := range s.Segments {
		if muted := s.Segments[i].AudioMuted; muted != nil {
			c.Muted = muted
		}
		if code := s.Segments[i].ErrorCode; code != "" {
			c.ErrorInfo = &ErrorInfo{s.ErrorCodeDescription, code}
		}
	}
}

// address is nil if there is none. Displayable is a number without the word before it.
func address(raw, name string) *Address {
	if raw == "" {
		return nil
	}
	return &Address{Name: name, NameRaw: name, AddressNormalized: raw, AddressRaw: raw, AddressDisplayable: strings.TrimPrefix(raw, "tel:")}
}

func subject(s *conversation.Session) string {
	for i := range s.Segments {
		if text := s.Segments[i].Subject; text != "" {
			return text
		}
	}
	return ""
}

// times says when a communication came to each of its states.
func (c *Communication) times(s *conversation.Session, now state) {
	for i := range s.Segments {
		g := &s.Segments[i]
		switch during(g.SegmentType) { //nolint:exhaustive // the others have no time of their own
		case alerting:
			c.StartAlertingTime = cmp.Or(c.StartAlertingTime, g.SegmentStart)
		case connected, held:
			c.ConnectedTime = cmp.Or(c.ConnectedTime, g.SegmentStart)
		}
		if now == held && g.SegmentEnd == "" {
			c.StartHoldTime = g.SegmentStart
		}
		if g.SegmentType != "wrapup" && g.SegmentEnd != "" && closed(now) {
			c.DisconnectedTime = g.SegmentEnd
		}
	}
}

// afterwards adds what is done when the communication itself is over.
func (c *Communication) afterwards(s *conversation.Session, names Names) {
	for i := range s.Segments {
		g := &s.Segments[i]
		if g.SegmentType != "wrapup" {
			continue
		}
		if c.AfterCallWork == nil {
			c.AfterCallWork = &AfterWork{StartTime: g.SegmentStart}
		}
		if c.AfterCallWork.EndTime, c.AfterCallWork.State = g.SegmentEnd, "complete"; g.SegmentEnd == "" {
			c.AfterCallWork.State = "pending"
		}
		if g.WrapUpCode != "" {
			c.Wrapup = &Wrapup{
				Code: g.WrapUpCode, Name: names[g.WrapUpCode], Notes: g.WrapUpNote, Tags: g.WrapUpTags,
				DurationSeconds: int64(between(g.SegmentStart, g.SegmentEnd).Seconds()), EndTime: g.SegmentEnd,
			}
		}
	}
}

// segments are those of a session. How one ended is what came after it, or that it was disconnected.
func segments(all []conversation.Segment) []Segment {
	out := make([]Segment, 0, len(all))
	for i := range all {
		g := Segment{
			StartTime: all[i].SegmentStart, EndTime: all[i].SegmentEnd, Type: capital(all[i].SegmentType), DisconnectType: dotted(all[i].DisconnectType),
		}
		switch {
		case g.EndTime == "":
		case i+1 < len(all) && g.DisconnectType == "":
			g.HowEnded = capital(all[i+1].SegmentType)
		default:
			g.HowEnded = "Disconnect"
		}
		out = append(out, g)
	}
	return out
}

func capital(word string) string {
	if word == "" {
		return ""
	}
	return strings.ToUpper(word[:1]) + word[1:]
}
