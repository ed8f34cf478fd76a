// Package conversation holds the nouns of the project: a conversation with its participants, sessions, segments and
// metrics; the record, which is its verbatim JSON text; the interval and the UTC day.
//
// It says what the data is and imports nothing but the standard library. Reading JSON is left to package wire.
package conversation

// ID identifies a conversation. Upstream uses UUIDs; nothing here depends on it.
type ID string

// Conversation is the typed form of a record (schema AnalyticsConversation). Fields are in wire order: scalars by
// name, then nested members. Times stay text, because a time in an odd form must not make the rest unreadable; use
// ParseTime. Pointers tell "absent" from false and zero, which filters do.
type Conversation struct {
	AccessAttributes                 []string      `json:"accessAttributes,omitempty"`
	AssociatedConversationID         string        `json:"associatedConversationId,omitempty"`
	ConferenceStart                  string        `json:"conferenceStart,omitempty"`
	ConsultationConversationIDs      []string      `json:"consultationConversationIds,omitempty"`
	ConversationEnd                  string        `json:"conversationEnd,omitempty"`
	ConversationID                   ID            `json:"conversationId,omitempty"`
	ConversationInitiator            string        `json:"conversationInitiator,omitempty"`
	ConversationStart                string        `json:"conversationStart,omitempty"`
	CustomerParticipation            *bool         `json:"customerParticipation,omitempty"`
	DivisionIDs                      []string      `json:"divisionIds,omitempty"`
	ExternalTag                      string        `json:"externalTag,omitempty"`
	InactivityTimeout                string        `json:"inactivityTimeout,omitempty"`
	KnowledgeBaseIDs                 []string      `json:"knowledgeBaseIds,omitempty"`
	MediaStatsMinConversationMos     *float64      `json:"mediaStatsMinConversationMos,omitempty"`
	MediaStatsMinConversationRFactor *float64      `json:"mediaStatsMinConversationRFactor,omitempty"`
	OriginatingDirection             string        `json:"originatingDirection,omitempty"`
	OriginatingSocialMediaPublic     *bool         `json:"originatingSocialMediaPublic,omitempty"`
	SelfServed                       *bool         `json:"selfServed,omitempty"`
	Evaluations                      []Evaluation  `json:"evaluations,omitempty"`
	Surveys                          []Survey      `json:"surveys,omitempty"`
	Resolutions                      []Resolution  `json:"resolutions,omitempty"`
	Participants                     []Participant `json:"participants,omitempty"`
}

// Participant is one role-taker: a person's turn, a queue visit, a flow run, a mailbox, an outside party. One person
// may be several participants.
type Participant struct {
	ExternalContactID      string            `json:"externalContactId,omitempty"`
	ExternalOrganizationID string            `json:"externalOrganizationId,omitempty"`
	FlaggedReason          string            `json:"flaggedReason,omitempty"`
	ParticipantID          string            `json:"participantId,omitempty"`
	ParticipantName        string            `json:"participantName,omitempty"`
	Purpose                string            `json:"purpose,omitempty"`
	ScreenRecording        *bool             `json:"screenRecording,omitempty"`
	TeamID                 string            `json:"teamId,omitempty"`
	UserID                 string            `json:"userId,omitempty"`
	Sessions               []Session         `json:"sessions,omitempty"`
	Attributes             map[string]string `json:"attributes,omitempty"`
}

