package aggregate

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/query"
)

// The answer as it stands on the wire, by the names of the platform's schemas.
type (
	// container is ConversationAggregateDataContainer. A dimension of which records say nothing is not in the group.
	container struct {
		Group map[string]string `json:"group"`
		Data  []statistics      `json:"data"`
	}
	// statistics is StatisticalResponse.
	statistics struct {
		Interval string   `json:"interval"`
		Metrics  []metric `json:"metrics,omitempty"`
		Views    []view   `json:"views,omitempty"`
	}
	// metric is AggregateMetricData.
	metric struct {
		Metric string  `json:"metric"`
		Stats  summary `json:"stats"`
	}
	// view is AggregateViewData.
	view struct {
		Name  string  `json:"name"`
		Stats summary `json:"stats"`
	}
	// summary is StatisticalSummary: of times and observed values all but the last three, of counts the count, of the
	// service level the last three.
	summary struct {
		Max         *float64 `json:"max,omitzero"`
		Min         *float64 `json:"min,omitzero"`
		Count       *int64   `json:"count,omitzero"`
		Sum         *float64 `json:"sum,omitzero"`
		Ratio       *float64 `json:"ratio,omitzero"`
		Numerator   *float64 `json:"numerator,omitzero"`
		Denominator *float64 `json:"denominator,omitzero"`
	}
)

// Append appends a group as the platform writes it, to text.
func Append(to []byte, a query.Aggregate, g Group) ([]byte, error) {
	c := container{Group: map[string]string{}}
	for i, d := range a.GroupBy {
		if g.Values[i] != "" {
			c.Group[d.Name] = g.Values[i]
		}
	}
	names := map[string]string{}
	for _, v := range a.Views {
		names[v.Name] = v.Measure.Metric
	}
	for _, b := range g.Data {
		s := statistics{Interval: b.Interval.String()}
		for _, f := range b.Figures {
			s.Metrics = append(s.Metrics, metric{f.Name, f.summary(f.Name)})
		}
		for _, f := range b.Views {
			s.Views = append(s.Views, view{f.Name, f.summary(names[f.Name])})
		}
		c.Data = append(c.Data, s)
	}
	text, err := json.Marshal(c, jsontext.AllowInvalidUTF8(true), json.Deterministic(true))
	return append(to, text...), err
}

// summary are the statistics that the platform gives of a metric of this name.
func (f Figure) summary(name string) summary {
	if f.Level != nil {
		return summary{Ratio: new(f.Level.Ratio()), Numerator: &f.Level.InTime, Denominator: &f.Level.All}
	}
	if name[0] == 'n' {
		return summary{Count: new(int64(f.Stats.Sum))}
	}
	return summary{Max: &f.Stats.Max, Min: &f.Stats.Min, Count: &f.Stats.Count, Sum: &f.Stats.Sum}
}
