package query

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Aggregations as they stand on the wire.
type (
	wireAggregation struct {
		Type      *string        `json:"type"`
		Dimension *string        `json:"dimension"`
		Metric    *string        `json:"metric"`
		Size      *int           `json:"size"`
		Ranges    []wireRange    `json:"ranges"`
		Unknown   jsontext.Value `json:",embed"`
	}
)

// Bounds of aggregations: the default size is our choice, since the platform tells none; the others bound the work.
const (
	defaultTerms    = 10
	maxTerms        = 1000
	maxAggregations = 20
	maxRanges       = 100
)

func (f *findings) aggregations(list []wireAggregation) []Aggregation {
	if len(list) > maxAggregations {
		f.add("aggregations", "the request has more than %d aggregations; ask in several requests", maxAggregations)
		return nil
	}
	var out []Aggregation
	for i, w := range list {
		out = append(out, f.aggregation(fmt.Sprintf("aggregations[%d]", i), w))
	}
	return out
}

func (f *findings) aggregation(path string, w wireAggregation) Aggregation {
	f.unknown(path, w.Unknown, "type", "dimension", "metric", "size", "ranges")
	a := Aggregation{Type: f.aggregationType(path, w)}
	switch {
	case a.Type == TermFrequency && w.Dimension == nil:
		f.add(path+".dimension", "%s is a termFrequency and needs a dimension", path)
	case a.Type == TermFrequency:
		a.Dimension = f.aggregated(path+".dimension", *w.Dimension, false)
		a.Size = f.size(path, w.Size)
	case w.Metric == nil:
		f.add(path+".metric", "%s is a numericRange and needs a metric", path)
	default:
		a.Dimension = f.aggregated(path+".metric", *w.Metric, true)
		a.Ranges = f.ranges(path, w.Ranges)
	}
	return a
}

// aggregationType is what it says, or what follows from its members.
func (f *findings) aggregationType(path string, w wireAggregation) AggregationType {
	if w.Type == nil {
		if w.Metric != nil && w.Dimension == nil {
			return NumericRange
		}
		return TermFrequency
	}
	return oneOf(f, path+".type", *w.Type, TermFrequency, NumericRange)
}

// aggregated finds a dimension or metric by name among all kinds; where two have it, the segment's is meant.
func (f *findings) aggregated(path, name string, metric bool) Dimension {
	var allowed []string
	for _, kind := range []Kind{OfSegment, OfConversation, OfEvaluation, OfSurvey, OfResolution} {
		if d, ok := find(kind, name, metric); ok {
			return d
		}
		for _, n := range names(kind, metric) {
			if !slices.Contains(allowed, n) { // some belong to several kinds
				allowed = append(allowed, n)
			}
		}
	}
	f.value(path, name, allowed, strings.TrimSpace(didYouMean(name, allowed)))
	return Dimension{}
}

func (f *findings) size(path string, size *int) int {
	if size == nil {
		return defaultTerms
	}
	if *size < 1 || *size > maxTerms {
		f.add(path+".size", "%s.size must lie between 1 and %d", path, maxTerms)
	}
	return *size
}

func (f *findings) ranges(path string, list []wireRange) []RangeCount {
	if len(list) == 0 || len(list) > maxRanges {
		f.add(path+".ranges", "%s is a numericRange and needs between 1 and %d ranges", path, maxRanges)
		return nil
	}
	var out []RangeCount
	for i, w := range list {
		at := fmt.Sprintf("%s.ranges[%d]", path, i)
		out = append(out, f.rangeCount(at, w))
	}
	return out
}

func (f *findings) rangeCount(at string, w wireRange) RangeCount {
	f.unknown(at, w.Unknown, "gte", "lt")
	if len(w.Gt) > 0 || len(w.Lte) > 0 {
		f.add(at, "%s has gt or lte; the ranges of an aggregation have gte and lt", at)
	}
	return RangeCount{Gte: f.bound(at+".gte", w.Gte), Lt: f.bound(at+".lt", w.Lt)}
}

func (f *findings) bound(path string, raw jsontext.Value) *float64 {
	if len(raw) == 0 || raw.Kind() == 'n' {
		return nil
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(textOf(raw)), 64)
	if err != nil || v != v {
		f.add(path, "%s must be a number", path)
	}
	return &v
}
