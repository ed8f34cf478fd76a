// Package arithmetic checks what must hold inside one record: who makes records tests them with it, and nothing else
// needs it. The platform's documentation defines some of these metrics; the rules were found by measuring 171 records of
// real contact centres, most of them calls, and say little of what was not among those, such as e-mails.
//
//	rule 1   tHandle = tTalkComplete + tHeldComplete + tAcw + tDialing + tContacting, of agents and users
//	rule 2   tTalkComplete = sum of tTalk = length of interact segments; tHeldComplete, tHeld and hold alike
//	rule 3   tAlert = length of the alert; tNotResponding = tAlert, if there is one
//	rule 4   tAcd = length of the interact of a queue visit; tAnswered of an agent = tAcd of the visit
//	rule 5   a queue visit has one nOffered and one tAcd, and ends in one of tAnswered (elsewhere), tAbandon, tFlowOut
//	rule 6   tIvr = length of the ivr segments; tFlow = tFlowExit or tFlowDisconnect, one of them, and below tIvr
//	rule 7   tVoicemail = length of the voicemail's interact; tConnected = that of the outside party's
//	rule 8   conversationStart is the earliest segmentStart
//	rule 9   conversationEnd is the latest segmentEnd
//	rule 10  mediaStatsMinConversationMos is the least minMos, and of minRFactor alike
//	rule 11  segments of a session follow one another without a gap, but before a wrap-up
//	rule 12  a count is 1 in each emission; tContacting, tDialing, tAcw, tFlowOutcome and what supervisors do (tMonitoring,
//	         tCoaching, tBarging) last as long as what they measure
//	order    participants by their first segment, segments by start, metrics by emission, then name
package arithmetic

import (
	"fmt"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// Check returns one line for each violation, none if all holds. A line begins with its rule and holds ids, metric names
// and numbers, never what a customer said or who they are.
//
// A record may still be going on: what is said about an end is asked of what has ended only. Real data has exceptions
// (an agent who refused a call and wrote it up all the same has tHandle without talk; a conversation that took over a
// session of another starts late), so a line is a question about a stored record and an error in a simulated one.
func Check(c *conversation.Conversation) []string {
	a := check{c: c}
	a.read()
	a.lifetime()
	a.media()
	a.participantOrder()
	for i := range a.legs {
		a.leg(&a.legs[i])
	}
	a.visits()
	return a.found
}

// check is one check: the conversation, its sessions with their times read, and what was found.
type check struct {
	c     *conversation.Conversation
	legs  []leg
	found []string
}

// leg is a session as the rules see it.
type leg struct {
	p     *conversation.Participant
	s     *conversation.Session
	spans []span
}

// span is a segment's time; end is zero while it lasts.
type span struct {
	kind, queue string
	start, end  time.Time
}

func (a *check) complain(rule, format string, args ...any) {
	a.found = append(a.found, rule+": "+fmt.Sprintf(format, args...))
}

// read parses the times of all segments. A segment without a readable start is reported and left out of the rules.
func (a *check) read() {
	for i := range a.c.Participants {
		p := &a.c.Participants[i]
		for j := range p.Sessions {
			l := leg{p: p, s: &p.Sessions[j]}
			for _, g := range l.s.Segments {
				start, ok := a.time("segmentStart", l.s.SessionID, g.SegmentStart)
				end, _ := a.time("segmentEnd", l.s.SessionID, g.SegmentEnd)
				if ok {
					l.spans = append(l.spans, span{g.SegmentType, g.QueueID, start, end})
				}
			}
			a.legs = append(a.legs, l)
		}
	}
}

// time reads an instant; an absent one is zero and no violation.
func (a *check) time(field, where, text string) (time.Time, bool) {
	if text == "" {
		return time.Time{}, false
	}
	t, err := conversation.ParseTime(text)
	if err != nil {
		a.complain("form", "%s of %s is no instant", field, where)
	}
	return t, err == nil
}

// lifetime is rules 8 and 9: the conversation starts with its first segment and ends with its last.
func (a *check) lifetime() {
	first, last, open := extent(a.legs)
	if start, ok := a.time("conversationStart", string(a.c.ConversationID), a.c.ConversationStart); ok && !first.IsZero() && !start.Equal(first) {
		a.complain("rule 8", "the conversation starts %d ms after its first segment", start.Sub(first).Milliseconds())
	}
	end, ok := a.time("conversationEnd", string(a.c.ConversationID), a.c.ConversationEnd)
	switch {
	case !ok || last.IsZero() && !open:
	case open:
		a.complain("rule 9", "the conversation has an end and an open segment")
	case !end.Equal(last):
		a.complain("rule 9", "the conversation ends %d ms after its last segment", end.Sub(last).Milliseconds())
	}
}

// extent is the first start and the last end of the legs' segments, and whether a segment is open. Both are zero when
// there is no such segment.
func extent(legs []leg) (first, last time.Time, open bool) {
	for _, l := range legs {
		for _, sp := range l.spans {
			if first.IsZero() || sp.start.Before(first) {
				first = sp.start
			}
			if sp.end.After(last) {
				last = sp.end
			}
			open = open || sp.end.IsZero()
		}
	}
	return first, last, open
}

// media is rule 10: the conversation's media quality is the worst that any endpoint reported.
func (a *check) media() {
	var mos, factor *float64
	for _, l := range a.legs {
		for _, m := range l.s.MediaEndpointStats {
			mos, factor = least(mos, m.MinMos), least(factor, m.MinRFactor)
		}
	}
	if !same(mos, a.c.MediaStatsMinConversationMos) {
		a.complain("rule 10", "mediaStatsMinConversationMos is not the least minMos")
	}
	if !same(factor, a.c.MediaStatsMinConversationRFactor) {
		a.complain("rule 10", "mediaStatsMinConversationRFactor is not the least minRFactor")
	}
}

// least is the smaller of two values, of which either may be absent.
func least(a, b *float64) *float64 {
	if a == nil || b != nil && *b < *a {
		return b
	}
	return a
}

func same(a, b *float64) bool { return a == b || a != nil && b != nil && *a == *b }

// participantOrder is the order of participants: by the earliest segment of each.
func (a *check) participantOrder() {
	var before time.Time
	for i := 0; i < len(a.legs); {
		n := i + 1
		for n < len(a.legs) && a.legs[n].p == a.legs[i].p {
			n++
		}
		if first, _, _ := extent(a.legs[i:n]); !first.IsZero() {
			if first.Before(before) {
				a.complain("order", "participant %s starts before the one listed before it", a.legs[i].p.ParticipantID)
			}
			before = first
		}
		i = n
	}
}
