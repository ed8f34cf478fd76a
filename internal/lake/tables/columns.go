package tables

import (
	"slices"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/conversation/dimension"
)

// conversationRow is a conversation with what is known of its record. What of the record fits the schema is in the item,
// which the rows of one record share: it says at which element of the record they are.
type conversationRow struct {
	*dimension.Item
	version conversation.Version
	sum     conversation.Summary
	hash    string
}

// sessionRow is a place in the tree down to the session, segmentRow and metricRow are its leaves.
type sessionRow struct {
	*dimension.Item
	pi, si int64
}

type segmentRow struct {
	sessionRow
	gi int64
}

type metricRow struct {
	sessionRow
	m       *conversation.Metric
	mi      int64
	queueID string
}

type attributeRow struct {
	*dimension.Item
	pi         int64
	key, value string
}

// A row of evaluations, surveys and resolutions is an item.

func conversationColumns() []column[conversationRow] {
	said, more := cut(columnsOf(dimension.Conversation, func(r *conversationRow) *dimension.Item { return r.Item }), "originating_direction")
	scalars, added := cut(more, "knowledge_base_ids")
	return slices.Concat(said, derivedColumns(), scalars, receivedColumns(), added)
}

// derivedColumns are what is derived from the whole record.
func derivedColumns() []column[conversationRow] {
	type R = conversationRow
	first := func(list func(*R) []string) func(*R) string {
		return func(r *R) string {
			if v := list(r); len(v) > 0 {
				return v[0]
			}
			return ""
		}
	}
	last := func(list func(*R) []string) func(*R) string {
		return func(r *R) string {
			if v := list(r); len(v) > 0 {
				return v[len(v)-1]
			}
			return ""
		}
	}
	queues := func(r *R) []string { return r.sum.QueueIDs }
	users := func(r *R) []string { return r.sum.UserIDs }
	codes := func(r *R) []string { return r.sum.WrapUpCodes }
	return []column[R]{
		text("direction", "derived: inbound, outbound or both, of the outside parties' sessions", func(r *R) string { return r.sum.Direction }),
		text("media_type", "derived: media type of the first outside session", func(r *R) string { return r.sum.MediaType }),
		texts("media_types", "derived: all media types, by first appearance", func(r *R) []string { return r.sum.MediaTypes }),
		text("first_queue_id", "derived: queue of the first acd or agent segment", first(queues)),
		text("last_queue_id", "derived: queue of the last new one among them", last(queues)),
		texts("queue_ids", "derived: queues visited, by first appearance", queues),
		text("first_user_id", "derived: first agent or user who interacted", first(users)),
		text("last_user_id", "derived: last new one among them", last(users)),
		texts("user_ids", "derived: agents and users who interacted, by first appearance", users),
		text("first_wrap_up_code", "derived: first wrap-up code", first(codes)),
		text("last_wrap_up_code", "derived: last new wrap-up code", last(codes)),
		texts("wrap_up_codes", "derived: wrap-up codes, by first appearance", codes),
		flag("abandoned", "derived: the customer left the queue and no agent answered after that", func(r *R) *bool { return &r.sum.Abandoned }),
		moment("customer_end", "derived: latest segmentEnd of customer and external", func(r *R) time.Time { return r.sum.CustomerEnd }),
		moment("first_segment_start", "derived: earliest segmentStart", func(r *R) time.Time { return r.sum.FirstSegment }),
		moment("last_segment_end", "derived: latest segmentEnd; null while a segment is open", func(r *R) time.Time { return r.sum.LastSegment }),
	}
}

// receivedColumns are how much there is in the record, and what is known of the version that was received.
func receivedColumns() []column[conversationRow] {
	type R = conversationRow
	return []column[R]{
		count("participant_count", "number of participants", func(r *R) int64 { return int64(len(r.Conversation.Participants)) }),
		count("session_count", "number of sessions", func(r *R) int64 { return r.sum.Sessions }),
		count("segment_count", "number of segments: rows in segments", func(r *R) int64 { return r.sum.Segments }),
		count("metric_count", "number of metric emissions: rows in metrics", func(r *R) int64 { return r.sum.Metrics }),
		count("attribute_count", "number of participant attributes: rows in attributes", func(r *R) int64 { return r.sum.Attributes }),
		need(text("run_id", "extraction or import that brought this version", func(r *R) string { return r.version.Run })),
		need(moment("extracted_at", "when this version was received from the platform", func(r *R) time.Time { return r.version.At })),
		need(text("record_hash", "SHA-256 of record, hexadecimal", func(r *R) string { return r.hash })),
		count("record_bytes", "length of record in bytes", func(r *R) int64 { return int64(len(r.version.JSON)) }),
		need(text("record", "the conversation's JSON as the platform sent it", func(r *R) string { return string(r.version.JSON) })),
	}
}

