package wire

// PathAggregates is where figures are asked for.
const PathAggregates = "/api/v2/analytics/conversations/aggregates/query"

// Aggregates is the answer to a query for aggregates (schema ConversationAggregateQueryResponse).
type Aggregates struct {
	Results []AggregateGroup `json:"results"`
}

// AggregateGroup is the figures of what agrees in some dimensions (schema ConversationAggregateDataContainer). A dimension of
// which records say nothing is not in the group.
type AggregateGroup struct {
	Group map[string]string `json:"group"`
	Data  []AggregateData   `json:"data"`
}

// AggregateData is the figures of a stretch of time (schema StatisticalResponse).
type AggregateData struct {
	Interval string            `json:"interval"` // start/end
	Metrics  []AggregateMetric `json:"metrics,omitempty"`
	Views    []AggregateView   `json:"views,omitempty"`
}

// AggregateMetric is what a metric comes to (schema AggregateMetricData).
type AggregateMetric struct {
	Metric string     `json:"metric"`
	Stats  Statistics `json:"stats"`
}

// AggregateView is what a view comes to (schema AggregateViewData).
type AggregateView struct {
	Name  string     `json:"name"`
	Stats Statistics `json:"stats"`
}

// Statistics are of the values of a metric (schema StatisticalSummary): of times, in milliseconds, and of observed values the first
// four; of counts the count; of the service level the last three.
type Statistics struct {
	Max         *float64 `json:"max,omitzero"`
	Min         *float64 `json:"min,omitzero"`
	Count       *int64   `json:"count,omitzero"`
	Sum         *float64 `json:"sum,omitzero"`
	Ratio       *float64 `json:"ratio,omitzero"`
	Numerator   *float64 `json:"numerator,omitzero"`
	Denominator *float64 `json:"denominator,omitzero"`
}

// AggregateRequest is a query for aggregates, as far as we send any (schema ConversationAggregationQuery).
type AggregateRequest struct {
	Interval    string   `json:"interval"`
	Granularity string   `json:"granularity,omitzero"`
	TimeZone    string   `json:"timeZone,omitzero"`
	GroupBy     []string `json:"groupBy,omitempty"`
	Filter      *Filter  `json:"filter,omitzero"`
	Metrics     []string `json:"metrics"`
}

// PathAggregateJobs is where figures are asked for asynchronously.
const PathAggregateJobs = "/api/v2/analytics/conversations/aggregates/jobs"

// AggregatePage is one page of the results of such a job (schema ConversationAsyncAggregateQueryResponse).
type AggregatePage struct {
	Aggregates

	Cursor string `json:"cursor,omitzero"` // of the next page; empty on the last one
}
