package query

import (
	"slices"
	"strings"
)

// Type is how the values of a field compare with what a request asks.
type Type string

// The types. Texts compare without regard to case.
const (
	Text    Type = "text"
	Truth   Type = "boolean" // "true" or "false"
	Number  Type = "number"  // equality with a decimal, or a range
	Instant Type = "date"    // equality with an ISO 8601 instant, or a range of milliseconds since 1970
	Email   Type = "address" // the whole text, or all before or all behind the @; in jobs a beginning too
	Phone   Type = "phone"   // the text, or its digits without tel:, + and punctuation
)

// Field is something that a predicate can ask of an item.
type Field struct {
	Kind   Kind
	Name   string // as the request names it
	Type   Type
	Metric bool
	List   bool   // several values: any of them matches
	From   string // where the value comes from in the record, for people
	Column string // column of the flat table that has it; empty for metrics of conversations
}

// Property is the field of predicates about custom properties of segments; their name and type are in the predicate.
var Property = Field{Kind: OfSegment, Name: "property", Type: Text, List: true, From: "segment.properties[]"}

// Fields lists the dimensions and metrics of a kind, in order of name, dimensions first.
func Fields(kind Kind) []Field { return fields[kind] }

// find gives the dimension or metric of a kind with a name.
func find(kind Kind, name string, metric bool) (Field, bool) {
	i := slices.IndexFunc(fields[kind], func(f Field) bool { return f.Name == name && f.Metric == metric })
	if i < 0 {
		return Field{}, false
	}
	return fields[kind][i], true
}

// fields holds every field of the subset. Where a dimension's value comes from follows from its name and the schemas,
// and docs/dimensions.md lists it; metrics of conversations are 86 names.
var fields = func() map[Kind][]Field {
	all := map[Kind][]Field{}
	for kind, list := range map[Kind][]Field{
		OfConversation: append(conversationDimensions(), conversationMetrics()...),
		OfSegment:      append(segmentDimensions(), Field{Name: "tSegmentDuration", Type: Number, Metric: true, From: "segmentEnd less segmentStart, milliseconds", Column: "duration_ms"}),
		OfEvaluation:   evaluationFields(),
		OfSurvey:       surveyFields(),
		OfResolution:   {{Name: "nNextContactAvoided", Type: Number, Metric: true, From: "resolution.nNextContactAvoided", Column: "n_next_contact_avoided"}},
	} {
		for i := range list {
			list[i].Kind = kind
			if list[i].Column == "" && (kind != OfConversation || !list[i].Metric) {
				list[i].Column = snake(list[i].Name)
			}
			if list[i].Type == "" {
				list[i].Type = Text
			}
		}
		slices.SortFunc(list, func(a, b Field) int {
			if a.Metric != b.Metric {
				if a.Metric {
					return 1
				}
				return -1
			}
			return strings.Compare(a.Name, b.Name)
		})
		all[kind] = list
	}
	return all
}()