// Session is one communication of a participant, in one medium.
type Session struct {
	AcwSkipped                *bool               `json:"acwSkipped,omitempty"`
	ActiveSkillIDs            []string            `json:"activeSkillIds,omitempty"`
	AddressFrom               string              `json:"addressFrom,omitempty"`
	AddressOther              string              `json:"addressOther,omitempty"`
	AddressSelf               string              `json:"addressSelf,omitempty"`
	AddressTo                 string              `json:"addressTo,omitempty"`
	AgentAssistantID          string              `json:"agentAssistantId,omitempty"`
	AgentBullseyeRing         *int64              `json:"agentBullseyeRing,omitempty"`
	AgentOwned                *bool               `json:"agentOwned,omitempty"`
	Ani                       string              `json:"ani,omitempty"`
	AssignerID                string              `json:"assignerId,omitempty"`
	Authenticated             *bool               `json:"authenticated,omitempty"`
	BargedParticipantID       string              `json:"bargedParticipantId,omitempty"`
	Bcc                       []string            `json:"bcc,omitempty"`
	CallbackNumbers           []string            `json:"callbackNumbers,omitempty"`
	CallbackScheduledTime     string              `json:"callbackScheduledTime,omitempty"`
	CallbackUserName          string              `json:"callbackUserName,omitempty"`
	Cc                        []string            `json:"cc,omitempty"`
	Cleared                   *bool               `json:"cleared,omitempty"`
	CoachedParticipantID      string              `json:"coachedParticipantId,omitempty"`
	CobrowseRole              string              `json:"cobrowseRole,omitempty"`
	CobrowseRoomID            string              `json:"cobrowseRoomId,omitempty"`
	DeliveryPushed            *bool               `json:"deliveryPushed,omitempty"`
	DeliveryStatus            string              `json:"deliveryStatus,omitempty"`
	DeliveryStatusChangeDate  string              `json:"deliveryStatusChangeDate,omitempty"`
	DestinationAddresses      []string            `json:"destinationAddresses,omitempty"`
	DetectedSpeechEnd         string              `json:"detectedSpeechEnd,omitempty"`
	DetectedSpeechStart       string              `json:"detectedSpeechStart,omitempty"`
	Direction                 string              `json:"direction,omitempty"`
	DispositionAnalyzer       string              `json:"dispositionAnalyzer,omitempty"`
	DispositionName           string              `json:"dispositionName,omitempty"`
	Dnis                      string              `json:"dnis,omitempty"`
	EdgeID                    string              `json:"edgeId,omitempty"`
	EligibleAgentCounts       []int64             `json:"eligibleAgentCounts,omitempty"`
	EngagementSource          string              `json:"engagementSource,omitempty"`
	ErrorCodeDescription      string              `json:"errorCodeDescription,omitempty"`
	ExtendedDeliveryStatus    string              `json:"extendedDeliveryStatus,omitempty"`
	FlowInType                string              `json:"flowInType,omitempty"`
	FlowOutType               string              `json:"flowOutType,omitempty"`
	JourneyActionID           string              `json:"journeyActionId,omitempty"`
	JourneyActionMapID        string              `json:"journeyActionMapId,omitempty"`
	JourneyActionMapVersion   *int64              `json:"journeyActionMapVersion,omitempty"`
	JourneyCustomerID         string              `json:"journeyCustomerId,omitempty"`
	JourneyCustomerIDType     string              `json:"journeyCustomerIdType,omitempty"`
	JourneyCustomerSessionID  string              `json:"journeyCustomerSessionId,omitempty"`
	JourneyCustomerSessionTyp string              `json:"journeyCustomerSessionIdType,omitempty"`
	MediaBridgeID             string              `json:"mediaBridgeId,omitempty"`
	MediaCount                *int64              `json:"mediaCount,omitempty"`
	MediaType                 string              `json:"mediaType,omitempty"`
	MessageType               string              `json:"messageType,omitempty"`
	MonitoredParticipantID    string              `json:"monitoredParticipantId,omitempty"`
	OutboundCampaignID        string              `json:"outboundCampaignId,omitempty"`
	OutboundContactID         string              `json:"outboundContactId,omitempty"`
	OutboundContactListID     string              `json:"outboundContactListId,omitempty"`
	PeerID                    string              `json:"peerId,omitempty"`
	ProtocolCallID            string              `json:"protocolCallId,omitempty"`
	Provider                  string              `json:"provider,omitempty"`
	Recording                 *bool               `json:"recording,omitempty"`
	Remote                    string              `json:"remote,omitempty"`
	RemoteNameDisplayable     string              `json:"remoteNameDisplayable,omitempty"`
	RemovedSkillIDs           []string            `json:"removedSkillIds,omitempty"`
	RequestedRoutings         []string            `json:"requestedRoutings,omitempty"`
	RoomID                    string              `json:"roomId,omitempty"`
	RoutingRing               *int64              `json:"routingRing,omitempty"`
	RoutingRule               string              `json:"routingRule,omitempty"`
	RoutingRuleType           string              `json:"routingRuleType,omitempty"`
	ScreenMonitoredUserID     string              `json:"screenMonitoredUserId,omitempty"`
	ScreenShareAddressSelf    string              `json:"screenShareAddressSelf,omitempty"`
	ScreenShareRoomID         string              `json:"screenShareRoomId,omitempty"`
	ScriptID                  string              `json:"scriptId,omitempty"`
	SelectedAgentID           string              `json:"selectedAgentId,omitempty"`
	SelectedAgentRank         *int64              `json:"selectedAgentRank,omitempty"`
	SessionDnis               string              `json:"sessionDnis,omitempty"`
	SessionID                 string              `json:"sessionId,omitempty"`
	SharingScreen             *bool               `json:"sharingScreen,omitempty"`
	SkillExpressionID         string              `json:"skillExpressionId,omitempty"`
	SkipEnabled               *bool               `json:"skipEnabled,omitempty"`
	SnippetRecording          *bool               `json:"snippetRecording,omitempty"`
	TimeoutSeconds            *int64              `json:"timeoutSeconds,omitempty"`
	UsedRouting               string              `json:"usedRouting,omitempty"`
	VideoAddressSelf          string              `json:"videoAddressSelf,omitempty"`
	VideoRoomID               string              `json:"videoRoomId,omitempty"`
	WaitingInteractionCounts  []int64             `json:"waitingInteractionCounts,omitempty"`
	AgentGroups               []AgentGroup        `json:"agentGroups,omitempty"`
	ProposedAgents            []ProposedAgent     `json:"proposedAgents,omitempty"`
	MediaEndpointStats        []MediaEndpointStat `json:"mediaEndpointStats,omitempty"`
	Flow                      *Flow               `json:"flow,omitempty"`
	Metrics                   []Metric            `json:"metrics,omitempty"`
	Segments                  []Segment           `json:"segments,omitempty"`
}

