package aggregate

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

// Append appends a group as the platform writes it, to text.
func Append(to []byte, a query.Aggregate, g Group) ([]byte, error) {
	text, err := json.Marshal(wireOf(a, g), jsontext.AllowInvalidUTF8(true), json.Deterministic(true))
	return append(to, text...), err
}

func wireOf(a query.Aggregate, g Group) wire.AggregateGroup {
	out := wire.AggregateGroup{Group: map[string]string{}}
	for i, d := range a.GroupBy {
		if g.Values[i] != "" {
			out.Group[d.Name] = g.Values[i]
		}
	}
	targets := map[string]string{}
	for _, v := range a.Views {
		targets[v.Name] = v.Measure.Metric
	}
	for _, b := range g.Data {
		data := wire.AggregateData{Interval: b.Interval.String()}
		for _, f := range b.Figures {
			data.Metrics = append(data.Metrics, wire.AggregateMetric{Metric: f.Name, Stats: f.statistics(f.Name)})
		}
		for _, f := range b.Views {
			data.Views = append(data.Views, wire.AggregateView{Name: f.Name, Stats: f.statistics(targets[f.Name])})
		}
		out.Data = append(out.Data, data)
	}
	return out
}

// statistics are those that the platform gives of a metric of this name.
func (f Figure) statistics(metric string) wire.Statistics {
	if f.Level != nil {
		return wire.Statistics{Ratio: new(f.Level.Ratio()), Numerator: &f.Level.InTime, Denominator: &f.Level.All}
	}
	if metric[0] == 'n' {
		return wire.Statistics{Count: new(int64(f.Stats.Sum))}
	}
	return wire.Statistics{Max: &f.Stats.Max, Min: &f.Stats.Min, Count: &f.Stats.Count, Sum: &f.Stats.Sum}
}
