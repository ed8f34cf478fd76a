// Package arithmetic checks what must hold inside one record: Rules lists it. Who makes records is tested with it, and
// parley lint-records asks it of any. The platform's documentation defines some of these metrics; the rules were found by
// measuring 171 records of real contact centres, most of them calls, and say little of what was not among those, such as
// e-mails.
package arithmetic

import (
	"fmt"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// Finding is something in a record that breaks a rule. It holds ids, metric names and numbers, never what a customer said or
// who they are.
type Finding struct {
	Rule      string // its Name
	Text      string
	Exception string // the Name of the exception that it is, empty if none is known
}

func (f Finding) String() string { return f.Rule + ": " + f.Text }

// Check returns one line for each finding, also those that are exceptions; none if all holds.
func Check(c *conversation.Conversation) []string {
	found := Find(c)
	if len(found) == 0 {
		return nil
	}
	lines := make([]string, len(found))
	for i, f := range found {
		lines[i] = f.String()
	}
	return lines
}

// Find returns what breaks a rule.
//
// A record may still be going on: what is said about an end is asked of what has ended only. Real data has exceptions,
// which Exceptions lists, so a finding is a question about a stored record and an error in a simulated one.
func Find(c *conversation.Conversation) []Finding {
	a := check{c: c}
	a.read()
	a.lifetime()
	a.media()
	a.participantOrder()
	for i := range a.legs {
		a.leg(&a.legs[i])
	}
	a.visits()
	a.hangups()
	a.direction()
	return a.found
}

// check is one check: the conversation, its sessions with their times read, and what was found.
type check struct {
	c     *conversation.Conversation
	legs  []leg
	found []Finding

	waits     map[string]*queueWaits // of the visits to each queue
	outsiders map[string]*leg        // by session
}

// leg is a session as the rules see it.
type leg struct {
	p     *conversation.Participant
	s     *conversation.Session
	spans []span
	emits []time.Time     // of each metric; zero where none can be read
	edges map[edge][]span // the spans by when they start and end; made where there are many
}

// span is a segment's time; end is zero while it lasts.
type span struct {
	kind, queue string
	how         string // its disconnectType
	start, end  time.Time
}

// length is that of a segment that has ended, in milliseconds.
func (s span) length() int64 { return s.end.Sub(s.start).Milliseconds() }

func (a *check) complain(rule, format string, args ...any) {
	a.excuse("", rule, format, args...)
}

// excuse complains of what may be an exception; of what is none if that is empty.
func (a *check) excuse(exception, rule, format string, args ...any) {
	a.found = append(a.found, Finding{rule, fmt.Sprintf(format, args...), exception})
}

// read parses the times of all segments and metrics. A segment without a readable start is reported and left out of the rules.
func (a *check) read() {
	for i := range a.c.Participants {
		p := &a.c.Participants[i]
		for j := range p.Sessions {
			l := leg{p: p, s: &p.Sessions[j]}
			for _, g := range l.s.Segments {
				start, ok := a.time("segmentStart", l.s.SessionID, g.SegmentStart)
				end, _ := a.time("segmentEnd", l.s.SessionID, g.SegmentEnd)
				if ok {
					l.spans = append(l.spans, span{g.SegmentType, g.QueueID, g.DisconnectType, start, end})
				}
			}
			for _, m := range l.s.Metrics {
				at, _ := a.time("emitDate", l.s.SessionID, m.EmitDate)
				l.emits = append(l.emits, at)
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
		a.excuse(a.otherStart(start.Sub(first)), "rule 8", "the conversation starts %d ms after its first segment", start.Sub(first).Milliseconds())
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
	if got := a.c.MediaStatsMinConversationMos; !same(mos, got) {
		a.excuse(worseThanAll(got, mos), "rule 10", "mediaStatsMinConversationMos is not the least minMos")
	}
	if got := a.c.MediaStatsMinConversationRFactor; !same(factor, got) {
		a.excuse(worseThanAll(got, factor), "rule 10", "mediaStatsMinConversationRFactor is not the least minRFactor")
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