// Segment is one state of a session, from segmentStart to segmentEnd; an open segment has no end.
type Segment struct {
	AudioMuted                *bool         `json:"audioMuted,omitempty"`
	Conference                *bool         `json:"conference,omitempty"`
	DestinationConversationID string        `json:"destinationConversationId,omitempty"`
	DestinationSessionID      string        `json:"destinationSessionId,omitempty"`
	DisconnectType            string        `json:"disconnectType,omitempty"`
	ErrorCode                 string        `json:"errorCode,omitempty"`
	GroupID                   string        `json:"groupId,omitempty"`
	Q850ResponseCodes         []int64       `json:"q850ResponseCodes,omitempty"`
	QueueID                   string        `json:"queueId,omitempty"`
	RequestedLanguageID       string        `json:"requestedLanguageId,omitempty"`
	RequestedRoutingSkillIDs  []string      `json:"requestedRoutingSkillIds,omitempty"`
	RequestedRoutingUserIDs   []string      `json:"requestedRoutingUserIds,omitempty"`
	SegmentEnd                string        `json:"segmentEnd,omitempty"`
	SegmentStart              string        `json:"segmentStart,omitempty"`
	SegmentType               string        `json:"segmentType,omitempty"`
	SipResponseCodes          []int64       `json:"sipResponseCodes,omitempty"`
	SourceConversationID      string        `json:"sourceConversationId,omitempty"`
	SourceSessionID           string        `json:"sourceSessionId,omitempty"`
	Subject                   string        `json:"subject,omitempty"`
	VideoMuted                *bool         `json:"videoMuted,omitempty"`
	WrapUpCode                string        `json:"wrapUpCode,omitempty"`
	WrapUpNote                string        `json:"wrapUpNote,omitempty"`
	WrapUpTags                []string      `json:"wrapUpTags,omitempty"`
	Properties                []Property    `json:"properties,omitempty"`
	ScoredAgents              []ScoredAgent `json:"scoredAgents,omitempty"`
}

// Metric is one emission: t* in milliseconds, n* a count, o* an observed value. Values need 64 bits. Every metric has a
// name and a value.
type Metric struct {
	EmitDate string `json:"emitDate,omitempty"`
	Name     string `json:"name"`
	Value    int64  `json:"value"`
}

// Flow is the Architect flow that ran in a session.
type Flow struct {
	EndingLanguage           string        `json:"endingLanguage,omitempty"`
	EntryReason              string        `json:"entryReason,omitempty"`
	EntryType                string        `json:"entryType,omitempty"`
	ExitReason               string        `json:"exitReason,omitempty"`
	FlowID                   string        `json:"flowId,omitempty"`
	FlowName                 string        `json:"flowName,omitempty"`
	FlowType                 string        `json:"flowType,omitempty"`
	FlowVersion              string        `json:"flowVersion,omitempty"`
	IssuedCallback           *bool         `json:"issuedCallback,omitempty"`
	RecognitionFailureReason string        `json:"recognitionFailureReason,omitempty"`
	StartingLanguage         string        `json:"startingLanguage,omitempty"`
	TransferTargetAddress    string        `json:"transferTargetAddress,omitempty"`
	TransferTargetName       string        `json:"transferTargetName,omitempty"`
	TransferType             string        `json:"transferType,omitempty"`
	Outcomes                 []FlowOutcome `json:"outcomes,omitempty"`
}

// FlowOutcome is one outcome that a flow recorded.
type FlowOutcome struct {
	FlowOutcome               string `json:"flowOutcome,omitempty"`
	FlowOutcomeEndTimestamp   string `json:"flowOutcomeEndTimestamp,omitempty"`
	FlowOutcomeID             string `json:"flowOutcomeId,omitempty"`
	FlowOutcomeStartTimestamp string `json:"flowOutcomeStartTimestamp,omitempty"`
	FlowOutcomeValue          string `json:"flowOutcomeValue,omitempty"`
}

