package enginetest

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/query"
)

// object is a JSON object, read without any schema.
type object = map[string]any

// item is what a filter looks at: under "conversation", "participant", "session", "segment", "evaluation", "survey" and
// "resolution" the object of that name, where there is one.
type item struct {
	record conversation.Record
	parts  object
}

// itemsOf cuts a record into the items of each kind, made of what fits the schema.
func itemsOf(t *testing.T, r conversation.Record) map[query.Kind][]item {
	t.Helper()
	c, _ := fitting(parseAny(t, r.JSON), reflect.TypeFor[conversation.Conversation]())
	out := map[query.Kind][]item{query.OfConversation: {{r, object{"conversation": c}}}}
	add := func(kind query.Kind, parts object) { out[kind] = append(out[kind], item{r, parts}) }
	for _, p := range list(c, "participants") {
		for _, s := range list(p, "sessions") {
			for _, g := range list(s, "segments") {
				add(query.OfSegment, object{"participant": p, "session": s, "segment": g})
			}
		}
	}
	for kind, part := range map[query.Kind]string{query.OfEvaluation: "evaluation", query.OfSurvey: "survey", query.OfResolution: "resolution"} {
		for _, e := range list(c, part+"s") {
			add(kind, object{part: e})
		}
	}
	return out
}

func list(in any, name string) []any {
	o, _ := in.(object)
	l, _ := o[name].([]any)
	return l
}

// values gives what an item has in a dimension: texts, truths, numbers, or times.
func (it item) values(d query.Dimension) []any {
	switch {
	case it.parts == nil:
		return nil
	case d.Name == "conversationId":
		return []any{string(it.record.ID)}
	case d.Name == "conversationStart":
		return []any{it.record.Start}
	case d.Name == "conversationEnd" && it.record.End.IsZero():
		return nil
	case d.Name == "conversationEnd":
		return []any{it.record.End}
	case d.Name == "tConversationDuration":
		return milliseconds(it.record.Start, it.record.End)
	case d.Name == "tSegmentDuration":
		return milliseconds(timeOf(walk(it.parts, "segment", "segmentStart")), timeOf(walk(it.parts, "segment", "segmentEnd")))
	case d.Kind == query.OfConversation && d.Metric:
		return it.metric(d.Name)
	}
	found := walk(it.parts, place(d.Kind, d.Name)...)
	if d.Type != query.Instant {
		return found
	}
	if t := timeOf(found); !t.IsZero() {
		return []any{t}
	}
	return nil
}

// walk follows a path and gives what is at its end; "name[]" goes into each element. Nothing is there in place of null
// and empty text.
func walk(in any, path ...string) []any {
	if len(path) == 0 {
		if in == nil || in == "" {
			return nil
		}
		return []any{in}
	}
	head, rest := path[0], path[1:]
	name, each := strings.CutSuffix(head, "[]")
	o, _ := in.(object)
	if !each {
		return walk(o[name], rest...)
	}
	var out []any
	for _, e := range list(in, name) {
		out = append(out, walk(e, rest...)...)
	}
	return out
}

func timeOf(found []any) (t time.Time) {
	if len(found) == 1 {
		text, _ := found[0].(string)
		t, _ = conversation.ParseTime(text)
	}
	return t
}

func milliseconds(start, end time.Time) []any {
	if start.IsZero() || end.IsZero() {
		return nil
	}
	return []any{float64(int64(end.Sub(start) / time.Millisecond))}
}

// metric gives what a conversation emitted under a name: of o* each value, of t* and n* the sum.
func (it item) metric(name string) (all []any) {
	sum := 0.0
	for _, p := range list(it.parts["conversation"], "participants") {
		for _, s := range list(p, "sessions") {
			for _, m := range list(s, "metrics") {
				if m := m.(object); m["name"] == name {
					all = append(all, m["value"])
					sum += m["value"].(float64)
				}
			}
		}
	}
	if len(all) > 0 && name[0] != 'o' {
		return []any{sum}
	}
	return all
}

// satisfies says whether for each filter there is an item that makes it true.
func (r given) satisfies(filters []query.Filter) bool {
	for _, f := range filters {
		if !slices.ContainsFunc(r.items[f.Kind], func(it item) bool { return it.makesTrue(f) }) {
			return false
		}
	}
	return true
}

