package querycmd

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// look is how a row is shown: shortened for a person, whole for a program.
type look struct{ whole bool }

// row is what a person wants to see of a conversation at first sight.
func (l look) row(c *conversation.Conversation) []string {
	s := conversation.Summarize(c)
	names := namesOf(c)
	from, to := l.parties(c)
	start, _ := conversation.ParseTime(c.ConversationStart)
	return []string{
		start.Format("2006-01-02 15:04:05"), s.Direction, s.MediaType, from, to, l.named(s.QueueIDs, names), l.named(s.UserIDs, names),
		duration(c, start), ended(c, s), l.id(string(c.ConversationID)),
	}
}

func outside(purpose string) bool { return purpose == "customer" || purpose == "external" }

// namesOf gives the names that a record has of its queues and users: a queue's is that of the participant acd.
func namesOf(c *conversation.Conversation) map[string]string {
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

// named writes a list of ids by their names, shortened where there is none, the first two and how many more.
func (l look) named(ids []string, names map[string]string) string {
	const most = 2
	var out []string
	for _, id := range ids {
		name := names[id]
		if name == "" {
			name = l.id(id)
		}
		out = append(out, name)
	}
	if len(out) > most && !l.whole {
		return strings.Join(out[:most], ", ") + fmt.Sprintf(" +%d", len(out)-most)
	}
	return strings.Join(out, ", ")
}

// id cuts a UUID to its first eight digits; other ids stay as they are.
func (l look) id(id string) string {
	if !l.whole && len(id) == 36 && id[8] == '-' {
		return id[:8]
	}
	return id
}

// parties gives the addresses of the first session of the outside party, or, when there is none, of the first session.
func (l look) parties(c *conversation.Conversation) (from, to string) {
	var first *conversation.Session
	for i := range c.Participants {
		p := &c.Participants[i]
		if len(p.Sessions) == 0 {
			continue
		}
		if outside(p.Purpose) {
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
	return l.address(from), l.address(to)
}

// address shortens an address for a cell: numbers without tel:, sip addresses without their parameters.
func (l look) address(s string) string {
	const most = 28
	s = strings.TrimPrefix(s, "tel:")
	if strings.HasPrefix(s, "sip:") {
		s, _, _ = strings.Cut(s, ";")
	}
	if r := []rune(s); len(r) > most && !l.whole {
		return string(r[:most]) + "…"
	}
	return s
}

// duration is the whole time of a conversation, h:mm:ss; empty while it goes on.
func duration(c *conversation.Conversation, start time.Time) string {
	end, err := conversation.ParseTime(c.ConversationEnd)
	if err != nil || start.IsZero() {
		return ""
	}
	s := int64(end.Sub(start).Round(time.Second).Seconds())
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// leg is how a session ended.
type leg struct {
	purpose    string
	disconnect string
	at         time.Time
}

// ended says how a conversation came to its end. Who hung up is the participant that says endpoint or client, and the
// others say peer (semantics.md section 5).
func ended(c *conversation.Conversation, s conversation.Summary) string {
	switch {
	case c.ConversationEnd == "":
		return "going on"
	case s.Abandoned:
		return "abandoned"
	}
	theirs, ours := lastLeg(c, outside), lastLeg(c, func(p string) bool { return !outside(p) })
	switch {
	case hungUp(theirs):
		return "by customer"
	case theirs.disconnect != "" && theirs.disconnect != "peer" && theirs.disconnect != "system":
		return theirs.disconnect
	case hungUp(ours):
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

func hungUp(l leg) bool { return l.disconnect == "endpoint" || l.disconnect == "client" }

// lastLeg is the session that ended last of those whose participants are meant. The wrap-up after a call repeats how the
// call ended, and is later than what the others say: it does not count.
func lastLeg(c *conversation.Conversation, meant func(purpose string) bool) (last leg) {
	for i := range c.Participants {
		p := &c.Participants[i]
		if !meant(p.Purpose) {
			continue
		}
		for _, x := range p.Sessions {
			for _, g := range x.Segments {
				at, err := conversation.ParseTime(g.SegmentEnd)
				if err == nil && g.DisconnectType != "" && g.SegmentType != "wrapup" && !at.Before(last.at) {
					last = leg{p.Purpose, g.DisconnectType, at}
				}
			}
		}
	}
	return last
}