// sessionColumns are the columns that segments and metrics share: the keys, the participant's and the session's.
func sessionColumns[R any](at func(*R) *sessionRow) []column[R] {
	item := func(r *R) *dimension.Item { return at(r).Item }
	said, _ := cut(columnsOf(dimension.Segment, item), "direction")
	return shared(slices.Concat(
		keys(item, "conversation_end", "originating_direction"),
		[]column[R]{
			count("participant_index", "position of the participant in the record, from 0", func(r *R) int64 { return at(r).pi }),
			count("session_index", "position of the session in its participant, from 0", func(r *R) int64 { return at(r).si }),
		},
		said,
	)...)
}

// segmentColumns are the columns of segments: every member of the segment, with those of its session, flow and participant
// joined in, so that every dimension of segments has a flat column. Where each lies is said by the platform's schemas
// AnalyticsParticipant, AnalyticsSession, AnalyticsFlow and AnalyticsConversationSegment.
func segmentColumns() []column[segmentRow] {
	_, more := cut(columnsOf(dimension.Segment, func(r *segmentRow) *dimension.Item { return r.Item }), "direction")
	return slices.Concat(
		sessionColumns(func(r *segmentRow) *sessionRow { return &r.sessionRow }),
		[]column[segmentRow]{count("segment_index", "position of the segment in its session, from 0", func(r *segmentRow) int64 { return r.gi })},
		more,
	)
}

func metricColumns() []column[metricRow] {
	type R = metricRow
	return append(sessionColumns(func(r *R) *sessionRow { return &r.sessionRow }),
		count[R]("metric_index", "position of the metric in its session, from 0", func(r *R) int64 { return r.mi }),
		text("queue_id", "derived: queue of the session's segment in effect at emit_date", func(r *R) string { return r.queueID }),
		need(text("name", "name of the metric", func(r *R) string { return r.m.Name })),
		count("value", "t* milliseconds, n* count, o* observed value", func(r *R) int64 { return r.m.Value }),
		instant("emit_date", "emitDate", func(r *R) string { return r.m.EmitDate }),
	)
}

func attributeColumns() []column[attributeRow] {
	type R = attributeRow
	item := func(r *R) *dimension.Item { return r.Item }
	return slices.Concat(
		keys(item),
		[]column[R]{count("participant_index", "position of the participant in the record, from 0", func(r *R) int64 { return r.pi })},
		only(columnsOf(dimension.Segment, item), "participant_id", "purpose"),
		[]column[R]{
			text("key", "key of the attribute; null if it is empty", func(r *R) string { return r.key }),
			text("value", "value of the attribute; null if it is empty", func(r *R) string { return r.value }),
			flag("cut", "key or value has the 1,024 characters to which the platform cuts", func(r *R) *bool {
				cut := runes(r.key) >= conversation.MaxAttributeLength || runes(r.value) >= conversation.MaxAttributeLength
				return &cut
			}),
		},
	)
}

// itemColumns are the columns of a table whose rows are items of a kind.
func itemColumns(kind dimension.Kind) []column[dimension.Item] {
	self := func(it *dimension.Item) *dimension.Item { return it }
	return append(keys(self), columnsOf(kind, self)...)
}

func changeColumns() []column[Change] {
	type R = Change
	return append(keys(func(r *R) *dimension.Item { return &dimension.Item{ID: r.ID, Start: r.Start} }),
		need(text("path", "place in the record; how it is written stands below", func(r *R) string { return r.Path })),
		text("before", "JSON text before; null if there was nothing", func(r *R) string { return r.Before }),
		text("after", "JSON text after; null if nothing is left", func(r *R) string { return r.After }),
		need(text("run_id", "extraction or import that found the difference", func(r *R) string { return r.Run })),
		need(moment("found_at", "when the newer version was received", func(r *R) time.Time { return r.FoundAt })),
	)
}
