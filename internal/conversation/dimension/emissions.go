package dimension

import (
	"slices"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// asked are the dimensions of aggregates, of which the platform has 83, that a lake has a column for. Records never name
// the others, or the lake keeps them in the text alone.
const asked = `activeSkillId addressFrom addressTo agentAssistantId agentOwned ani authenticated conversationId conversationInitiator
	customerParticipation deliveryStatus destinationAddress direction disconnectType divisionId dnis edgeId errorCode extendedDeliveryStatus
	externalContactId externalOrganizationId externalTag flaggedReason flowInType flowOutType groupId journeyActionId journeyActionMapId
	journeyCustomerId journeyCustomerIdType journeyCustomerSessionId knowledgeBaseId mediaCount mediaType messageType originatingDirection
	originatingSocialMediaPublic outboundCampaignId outboundContactId outboundContactListId participantName peerId provider purpose queueId remote
	removedSkillId requestedLanguageId requestedRouting requestedRoutingSkillId routingRing scoredAgentId selectedAgentId selfServed sessionDnis
	sessionId skillExpressionId teamId usedRouting userId wrapUpCode`

// emissions is what is said of a metric that a session emitted: by its session and participant, by its conversation, and by
// the segment in effect when it was emitted.
func emissions() (list []Dimension) {
	for name := range strings.FieldsSeq(asked) {
		d := lineOf(name)
		d.Name = name
		if strings.HasPrefix(d.From, "segment.") {
			d.Get = inEffect(d.Get)
		} else if !strings.HasPrefix(d.From, "conversation.") && !slices.Contains(besideMetrics, d.Name) {
			d.Get = ofSegments(d.Get)
		}
		list = append(list, d)
	}
	return list
}

// besideMetrics are those that the lake has beside every metric. The others of a session stand with its segments: a session
// without one says nothing in them.
var besideMetrics = []string{"purpose", "userId", "sessionId", "mediaType", "direction"}

// lineOf is the line of the dimension of a name: of segments or conversations, asked for by others or by nobody else.
func lineOf(name string) Dimension {
	all := slices.Concat(segments, conversations)
	i := slices.IndexFunc(all, func(d Dimension) bool { return d.Name == name })
	if i < 0 {
		i = slices.IndexFunc(all, func(d Dimension) bool {
			last := d.From[strings.LastIndexByte(d.From, '.')+1:]
			return last == name || last == name+"s[]"
		})
	}
	return all[i]
}

// inEffect reads what the segment in effect says: of those that say something the last in the record that had begun at the
// emission; the first of all if none had.
func inEffect(get Getter) Getter {
	switch get := get.(type) {
	case TextOf:
		return TextOf(func(it *Item) string { return effective(it, get, func(s string) bool { return s != "" }) })
	case TextsOf:
		return TextsOf(func(it *Item) []string {
			return effective(it, get, func(list []string) bool { return slices.ContainsFunc(list, func(s string) bool { return s != "" }) })
		})
	case TruthOf, NumberOf, NumbersOf, DecimalOf, InstantOf, TimeOf, Emitted:
	}
	panic("segments say nothing else that aggregates ask for")
}

func effective[T any](it *Item, get func(*Item) T, says func(T) bool) (found T) {
	some := false
	of := *it
	for i := range it.Session.Segments {
		of.Segment = &it.Session.Segments[i]
		v := get(&of)
		if says(v) && (!some || !micros(parsed(of.Segment.SegmentStart)).After(it.Emitted)) {
			found, some = v, true
		}
	}
	return found
}

// micros is a time as the lake keeps it.
func micros(t time.Time) time.Time { return t.Truncate(time.Microsecond) }

// ofSegments reads what a session says that has segments.
func ofSegments(get Getter) Getter {
	has := func(it *Item) bool { return len(it.Session.Segments) > 0 }
	switch get := get.(type) {
	case TextOf:
		return TextOf(only(has, get))
	case TextsOf:
		return TextsOf(only(has, get))
	case TruthOf:
		return TruthOf(only(has, get))
	case NumberOf:
		return NumberOf(only(has, get))
	case NumbersOf, DecimalOf, InstantOf, TimeOf, Emitted:
	}
	panic("sessions say nothing else that aggregates ask for")
}

func only[T any](has func(*Item) bool, get func(*Item) T) func(*Item) T {
	return func(it *Item) (v T) {
		if has(it) {
			v = get(it)
		}
		return v
	}
}

// Emissions yields the metrics that the sessions of a conversation emitted, each as an item. An item must not be kept.
func Emissions(it Item, yield func(*Item, *conversation.Metric) bool) {
	Sessions(it, func(it *Item) bool {
		for i := range it.Session.Metrics {
			m := &it.Session.Metrics[i]
			if it.Emitted = micros(parsed(m.EmitDate)); !yield(it, m) {
				return false
			}
		}
		return true
	})
}

// Sessions yields the sessions of a conversation, each as an item of an emission that has no time yet. An item must not be kept.
func Sessions(it Item, yield func(*Item) bool) {
	for i := range it.Conversation.Participants {
		it.Participant = &it.Conversation.Participants[i]
		for j := range it.Participant.Sessions {
			it.Session = &it.Participant.Sessions[j]
			if it.Flow = FlowOf(it.Session); !yield(&it) {
				return
			}
		}
	}
}
