package mem

import (
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/query"
)

// accessor appends the values that an item has in one field: none when the field is absent, several of a list.
type accessor func(it *item, to []value) []value

// accessors holds an accessor for every field of the language; which part of the record a dimension means is facts.md
// 8.5.
var accessors = map[query.Kind]map[string]accessor{
	query.OfConversation: withMetrics(ofConversation),
	query.OfSegment:      ofSegment,
	query.OfEvaluation:   ofEvaluation,
	query.OfSurvey:       ofSurvey,
	query.OfResolution:   {"nNextContactAvoided": number(func(it *item) *int64 { return it.resolution.NNextContactAvoided })},
}

// ofConversation is what a conversation says of itself. Id, start and end are those of the record's head.
var ofConversation = map[string]accessor{
	"conversationId":        text(func(it *item) string { return string(it.id) }),
	"conversationStart":     moment(func(it *item) time.Time { return it.start }),
	"conversationEnd":       moment(func(it *item) time.Time { return it.end }),
	"tConversationDuration": duration(func(it *item) (start, end time.Time) { return it.start, it.end }),

	"accessAttribute":              texts(func(it *item) []string { return it.whole.AccessAttributes }),
	"conversationInitiator":        text(func(it *item) string { return it.whole.ConversationInitiator }),
	"customerParticipation":        truth(func(it *item) *bool { return it.whole.CustomerParticipation }),
	"divisionId":                   texts(func(it *item) []string { return it.whole.DivisionIDs }),
	"externalTag":                  text(func(it *item) string { return it.whole.ExternalTag }),
	"mediaStatsMinConversationMos": number(func(it *item) *float64 { return it.whole.MediaStatsMinConversationMos }),
	"originatingDirection":         text(func(it *item) string { return it.whole.OriginatingDirection }),
	"originatingSocialMediaPublic": truth(func(it *item) *bool { return it.whole.OriginatingSocialMediaPublic }),
}