func (it item) makesTrue(f query.Filter) bool {
	truths := it.truths(f.Predicates)
	for _, c := range f.Clauses {
		truths = append(truths, joined(c.Type, it.truths(c.Predicates)))
	}
	return joined(f.Type, truths)
}

func (it item) truths(list []query.Predicate) (out []bool) {
	for _, p := range list {
		out = append(out, it.answers(p))
	}
	return out
}

func joined(how query.Junction, truths []bool) bool {
	if how == query.And {
		return !slices.Contains(truths, false)
	}
	return slices.Contains(truths, true)
}

// answers a predicate.
func (it item) answers(p query.Predicate) bool {
	exists, matches := false, false
	if p.Property == "" {
		values := it.values(p.Dimension)
		exists = len(values) > 0
		matches = slices.ContainsFunc(values, func(v any) bool { return compares(p, v) })
	} else {
		for _, e := range list(it.parts["segment"], "properties") {
			name, _ := e.(object)["property"].(string)
			typ, _ := e.(object)["propertyType"].(string)
			text, _ := e.(object)["value"].(string)
			if strings.ToLower(name) == p.Property && strings.ToLower(typ) == p.PropertyType {
				exists = true
				matches = matches || compares(p, readAs(p.Dimension.Type, text))
			}
		}
	}
	return map[query.Operator]bool{query.Exists: exists, query.NotExists: !exists, query.Matches: matches}[p.Operator]
}

// readAs reads the value of a property; nil if it cannot be read.
func readAs(typ query.Type, text string) any {
	switch typ {
	case query.Truth:
		return map[string]any{"true": true, "false": false}[strings.ToLower(text)]
	case query.Number:
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			return v
		}
		return nil
	case query.Instant:
		if t, err := conversation.ParseTime(text); err == nil {
			return t
		}
		return nil
	default:
		if text == "" {
			return nil
		}
		return text
	}
}

// compares a value with what a predicate asks for.
func compares(p query.Predicate, v any) bool {
	switch v := v.(type) {
	case bool:
		return v == p.Truth
	case float64:
		return within(p.Range, v)
	case time.Time:
		return within(p.Range, float64(v.UnixMicro())/1000)
	case string:
		text := strings.ToLower(v)
		switch {
		case text == p.Text:
			return true
		case p.Dimension.Type == query.Phone:
			return p.Digits != "" && query.Digits(v) == p.Digits
		case p.Dimension.Type != query.Email:
			return false
		case p.Partial && strings.Index(text, p.Text) == 0:
			return true
		}
		parts := strings.Split(text, "@")
		last := len(parts) - 1
		return last > 0 && (parts[last] == p.Text || strings.Join(parts[:last], "@") == p.Text)
	}
	return false
}

func within(r query.Range, v float64) bool {
	return !(r.Gt != nil && v <= *r.Gt || r.Gte != nil && v < *r.Gte || r.Lt != nil && v >= *r.Lt || r.Lte != nil && v > *r.Lte)
}

// facet is the naive answer to an aggregation over records.
func facet(a query.Aggregation, records []given) query.Facet {
	out := query.Facet{Aggregation: a}
	terms := make(map[string]int64)
	counts := make([]int64, len(a.Ranges))
	for _, r := range records {
		for _, it := range r.items[a.Dimension.Kind] {
			for _, v := range it.values(a.Dimension) {
				terms[written(v)]++
				for i, x := range a.Ranges {
					if n, ok := v.(float64); ok && within(query.Range{Gte: x.Gte, Lt: x.Lt}, n) {
						counts[i]++
					}
				}
			}
		}
	}
	for i, x := range a.Ranges {
		out.Count += counts[i]
		out.Entries = append(out.Entries, query.Entry{Range: x, Count: counts[i]})
	}
	if a.Type == query.TermFrequency {
		values := slices.Sorted(maps.Keys(terms))
		slices.SortStableFunc(values, func(v, w string) int { return cmp.Compare(terms[w], terms[v]) })
		for i, v := range values {
			if out.Count += terms[v]; i < a.Size {
				out.Entries = append(out.Entries, query.Entry{Value: v, Count: terms[v]})
			}
		}
	}
	return out
}

// written is a value as an entry shows it.
func written(v any) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return v.(string)
}
