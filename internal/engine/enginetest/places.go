package enginetest

import (
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/query"
)

// places says which member of a record has the values of a dimension: the one of its name, or the one behind =. It is
// written from the platform's schemas AnalyticsParticipant to AnalyticsScoredAgent, on purpose not taken from the list
// that the engines share: the suite is a second opinion on it.
var places = map[query.Kind]map[string]string{
	query.OfConversation: {
		"conversation": `accessAttribute=accessAttributes[] conversationInitiator customerParticipation divisionId=divisionIds[]
			externalTag mediaStatsMinConversationMos originatingDirection originatingSocialMediaPublic`,
	},
	query.OfSegment: {
		"participant": `canonicalExternalContactId=externalContactId externalContactId externalOrganizationId flaggedReason
			participantName purpose screenRecording teamId userId`,
		"session": `addressFrom addressTo agentAssistantId agentOwned ani authenticated bargedParticipantId
			callbackNumber=callbackNumbers[] callbackScheduledTime cleared coachedParticipantId deliveryPushed
			deliveryStatus destinationAddress=destinationAddresses[] detectedSpeechEnd detectedSpeechStart direction
			dnis edgeId engagementSource extendedDeliveryStatus flowOutType journeyActionId journeyActionMapId
			journeyCustomerId journeyCustomerIdType journeyCustomerSessionId mediaCount mediaType messageType
			monitoredParticipantId outboundCampaignId outboundContactId outboundContactListId protocolCallId provider
			recording remote remoteNameDisplayable requestedRouting=requestedRoutings[] screenMonitoredUserId scriptId
			sessionDnis skillExpressionId snippetRecording usedRouting`,
		"session.flow": `exitReason flowId flowName flowOutcome=outcomes[].flowOutcome flowOutcomeId=outcomes[].flowOutcomeId
			flowOutcomeValue=outcomes[].flowOutcomeValue flowVersion transferTargetAddress transferTargetName
			transferType`,
		"segment": `conference destinationConversationId disconnectType errorCode groupId queueId requestedLanguageId
			requestedRoutingSkillId=requestedRoutingSkillIds[] scoredAgentId=scoredAgents[].scoredAgentId segmentEnd
			segmentType sipResponseCode=sipResponseCodes[] subject wrapUpCode wrapUpNote`,
	},
	query.OfEvaluation: {
		"evaluation": `assigneeApplicable assigneeId calibrationId contextId deleted evaluationId evaluationStatus evaluatorId
			eventTime formId formName queueId released rescored systemSubmitted userId oTotalCriticalScore oTotalScore`,
	},
	query.OfSurvey: {
		"survey": `eventTime queueId surveyCompletedDate surveyFormContextId surveyFormId surveyId surveyPartialResponse
			surveyPromoterScore surveyStatus surveyType userId oSurveyTotalScore`,
	},
	query.OfResolution: {
		"resolution": `nNextContactAvoided`,
	},
	query.OfEmission: {
		"conversation": `conversationInitiator customerParticipation divisionId=divisionIds[] externalTag knowledgeBaseId=knowledgeBaseIds[]
			originatingDirection originatingSocialMediaPublic selfServed`,
		"participant": `externalContactId externalOrganizationId flaggedReason participantName purpose teamId userId`,
		"session": `activeSkillId=activeSkillIds[] addressFrom addressTo agentAssistantId agentOwned ani authenticated deliveryStatus
			destinationAddress=destinationAddresses[] direction dnis edgeId extendedDeliveryStatus flowInType flowOutType journeyActionId
			journeyActionMapId journeyCustomerId journeyCustomerIdType journeyCustomerSessionId mediaCount mediaType messageType
			outboundCampaignId outboundContactId outboundContactListId peerId provider remote removedSkillId=removedSkillIds[]
			requestedRouting=requestedRoutings[] routingRing selectedAgentId sessionDnis sessionId skillExpressionId usedRouting`,
		"segment": `disconnectType errorCode groupId queueId requestedLanguageId requestedRoutingSkillId=requestedRoutingSkillIds[]
			scoredAgentId=scoredAgents[].scoredAgentId wrapUpCode`,
	},
}

// paths are the places, by kind and name of the dimension.
var paths = func() map[query.Kind]map[string][]string {
	all := make(map[query.Kind]map[string][]string)
	for kind, list := range places {
		all[kind] = make(map[string][]string)
		for of, members := range list {
			for member := range strings.FieldsSeq(members) {
				name, path, other := strings.Cut(member, "=")
				if !other {
					path = name
				}
				all[kind][name] = slices.Concat(strings.Split(of, "."), strings.Split(path, "."))
			}
		}
	}
	return all
}()

// place is the path to the values of a dimension in an item.
func place(kind query.Kind, name string) []string {
	path, known := paths[kind][name]
	if !known {
		panic("enginetest does not know where " + name + " is: add it to places")
	}
	return path
}
