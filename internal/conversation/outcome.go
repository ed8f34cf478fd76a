package conversation

import (
	"slices"
	"time"
)

// Outside says whether a purpose is that of the other side of a contact.
func Outside(purpose string) bool { return purpose == "customer" || purpose == "external" }

// Parties gives the addresses between which a conversation took place: those of the first session of the outside party,
// or, when there is none, of the first session. Either may be empty.
func Parties(c *Conversation) (from, to string) {
	var first *Session
	for i := range c.Participants {
		p := &c.Participants[i]
		if len(p.Sessions) == 0 {
			continue
		}
		if Outside(p.Purpose) {
			first = &p.Sessions[0]
			break
		}
		if first == nil {
			first = &p.Sessions[0]
		}
	}
	if first == nil {
		return "", ""
	}
	from, to = first.AddressFrom, first.AddressTo
	if from == "" {
		from = first.Ani
	}
	if to == "" {
		to = first.Dnis
	}
	return from, to
}

// Names gives the names that a record has of its queues and users, by their ids: a queue's is that of the participant
// acd.
func Names(c *Conversation) map[string]string {
	names := map[string]string{}
	for i := range c.Participants {
		p := &c.Participants[i]
		if p.ParticipantName == "" {
			continue
		}
		if p.UserID != "" && (p.Purpose == "agent" || p.Purpose == "user") {
			names[p.UserID] = p.ParticipantName
		}
		if p.Purpose != "acd" {
			continue
		}
		for _, x := range p.Sessions {
			for _, g := range x.Segments {
				names[g.QueueID] = p.ParticipantName
			}
		}
	}
	return names
}

// Outcome says how a conversation came to its end, in the words of a person: "going on", "abandoned", "by customer",
// "by agent", "by flow", "voicemail", or the disconnect type where nothing better is known. Each side says of its own
// end how it came: who hung up says endpoint or client, and the others say peer. Abandoned is that of its Summary.
func Outcome(c *Conversation, abandoned bool) string {
	switch {
	case c.ConversationEnd == "":
		return "going on"
	case abandoned:
		return "abandoned"
	}
	theirs, ours := lastEnding(c, Outside), lastEnding(c, func(p string) bool { return !Outside(p) })
	switch {
	case theirs.hungUp():
		return "by customer"
	case theirs.disconnect != "" && theirs.disconnect != "peer" && theirs.disconnect != "system":
		return theirs.disconnect
	case ours.hungUp():
		return "by " + ours.purpose
	case slices.Contains([]string{"ivr", "workflow", "botflow"}, ours.purpose):
		return "by flow"
	case ours.purpose == "voicemail":
		return "voicemail"
	case ours.disconnect != "":
		return ours.disconnect
	}
	return theirs.disconnect
}

// ending is how a session ended.
type ending struct {
	purpose    string
	disconnect string
	at         time.Time
}

func (e ending) hungUp() bool { return e.disconnect == "endpoint" || e.disconnect == "client" }

// lastEnding is that of the session that ended last of those whose participants are meant. The wrap-up after a call
// repeats how the call ended, and is later than what the others say: it does not count.
func lastEnding(c *Conversation, meant func(purpose string) bool) (last ending) {
	for i := range c.Participants {
		p := &c.Participants[i]
		if !meant(p.Purpose) {
			continue
		}
		for _, x := range p.Sessions {
			for _, g := range x.Segments {
				at, err := ParseTime(g.SegmentEnd)
				if err == nil && g.DisconnectType != "" && g.SegmentType != "wrapup" && !at.Before(last.at) {
					last = ending{p.Purpose, g.DisconnectType, at}
				}
			}
		}
	}
	return last
}