// ofSegment is what is said of a segment: by itself, by its session and the flow in it, and by its participant.
var ofSegment = map[string]accessor{
	"externalContactId": text(func(it *item) string { return it.participant.ExternalContactID }),

	// Upstream resolves merged contacts here; records do not say which were merged.
	"canonicalExternalContactId": text(func(it *item) string { return it.participant.ExternalContactID }),

	"externalOrganizationId": text(func(it *item) string { return it.participant.ExternalOrganizationID }),
	"flaggedReason":          text(func(it *item) string { return it.participant.FlaggedReason }),
	"participantName":        text(func(it *item) string { return it.participant.ParticipantName }),
	"purpose":                text(func(it *item) string { return it.participant.Purpose }),
	"screenRecording":        truth(func(it *item) *bool { return it.participant.ScreenRecording }),
	"teamId":                 text(func(it *item) string { return it.participant.TeamID }),
	"userId":                 text(func(it *item) string { return it.participant.UserID }),

	"addressFrom":              text(func(it *item) string { return it.session.AddressFrom }),
	"addressTo":                text(func(it *item) string { return it.session.AddressTo }),
	"agentAssistantId":         text(func(it *item) string { return it.session.AgentAssistantID }),
	"agentOwned":               truth(func(it *item) *bool { return it.session.AgentOwned }),
	"ani":                      text(func(it *item) string { return it.session.Ani }),
	"authenticated":            truth(func(it *item) *bool { return it.session.Authenticated }),
	"bargedParticipantId":      text(func(it *item) string { return it.session.BargedParticipantID }),
	"callbackNumber":           texts(func(it *item) []string { return it.session.CallbackNumbers }),
	"callbackScheduledTime":    instant(func(it *item) string { return it.session.CallbackScheduledTime }),
	"cleared":                  truth(func(it *item) *bool { return it.session.Cleared }),
	"coachedParticipantId":     text(func(it *item) string { return it.session.CoachedParticipantID }),
	"deliveryPushed":           truth(func(it *item) *bool { return it.session.DeliveryPushed }),
	"deliveryStatus":           text(func(it *item) string { return it.session.DeliveryStatus }),
	"destinationAddress":       texts(func(it *item) []string { return it.session.DestinationAddresses }),
	"detectedSpeechEnd":        instant(func(it *item) string { return it.session.DetectedSpeechEnd }),
	"detectedSpeechStart":      instant(func(it *item) string { return it.session.DetectedSpeechStart }),
	"direction":                text(func(it *item) string { return it.session.Direction }),
	"dnis":                     text(func(it *item) string { return it.session.Dnis }),
	"edgeId":                   text(func(it *item) string { return it.session.EdgeID }),
	"engagementSource":         text(func(it *item) string { return it.session.EngagementSource }),
	"extendedDeliveryStatus":   text(func(it *item) string { return it.session.ExtendedDeliveryStatus }),
	"flowOutType":              text(func(it *item) string { return it.session.FlowOutType }),
	"journeyActionId":          text(func(it *item) string { return it.session.JourneyActionID }),
	"journeyActionMapId":       text(func(it *item) string { return it.session.JourneyActionMapID }),
	"journeyCustomerId":        text(func(it *item) string { return it.session.JourneyCustomerID }),
	"journeyCustomerIdType":    text(func(it *item) string { return it.session.JourneyCustomerIDType }),
	"journeyCustomerSessionId": text(func(it *item) string { return it.session.JourneyCustomerSessionID }),
	"mediaCount":               number(func(it *item) *int64 { return it.session.MediaCount }),
	"mediaType":                text(func(it *item) string { return it.session.MediaType }),
	"messageType":              text(func(it *item) string { return it.session.MessageType }),
	"monitoredParticipantId":   text(func(it *item) string { return it.session.MonitoredParticipantID }),
	"outboundCampaignId":       text(func(it *item) string { return it.session.OutboundCampaignID }),
	"outboundContactId":        text(func(it *item) string { return it.session.OutboundContactID }),
	"outboundContactListId":    text(func(it *item) string { return it.session.OutboundContactListID }),
	"protocolCallId":           text(func(it *item) string { return it.session.ProtocolCallID }),
	"provider":                 text(func(it *item) string { return it.session.Provider }),
	"recording":                truth(func(it *item) *bool { return it.session.Recording }),
	"remote":                   text(func(it *item) string { return it.session.Remote }),
	"remoteNameDisplayable":    text(func(it *item) string { return it.session.RemoteNameDisplayable }),
	"requestedRouting":         texts(func(it *item) []string { return it.session.RequestedRoutings }),
	"screenMonitoredUserId":    text(func(it *item) string { return it.session.ScreenMonitoredUserID }),
	"scriptId":                 text(func(it *item) string { return it.session.ScriptID }),
	"sessionDnis":              text(func(it *item) string { return it.session.SessionDnis }),
	"skillExpressionId":        text(func(it *item) string { return it.session.SkillExpressionID }),
	"snippetRecording":         truth(func(it *item) *bool { return it.session.SnippetRecording }),
	"usedRouting":              text(func(it *item) string { return it.session.UsedRouting }),

	"exitReason":            text(func(it *item) string { return it.flow.ExitReason }),
	"flowId":                text(func(it *item) string { return it.flow.FlowID }),
	"flowName":              text(func(it *item) string { return it.flow.FlowName }),
	"flowVersion":           text(func(it *item) string { return it.flow.FlowVersion }),
	"transferTargetAddress": text(func(it *item) string { return it.flow.TransferTargetAddress }),
	"transferTargetName":    text(func(it *item) string { return it.flow.TransferTargetName }),
	"transferType":          text(func(it *item) string { return it.flow.TransferType }),
	"flowOutcome":           each(func(it *item) []conversation.FlowOutcome { return it.flow.Outcomes }, func(o conversation.FlowOutcome) string { return o.FlowOutcome }),
	"flowOutcomeId":         each(func(it *item) []conversation.FlowOutcome { return it.flow.Outcomes }, func(o conversation.FlowOutcome) string { return o.FlowOutcomeID }),
	"flowOutcomeValue":      each(func(it *item) []conversation.FlowOutcome { return it.flow.Outcomes }, func(o conversation.FlowOutcome) string { return o.FlowOutcomeValue }),

	"conference":                truth(func(it *item) *bool { return it.segment.Conference }),
	"destinationConversationId": text(func(it *item) string { return it.segment.DestinationConversationID }),
	"disconnectType":            text(func(it *item) string { return it.segment.DisconnectType }),
	"errorCode":                 text(func(it *item) string { return it.segment.ErrorCode }),
	"groupId":                   text(func(it *item) string { return it.segment.GroupID }),
	"queueId":                   text(func(it *item) string { return it.segment.QueueID }),
	"requestedLanguageId":       text(func(it *item) string { return it.segment.RequestedLanguageID }),
	"requestedRoutingSkillId":   texts(func(it *item) []string { return it.segment.RequestedRoutingSkillIDs }),
	"segmentEnd":                instant(func(it *item) string { return it.segment.SegmentEnd }),
	"segmentType":               text(func(it *item) string { return it.segment.SegmentType }),
	"sipResponseCode":           numbers(func(it *item) []int64 { return it.segment.SipResponseCodes }),
	"subject":                   text(func(it *item) string { return it.segment.Subject }),
	"wrapUpCode":                text(func(it *item) string { return it.segment.WrapUpCode }),
	"wrapUpNote":                text(func(it *item) string { return it.segment.WrapUpNote }),
	"scoredAgentId":             each(func(it *item) []conversation.ScoredAgent { return it.segment.ScoredAgents }, func(a conversation.ScoredAgent) string { return a.ScoredAgentID }),

	"tSegmentDuration": duration(func(it *item) (start, end time.Time) {
		return parsed(it.segment.SegmentStart), parsed(it.segment.SegmentEnd)
	}),
}

