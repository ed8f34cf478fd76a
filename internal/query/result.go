package query

// AggregationResult is a Facet as it stands on the wire (schema AggregationResult).
type AggregationResult struct {
	Type      AggregationType    `json:"type"`
	Dimension string             `json:"dimension,omitzero"`
	Metric    string             `json:"metric,omitzero"`
	Count     int64              `json:"count"`
	Results   []AggregationEntry `json:"results,omitempty"` // left out when there are none, as all lists are
}

// AggregationEntry is an Entry as it stands on the wire (schema AggregationResultEntry).
type AggregationEntry struct {
	Value *string  `json:"value,omitzero"` // of a termFrequency
	Gte   *float64 `json:"gte,omitzero"`   // of a numericRange, as it was asked for
	Lt    *float64 `json:"lt,omitzero"`
	Count int64    `json:"count"`
}

// Results puts the answers to aggregations into the form in which the platform sends them.
func Results(facets []Facet) []AggregationResult {
	out := make([]AggregationResult, len(facets))
	for i, f := range facets {
		r := AggregationResult{Type: f.Aggregation.Type, Count: f.Count}
		if f.Aggregation.Dimension.Metric {
			r.Metric = f.Aggregation.Dimension.Name
		} else {
			r.Dimension = f.Aggregation.Dimension.Name
		}
		for _, b := range f.Entries {
			e := AggregationEntry{Count: b.Count}
			if r.Type == TermFrequency {
				e.Value = &b.Value
			} else {
				e.Gte, e.Lt = b.Range.Gte, b.Range.Lt
			}
			r.Results = append(r.Results, e)
		}
		out[i] = r
	}
	return out
}
