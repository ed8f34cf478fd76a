package figure

import (
	"time"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
)

// Stretch is a stretch of time that lines can be of: the word by which people call it, and the period.
type Stretch struct{ Word, Period string }

// Stretches are those by which lines can be asked for; an interval has half an hour.
var Stretches = []Stretch{{"month", "P1M"}, {"week", "P1W"}, {"day", "P1D"}, {"hour", "PT1H"}, {"interval", "PT30M"}, {"quarter-hour", "PT15M"}}

// Question is what is asked.
type Question struct {
	Interval conversation.Interval
	Zone     *time.Location
	Period   string   // that a line is of; empty: all of the interval
	GroupBy  []string // dimensions that a line is of
	Only     []Only   // all of which must hold
	Metrics  []string // that are asked for; none: those that all figures are made of
}

// Only leaves out what has other values of a dimension.
type Only struct {
	Dimension string
	Values    []string
}

// Body is the question as it is sent.
func (q Question) Body() ([]byte, error) {
	r := wire.AggregateRequest{Interval: q.Interval.String(), Granularity: q.Period, TimeZone: q.Zone.String(), GroupBy: q.GroupBy, Filter: q.filter(), Metrics: metrics}
	if len(q.Metrics) > 0 {
		r.Metrics = q.Metrics
	}
	return json.Marshal(r)
}

// filter joins the values of a dimension by or, the dimensions by and. Lines by queue and agent are of what has one: talks without a
// queue, and offers to nobody yet, would make a line of nobody's.
func (q Question) filter() *wire.Filter {
	f := wire.Filter{Type: "and"}
	for _, only := range q.Only {
		clause := wire.Filter{Type: "or"}
		for _, value := range only.Values {
			clause.Predicates = append(clause.Predicates, wire.Predicate{Dimension: only.Dimension, Value: value})
		}
		f.Clauses = append(f.Clauses, clause)
	}
	for _, name := range q.GroupBy {
		if name == "queueId" || name == "userId" {
			f.Predicates = append(f.Predicates, wire.Predicate{Dimension: name, Operator: "exists"})
		}
	}
	if len(f.Clauses)+len(f.Predicates) == 0 {
		return nil
	}
	return &f
}

// Edges are where the stretches of time begin, as the platform counts them, and in the end where the last one ends; at most so many,
// and none if there are more. A stretch in which nothing happened is in no answer.
func (q Question) Edges(most int) []time.Time {
	p, err := conversation.ParsePeriod(q.Period)
	if err != nil {
		return []time.Time{q.Interval.Start, q.Interval.End}
	}
	edges := []time.Time{q.Interval.Start}
	for n := 1; len(edges) <= most; n++ {
		edge := p.After(q.Interval.Start.In(q.Zone), n)
		if !edge.Before(q.Interval.End) {
			return append(edges, q.Interval.End)
		}
		if edge.After(edges[len(edges)-1]) { // a place may have left out a day
			edges = append(edges, edge)
		}
	}
	return nil
}
