package live

import (
	"cmp"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// participant makes a participant of one of the record. Ended says whether the conversation has ended.
func participant(p *conversation.Participant, ended bool, names Names) Participant {
	out := Participant{
		ID: p.ParticipantID, Name: p.ParticipantName, UserID: p.UserID, ExternalContactID: p.ExternalContactID,
		ExternalOrganizationID: p.ExternalOrganizationID, TeamID: p.TeamID, Purpose: p.Purpose, FlaggedReason: p.FlaggedReason,
		Attributes: p.Attributes, Calls: []Communication{}, Callbacks: []Communication{}, Chats: []Communication{}, Cobrowsesessions: []Communication{},
		Emails: []Communication{}, Messages: []Communication{}, Screenshares: []Communication{}, Videos: []Communication{},
	}
	if out.Attributes == nil {
		out.Attributes = map[string]string{}
	}
	if p.UserID != "" {
		out.UserURI = "/api/v2/users/" + p.UserID
	}
	for i := range p.Sessions {
		out.joins(&p.Sessions[i], ended, names)
	}
	return out
}

// joins adds a session to a participant.
func (p *Participant) joins(s *conversation.Session, ended bool, names Names) {
	c := communication(s, ended, names)
	if list := p.list(s.MediaType); list != nil {
		*list = append(*list, c)
	}
	p.lasts(s, c)
	p.Address = cmp.Or(p.Address, addressOf(p.Purpose, s))
	p.Ani, p.Dnis = cmp.Or(p.Ani, s.Ani), cmp.Or(p.Dnis, s.Dnis)
	p.MonitoredParticipantID = cmp.Or(p.MonitoredParticipantID, s.MonitoredParticipantID)
	p.CoachedParticipantID = cmp.Or(p.CoachedParticipantID, s.CoachedParticipantID)
	p.BargedParticipantID = cmp.Or(p.BargedParticipantID, s.BargedParticipantID)
	for i := range s.Segments {
		if g := &s.Segments[i]; g.QueueID != "" {
			p.QueueID, p.QueueName = g.QueueID, names[g.QueueID]
			p.ConversationRoutingData = routing(g, names)
		}
		p.GroupID = cmp.Or(s.Segments[i].GroupID, p.GroupID)
	}
	if c.Wrapup != nil {
		p.Wrapup = c.Wrapup
	}
	if w := c.AfterCallWork; w != nil {
		p.WrapupRequired, p.StartAcwTime, p.EndAcwTime = true, w.StartTime, w.EndTime
	}
}

// list is where the communications of a medium are; nil if the platform has no such medium here.
func (p *Participant) list(medium string) *[]Communication {
	switch medium {
	case "voice":
		return &p.Calls
	case "callback":
		return &p.Callbacks
	case "chat":
		return &p.Chats
	case "cobrowse":
		return &p.Cobrowsesessions
	case "email":
		return &p.Emails
	case "message":
		return &p.Messages
	case "screenshare":
		return &p.Screenshares
	case "video":
		return &p.Videos
	case "internalmessage":
		return &p.InternalMessages
	case "screenmonitoring":
		return &p.ScreenMonitorings
	}
	return nil
}

// lasts has a participant be there for as long as one of its communications is.
func (p *Participant) lasts(s *conversation.Session, c Communication) {
	if len(s.Segments) == 0 {
		return
	}
	first := p.StartTime == ""
	if start := s.Segments[0].SegmentStart; first || earlier(start, p.StartTime) {
		p.StartTime = start
	}
	if at := c.ConnectedTime; at != "" && (p.ConnectedTime == "" || earlier(at, p.ConnectedTime)) {
		p.ConnectedTime = at
	}
	switch {
	case !over(c.State):
		p.EndTime = ""
	case first || p.EndTime != "" && earlier(p.EndTime, c.DisconnectedTime):
		p.EndTime = c.DisconnectedTime
	}
}

// addressOf is by what others reach a participant.
func addressOf(purpose string, s *conversation.Session) string {
	switch {
	case s.MediaType == "callback" && len(s.CallbackNumbers) > 0:
		return s.CallbackNumbers[0]
	case (s.Direction == "outbound") == outside(purpose):
		return cmp.Or(s.Dnis, s.AddressTo)
	}
	return cmp.Or(s.Ani, s.AddressFrom)
}

// routing is what a queue was asked for.
func routing(g *conversation.Segment, names Names) *RoutingData {
	queue := names.reference(g.QueueID, "/api/v2/routing/queues/")
	queue.Name = "" // the schema has none
	out := &RoutingData{Queue: &queue, Skills: []Reference{}}
	if id := g.RequestedLanguageID; id != "" {
		out.Language = &Reference{ID: id, SelfURI: "/api/v2/routing/languages/" + id}
	}
	for _, id := range g.RequestedRoutingSkillIDs {
		out.Skills = append(out.Skills, Reference{ID: id, SelfURI: "/api/v2/routing/skills/" + id})
	}
	return out
}

// earlier says whether one instant lies before another, both as they are written. One that cannot be read does not.
func earlier(a, b string) bool {
	at, err := conversation.ParseTime(a)
	if err != nil {
		return false
	}
	other, err := conversation.ParseTime(b)
	return err == nil && at.Before(other)
}

// between is the time from one instant to another, zero if one cannot be read.
func between(a, b string) time.Duration {
	from, err := conversation.ParseTime(a)
	if err != nil {
		return 0
	}
	until, err := conversation.ParseTime(b)
	if err != nil {
		return 0
	}
	return until.Sub(from)
}
