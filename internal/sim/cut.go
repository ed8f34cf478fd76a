package sim

import (
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
)

// Cut is the conversation as it looked at an instant: what came later is gone, and the state that lasted then has no
// end. It is nil when the conversation starts later, and equal to c once everything in it has happened. c itself is
// left as it is; the result shares parts with it.
//
// What routing fills in while a conversation goes on, such as the customer's queueId and selectedAgentId, is shown as it
// is in the end: the record does not say when it came.
//
// The conversation has an end only if it had ended for good: between a call and a late wrap-up, and between a thread's two
// days, it has none, although every segment has ended, as real records do while after-call work is not written yet.
//
// An evaluation shows who was to make it before it is made, a survey that it was sent, and a conversation that the
// platform goes over again lacks some counts until then.
func Cut(c *conversation.Conversation, at time.Time) *conversation.Conversation {
	k := cutter{at: at}
	if k.later(c.ConversationStart) {
		return nil
	}
	if settled(c, at) {
		out := *c
		return &out
	}
	if start, err := conversation.ParseTime(c.ConversationStart); err == nil {
		k.partial = reprocessed(c.ConversationID, start).After(at)
	}
	out := *c
	if k.later(c.ConversationEnd) {
		out.ConversationEnd = ""
	}
	if k.later(c.ConferenceStart) {
		out.ConferenceStart = ""
	}
	out.Evaluations = keep(c.Evaluations, k.evaluation)
	out.Surveys = keep(c.Surveys, func(s *conversation.Survey) bool { return k.survey(c, s) })
	out.Resolutions = keep(c.Resolutions, func(r *conversation.Resolution) bool { return !k.later(r.EventTime) })
	out.Participants = keep(c.Participants, k.participant)
	quality(&out)
	return &out
}

// CutRecord is Cut for a record. Values that do not fit the schema are left out, because nobody can say when they came. A
// record that has not started yet is an error of the caller and comes back unchanged.
func CutRecord(r conversation.Record, at time.Time) (conversation.Record, error) {
	c, _ := wire.Decode(r.JSON)
	if c = Cut(c, at); c == nil {
		return r, nil
	}
	if c.ConversationEnd == "" {
		r.End = time.Time{}
	}
	text, err := wire.Encode(c)
	if err != nil {
		return r, err
	}
	return r.WithText(text), nil
}

// cutter cuts the parts of a conversation. Its methods change the copy that they are given and say whether it stays.
type cutter struct {
	at      time.Time
	partial bool // the platform has not gone over the conversation again yet, though it will
}

// later says whether an instant lies after the cut. One that is absent or cannot be read does not.
func (k cutter) later(text string) bool {
	t, err := conversation.ParseTime(text)
	return err == nil && t.After(k.at)
}

func (k cutter) participant(p *conversation.Participant) bool {
	p.Sessions = keep(p.Sessions, k.session)
	return len(p.Sessions) > 0
}

func (k cutter) session(s *conversation.Session) bool {
	s.Segments = keep(s.Segments, k.segment)
	s.Metrics = keep(s.Metrics, k.metric)
	s.MediaEndpointStats = keep(s.MediaEndpointStats, func(m *conversation.MediaEndpointStat) bool { return !k.later(m.EventTime) })
	if s.Flow != nil {
		s.Flow = k.flow(*s.Flow, s.Segments)
	}
	return len(s.Segments) > 0
}

func (k cutter) metric(m *conversation.Metric) bool {
	return !k.later(m.EmitDate) && (!k.partial || !counted(m.Name))
}

func (k cutter) segment(g *conversation.Segment) bool {
	if k.later(g.SegmentEnd) {
		g.SegmentEnd, g.DisconnectType, g.ErrorCode = "", "", ""
		g.WrapUpCode, g.WrapUpNote, g.WrapUpTags = "", "", nil
		g.SipResponseCodes, g.Q850ResponseCodes = nil, nil
	}
	return !k.later(g.SegmentStart)
}

// flow cuts a flow: how it left is known only once its session is over.
func (k cutter) flow(f conversation.Flow, of []conversation.Segment) *conversation.Flow {
	f.Outcomes = keep(f.Outcomes, func(o *conversation.FlowOutcome) bool { return !k.later(o.FlowOutcomeEndTimestamp) })
	if len(of) > 0 && (of[len(of)-1].SegmentEnd == "" || of[len(of)-1].SegmentType == "system") {
		f.ExitReason, f.EndingLanguage = "", ""
		f.TransferType, f.TransferTargetAddress, f.TransferTargetName = "", "", ""
	}
	return &f
}

// keep copies the elements that stay, each after cut has changed its copy. It is nil if none does.
func keep[T any](from []T, cut func(*T) bool) []T {
	out := make([]T, 0, len(from))
	for i := range from {
		if out = append(out, from[i]); !cut(&out[len(out)-1]) {
			out = out[:len(out)-1]
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
