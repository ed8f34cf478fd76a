package query

import "strings"

// figures are the metrics that the platform lets aggregates ask for, of its schema ConversationAggregationQuery.
var figures = strings.Fields(`nBlindTransferred nBotInteractions nCallbackAttempts nCallbackOverSla nCallbackScheduled nCfcOffered nCobrowseSessions nConnected
	nConsult nConsultTransferred nConversations nError nOffered nOutbound nOutboundAbandoned nOutboundAttempted nOutboundConnected
	nOverSla nStateTransitionError nTakeover nTransferred oAudioMessageCount oCallbackServiceLevel oExternalAudioMessageCount
	oExternalMediaCount oMediaCount oMessageCount oMessageSegmentCount oMessageTurn oServiceLevel oServiceTarget
	oSkillExpressionApplications tAbandon tAcd tActiveCallback tActiveCallbackComplete tAcw tAgentResponseTime tAgentVideoConnected
	tAlert tAnswered tAverageAgentResponseTime tAverageCustomerResponseTime tBarging tCallbackAbandon tCallbackConnect
	tCallbackNotReached tCallbackVirtualWait tCfcAbandon tCfcAcd tCfcAnswered tCfcFlowOut tCoaching tCoachingComplete tConnected
	tContacting tDialing tFirstConnect tFirstDial tFirstEngagement tFirstResponse tFlowOut tHandle tHeld tHeldComplete tIvr
	tMonitoring tMonitoringComplete tNotResponding tPark tParkComplete tScreenMonitoring tShortAbandon tSnippetRecord tTalk
	tTalkComplete tTransmitting tUserResponseTime tVoicemail tWait`)

// unsaid are dimensions of the same schema that records do not say, or that a lake has no column for.
var unsaid = strings.Fields(`activeRouting agentBullseyeRing agentRank agentScore assignerId canonicalExternalContactId convertedFrom convertedTo
	eligibleAgentCount externalMediaCount firstQueue interactionType journeyActionMapVersion journeyCustomerSessionIdType
	proposedAgentId roomId routingPriority routingRule routingRuleType selectedAgentRank stationId videoPresent
	waitingInteractionCount`)
