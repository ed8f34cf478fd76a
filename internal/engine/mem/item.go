package mem

import (
	"iter"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

// subject is a conversation that is asked about: what the head of its record says, and everything else.
type subject struct {
	id         conversation.ID
	start, end time.Time                  // end is zero while the conversation goes on
	whole      *conversation.Conversation // never nil; what of the record fits the schema, as in the lake
}

// nothing is a conversation of which nothing is known.
var nothing conversation.Conversation

func subjectOf(r conversation.Record) subject {
	whole, _ := wire.Decode(r.JSON)
	return subject{r.ID, r.Start, r.End, whole}
}

// item is what a filter looks at: the conversation, or an element of one of its lists with what it belongs to. Which
// of the members are there follows from the kind: the conversation always; a segment with its session, flow and
// participant; an evaluation, a survey or a resolution.
type item struct {
	subject
	participant *conversation.Participant
	session     *conversation.Session
	flow        *conversation.Flow
	segment     *conversation.Segment
	evaluation  *conversation.Evaluation
	survey      *conversation.Survey
	resolution  *conversation.Resolution
}

// items yields the items of a kind. An item must not be kept.
func (s subject) items(kind query.Kind) iter.Seq[*item] {
	return func(yield func(*item) bool) {
		it := item{subject: s}
		switch kind {
		case query.OfConversation:
			yield(&it)
		case query.OfSegment:
			it.segments(yield)
		case query.OfEvaluation:
			for i := range s.whole.Evaluations {
				if it.evaluation = &s.whole.Evaluations[i]; !yield(&it) {
					return
				}
			}
		case query.OfSurvey:
			for i := range s.whole.Surveys {
				if it.survey = &s.whole.Surveys[i]; !yield(&it) {
					return
				}
			}
		case query.OfResolution:
			for i := range s.whole.Resolutions {
				if it.resolution = &s.whole.Resolutions[i]; !yield(&it) {
					return
				}
			}
		}
	}
}

// noFlow is the flow of a session in which none ran.
var noFlow conversation.Flow

func (it *item) segments(yield func(*item) bool) {
	for i := range it.whole.Participants {
		it.participant = &it.whole.Participants[i]
		for j := range it.participant.Sessions {
			it.session = &it.participant.Sessions[j]
			if it.flow = it.session.Flow; it.flow == nil {
				it.flow = &noFlow
			}
			for k := range it.session.Segments {
				if it.segment = &it.session.Segments[k]; !yield(it) {
					return
				}
			}
		}
	}
}
