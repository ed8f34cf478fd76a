package query

import (
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // time zones where the machine has none

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// aggregateBody is the body of an aggregate as it stands on the wire (schemas ConversationAggregationQuery and
// ConversationAsyncAggregationQuery).
type aggregateBody struct {
	Interval      *string        `json:"interval"`
	Granularity   *string        `json:"granularity"`
	TimeZone      *string        `json:"timeZone"`
	GroupBy       []string       `json:"groupBy"`
	Filter        *wireFilter    `json:"filter"`
	Metrics       []string       `json:"metrics"`
	Flatten       *bool          `json:"flattenMultivaluedDimensions"`
	Views         []wireView     `json:"views"`
	TimeDimension *string        `json:"alternateTimeDimension"`
	QueryType     *string        `json:"queryType"`
	SortMetric    *wireSort      `json:"sortMetric"`
	Limit         *textNumber    `json:"limit"`
	PageSize      *textNumber    `json:"pageSize"` // of jobs; the synchronous query passes over it
	Unknown       jsontext.Value `json:",embed"`
}

type (
	wireView struct {
		Target   *string        `json:"target"`
		Name     *string        `json:"name"`
		Function *string        `json:"function"`
		Range    *wireRange     `json:"range"`
		Unknown  jsontext.Value `json:",embed"`
	}
	wireSort struct {
		Name     *string        `json:"name"`
		Function *string        `json:"function"`
		Unknown  jsontext.Value `json:",embed"`
	}
)

var aggregateMembers = []string{
	"interval", "granularity", "timeZone", "groupBy", "filter", "metrics", "flattenMultivaluedDimensions", "views", "alternateTimeDimension",
	"queryType", "sortMetric", "limit", "pageSize",
}

// Bounds of aggregates. The platform publishes none; these bound the work and the answer.
const (
	MaxBuckets = 10_000  // of time
	MaxSums    = 250_000 // groups times buckets times metrics that there is anything of
	maxYears   = 50
	maxGroupBy = 20
	maxViews   = 20
	maxTop     = 1_000
	defaultTop = 10
)

// DecodeAggregate reads the body of POST .../conversations/aggregates/query. It fails with Faults: each is Invalid and names
// the field.
func DecodeAggregate(text []byte) (Aggregate, error) {
	f := &findings{}
	a := f.aggregate(text)
	return a, f.refusal()
}

func (f *findings) aggregate(text []byte) (a Aggregate) {
	b := new(aggregateBody)
	if !f.read(text, b) {
		return a
	}
	f.unknownMembers(b.Unknown, aggregateMembers)
	if a.Interval = f.interval(b.Interval); a.Interval.Start.AddDate(maxYears, 0, 0).Before(a.Interval.End) {
		f.add("interval", "You must specify an interval as part of your query that does not exceed %d years", maxYears)
		return a
	}
	a.Edges = f.edges(a.Interval, b.Granularity, f.timeZone(b.TimeZone))
	a.GroupBy, a.Flatten = f.groupBy(b.GroupBy), b.Flatten != nil && *b.Flatten
	if b.Filter != nil {
		a.Filters = f.filterOf(OfEmission, string(OfEmission), *b.Filter)
	}
	a.Metrics = f.figures(b.Metrics)
	a.Views = f.views(b.Views)
	a.Top = f.top(b, a.Metrics)
	if most := PlatformLimits().ResultPageSize; b.PageSize != nil {
		if a.PageSize = int(*b.PageSize); a.PageSize < 1 || a.PageSize > most {
			f.add("pageSize", "pageSize must lie between 1 and %d", most)
		}
	}
	if b.TimeDimension != nil {
		oneOf(f, "alternateTimeDimension", *b.TimeDimension, "eventTime") // it is when metrics are emitted, and counted anyhow
	}
	return a
}

// timeZone finds the place by whose calendar periods are counted.
func (f *findings) timeZone(name *string) *time.Location {
	if name == nil || *name == "" {
		return time.UTC
	}
	zone, err := time.LoadLocation(*name)
	if err != nil || *name == "Local" {
		f.add("timeZone", "%s is not a time zone; write a name of the IANA database such as Europe/Berlin, America/New_York or UTC", fault.Clip(*name))
		return time.UTC
	}
	return zone
}

// edges divides an interval into buckets. They are counted from its start, so that clocks that change within it make days
// longer or shorter, and not all that follow begin at another hour.
func (f *findings) edges(iv conversation.Interval, granularity *string, zone *time.Location) []time.Time {
	iv = conversation.Interval{Start: iv.Start.Truncate(time.Microsecond), End: iv.End.Truncate(time.Microsecond)}
	if !iv.End.After(iv.Start) {
		return []time.Time{iv.Start, iv.Start.Add(time.Microsecond)} // the interval was refused, or nothing can lie in it
	}
	if granularity == nil || *granularity == "" {
		return []time.Time{iv.Start, iv.End}
	}
	p, err := conversation.ParsePeriod(*granularity)
	if err != nil || p == (conversation.Period{}) {
		f.add("granularity", "%s is not a granularity; write an ISO 8601 period such as PT30M, PT1H or P1D", fault.Clip(*granularity))
		return []time.Time{iv.Start, iv.End}
	}
	edges := []time.Time{iv.Start}
	for n := 1; ; n++ {
		edge := p.After(iv.Start.In(zone), n).UTC().Truncate(time.Microsecond)
		if !edge.Before(iv.End) {
			return append(edges, iv.End)
		}
		if len(edges) == MaxBuckets || n > 2*MaxBuckets {
			f.add("granularity", "granularity %s divides the interval into more than %d parts; write a longer one, or ask for a shorter interval", fault.Clip(*granularity), MaxBuckets)
			return edges
		}
		if edge.After(edges[len(edges)-1]) { // a place may have left out a day
			edges = append(edges, edge)
		}
	}
}

func (f *findings) groupBy(list []string) (out []Dimension) {
	if len(list) > maxGroupBy {
		f.add("groupBy", "groupBy has more than %d dimensions; group by fewer", maxGroupBy)
		return nil
	}
	for i, name := range list {
		path := fmt.Sprintf("groupBy[%d]", i)
		d, ok := find(OfEmission, name, false)
		switch {
		case !ok:
			f.notOfEmissions(path, "groupBy", name)
		case slices.Contains(out, d):
			f.add(path, "%s is named twice in groupBy", d.Name)
		}
		out = append(out, d)
	}
	return out
}

// notOfEmissions refuses a dimension: one that the platform has and records do not say, or one that nobody has.
func (f *findings) notOfEmissions(path, field, name string) {
	if slices.Contains(unsaid, name) {
		f.add(path, "%s: conversation records do not say %s, so that nothing can be asked of it here", field, name)
		return
	}
	allowed := names(OfEmission, false)
	f.report(&fault.Error{
		Kind: fault.Invalid, Code: "invalid.value", Field: path,
		Message: fmt.Sprintf("Value [%s] is not valid for field type [%s]. Allowable values are: %s%s", fault.Clip(name), field, strings.Join(allowed, ", "), nearest(name, allowed)),
	})
}

// nearest ends a message with the names that were probably meant.
func nearest(name string, allowed []string) string {
	if best := suggest(name, allowed); best != "" {
		return ". Did you mean " + best + "?"
	}
	if near := Nearest(name, allowed, 3); len(near) > 0 {
		return ". Did you mean " + strings.Join(near, " or ") + "?"
	}
	return ""
}

func (f *findings) figures(list []string) (out []string) {
	if len(list) == 0 {
		f.add("metrics", "metrics is missing; name one or more, for example nOffered, tAnswered, tAbandon, tHandle")
	}
	for i, name := range list {
		if f.full() {
			return out
		}
		if name = f.figure(fmt.Sprintf("metrics[%d]", i), "metrics", name); name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// figure finds a figure; empty if there is none of the name.
func (f *findings) figure(path, field, name string) string {
	if slices.Contains(figures, name) {
		return name
	}
	f.report(&fault.Error{
		Kind: fault.Invalid, Code: "invalid.value", Field: path,
		Message: fmt.Sprintf("Value [%s] is not valid for field type [%s]. Allowable values are: %s%s", fault.Clip(name), field, strings.Join(figures, ", "), nearest(name, figures)),
	})
	return ""
}

func (f *findings) views(list []wireView) (out []View) {
	if len(list) > maxViews {
		f.add("views", "the request has more than %d views; ask in several requests", maxViews)
		return nil
	}
	for i, w := range list {
		path := fmt.Sprintf("views[%d]", i)
		f.unknown(path, w.Unknown, "target", "name", "function", "range")
		v, ok := f.view(path, w)
		if !ok {
			continue
		}
		if slices.Contains(figures, v.Name) || slices.ContainsFunc(out, func(o View) bool { return o.Name == v.Name }) {
			f.add(path+".name", "%s.name must differ from other views and from metrics", path)
		}
		out = append(out, v)
	}
	return out
}

// view reads a view, and says whether it has what views need.
func (f *findings) view(path string, w wireView) (v View, ok bool) {
	for _, m := range []struct {
		name  string
		value *string
	}{{"target", w.Target}, {"name", w.Name}, {"function", w.Function}} {
		if m.value == nil || *m.value == "" {
			f.add(path+"."+m.name, "%s needs a %s", path, m.name)
			return v, false
		}
	}
	oneOf(f, path+".function", *w.Function, "rangeBound")
	target := f.figure(path+".target", "target", *w.Target)
	if target != "" && len(Parts(target)) > 1 {
		f.add(path+".target", "%s is made of other metrics and has no range; name one of %s", target, strings.Join(Parts(target), ", "))
	}
	v = View{Name: *w.Name, Measure: Measure{Metric: target}}
	if w.Range != nil {
		v.Measure.Range = f.rangeCount(path+".range", *w.Range)
	}
	return v, true
}

// top reads which groups are wanted.
func (f *findings) top(b *aggregateBody, metrics []string) Top {
	t := Top{Type: Groups, Function: Count, Limit: defaultTop}
	if b.QueryType != nil {
		t.Type = oneOf(f, "queryType", *b.QueryType, Groups, TopN, BottomN)
	}
	if t.Type == Groups {
		return Top{Type: Groups}
	}
	if b.Limit != nil {
		if t.Limit = int(*b.Limit); t.Limit < 1 || t.Limit > maxTop {
			f.add("limit", "limit must lie between 1 and %d", maxTop)
		}
	}
	f.sortMetric(b.SortMetric, metrics, &t)
	return t
}

func (f *findings) sortMetric(w *wireSort, metrics []string, t *Top) {
	if w == nil {
		if len(metrics) > 1 {
			f.add("sortMetric", "sortMetric is missing; of several metrics it says by which %s orders", t.Type)
		} else if len(metrics) == 1 {
			t.Metric = metrics[0]
		}
	} else {
		f.unknown("sortMetric", w.Unknown, "name", "function")
		if w.Name == nil || w.Function == nil {
			f.add("sortMetric", "sortMetric needs a name and a function")
			return
		}
		t.Metric = f.figure("sortMetric.name", "name", *w.Name)
		t.Function = oneOf(f, "sortMetric.function", *w.Function, Average, Count, Maximum, Minimum, Total)
	}
	if t.Metric == "oServiceLevel" {
		f.add("sortMetric.name", "groups are not ordered by oServiceLevel; order by one of the metrics that it is made of: %s", strings.Join(Parts(t.Metric), ", "))
	}
}