var ofEvaluation = map[string]accessor{
	"assigneeApplicable":  truth(func(it *item) *bool { return it.evaluation.AssigneeApplicable }),
	"assigneeId":          text(func(it *item) string { return it.evaluation.AssigneeID }),
	"calibrationId":       text(func(it *item) string { return it.evaluation.CalibrationID }),
	"contextId":           text(func(it *item) string { return it.evaluation.ContextID }),
	"deleted":             truth(func(it *item) *bool { return it.evaluation.Deleted }),
	"evaluationId":        text(func(it *item) string { return it.evaluation.EvaluationID }),
	"evaluationStatus":    text(func(it *item) string { return it.evaluation.EvaluationStatus }),
	"evaluatorId":         text(func(it *item) string { return it.evaluation.EvaluatorID }),
	"eventTime":           instant(func(it *item) string { return it.evaluation.EventTime }),
	"formId":              text(func(it *item) string { return it.evaluation.FormID }),
	"formName":            text(func(it *item) string { return it.evaluation.FormName }),
	"oTotalCriticalScore": number(func(it *item) *int64 { return it.evaluation.OTotalCriticalScore }),
	"oTotalScore":         number(func(it *item) *int64 { return it.evaluation.OTotalScore }),
	"queueId":             text(func(it *item) string { return it.evaluation.QueueID }),
	"released":            truth(func(it *item) *bool { return it.evaluation.Released }),
	"rescored":            truth(func(it *item) *bool { return it.evaluation.Rescored }),
	"systemSubmitted":     truth(func(it *item) *bool { return it.evaluation.SystemSubmitted }),
	"userId":              text(func(it *item) string { return it.evaluation.UserID }),
}

