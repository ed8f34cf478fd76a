package query

import (
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/conversation/dimension"
)

// Type is how the values of a dimension compare with what a request asks.
type Type = dimension.Type

// The types.
const (
	Text    = dimension.Text
	Truth   = dimension.Truth
	Number  = dimension.Number
	Instant = dimension.Instant
	Email   = dimension.Email
	Phone   = dimension.Phone
)

// Dimension is what a predicate can ask of an item, and an aggregation can count: a dimension or, with the same members, a
// metric.
type Dimension struct {
	Kind   Kind
	Name   string // as the request names it
	Type   Type
	Metric bool
	List   bool   // several values: any of them matches
	From   string // where the value comes from in the record, for people
	Column string // column of the flat table that has it; empty for metrics of conversations
}

// Property stands for the dimension in predicates about custom properties of segments; their name and type are in the predicate.
var Property = Dimension{Kind: OfSegment, Name: "property", Type: Text, List: true, From: "segment.properties[]"}

// Dimensions lists the dimensions and metrics of a kind, in order of name, dimensions first.
func Dimensions(kind Kind) []Dimension { return dimensions[kind] }

// find gives the dimension or metric of a kind with a name.
func find(kind Kind, name string, metric bool) (Dimension, bool) {
	i := slices.IndexFunc(dimensions[kind], func(f Dimension) bool { return f.Name == name && f.Metric == metric })
	if i < 0 {
		return Dimension{}, false
	}
	return dimensions[kind][i], true
}

// dimensions holds what can be asked of: the lines of the list that have a name.
var dimensions = func() map[Kind][]Dimension {
	all := map[Kind][]Dimension{}
	for _, kind := range append(Kinds(), OfEmission) {
		for _, d := range dimension.Of(kind.Items()) {
			if d.Name != "" {
				all[kind] = append(all[kind], Dimension{kind, d.Name, d.Type, d.Metric, d.List(), d.From, d.Column})
			}
		}
		slices.SortFunc(all[kind], func(a, b Dimension) int {
			if a.Metric != b.Metric {
				if a.Metric {
					return 1
				}
				return -1
			}
			return strings.Compare(a.Name, b.Name)
		})
	}
	return all
}()
