package sim

import (
	"bytes"
	"hash/fnv"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
)

// History tells how simulated records looked earlier. What a record itself does not tell of its past follows from the
// ids in it, so that nothing but the record has to be kept.
type History struct{}

// At is CutRecord.
func (History) At(r conversation.Record, at time.Time) (conversation.Record, error) {
	return CutRecord(r, at)
}

// Tell is Cut.
func (History) Tell(r conversation.Record, at time.Time) (c *conversation.Conversation, told bool, err error) {
	c, _ = wire.Decode(r.JSON)
	c = Cut(c, at)
	return c, c != nil, nil
}

// endless is later than any instant that is asked for.
var endless = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// Bounds are the end of a record and when the last thing happened to it: an endpoint reported, somebody evaluated it, or
// the platform went over it again. One without an end goes on for ever.
func (History) Bounds(r conversation.Record) (ended, settled time.Time) {
	if r.End.IsZero() {
		return time.Time{}, endless
	}
	settled = r.End.Add(reported)
	if at := reprocessed(r.ID, r.Start); at.After(settled) {
		settled = at
	}
	if last, err := conversation.ParseTime(lastEvent(r.JSON)); err == nil && last.After(settled) {
		settled = last
	}
	return r.End, settled
}

// reported is how long after the end the last endpoint has reported at the latest.
const reported = time.Second

// settled says whether nothing happened to a conversation after an instant. It reads a few times only, and says no when
// it would have to read more.
func settled(c *conversation.Conversation, at time.Time) bool {
	end, err := conversation.ParseTime(c.ConversationEnd)
	if err != nil || end.Add(reported).After(at) {
		return false
	}
	if start, err := conversation.ParseTime(c.ConversationStart); err != nil || reprocessed(c.ConversationID, start).After(at) {
		return false
	}
	last := ""
	for i := range c.Evaluations {
		last = max(last, c.Evaluations[i].EventTime)
	}
	for i := range c.Surveys {
		last = max(last, c.Surveys[i].EventTime)
	}
	for i := range c.Resolutions {
		last = max(last, c.Resolutions[i].EventTime)
	}
	event, err := conversation.ParseTime(last)
	return last == "" || err == nil && !event.After(at)
}

// lastEvent is the latest eventTime in a record, as it is written; they are all written alike, and compare as text.
func lastEvent(raw []byte) (last string) {
	const key, size = `"eventTime":"`, len("2026-11-01T00:00:00.000Z")
	for {
		i := bytes.Index(raw, []byte(key))
		if i < 0 || len(raw) < i+len(key)+size {
			return last
		}
		raw = raw[i+len(key):]
		last = max(last, string(raw[:size]))
	}
}

// hashed is a number that follows from an id.
func hashed(id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	return h.Sum64() >> 7
}

// overlooked is one in how many conversations the platform has to go over again.
const overlooked = 40

// reprocessed is when the platform went over a conversation again, zero for most: at night, when it was at least 48 hours
// old. Until then some counts are missing.
func reprocessed(id conversation.ID, start time.Time) time.Time {
	if hashed(string(id))%overlooked != 0 {
		return time.Time{}
	}
	return (conversation.DayOf(start) + 3).Start().Add(2 * time.Hour)
}

// counted are the metrics that are missing until then.
func counted(name string) bool { return name == "nConnected" || name == "nOverSla" }

// evaluation is an evaluation as it was: somebody gets it a day or two before it is done, and begins hours before.
func (k cutter) evaluation(e *conversation.Evaluation) bool {
	done, err := conversation.ParseTime(e.EventTime)
	if err != nil || !done.After(k.at) {
		return true
	}
	some := time.Duration(hashed(e.EvaluationID)%86_400) * time.Second
	opened, assigned := done.Add(-10*time.Minute-some/8), done.Add(-20*time.Hour-some)
	e.Deleted, e.Released, e.Rescored, e.OTotalScore, e.OTotalCriticalScore = nil, nil, nil, nil, nil
	switch {
	case e.EvaluationStatus == "Pending" || assigned.After(k.at):
		return false
	case e.EvaluationStatus == "InProgress" || opened.After(k.at):
		e.EvaluationStatus, e.EventTime = "Pending", conversation.FormatTime(assigned)
	default:
		e.EvaluationStatus, e.EventTime = "InProgress", conversation.FormatTime(opened)
	}
	return true
}

// survey is a survey as it was: it was sent half a minute after the agent had spoken to the customer. One by telephone is
// there once it has been answered.
func (k cutter) survey(c *conversation.Conversation, s *conversation.Survey) bool {
	if !k.later(s.EventTime) {
		return true
	}
	if s.SurveyType == "Voice" {
		return false
	}
	sent := spoke(c, s.UserID).Add(30 * time.Second)
	s.SurveyStatus, s.EventTime, s.SurveyCompletedDate = "Sent", conversation.FormatTime(sent), ""
	s.SurveyPromoterScore, s.OSurveyTotalScore, s.SurveyPartialResponse = nil, nil, nil
	return !sent.After(k.at)
}

// spoke is when a user last spoke in a conversation.
func spoke(c *conversation.Conversation, user string) (last time.Time) {
	for i := range c.Participants {
		if c.Participants[i].UserID != user {
			continue
		}
		for _, s := range c.Participants[i].Sessions {
			for _, g := range s.Segments {
				if at, err := conversation.ParseTime(g.SegmentEnd); err == nil && g.SegmentType == "interact" && at.After(last) {
					last = at
				}
			}
		}
	}
	return last
}
