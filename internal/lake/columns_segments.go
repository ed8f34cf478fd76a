package lake

import (
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// segmentColumns are the columns of segments: every field of the segment, with those of its session, flow and
// participant joined in, so that every segment dimension of the query language has a flat column (facts.md 8.5).
func segmentColumns() []column[segmentRow] {
	type R = segmentRow
	cols := sessionColumns(func(r *R) *sessionRow { return &r.sessionRow })
	cols = append(cols,
		count[R]("segment_index", "position of the segment in its session, from 0", func(r *R) int64 { return r.gi }),
		instant("segment_start", "segmentStart", func(r *R) string { return r.g.SegmentStart }),
		instant("segment_end", "segmentEnd; null while the segment is open", func(r *R) string { return r.g.SegmentEnd }),
		number("duration_ms", "segment_end less segment_start, milliseconds: tSegmentDuration", func(r *R) *int64 {
			return between(parsed(r.g.SegmentStart), parsed(r.g.SegmentEnd))
		}),
		text("segment_type", "segmentType", func(r *R) string { return r.g.SegmentType }),
		text("queue_id", "queueId", func(r *R) string { return r.g.QueueID }),
		text("disconnect_type", "disconnectType, said from the participant's own view", func(r *R) string { return r.g.DisconnectType }),
		text("wrap_up_code", "wrapUpCode", func(r *R) string { return r.g.WrapUpCode }),
		text("wrap_up_note", "wrapUpNote", func(r *R) string { return r.g.WrapUpNote }),
		texts("wrap_up_tags", "wrapUpTags", func(r *R) []string { return r.g.WrapUpTags }),
		flag("conference", "conference", func(r *R) *bool { return r.g.Conference }),
		text("error_code", "errorCode", func(r *R) string { return r.g.ErrorCode }),
		text("group_id", "groupId", func(r *R) string { return r.g.GroupID }),
		text("subject", "subject", func(r *R) string { return r.g.Subject }),
		text("requested_language_id", "requestedLanguageId", func(r *R) string { return r.g.RequestedLanguageID }),
		texts("requested_routing_skill_ids", "requestedRoutingSkillIds", func(r *R) []string { return r.g.RequestedRoutingSkillIDs }),
		texts("requested_routing_user_ids", "requestedRoutingUserIds", func(r *R) []string { return r.g.RequestedRoutingUserIDs }),
		numbers("sip_response_codes", "sipResponseCodes", func(r *R) []int64 { return r.g.SipResponseCodes }),
		numbers("q850_response_codes", "q850ResponseCodes", func(r *R) []int64 { return r.g.Q850ResponseCodes }),
		text("source_conversation_id", "sourceConversationId", func(r *R) string { return r.g.SourceConversationID }),
		text("source_session_id", "sourceSessionId", func(r *R) string { return r.g.SourceSessionID }),
		text("destination_conversation_id", "destinationConversationId", func(r *R) string { return r.g.DestinationConversationID }),
		text("destination_session_id", "destinationSessionId", func(r *R) string { return r.g.DestinationSessionID }),
		flag("audio_muted", "audioMuted", func(r *R) *bool { return r.g.AudioMuted }),
		flag("video_muted", "videoMuted", func(r *R) *bool { return r.g.VideoMuted }),
		texts("scored_agent_ids", "scoredAgents[].scoredAgentId", func(r *R) []string {
			return pick(r.g.ScoredAgents, func(a conversation.ScoredAgent) string { return a.ScoredAgentID })
		}),
		texts("property_names", "properties[].property", func(r *R) []string {
			return pick(r.g.Properties, func(p conversation.Property) string { return p.Property })
		}),
		texts("property_types", "properties[].propertyType", func(r *R) []string {
			return pick(r.g.Properties, func(p conversation.Property) string { return p.PropertyType })
		}),
		texts("property_values", "properties[].value", func(r *R) []string {
			return pick(r.g.Properties, func(p conversation.Property) string { return p.Value })
		}),
	)
	return append(cols, shared(
		text("participant_name", "participantName", func(r *R) string { return r.p.ParticipantName }),
		text("team_id", "teamId", func(r *R) string { return r.p.TeamID }),
		text("external_contact_id", "externalContactId", func(r *R) string { return r.p.ExternalContactID }),
		text("external_organization_id", "externalOrganizationId", func(r *R) string { return r.p.ExternalOrganizationID }),
		text("flagged_reason", "flaggedReason", func(r *R) string { return r.p.FlaggedReason }),
		flag("screen_recording", "screenRecording", func(r *R) *bool { return r.p.ScreenRecording }),
		text("ani", "ani: calling side of the leg's origin", func(r *R) string { return r.s.Ani }),
		text("dnis", "dnis: called side of the leg's origin", func(r *R) string { return r.s.Dnis }),
		text("session_dnis", "sessionDnis: where this leg was sent", func(r *R) string { return r.s.SessionDnis }),
		text("address_from", "addressFrom", func(r *R) string { return r.s.AddressFrom }),
		text("address_to", "addressTo", func(r *R) string { return r.s.AddressTo }),
		text("address_self", "addressSelf", func(r *R) string { return r.s.AddressSelf }),
		text("address_other", "addressOther", func(r *R) string { return r.s.AddressOther }),
		text("remote", "remote", func(r *R) string { return r.s.Remote }),
		text("remote_name_displayable", "remoteNameDisplayable", func(r *R) string { return r.s.RemoteNameDisplayable }),
		texts("callback_numbers", "callbackNumbers", func(r *R) []string { return r.s.CallbackNumbers }),
		text("callback_user_name", "callbackUserName", func(r *R) string { return r.s.CallbackUserName }),
		instant("callback_scheduled_time", "callbackScheduledTime", func(r *R) string { return r.s.CallbackScheduledTime }),
		texts("destination_addresses", "destinationAddresses", func(r *R) []string { return r.s.DestinationAddresses }),
		text("message_type", "messageType", func(r *R) string { return r.s.MessageType }),
		number("media_count", "mediaCount", func(r *R) *int64 { return r.s.MediaCount }),
		text("provider", "provider", func(r *R) string { return r.s.Provider }),
		text("edge_id", "edgeId", func(r *R) string { return r.s.EdgeID }),
		text("peer_id", "peerId: the session at the other end", func(r *R) string { return r.s.PeerID }),
		text("protocol_call_id", "protocolCallId", func(r *R) string { return r.s.ProtocolCallID }),
		flag("recording", "recording; null is not known", func(r *R) *bool { return r.s.Recording }),
		flag("snippet_recording", "snippetRecording", func(r *R) *bool { return r.s.SnippetRecording }),
		text("selected_agent_id", "selectedAgentId", func(r *R) string { return r.s.SelectedAgentID }),
		texts("requested_routings", "requestedRoutings", func(r *R) []string { return r.s.RequestedRoutings }),
		text("used_routing", "usedRouting", func(r *R) string { return r.s.UsedRouting }),
		texts("active_skill_ids", "activeSkillIds", func(r *R) []string { return r.s.ActiveSkillIDs }),
		texts("removed_skill_ids", "removedSkillIds", func(r *R) []string { return r.s.RemovedSkillIDs }),
		number("routing_ring", "routingRing", func(r *R) *int64 { return r.s.RoutingRing }),
		text("skill_expression_id", "skillExpressionId", func(r *R) string { return r.s.SkillExpressionID }),
		text("flow_in_type", "flowInType", func(r *R) string { return r.s.FlowInType }),
		text("flow_out_type", "flowOutType", func(r *R) string { return r.s.FlowOutType }),
		text("agent_assistant_id", "agentAssistantId", func(r *R) string { return r.s.AgentAssistantID }),
		flag("agent_owned", "agentOwned", func(r *R) *bool { return r.s.AgentOwned }),
		flag("authenticated", "authenticated", func(r *R) *bool { return r.s.Authenticated }),
		flag("cleared", "cleared", func(r *R) *bool { return r.s.Cleared }),
		text("barged_participant_id", "bargedParticipantId", func(r *R) string { return r.s.BargedParticipantID }),
		text("coached_participant_id", "coachedParticipantId", func(r *R) string { return r.s.CoachedParticipantID }),
		text("monitored_participant_id", "monitoredParticipantId", func(r *R) string { return r.s.MonitoredParticipantID }),
		text("screen_monitored_user_id", "screenMonitoredUserId", func(r *R) string { return r.s.ScreenMonitoredUserID }),
		flag("delivery_pushed", "deliveryPushed", func(r *R) *bool { return r.s.DeliveryPushed }),
		text("delivery_status", "deliveryStatus", func(r *R) string { return r.s.DeliveryStatus }),
		text("extended_delivery_status", "extendedDeliveryStatus", func(r *R) string { return r.s.ExtendedDeliveryStatus }),
		instant("detected_speech_start", "detectedSpeechStart", func(r *R) string { return r.s.DetectedSpeechStart }),
		instant("detected_speech_end", "detectedSpeechEnd", func(r *R) string { return r.s.DetectedSpeechEnd }),
		text("engagement_source", "engagementSource", func(r *R) string { return r.s.EngagementSource }),
		text("script_id", "scriptId", func(r *R) string { return r.s.ScriptID }),
		text("journey_action_id", "journeyActionId", func(r *R) string { return r.s.JourneyActionID }),
		text("journey_action_map_id", "journeyActionMapId", func(r *R) string { return r.s.JourneyActionMapID }),
		text("journey_customer_id", "journeyCustomerId", func(r *R) string { return r.s.JourneyCustomerID }),
		text("journey_customer_id_type", "journeyCustomerIdType", func(r *R) string { return r.s.JourneyCustomerIDType }),
		text("journey_customer_session_id", "journeyCustomerSessionId", func(r *R) string { return r.s.JourneyCustomerSessionID }),
		text("outbound_campaign_id", "outboundCampaignId", func(r *R) string { return r.s.OutboundCampaignID }),
		text("outbound_contact_id", "outboundContactId", func(r *R) string { return r.s.OutboundContactID }),
		text("outbound_contact_list_id", "outboundContactListId", func(r *R) string { return r.s.OutboundContactListID }),
		text("flow_id", "flow.flowId", func(r *R) string { return r.flow.FlowID }),
		text("flow_name", "flow.flowName", func(r *R) string { return r.flow.FlowName }),
		text("flow_type", "flow.flowType", func(r *R) string { return r.flow.FlowType }),
		text("flow_version", "flow.flowVersion", func(r *R) string { return r.flow.FlowVersion }),
		text("flow_entry_type", "flow.entryType", func(r *R) string { return r.flow.EntryType }),
		text("flow_entry_reason", "flow.entryReason", func(r *R) string { return r.flow.EntryReason }),
		text("exit_reason", "flow.exitReason", func(r *R) string { return r.flow.ExitReason }),
		text("transfer_type", "flow.transferType", func(r *R) string { return r.flow.TransferType }),
		text("transfer_target_address", "flow.transferTargetAddress", func(r *R) string { return r.flow.TransferTargetAddress }),
		text("transfer_target_name", "flow.transferTargetName", func(r *R) string { return r.flow.TransferTargetName }),
		texts("flow_outcomes", "flow.outcomes[].flowOutcome", func(r *R) []string {
			return pick(r.flow.Outcomes, func(o conversation.FlowOutcome) string { return o.FlowOutcome })
		}),
		texts("flow_outcome_ids", "flow.outcomes[].flowOutcomeId", func(r *R) []string {
			return pick(r.flow.Outcomes, func(o conversation.FlowOutcome) string { return o.FlowOutcomeID })
		}),
		texts("flow_outcome_values", "flow.outcomes[].flowOutcomeValue", func(r *R) []string {
			return pick(r.flow.Outcomes, func(o conversation.FlowOutcome) string { return o.FlowOutcomeValue })
		}),
	)...)
}

// pick gives one text of each element, so that lists made from one array stay in step.
func pick[E any](elements []E, get func(E) string) []string {
	if len(elements) == 0 {
		return nil
	}
	out := make([]string, len(elements))
	for i, e := range elements {
		out[i] = get(e)
	}
	return out
}

func parsed(s string) time.Time {
	t, _ := conversation.ParseTime(s)
	return t
}
