package query

import (
	"cmp"
	"slices"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// Sums asks for what the sessions of conversations emitted, added up. An emission counts where its emitDate lies, whenever
// its conversation started or ended.
type Sums struct {
	// Edges are the starts of the buckets of time, ascending, and behind them the end of the last: two at least. They are
	// in whole microseconds.
	Edges    []time.Time
	GroupBy  []Dimension // of emissions: those that agree in all are a group
	Flatten  bool        // several values of a list are one, joined by commas; else each is a group's
	Filters  []Filter    // of emissions, each of which must hold
	Measures []Measure
}

// Measure is the emissions of a metric with values in a range: [Gte, Lt), nil bounds nothing.
type Measure struct {
	Metric string
	Range  RangeCount
}

// Sum is what a measure comes to in a group and a bucket, of one emission at least.
type Sum struct {
	Group   []string // values of the dimensions asked for, in their order; an empty one is that records do not say
	Bucket  int      // from 0
	Measure int      // place among the measures
	Stats   Stats
}

// Compare orders sums by group, bucket and measure.
func (s Sum) Compare(o Sum) int {
	return cmp.Or(slices.Compare(s.Group, o.Group), cmp.Compare(s.Bucket, o.Bucket), cmp.Compare(s.Measure, o.Measure))
}

// Stats are of the values of emissions: t* in milliseconds, n* a count each, o* observed values.
type Stats struct {
	Count         int64
	Sum, Min, Max float64
}

// Merge gives the statistics of the values of both.
func (s Stats) Merge(o Stats) Stats {
	switch {
	case s.Count == 0:
		return o
	case o.Count == 0:
		return s
	}
	return Stats{s.Count + o.Count, s.Sum + o.Sum, min(s.Min, o.Min), max(s.Max, o.Max)}
}

// Metrics are the names of the metrics that are measured, each once.
func (s Sums) Metrics() (names []string) {
	for _, m := range s.Measures {
		if !slices.Contains(names, m.Metric) {
			names = append(names, m.Metric)
		}
	}
	return names
}

// afterEnd is how long after its end a conversation may emit. Most emit some milliseconds later; what belongs to
// after-call work is before the end, which moves with it.
const afterEnd = 24 * time.Hour

// Query selects the conversations that can have emitted something: those that went on in the interval, or had ended within a
// day before it.
func (s Sums) Query() Query {
	iv := conversation.Interval{Start: s.Edges[0].Add(-afterEnd), End: s.Edges[len(s.Edges)-1]}
	return Query{Interval: iv, Matching: Overlap, Order: Ascending, OrderBy: ByConversationStart}
}

// Bucket is the place of the bucket in which an instant lies; -1 if it lies in none.
func (s Sums) Bucket(at time.Time) int {
	i, exact := slices.BinarySearchFunc(s.Edges, at, time.Time.Compare)
	if !exact {
		i--
	}
	if i == len(s.Edges)-1 {
		return -1
	}
	return i
}

// Interval is the stretch of time of a bucket.
func (s Sums) Interval(bucket int) conversation.Interval {
	return conversation.Interval{Start: s.Edges[bucket], End: s.Edges[bucket+1]}
}

// Aggregate is what POST .../conversations/aggregates/query asks: figures of metrics, by group and bucket.
type Aggregate struct {
	Interval conversation.Interval
	Edges    []time.Time // of the buckets, as Sums has them
	GroupBy  []Dimension
	Flatten  bool
	Filters  []Filter
	Metrics  []string // figures: metrics that are emitted, or made of such
	Views    []View
	Top      Top
	PageSize int // of a job: groups a page; 0: whatever is usual
}

// View is a measure with a name of its own.
type View struct {
	Name    string
	Measure Measure
}

// Top leaves some groups of many: those that come first by a figure of the whole interval.
type Top struct {
	Type     Ranking // Groups: all are left, and the rest says nothing
	Metric   string
	Function Function
	Limit    int
}

// Ranking says which groups are wanted: the queryType of a request.
type Ranking string

// The rankings.
const (
	Groups  Ranking = "groupBy"
	TopN    Ranking = "topN"
	BottomN Ranking = "bottomN"
)

// Function makes one number of the values of a metric.
type Function string

// The functions.
const (
	Average Function = "average"
	Count   Function = "count"
	Maximum Function = "max"
	Minimum Function = "min"
	Total   Function = "sum"
)

// Of is the number that the function makes of values, of which there is one at least.
func (f Function) Of(s Stats) float64 {
	switch f {
	case Average:
		return s.Sum / float64(s.Count)
	case Maximum:
		return s.Max
	case Minimum:
		return s.Min
	case Total:
		return s.Sum
	default:
		return float64(s.Count)
	}
}

// Figures are the metrics that aggregates can ask for, in order. Most are emitted; see Parts.
func Figures() []string { return figures }

// derived are figures that no session emits, each with the emitted metrics that they are made of. A wait ends with an answer,
// with the customer leaving, or with the queue handing on; the service level is of those answered and abandoned.
var derived = map[string][]string{
	"tWait":         {"tAnswered", "tAbandon", "tFlowOut"},
	"oServiceLevel": {"tAnswered", "tAbandon", "nOverSla"},
}

// Parts are the emitted metrics of which a figure is made.
func Parts(figure string) []string {
	if parts, is := derived[figure]; is {
		return parts
	}
	return []string{figure}
}
