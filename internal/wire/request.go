package wire

// Request is the body of a synchronous query or of a job, as clients write it, with its members in the order in which
// people do. What is not given is left out. How a body that may be wrong is read is left to package query.
type Request struct {
	Interval            string        `json:"interval"`
	Order               string        `json:"order,omitzero"`
	OrderBy             string        `json:"orderBy,omitzero"`
	Paging              *Paging       `json:"paging,omitzero"`                     // of a query
	Limit               int           `json:"limit,omitzero"`                      // of a job
	StartOfDay          bool          `json:"startOfDayIntervalMatching,omitzero"` // of a job
	ConversationFilters []Filter      `json:"conversationFilters,omitempty"`
	SegmentFilters      []Filter      `json:"segmentFilters,omitempty"`
	Aggregations        []Aggregation `json:"aggregations,omitempty"` // of a query
}

// Paging is which page of a synchronous query is asked for; pages count from 1.
type Paging struct {
	PageSize   int `json:"pageSize"`
	PageNumber int `json:"pageNumber"`
}

// Filter joins predicates and clauses by its type, and or or.
type Filter struct {
	Type       string      `json:"type"`
	Predicates []Predicate `json:"predicates,omitempty"`
	Clauses    []Filter    `json:"clauses,omitempty"`
}

// Predicate asks for a value of a dimension.
type Predicate struct {
	Dimension string `json:"dimension"`
	Operator  string `json:"operator,omitzero"` // left out: matches
	Value     string `json:"value"`             // of matches
}

// Aggregation asks how often the values of a dimension come.
type Aggregation struct {
	Type      string `json:"type"`
	Dimension string `json:"dimension"`
	Size      int    `json:"size,omitzero"`
}
