package wire

// ParticipantAttributes is schema ParticipantAttributes.
type ParticipantAttributes struct {
	Attributes map[string]string `json:"attributes"`
}

// AttributeSearch is schema ConversationParticipantSearchRequest.
type AttributeSearch struct {
	Query        []AttributeCriterion `json:"query"`
	Cursor       string               `json:"cursor,omitzero"`
	SortBy       string               `json:"sortBy,omitzero"`
	SortOrder    string               `json:"sortOrder,omitzero"`
	Sort         []AttributeSort      `json:"sort,omitempty"`
	ReturnFields []string             `json:"returnFields,omitempty"`
}

// AttributeSort is schema SearchSort.
type AttributeSort struct {
	SortBy    string `json:"sortBy,omitzero"`
	SortOrder string `json:"sortOrder,omitzero"`
}

// AttributeCriterion is schema ConversationParticipantSearchCriteria.
type AttributeCriterion struct {
	Type       string               `json:"type"`
	Fields     []string             `json:"fields,omitempty"`
	Value      string               `json:"value,omitzero"`
	Values     []string             `json:"values,omitempty"`
	StartValue string               `json:"startValue,omitzero"`
	EndValue   string               `json:"endValue,omitzero"`
	Operator   string               `json:"operator,omitzero"`
	DateFormat string               `json:"dateFormat,omitzero"`
	Group      []AttributeCriterion `json:"group,omitempty"`
}

// AttributePage is schema JsonCursorSearchResponse.
type AttributePage struct {
	Types   []string       `json:"types"`
	Results []AttributeRow `json:"results"`
	Cursor  string         `json:"cursor,omitzero"` // absent on the last page
}

// AttributeRow is a conversation that was found.
type AttributeRow struct {
	ConversationID  string            `json:"conversationId"`
	StartTime       string            `json:"startTime,omitzero"`
	EndTime         string            `json:"endTime,omitzero"`
	DivisionIDs     []string          `json:"divisionIds,omitzero"`
	ParticipantData []ParticipantData `json:"participantData,omitzero"`
	TruncatedData   *bool             `json:"truncatedData,omitzero"`
}

// ParticipantData is what a row says of one participant.
type ParticipantData struct {
	ParticipantPurpose    string            `json:"participantPurpose"`
	ParticipantAttributes map[string]string `json:"participantAttributes"`
	ParticipantID         string            `json:"participantId"`
	SessionIDs            []string          `json:"sessionIds"`
}
