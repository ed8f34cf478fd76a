package wire

// Activity is the answer to a query for activity (schema ConversationActivityResponse).
type Activity struct {
	Results           []ActivityGroup `json:"results"`
	EntityIDDimension string          `json:"entityIdDimension,omitzero"`
}

// ActivityGroup is what goes on in a group (schema ConversationActivityData).
type ActivityGroup struct {
	Group     map[string]string `json:"group"`
	Data      []ActivityValue   `json:"data"`
	Truncated *bool             `json:"truncated,omitzero"`
	Entities  []ActivityEntity  `json:"entities,omitempty"`
}

// ActivityValue is what a metric comes to (schema ConversationActivityMetricValue): how many, or since when in milliseconds since
// 1970.
type ActivityValue struct {
	Metric                string   `json:"metric"`
	EntityIDs             []string `json:"entityIds,omitempty"`
	Count                 *int     `json:"count,omitzero"`
	CalculatedMetricValue *int64   `json:"calculatedMetricValue,omitzero"`
}

// ActivityEntity is something that goes on (schema ConversationActivityEntityData).
type ActivityEntity struct {
	ActivityDate             string   `json:"activityDate"`
	Metric                   string   `json:"metric"`
	AddressFrom              string   `json:"addressFrom,omitzero"`
	AddressTo                string   `json:"addressTo,omitzero"`
	Ani                      string   `json:"ani,omitzero"`
	ConversationID           string   `json:"conversationId"`
	Direction                string   `json:"direction,omitzero"`
	Dnis                     string   `json:"dnis,omitzero"`
	MediaType                string   `json:"mediaType,omitzero"`
	ParticipantName          string   `json:"participantName,omitzero"`
	QueueID                  string   `json:"queueId,omitzero"`
	RequestedLanguageID      string   `json:"requestedLanguageId,omitzero"`
	RequestedRoutingSkillIDs []string `json:"requestedRoutingSkillIds,omitempty"`
	RequestedRoutings        []string `json:"requestedRoutings,omitempty"`
	SessionID                string   `json:"sessionId,omitzero"`
	TeamID                   string   `json:"teamId,omitzero"`
	UsedRouting              string   `json:"usedRouting,omitzero"`
	UserID                   string   `json:"userId,omitzero"`
}
