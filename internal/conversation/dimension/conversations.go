package dimension

import (
	"strings"
	"time"
)

// conversations is what a conversation says of itself. Columns are added at the end of it, because their positions are
// field ids.
var conversations = []Dimension{
	{Name: "conversationId", From: "conversation.conversationId", Always: true, Get: TextOf(func(it *Item) string { return string(it.ID) })},
	{Name: "conversationStart", From: "conversation.conversationStart", Always: true, Doc: "conversationStart; its UTC day is the partition", Get: TimeOf(func(it *Item) time.Time { return it.Start })},
	{Name: "conversationEnd", From: "conversation.conversationEnd", Doc: "conversationEnd; null while the conversation goes on", Get: TimeOf(func(it *Item) time.Time { return it.End })},
	{Name: "tConversationDuration", From: "conversationEnd less conversationStart, milliseconds", Metric: true, Column: "duration_ms", Doc: "conversation_end less conversation_start, milliseconds", Get: NumberOf(func(it *Item) *int64 { return between(it.Start, it.End) })},
	{Name: "originatingDirection", From: "conversation.originatingDirection", Doc: "originatingDirection: who began", Get: TextOf(func(it *Item) string { return it.Conversation.OriginatingDirection })},
	{Name: "divisionId", From: "conversation.divisionIds[]", Get: TextsOf(func(it *Item) []string { return it.Conversation.DivisionIDs })},
	{Name: "accessAttribute", From: "conversation.accessAttributes[]", Get: TextsOf(func(it *Item) []string { return it.Conversation.AccessAttributes })},
	{Name: "externalTag", From: "conversation.externalTag", Get: TextOf(func(it *Item) string { return it.Conversation.ExternalTag })},
	{Name: "conversationInitiator", From: "conversation.conversationInitiator", Get: TextOf(func(it *Item) string { return it.Conversation.ConversationInitiator })},
	{Name: "customerParticipation", From: "conversation.customerParticipation", Get: TruthOf(func(it *Item) *bool { return it.Conversation.CustomerParticipation })},
	{Name: "originatingSocialMediaPublic", From: "conversation.originatingSocialMediaPublic", Get: TruthOf(func(it *Item) *bool { return it.Conversation.OriginatingSocialMediaPublic })},
	{From: "conversation.selfServed", Get: TruthOf(func(it *Item) *bool { return it.Conversation.SelfServed })},
	{Name: "mediaStatsMinConversationMos", From: "conversation.mediaStatsMinConversationMos", Doc: "mediaStatsMinConversationMos, 1 to 5", Get: DecimalOf(func(it *Item) *float64 { return it.Conversation.MediaStatsMinConversationMos })},
	{From: "conversation.mediaStatsMinConversationRFactor", Get: DecimalOf(func(it *Item) *float64 { return it.Conversation.MediaStatsMinConversationRFactor })},
	{From: "conversation.conferenceStart", Get: InstantOf(func(it *Item) string { return it.Conversation.ConferenceStart })},
	{From: "conversation.inactivityTimeout", Get: InstantOf(func(it *Item) string { return it.Conversation.InactivityTimeout })},
	{From: "conversation.associatedConversationId", Get: TextOf(func(it *Item) string { return it.Conversation.AssociatedConversationID })},
	{From: "conversation.consultationConversationIds[]", Get: TextsOf(func(it *Item) []string { return it.Conversation.ConsultationConversationIDs })},
	{From: "conversation.knowledgeBaseIds[]", Get: TextsOf(func(it *Item) []string { return it.Conversation.KnowledgeBaseIDs })},
}

// metrics are those that sessions emit and requests ask of conversations. Compared is the sum of all values of the name in
// the conversation for t* and n*, and any single value for o*. The platform does not say which it compares.
const metrics = `nBlindTransferred nBotInteractions nCallbackAttempts nCallbackOverSla nCallbackScheduled nCfcOffered nCobrowseSessions
	nConnected nConsult nConsultTransferred nConversations nError nFlow nFlowMilestone nFlowOutcome nFlowOutcomeFailed nOffered nOutbound
	nOutboundAbandoned nOutboundAttempted nOutboundConnected nOverSla nStateTransitionError nTakeover nTransferred oAudioMessageCount
	oExternalAudioMessageCount oExternalMediaCount oFlowMilestone oMediaCount oMessageCount oMessageSegmentCount oMessageTurn
	oSkillExpressionApplications tAbandon tAcd tActiveCallback tActiveCallbackComplete tAcw tAgentResponseTime tAgentVideoConnected tAlert
	tAnswered tAverageAgentResponseTime tAverageCustomerResponseTime tBarging tCallbackAbandon tCallbackConnect tCallbackNotReached
	tCallbackVirtualWait tCfcAbandon tCfcAcd tCfcAnswered tCfcFlowOut tCoaching tCoachingComplete tConnected tContacting tDialing tFirstConnect
	tFirstDial tFirstEngagement tFirstResponse tFlow tFlowDisconnect tFlowExit tFlowOut tFlowOutcome tHandle tHeld tHeldComplete tIvr
	tMonitoring tMonitoringComplete tNotResponding tPark tParkComplete tScreenMonitoring tShortAbandon tSnippetRecord tTalk tTalkComplete
	tTransmitting tUserResponseTime tVoicemail`

func emitted() []Dimension {
	var list []Dimension
	for name := range strings.FieldsSeq(metrics) {
		from := "sum of session.metrics[].value of that name"
		if name[0] == 'o' {
			from = "any session.metrics[].value of that name"
		}
		list = append(list, Dimension{Name: name, From: from, Metric: true, Get: Emitted(name)})
	}
	return list
}