// MediaEndpointStat is what one endpoint reported of its media stream.
type MediaEndpointStat struct {
	Codecs           []string `json:"codecs,omitempty"`
	DiscardedPackets *int64   `json:"discardedPackets,omitempty"`
	DuplicatePackets *int64   `json:"duplicatePackets,omitempty"`
	EventTime        string   `json:"eventTime,omitempty"`
	InvalidPackets   *int64   `json:"invalidPackets,omitempty"`
	MaxLatencyMs     *int64   `json:"maxLatencyMs,omitempty"`
	MinMos           *float64 `json:"minMos,omitempty"`
	MinRFactor       *float64 `json:"minRFactor,omitempty"`
	OverrunPackets   *int64   `json:"overrunPackets,omitempty"`
	ReceivedPackets  *int64   `json:"receivedPackets,omitempty"`
	UnderrunPackets  *int64   `json:"underrunPackets,omitempty"`
}

// AgentGroup is a group of agents that routing considered.
type AgentGroup struct {
	AgentGroupID   string `json:"agentGroupId,omitempty"`
	AgentGroupType string `json:"agentGroupType,omitempty"`
}

// ProposedAgent is an agent whom predictive routing proposed.
type ProposedAgent struct {
	AgentRank       *int64 `json:"agentRank,omitempty"`
	ProposedAgentID string `json:"proposedAgentId,omitempty"`
}

// ScoredAgent is an agent with the score that routing gave.
type ScoredAgent struct {
	AgentScore    *int64 `json:"agentScore,omitempty"`
	ScoredAgentID string `json:"scoredAgentId,omitempty"`
}

// Property is a custom property that the API attached to a segment.
type Property struct {
	Property     string `json:"property,omitempty"`
	PropertyType string `json:"propertyType,omitempty"`
	Value        string `json:"value,omitempty"`
}

// Evaluation is a quality evaluation, attached days to months later.
type Evaluation struct {
	AssigneeApplicable  *bool  `json:"assigneeApplicable,omitempty"`
	AssigneeID          string `json:"assigneeId,omitempty"`
	CalibrationID       string `json:"calibrationId,omitempty"`
	ContextID           string `json:"contextId,omitempty"`
	Deleted             *bool  `json:"deleted,omitempty"`
	EvaluationID        string `json:"evaluationId,omitempty"`
	EvaluationStatus    string `json:"evaluationStatus,omitempty"`
	EvaluatorID         string `json:"evaluatorId,omitempty"`
	EventTime           string `json:"eventTime,omitempty"`
	FormID              string `json:"formId,omitempty"`
	FormName            string `json:"formName,omitempty"`
	QueueID             string `json:"queueId,omitempty"`
	Released            *bool  `json:"released,omitempty"`
	Rescored            *bool  `json:"rescored,omitempty"`
	SystemSubmitted     *bool  `json:"systemSubmitted,omitempty"`
	UserID              string `json:"userId,omitempty"`
	OTotalCriticalScore *int64 `json:"oTotalCriticalScore,omitempty"`
	OTotalScore         *int64 `json:"oTotalScore,omitempty"`
}

// Survey is a customer survey, sent and perhaps completed later.
type Survey struct {
	EventTime             string `json:"eventTime,omitempty"`
	QueueID               string `json:"queueId,omitempty"`
	SurveyCompletedDate   string `json:"surveyCompletedDate,omitempty"`
	SurveyFormContextID   string `json:"surveyFormContextId,omitempty"`
	SurveyFormID          string `json:"surveyFormId,omitempty"`
	SurveyFormName        string `json:"surveyFormName,omitempty"`
	SurveyID              string `json:"surveyId,omitempty"`
	SurveyPartialResponse *bool  `json:"surveyPartialResponse,omitempty"`
	SurveyPromoterScore   *int64 `json:"surveyPromoterScore,omitempty"`
	SurveyStatus          string `json:"surveyStatus,omitempty"`
	SurveyType            string `json:"surveyType,omitempty"`
	UserID                string `json:"userId,omitempty"`
	OSurveyTotalScore     *int64 `json:"oSurveyTotalScore,omitempty"`
}

// Resolution says whether the customer came back.
type Resolution struct {
	EventTime           string `json:"eventTime,omitempty"`
	QueueID             string `json:"queueId,omitempty"`
	UserID              string `json:"userId,omitempty"`
	NNextContactAvoided *int64 `json:"nNextContactAvoided,omitempty"`
}
