package form

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/query"
)

// items are what a card is about, and what a second one of its kind is about.
var items = map[query.Kind][2]string{
	query.OfConversation: {"The conversation itself", "The conversation also"},
	query.OfSegment:      {"One segment of the conversation", "Another segment also, or the same one"},
	query.OfEvaluation:   {"One evaluation", "Another evaluation also, or the same one"},
	query.OfSurvey:       {"One survey", "Another survey also, or the same one"},
	query.OfResolution:   {"One resolution", "Another resolution also, or the same one"},
}

// Item is what the n-th card of a list is about.
func (l List) Item(n int) string { return items[l.Kind][min(n, 1)] }

// Words says what a card asks, on one line. called is what a value is called by people; empty: by itself.
func (c Card) Words(called func(dimension, value string) string) string {
	var all []string
	for _, p := range c.Predicates {
		all = append(all, p.words(called))
	}
	for _, clause := range c.Clauses {
		if words := clause.Words(called); len(clause.Predicates) > 1 {
			all = append(all, "("+words+")")
		} else {
			all = append(all, words)
		}
	}
	joined := ", and "
	if c.Type.Value == "or" {
		joined = ", or "
	}
	return strings.Join(all, joined)
}

func (p Predicate) words(called func(dimension, value string) string) string {
	name := strings.TrimPrefix(p.Name.Value, PropertyPrefix)
	if name == "" {
		name = "(nothing yet)"
	}
	switch p.Is.Value {
	case Has:
		return "there is a " + name
	case HasNot:
		return "there is no " + name
	case Lies:
		return name + " is " + boundsWords(p.Bounds, isInstant(name))
	case Is:
		value := p.Value.Value
		if text := called(name, value); text != "" {
			value = text
		}
		return name + " is " + cmp.Or(value, "…")
	}
	return name + " " + p.Is.Value + " " + p.Value.Value
}

// isInstant says whether a name is that of a time, whose bounds are milliseconds since 1970.
func isInstant(name string) bool {
	return slices.ContainsFunc(query.Kinds(), func(k query.Kind) bool {
		return slices.ContainsFunc(query.Dimensions(k), func(d query.Dimension) bool { return d.Name == name && d.Type == query.Instant })
	})
}

var limitWords = map[string]string{"gte": "at least ", "gt": "more than ", "lt": "less than ", "lte": "at most "}

func boundsWords(bounds []Field, instants bool) string {
	var all []string
	for _, b := range bounds {
		value := b.Value
		if ms, err := strconv.ParseInt(value, 10, 64); err == nil && instants {
			value = time.UnixMilli(ms).UTC().Format("2 Jan 2006 15:04:05.999") + " UTC"
		}
		if value != "" {
			all = append(all, limitWords[b.Name[strings.LastIndexByte(b.Name, '.')+1:]]+value)
		}
	}
	if len(all) == 0 {
		return "within bounds that are not given yet"
	}
	return strings.Join(all, " and ")
}
