package conversation

import (
	"slices"
	"time"
)

// Summary is what is derived from a conversation as a whole. The record does not say these things; the rule of each
// stands beside it, and every part may be unknown.
type Summary struct {
	Direction    string // "inbound", "outbound", "both" of the outside parties' sessions, else originatingDirection
	MediaType    string // of the first outside session, else of the first session
	MediaTypes   []string
	QueueIDs     []string // of acd and agent segments, in order of time
	UserIDs      []string // of agents and users who interacted, in order of time
	WrapUpCodes  []string // in order of time
	Abandoned    bool     // some tAbandon, and no agent answered after it
	CustomerEnd  time.Time
	FirstSegment time.Time // earliest segmentStart
	LastSegment  time.Time // latest segmentEnd; zero while a segment is open
	Sessions     int64
	Segments     int64
	Metrics      int64
	Attributes   int64
}

// Summarize derives the summary of c.
func Summarize(c *Conversation) Summary {
	s := summarizer{directions: map[string]bool{}}
	for i := range c.Participants {
		s.participant(&c.Participants[i])
	}
	s.finish(c)
	return s.Summary
}

// dated is a value with the time at which it came up.
type dated struct {
	at    time.Time
	value string
}

type summarizer struct {
	Summary
	directions              map[string]bool
	queues, users, codes    []dated
	media, outsideMedia     []dated
	answeredAt, abandonedAt time.Time
	open                    bool
}

func (s *summarizer) participant(p *Participant) {
	s.Attributes += int64(len(p.Attributes))
	for i := range p.Sessions {
		s.session(p, &p.Sessions[i])
	}
}

func (s *summarizer) session(p *Participant, x *Session) {
	s.Sessions++
	if Outside(p.Purpose) && x.Direction != "" {
		s.directions[x.Direction] = true
	}
	var first time.Time
	for i := range x.Segments {
		start := s.segment(p, &x.Segments[i])
		if i == 0 {
			first = start
		}
	}
	if x.MediaType != "" {
		s.media = append(s.media, dated{first, x.MediaType})
		if Outside(p.Purpose) {
			s.outsideMedia = append(s.outsideMedia, dated{first, x.MediaType})
		}
	}
	s.Metrics += int64(len(x.Metrics))
	for _, m := range x.Metrics {
		s.metric(m)
	}
}

func (s *summarizer) metric(m Metric) {
	switch m.Name {
	case "tAnswered":
		at, _ := ParseTime(m.EmitDate)
		s.answeredAt = later(s.answeredAt, at)
	case "tAbandon":
		at, _ := ParseTime(m.EmitDate)
		s.abandonedAt = later(s.abandonedAt, at)
		s.Abandoned = true
	}
}

func (s *summarizer) segment(p *Participant, g *Segment) time.Time {
	s.Segments++
	start, _ := ParseTime(g.SegmentStart)
	end, _ := ParseTime(g.SegmentEnd)
	if !start.IsZero() && (s.FirstSegment.IsZero() || start.Before(s.FirstSegment)) {
		s.FirstSegment = start
	}
	s.open = s.open || end.IsZero()
	s.LastSegment = later(s.LastSegment, end)
	if Outside(p.Purpose) {
		s.CustomerEnd = later(s.CustomerEnd, end)
	}
	if g.QueueID != "" && (p.Purpose == "acd" || p.Purpose == "agent") {
		s.queues = append(s.queues, dated{start, g.QueueID})
	}
	if p.UserID != "" && g.SegmentType == "interact" && (p.Purpose == "agent" || p.Purpose == "user") {
		s.users = append(s.users, dated{start, p.UserID})
	}
	if g.WrapUpCode != "" {
		s.codes = append(s.codes, dated{start, g.WrapUpCode})
	}
	return start
}

func (s *summarizer) finish(c *Conversation) {
	switch {
	case s.directions["inbound"] && s.directions["outbound"]:
		s.Direction = "both"
	case s.directions["inbound"]:
		s.Direction = "inbound"
	case s.directions["outbound"]:
		s.Direction = "outbound"
	default:
		s.Direction = c.OriginatingDirection
	}
	s.MediaTypes = inOrder(s.media)
	if m := inOrder(s.outsideMedia); len(m) > 0 {
		s.MediaType = m[0]
	} else if len(s.MediaTypes) > 0 {
		s.MediaType = s.MediaTypes[0]
	}
	s.QueueIDs, s.UserIDs, s.WrapUpCodes = inOrder(s.queues), inOrder(s.users), inOrder(s.codes)
	s.Abandoned = s.Abandoned && !s.answeredAt.After(s.abandonedAt)
	if s.open {
		s.LastSegment = time.Time{}
	}
}

// inOrder gives the distinct values by the time of their first appearance.
func inOrder(values []dated) []string {
	slices.SortStableFunc(values, func(a, b dated) int { return a.at.Compare(b.at) })
	var out []string
	seen := map[string]bool{} // of a few values it is no allocation; a hostile record has as many as segments
	for _, v := range values {
		if !seen[v.value] {
			seen[v.value], out = true, append(out, v.value)
		}
	}
	return out
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