var ofSurvey = map[string]accessor{
	"eventTime":             instant(func(it *item) string { return it.survey.EventTime }),
	"oSurveyTotalScore":     number(func(it *item) *int64 { return it.survey.OSurveyTotalScore }),
	"queueId":               text(func(it *item) string { return it.survey.QueueID }),
	"surveyCompletedDate":   instant(func(it *item) string { return it.survey.SurveyCompletedDate }),
	"surveyFormContextId":   text(func(it *item) string { return it.survey.SurveyFormContextID }),
	"surveyFormId":          text(func(it *item) string { return it.survey.SurveyFormID }),
	"surveyId":              text(func(it *item) string { return it.survey.SurveyID }),
	"surveyPartialResponse": truth(func(it *item) *bool { return it.survey.SurveyPartialResponse }),
	"surveyPromoterScore":   number(func(it *item) *int64 { return it.survey.SurveyPromoterScore }),
	"surveyStatus":          text(func(it *item) string { return it.survey.SurveyStatus }),
	"surveyType":            text(func(it *item) string { return it.survey.SurveyType }),
	"userId":                text(func(it *item) string { return it.survey.UserID }),
}

// withMetrics adds the metrics that sessions emit. Of times and counts a conversation has their sum, of observed values
// each one: facts.md 8.4.
func withMetrics(table map[string]accessor) map[string]accessor {
	for _, f := range query.Fields(query.OfConversation) {
		if f.Metric && table[f.Name] == nil {
			table[f.Name] = emissions(f.Name, f.List)
		}
	}
	return table
}

// emissions gives what the sessions of a conversation emitted under a name: each value, or their sum.
func emissions(name string, single bool) accessor {
	return func(it *item, to []value) []value {
		sum, emitted := 0.0, false
		for _, p := range it.whole.Participants {
			for _, s := range p.Sessions {
				for _, m := range s.Metrics {
					switch {
					case m.Name != name:
					case single:
						to = append(to, value{number: float64(m.Value)})
					default:
						sum, emitted = sum+float64(m.Value), true
					}
				}
			}
		}
		if emitted {
			to = append(to, value{number: sum})
		}
		return to
	}
}

// text is a text; an empty one is absent, as it is in the lake, where it is null.
func text(get func(*item) string) accessor {
	return func(it *item, to []value) []value { return appendText(to, get(it)) }
}

func texts(get func(*item) []string) accessor {
	return func(it *item, to []value) []value {
		for _, s := range get(it) {
			to = appendText(to, s)
		}
		return to
	}
}

// each is a text of each element of a list.
func each[E any](list func(*item) []E, get func(E) string) accessor {
	return func(it *item, to []value) []value {
		for _, e := range list(it) {
			to = appendText(to, get(e))
		}
		return to
	}
}

func appendText(to []value, s string) []value {
	if s == "" {
		return to
	}
	return append(to, value{text: s})
}

func truth(get func(*item) *bool) accessor {
	return func(it *item, to []value) []value {
		if b := get(it); b != nil {
			to = append(to, value{truth: *b})
		}
		return to
	}
}

func number[N int64 | float64](get func(*item) *N) accessor {
	return func(it *item, to []value) []value {
		if n := get(it); n != nil {
			to = append(to, value{number: float64(*n)})
		}
		return to
	}
}

func numbers(get func(*item) []int64) accessor {
	return func(it *item, to []value) []value {
		for _, n := range get(it) {
			to = append(to, value{number: float64(n)})
		}
		return to
	}
}

// instant is a time given as upstream's text; one that cannot be read is absent.
func instant(get func(*item) string) accessor {
	return moment(func(it *item) time.Time { return parsed(get(it)) })
}

// moment is a time; the zero time is absent.
func moment(get func(*item) time.Time) accessor {
	return func(it *item, to []value) []value {
		if t := get(it); !t.IsZero() {
			to = append(to, valueOf(t))
		}
		return to
	}
}

// duration is the time between two instants in whole milliseconds; absent while one of them is.
func duration(get func(*item) (start, end time.Time)) accessor {
	return func(it *item, to []value) []value {
		if start, end := get(it); !start.IsZero() && !end.IsZero() {
			to = append(to, value{number: float64(end.Sub(start).Milliseconds())})
		}
		return to
	}
}

func parsed(text string) time.Time {
	t, _ := conversation.ParseTime(text)
	return t
}