// snake writes camelCase as snake_case.
func snake(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func conversationDimensions() []Field {
	const c = "conversation."
	return []Field{
		{Name: "accessAttribute", List: true, From: c + "accessAttributes[]", Column: "access_attributes"},
		{Name: "conversationEnd", Type: Instant, From: c + "conversationEnd"},
		{Name: "conversationId", From: c + "conversationId"},
		{Name: "conversationInitiator", From: c + "conversationInitiator"},
		{Name: "conversationStart", Type: Instant, From: c + "conversationStart"},
		{Name: "customerParticipation", Type: Truth, From: c + "customerParticipation"},
		{Name: "divisionId", List: true, From: c + "divisionIds[]", Column: "division_ids"},
		{Name: "externalTag", From: c + "externalTag"},
		{Name: "mediaStatsMinConversationMos", Type: Number, From: c + "mediaStatsMinConversationMos"},
		{Name: "originatingDirection", From: c + "originatingDirection"},
		{Name: "originatingSocialMediaPublic", Type: Truth, From: c + "originatingSocialMediaPublic"},
	}
}

// durationMetric is the one metric of conversations that no session emits.
const durationMetric = "tConversationDuration"

// conversationMetrics compare the sum of all values of that name in the conversation for t* and n*, and any single
// value for o*. The platform does not say which it compares.
func conversationMetrics() []Field {
	names := strings.Fields(`nBlindTransferred nBotInteractions nCallbackAttempts nCallbackOverSla nCallbackScheduled nCfcOffered nCobrowseSessions
		nConnected nConsult nConsultTransferred nConversations nError nFlow nFlowMilestone nFlowOutcome nFlowOutcomeFailed nOffered nOutbound
		nOutboundAbandoned nOutboundAttempted nOutboundConnected nOverSla nStateTransitionError nTakeover nTransferred oAudioMessageCount
		oExternalAudioMessageCount oExternalMediaCount oFlowMilestone oMediaCount oMessageCount oMessageSegmentCount oMessageTurn
		oSkillExpressionApplications tAbandon tAcd tActiveCallback tActiveCallbackComplete tAcw tAgentResponseTime tAgentVideoConnected tAlert
		tAnswered tAverageAgentResponseTime tAverageCustomerResponseTime tBarging tCallbackAbandon tCallbackConnect tCallbackNotReached
		tCallbackVirtualWait tCfcAbandon tCfcAcd tCfcAnswered tCfcFlowOut tCoaching tCoachingComplete tConnected tContacting tDialing tFirstConnect
		tFirstDial tFirstEngagement tFirstResponse tFlow tFlowDisconnect tFlowExit tFlowOut tFlowOutcome tHandle tHeld tHeldComplete tIvr
		tMonitoring tMonitoringComplete tNotResponding tPark tParkComplete tScreenMonitoring tShortAbandon tSnippetRecord tTalk tTalkComplete
		tTransmitting tUserResponseTime tVoicemail`)
	list := []Field{{Name: durationMetric, Type: Number, Metric: true, From: "conversationEnd less conversationStart, milliseconds", Column: "duration_ms"}}
	for _, n := range names {
		from := "sum of session.metrics[].value of that name"
		if n[0] == 'o' {
			from = "any session.metrics[].value of that name"
		}
		list = append(list, Field{Name: n, Type: Number, Metric: true, List: n[0] == 'o', From: from})
	}
	return list
}

func segmentDimensions() []Field {
	const p, s, f, g = "participant.", "session.", "session.flow.", "segment."
	return []Field{
		{Name: "externalContactId", From: p + "externalContactId"},
		{Name: "canonicalExternalContactId", From: p + "externalContactId; upstream resolves merged contacts, records do not say", Column: "external_contact_id"},
		{Name: "externalOrganizationId", From: p + "externalOrganizationId"},
		{Name: "flaggedReason", From: p + "flaggedReason"},
		{Name: "participantName", From: p + "participantName"},
		{Name: "purpose", From: p + "purpose"},
		{Name: "screenRecording", Type: Truth, From: p + "screenRecording"},
		{Name: "teamId", From: p + "teamId"},
		{Name: "userId", From: p + "userId"},

		{Name: "addressFrom", Type: Email, From: s + "addressFrom"},
		{Name: "addressTo", Type: Email, From: s + "addressTo"},
		{Name: "agentAssistantId", From: s + "agentAssistantId"},
		{Name: "agentOwned", Type: Truth, From: s + "agentOwned"},
		{Name: "ani", Type: Phone, From: s + "ani"},
		{Name: "authenticated", Type: Truth, From: s + "authenticated"},
		{Name: "bargedParticipantId", From: s + "bargedParticipantId"},
		{Name: "callbackNumber", Type: Phone, List: true, From: s + "callbackNumbers[]", Column: "callback_numbers"},
		{Name: "callbackScheduledTime", Type: Instant, From: s + "callbackScheduledTime"},
		{Name: "cleared", Type: Truth, From: s + "cleared"},
		{Name: "coachedParticipantId", From: s + "coachedParticipantId"},
		{Name: "deliveryPushed", Type: Truth, From: s + "deliveryPushed"},
		{Name: "deliveryStatus", From: s + "deliveryStatus"},
		{Name: "destinationAddress", Type: Email, List: true, From: s + "destinationAddresses[]", Column: "destination_addresses"},
		{Name: "detectedSpeechEnd", Type: Instant, From: s + "detectedSpeechEnd"},
		{Name: "detectedSpeechStart", Type: Instant, From: s + "detectedSpeechStart"},
		{Name: "direction", From: s + "direction"},
		{Name: "dnis", Type: Phone, From: s + "dnis"},
		{Name: "edgeId", From: s + "edgeId"},
		{Name: "engagementSource", From: s + "engagementSource"},
		{Name: "extendedDeliveryStatus", From: s + "extendedDeliveryStatus"},
		{Name: "flowOutType", From: s + "flowOutType"},
		{Name: "journeyActionId", From: s + "journeyActionId"},
		{Name: "journeyActionMapId", From: s + "journeyActionMapId"},
		{Name: "journeyCustomerId", From: s + "journeyCustomerId"},
		{Name: "journeyCustomerIdType", From: s + "journeyCustomerIdType"},
		{Name: "journeyCustomerSessionId", From: s + "journeyCustomerSessionId"},
		{Name: "mediaCount", Type: Number, From: s + "mediaCount"},
		{Name: "mediaType", From: s + "mediaType"},
		{Name: "messageType", From: s + "messageType"},
		{Name: "monitoredParticipantId", From: s + "monitoredParticipantId"},
		{Name: "outboundCampaignId", From: s + "outboundCampaignId"},
		{Name: "outboundContactId", From: s + "outboundContactId"},
		{Name: "outboundContactListId", From: s + "outboundContactListId"},
		{Name: "protocolCallId", From: s + "protocolCallId"},
		{Name: "provider", From: s + "provider"},
		{Name: "recording", Type: Truth, From: s + "recording"},
		{Name: "remote", Type: Phone, From: s + "remote"},
		{Name: "remoteNameDisplayable", From: s + "remoteNameDisplayable"},
		{Name: "requestedRouting", List: true, From: s + "requestedRoutings[]", Column: "requested_routings"},
		{Name: "screenMonitoredUserId", From: s + "screenMonitoredUserId"},
		{Name: "scriptId", From: s + "scriptId"},
		{Name: "sessionDnis", Type: Phone, From: s + "sessionDnis"},
		{Name: "skillExpressionId", From: s + "skillExpressionId"},
		{Name: "snippetRecording", Type: Truth, From: s + "snippetRecording"},
		{Name: "usedRouting", From: s + "usedRouting"},

		{Name: "exitReason", From: f + "exitReason"},
		{Name: "flowId", From: f + "flowId"},
		{Name: "flowName", From: f + "flowName"},
		{Name: "flowVersion", From: f + "flowVersion"},
		{Name: "transferTargetAddress", From: f + "transferTargetAddress"},
		{Name: "transferTargetName", From: f + "transferTargetName"},
		{Name: "transferType", From: f + "transferType"},
		{Name: "flowOutcome", List: true, From: f + "outcomes[].flowOutcome", Column: "flow_outcomes"},
		{Name: "flowOutcomeId", List: true, From: f + "outcomes[].flowOutcomeId", Column: "flow_outcome_ids"},
		{Name: "flowOutcomeValue", List: true, From: f + "outcomes[].flowOutcomeValue", Column: "flow_outcome_values"},

		{Name: "conference", Type: Truth, From: g + "conference"},
		{Name: "destinationConversationId", From: g + "destinationConversationId"},
		{Name: "disconnectType", From: g + "disconnectType"},
		{Name: "errorCode", From: g + "errorCode"},
		{Name: "groupId", From: g + "groupId"},
		{Name: "queueId", From: g + "queueId"},
		{Name: "requestedLanguageId", From: g + "requestedLanguageId"},
		{Name: "requestedRoutingSkillId", List: true, From: g + "requestedRoutingSkillIds[]", Column: "requested_routing_skill_ids"},
		{Name: "segmentEnd", Type: Instant, From: g + "segmentEnd"},
		{Name: "segmentType", From: g + "segmentType"},
		{Name: "sipResponseCode", Type: Number, List: true, From: g + "sipResponseCodes[]", Column: "sip_response_codes"},
		{Name: "subject", From: g + "subject"},
		{Name: "wrapUpCode", From: g + "wrapUpCode"},
		{Name: "wrapUpNote", From: g + "wrapUpNote"},
		{Name: "scoredAgentId", List: true, From: g + "scoredAgents[].scoredAgentId", Column: "scored_agent_ids"},
	}
}

func evaluationFields() []Field {
	var list []Field
	for _, n := range []string{"assigneeId", "calibrationId", "contextId", "evaluationId", "evaluationStatus", "evaluatorId", "formId", "formName", "queueId", "userId"} {
		list = append(list, Field{Name: n, From: "evaluation." + n})
	}
	for _, n := range []string{"assigneeApplicable", "deleted", "released", "rescored", "systemSubmitted"} {
		list = append(list, Field{Name: n, Type: Truth, From: "evaluation." + n})
	}
	list = append(list, Field{Name: "eventTime", Type: Instant, From: "evaluation.eventTime"})
	for _, n := range []string{"oTotalCriticalScore", "oTotalScore"} {
		list = append(list, Field{Name: n, Type: Number, Metric: true, From: "evaluation." + n})
	}
	return list
}

func surveyFields() []Field {
	var list []Field
	for _, n := range []string{"queueId", "surveyFormContextId", "surveyFormId", "surveyId", "surveyStatus", "surveyType", "userId"} {
		list = append(list, Field{Name: n, From: "survey." + n})
	}
	for _, n := range []string{"eventTime", "surveyCompletedDate"} {
		list = append(list, Field{Name: n, Type: Instant, From: "survey." + n})
	}
	return append(list,
		Field{Name: "surveyPartialResponse", Type: Truth, From: "survey.surveyPartialResponse"},
		Field{Name: "surveyPromoterScore", Type: Number, From: "survey.surveyPromoterScore"},
		Field{Name: "oSurveyTotalScore", Type: Number, Metric: true, From: "survey.oSurveyTotalScore"},
	)
}
