package lake

import (
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// conversationRow is a conversation with what is known of its record.
type conversationRow struct {
	version Version
	c       *conversation.Conversation // what of the record fits the schema
	sum     conversation.Summary
	hash    string
}

// sessionRow is a place in the tree down to the session, segmentRow and metricRow are its leaves.
type sessionRow struct {
	*conversationRow
	p      *conversation.Participant
	s      *conversation.Session
	pi, si int64
	flow   *conversation.Flow // never nil
}

type segmentRow struct {
	sessionRow
	g  *conversation.Segment
	gi int64
}

type metricRow struct {
	sessionRow
	m       *conversation.Metric
	mi      int64
	queueID string
}

type attributeRow struct {
	*conversationRow
	p          *conversation.Participant
	pi         int64
	key, value string
}

type (
	evaluationRow struct {
		*conversationRow
		e *conversation.Evaluation
	}
	surveyRow struct {
		*conversationRow
		s *conversation.Survey
	}
	resolutionRow struct {
		*conversationRow
		r *conversation.Resolution
	}
)

func conversationColumns() []column[conversationRow] {
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
		need(text("conversation_id", "conversationId", func(r *R) string { return string(r.version.ID) })),
		need(moment("conversation_start", "conversationStart; its UTC day is the partition", func(r *R) time.Time { return r.version.Start })),
		moment("conversation_end", "conversationEnd; null while the conversation goes on", func(r *R) time.Time { return r.version.End }),
		number("duration_ms", "conversation_end less conversation_start, milliseconds", func(r *R) *int64 { return between(r.version.Start, r.version.End) }),
		text("originating_direction", "originatingDirection: who began", func(r *R) string { return r.c.OriginatingDirection }),
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
		texts("division_ids", "divisionIds", func(r *R) []string { return r.c.DivisionIDs }),
		texts("access_attributes", "accessAttributes", func(r *R) []string { return r.c.AccessAttributes }),
		text("external_tag", "externalTag", func(r *R) string { return r.c.ExternalTag }),
		text("conversation_initiator", "conversationInitiator", func(r *R) string { return r.c.ConversationInitiator }),
		flag("customer_participation", "customerParticipation", func(r *R) *bool { return r.c.CustomerParticipation }),
		flag("originating_social_media_public", "originatingSocialMediaPublic", func(r *R) *bool { return r.c.OriginatingSocialMediaPublic }),
		flag("self_served", "selfServed", func(r *R) *bool { return r.c.SelfServed }),
		decimal("media_stats_min_conversation_mos", "mediaStatsMinConversationMos, 1 to 5", func(r *R) *float64 { return r.c.MediaStatsMinConversationMos }),
		decimal("media_stats_min_conversation_r_factor", "mediaStatsMinConversationRFactor", func(r *R) *float64 { return r.c.MediaStatsMinConversationRFactor }),
		instant("conference_start", "conferenceStart", func(r *R) string { return r.c.ConferenceStart }),
		instant("inactivity_timeout", "inactivityTimeout", func(r *R) string { return r.c.InactivityTimeout }),
		text("associated_conversation_id", "associatedConversationId", func(r *R) string { return r.c.AssociatedConversationID }),
		texts("consultation_conversation_ids", "consultationConversationIds", func(r *R) []string { return r.c.ConsultationConversationIDs }),
		texts("knowledge_base_ids", "knowledgeBaseIds", func(r *R) []string { return r.c.KnowledgeBaseIDs }),
		count("participant_count", "number of participants", func(r *R) int64 { return int64(len(r.c.Participants)) }),
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

// between is the time from start to end in milliseconds; nil while one is unknown.
func between(start, end time.Time) *int64 {
	if start.IsZero() || end.IsZero() {
		return nil
	}
	ms := end.Sub(start).Milliseconds()
	return &ms
}

// sessionColumns are the columns that segments and metrics share: the keys, the participant's and the session's.
func sessionColumns[R any](at func(*R) *sessionRow) []column[R] {
	conv := func(get func(*conversation.Conversation) string) func(*R) string {
		return func(r *R) string { return get(at(r).c) }
	}
	part := func(get func(*conversation.Participant) string) func(*R) string {
		return func(r *R) string { return get(at(r).p) }
	}
	sess := func(get func(*conversation.Session) string) func(*R) string {
		return func(r *R) string { return get(at(r).s) }
	}
	return shared(
		need(text("conversation_id", "conversationId", func(r *R) string { return string(at(r).version.ID) })),
		need(moment("conversation_start", "conversationStart; its UTC day is the partition", func(r *R) time.Time { return at(r).version.Start })),
		moment("conversation_end", "conversationEnd", func(r *R) time.Time { return at(r).version.End }),
		text("originating_direction", "originatingDirection", conv(func(c *conversation.Conversation) string { return c.OriginatingDirection })),
		count("participant_index", "position of the participant in the record, from 0", func(r *R) int64 { return at(r).pi }),
		count("session_index", "position of the session in its participant, from 0", func(r *R) int64 { return at(r).si }),
		text("participant_id", "participantId", part(func(p *conversation.Participant) string { return p.ParticipantID })),
		text("purpose", "purpose of the participant", part(func(p *conversation.Participant) string { return p.Purpose })),
		text("user_id", "userId of the participant", part(func(p *conversation.Participant) string { return p.UserID })),
		text("session_id", "sessionId", sess(func(s *conversation.Session) string { return s.SessionID })),
		text("media_type", "mediaType of the session", sess(func(s *conversation.Session) string { return s.MediaType })),
		text("direction", "direction of this leg, seen from the contact centre", sess(func(s *conversation.Session) string { return s.Direction })),
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
	return []column[R]{
		need(text("conversation_id", "conversationId", func(r *R) string { return string(r.version.ID) })),
		need(moment("conversation_start", "conversationStart; its UTC day is the partition", func(r *R) time.Time { return r.version.Start })),
		count("participant_index", "position of the participant in the record, from 0", func(r *R) int64 { return r.pi }),
		text("participant_id", "participantId", func(r *R) string { return r.p.ParticipantID }),
		text("purpose", "purpose of the participant", func(r *R) string { return r.p.Purpose }),
		text("key", "key of the attribute; null if it is empty", func(r *R) string { return r.key }),
		text("value", "value of the attribute; null if it is empty", func(r *R) string { return r.value }),
		flag("cut", "key or value has the 1,024 characters to which the platform cuts", func(r *R) *bool {
			cut := runes(r.key) >= conversation.MaxAttributeLength || runes(r.value) >= conversation.MaxAttributeLength
			return &cut
		}),
	}
}

func evaluationColumns() []column[evaluationRow] {
	type R = evaluationRow
	return []column[R]{
		need(text("conversation_id", "conversationId", func(r *R) string { return string(r.version.ID) })),
		need(moment("conversation_start", "conversationStart; its UTC day is the partition", func(r *R) time.Time { return r.version.Start })),
		text("evaluation_id", "evaluationId", func(r *R) string { return r.e.EvaluationID }),
		text("evaluation_status", "evaluationStatus", func(r *R) string { return r.e.EvaluationStatus }),
		instant("event_time", "eventTime", func(r *R) string { return r.e.EventTime }),
		text("evaluator_id", "evaluatorId", func(r *R) string { return r.e.EvaluatorID }),
		text("assignee_id", "assigneeId", func(r *R) string { return r.e.AssigneeID }),
		flag("assignee_applicable", "assigneeApplicable", func(r *R) *bool { return r.e.AssigneeApplicable }),
		text("calibration_id", "calibrationId", func(r *R) string { return r.e.CalibrationID }),
		text("context_id", "contextId", func(r *R) string { return r.e.ContextID }),
		flag("deleted", "deleted", func(r *R) *bool { return r.e.Deleted }),
		text("form_id", "formId", func(r *R) string { return r.e.FormID }),
		text("form_name", "formName", func(r *R) string { return r.e.FormName }),
		text("queue_id", "queueId", func(r *R) string { return r.e.QueueID }),
		text("user_id", "userId: the evaluated agent", func(r *R) string { return r.e.UserID }),
		flag("released", "released", func(r *R) *bool { return r.e.Released }),
		flag("rescored", "rescored", func(r *R) *bool { return r.e.Rescored }),
		flag("system_submitted", "systemSubmitted", func(r *R) *bool { return r.e.SystemSubmitted }),
		number("o_total_score", "oTotalScore", func(r *R) *int64 { return r.e.OTotalScore }),
		number("o_total_critical_score", "oTotalCriticalScore", func(r *R) *int64 { return r.e.OTotalCriticalScore }),
	}
}

func surveyColumns() []column[surveyRow] {
	type R = surveyRow
	return []column[R]{
		need(text("conversation_id", "conversationId", func(r *R) string { return string(r.version.ID) })),
		need(moment("conversation_start", "conversationStart; its UTC day is the partition", func(r *R) time.Time { return r.version.Start })),
		text("survey_id", "surveyId", func(r *R) string { return r.s.SurveyID }),
		text("survey_status", "surveyStatus", func(r *R) string { return r.s.SurveyStatus }),
		instant("event_time", "eventTime", func(r *R) string { return r.s.EventTime }),
		instant("survey_completed_date", "surveyCompletedDate", func(r *R) string { return r.s.SurveyCompletedDate }),
		text("survey_form_id", "surveyFormId", func(r *R) string { return r.s.SurveyFormID }),
		text("survey_form_name", "surveyFormName", func(r *R) string { return r.s.SurveyFormName }),
		text("survey_form_context_id", "surveyFormContextId", func(r *R) string { return r.s.SurveyFormContextID }),
		text("survey_type", "surveyType", func(r *R) string { return r.s.SurveyType }),
		flag("survey_partial_response", "surveyPartialResponse", func(r *R) *bool { return r.s.SurveyPartialResponse }),
		number("survey_promoter_score", "surveyPromoterScore", func(r *R) *int64 { return r.s.SurveyPromoterScore }),
		text("queue_id", "queueId", func(r *R) string { return r.s.QueueID }),
		text("user_id", "userId", func(r *R) string { return r.s.UserID }),
		number("o_survey_total_score", "oSurveyTotalScore", func(r *R) *int64 { return r.s.OSurveyTotalScore }),
	}
}

func resolutionColumns() []column[resolutionRow] {
	type R = resolutionRow
	return []column[R]{
		need(text("conversation_id", "conversationId", func(r *R) string { return string(r.version.ID) })),
		need(moment("conversation_start", "conversationStart; its UTC day is the partition", func(r *R) time.Time { return r.version.Start })),
		instant("event_time", "eventTime", func(r *R) string { return r.r.EventTime }),
		text("queue_id", "queueId", func(r *R) string { return r.r.QueueID }),
		text("user_id", "userId", func(r *R) string { return r.r.UserID }),
		number("n_next_contact_avoided", "nNextContactAvoided", func(r *R) *int64 { return r.r.NNextContactAvoided }),
	}
}

func changeColumns() []column[Change] {
	type R = Change
	return []column[R]{
		need(text("conversation_id", "conversationId", func(r *R) string { return string(r.ID) })),
		need(moment("conversation_start", "conversationStart; its UTC day is the partition", func(r *R) time.Time { return r.Start })),
		need(text("path", "place in the record, a JSON pointer", func(r *R) string { return r.Path })),
		text("before", "JSON text before; null if there was nothing", func(r *R) string { return r.Before }),
		text("after", "JSON text after; null if nothing is left", func(r *R) string { return r.After }),
		need(text("run_id", "extraction or import that found the difference", func(r *R) string { return r.Run })),
		need(moment("found_at", "when the newer version was received", func(r *R) time.Time { return r.FoundAt })),
	}
}
