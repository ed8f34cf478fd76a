package mem

import (
	"iter"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/conversation/dimension"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

// item is what a filter looks at.
type item = dimension.Item

// subject is a conversation that is asked about: what the head of its record says, and what of the record fits the
// schema, as in the lake.
type subject struct{ item }

// nothing is a conversation of which nothing is known.
var nothing conversation.Conversation

func subjectOf(r conversation.Record) subject {
	whole, _ := wire.Decode(r.JSON)
	return subject{item{ID: r.ID, Start: r.Start, End: r.End, Conversation: whole}}
}

// items yields the items of a kind. An item must not be kept.
func (s subject) items(kind query.Kind) iter.Seq[*item] {
	return func(yield func(*item) bool) {
		it := s.item
		switch kind {
		case query.OfConversation:
			yield(&it)
		case query.OfEmission: // no query of conversations asks of them: dimension.Emissions has them
		case query.OfSegment:
			segmentsOf(&it, yield)
		case query.OfEvaluation:
			for i := range it.Conversation.Evaluations {
				if it.Evaluation = &it.Conversation.Evaluations[i]; !yield(&it) {
					return
				}
			}
		case query.OfSurvey:
			for i := range it.Conversation.Surveys {
				if it.Survey = &it.Conversation.Surveys[i]; !yield(&it) {
					return
				}
			}
		case query.OfResolution:
			for i := range it.Conversation.Resolutions {
				if it.Resolution = &it.Conversation.Resolutions[i]; !yield(&it) {
					return
				}
			}
		}
	}
}

func segmentsOf(it *item, yield func(*item) bool) {
	for i := range it.Conversation.Participants {
		it.Participant = &it.Conversation.Participants[i]
		for j := range it.Participant.Sessions {
			it.Session = &it.Participant.Sessions[j]
			it.Flow = dimension.FlowOf(it.Session)
			for k := range it.Session.Segments {
				if it.Segment = &it.Session.Segments[k]; !yield(it) {
					return
				}
			}
		}
	}
}
