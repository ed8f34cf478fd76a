package query

import (
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/conversation/dimension"
)

// Kind is what a filter looks at: the conversation itself, or the items of one of its lists.
type Kind string

// The kinds of filters, named as the request names them. An item of a segment filter is a segment with the members of
// its session, flow and participant joined in.
const (
	OfConversation Kind = "conversationFilters"
	OfSegment      Kind = "segmentFilters"
	OfEvaluation   Kind = "evaluationFilters"
	OfSurvey       Kind = "surveyFilters"
	OfResolution   Kind = "resolutionFilters"
	// OfEmission is what the filter of an aggregate looks at: a metric that a session emitted.
	OfEmission Kind = "filter"
)

// Kinds lists those of which a query of conversations has filters.
func Kinds() []Kind { return []Kind{OfConversation, OfSegment, OfEvaluation, OfSurvey, OfResolution} }

// Items is what the items are that filters of this kind look at.
func (k Kind) Items() dimension.Kind {
	switch k {
	case OfSegment:
		return dimension.Segment
	case OfEvaluation:
		return dimension.Evaluation
	case OfSurvey:
		return dimension.Survey
	case OfResolution:
		return dimension.Resolution
	case OfEmission:
		return dimension.Emission
	default:
		return dimension.Conversation
	}
}

// Junction joins the parts of a filter or a clause.
type Junction string

// The junctions.
const (
	And Junction = "and"
	Or  Junction = "or"
)

// Filter is a boolean expression over one item. A conversation satisfies it when at least one of its items of the kind
// makes the whole expression true: predicates and clauses of one filter hold together on one segment, different
// filters may be met by different segments. That is what the vendor's samples need (blog, 7 February 2018, on
// disconnecting queued interactions); that the clauses of one filter hold on one segment too is our choice.
type Filter struct {
	Kind       Kind
	Type       Junction
	Predicates []Predicate
	Clauses    []Clause
}

// Clause is an expression within a filter; it has no clauses of its own.
type Clause struct {
	Type       Junction
	Predicates []Predicate
}

// Operator is how a predicate asks.
type Operator string

// The operators. NotExists is asked of an item: "there is a segment without it", not "no segment has it".
const (
	Matches   Operator = "matches"
	Exists    Operator = "exists"
	NotExists Operator = "notExists"
)

// Predicate asks one thing of one dimension, metric or custom property of an item. Which of the members below count follows
// from the operator and the type; the decoder has made them ready to be compared.
type Predicate struct {
	Dimension Dimension
	Operator  Operator

	Text    string // Text, Email, Phone: in lower case
	Digits  string // Phone: the number without tel:, + and punctuation; empty when there is no number in it
	Partial bool   // Email, in jobs: a beginning matches too
	Truth   bool   // Truth
	Range   Range  // Number, Instant (milliseconds since 1970)

	// Property is the name of a custom property, in lower case, and PropertyType its type; both only when Dimension is
	// Property. Type tells how its value compares.
	Property     string
	PropertyType string
}

// Range is what a number must lie in; nil bounds nothing.
type Range struct{ Gt, Gte, Lt, Lte *float64 }

// Contains says whether v lies in the range.
func (r Range) Contains(v float64) bool {
	return (r.Gt == nil || v > *r.Gt) && (r.Gte == nil || v >= *r.Gte) && (r.Lt == nil || v < *r.Lt) && (r.Lte == nil || v <= *r.Lte)
}

// Holds evaluates the filter over one item, of which test answers the predicates.
func (f Filter) Holds(test func(Predicate) bool) bool {
	for _, p := range f.Predicates {
		if test(p) == (f.Type == Or) {
			return f.Type == Or
		}
	}
	for _, c := range f.Clauses {
		if c.holds(test) == (f.Type == Or) {
			return f.Type == Or
		}
	}
	return f.Type == And
}

func (c Clause) holds(test func(Predicate) bool) bool {
	for _, p := range c.Predicates {
		if test(p) == (c.Type == Or) {
			return c.Type == Or
		}
	}
	return c.Type == And
}

// Comparisons is how many predicates a filter counts as. Texts of one dimension that are joined by or count as one: they are
// compared as a list.
func (f Filter) Comparisons() int {
	n := comparisons(f.Type, f.Predicates)
	for _, c := range f.Clauses {
		n += comparisons(c.Type, c.Predicates)
	}
	return n
}

func comparisons(j Junction, list []Predicate) (n int) {
	lists := map[string]bool{}
	for _, p := range list {
		if j == Or && p.Operator == Matches && p.Dimension.Type == Text && p.Dimension.Name != Property.Name {
			lists[p.Dimension.Name] = true
			continue
		}
		n++
	}
	return n + len(lists)
}

// Aggregation asks how often the values of a dimension or metric occur among everything that the query selects.
// Conversations are counted for what a conversation says of itself, metrics of conversations included; items otherwise. The
// platform does not say what it counts.
type Aggregation struct {
	Type      AggregationType
	Dimension Dimension
	Size      int          // termFrequency: values at most, the most frequent first
	Ranges    []RangeCount // numericRange
}

// AggregationType is one of two.
type AggregationType string

// The types of aggregations.
const (
	TermFrequency AggregationType = "termFrequency"
	NumericRange  AggregationType = "numericRange"
)

// RangeCount is one range of a numericRange, [Gte, Lt); nil bounds nothing.
type RangeCount struct{ Gte, Lt *float64 }

// Facet is the answer to an aggregation.
type Facet struct {
	Aggregation Aggregation
	Count       int64 // over all values, or all ranges
	Entries     []Entry
}

// Entry is one value, or one range, in the order asked for, with how often it occurs. Values of a termFrequency come most
// frequent first, ties by value.
type Entry struct {
	Value string
	Range RangeCount
	Count int64
}

// OnlyOf is the query confined to conversations that a user took part in.
func (q Query) OnlyOf(user string) Query {
	i := slices.IndexFunc(Dimensions(OfSegment), func(f Dimension) bool { return f.Name == "userId" })
	mine := Predicate{Dimension: Dimensions(OfSegment)[i], Operator: Matches, Text: strings.ToLower(user)}
	q.Filters = append(slices.Clone(q.Filters), Filter{Kind: OfSegment, Type: And, Predicates: []Predicate{mine}})
	return q
}
