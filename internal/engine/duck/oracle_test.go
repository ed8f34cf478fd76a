package duck_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/query"
)

// The oracle answers from the JSON of the records alone: it finds the value of a dimension by the words that Dimension.From
// has for people, and knows neither columns nor typed conversations.
type (
	object = map[string]any
	known  struct {
		conversation.Record
		items map[query.Kind][]object // members by the names that From uses
	}
)

func know(tb testing.TB, r conversation.Record) known {
	tb.Helper()
	var c object
	if err := json.Unmarshal(r.JSON, &c); err != nil {
		tb.Fatal(err)
	}
	k := known{r, map[query.Kind][]object{query.OfConversation: {{"conversation": c}}}}
	for kind, name := range map[query.Kind]string{query.OfEvaluation: "evaluation", query.OfSurvey: "survey", query.OfResolution: "resolution"} {
		for _, o := range objects(c[name+"s"]) {
			k.items[kind] = append(k.items[kind], object{name: o})
		}
	}
	for _, p := range objects(c["participants"]) {
		for _, s := range objects(p["sessions"]) {
			for _, g := range objects(s["segments"]) {
				k.items[query.OfSegment] = append(k.items[query.OfSegment], object{"participant": p, "session": s, "segment": g})
			}
			k.items["metrics"] = append(k.items["metrics"], objects(s["metrics"])...)
		}
	}
	return k
}

func objects(list any) (out []object) {
	elements, _ := list.([]any)
	for _, e := range elements {
		out = append(out, e.(object))
	}
	return out
}

// values are those of a dimension in an item.
func (k known) values(f query.Dimension, item object) []any {
	switch {
	case strings.Contains(f.From, "session.metrics[]"):
		return k.metric(f)
	case f.Name == "tConversationDuration":
		return span(item["conversation"].(object), "conversationStart", "conversationEnd")
	case f.Name == "tSegmentDuration":
		return span(item["segment"].(object), "segmentStart", "segmentEnd")
	}
	from, _, _ := strings.Cut(f.From, ";")
	var out []any
	for _, v := range walk(item, strings.Split(from, ".")) {
		if f.Type == query.Instant {
			if v = instant(v); v == nil {
				continue
			}
		}
		if v != "" {
			out = append(out, v)
		}
	}
	return out
}

func (k known) metric(f query.Dimension) []any {
	var out []any
	sum, some := 0.0, false
	for _, m := range k.items["metrics"] {
		if m["name"] == f.Name {
			out = append(out, m["value"])
			sum, some = sum+m["value"].(float64), true
		}
	}
	if some && !f.List {
		return []any{sum}
	}
	return out
}

func walk(v any, path []string) []any {
	if v == nil {
		return nil
	}
	if len(path) == 0 {
		return []any{v}
	}
	name, isList := strings.CutSuffix(path[0], "[]")
	next := v.(object)[name]
	if !isList {
		return walk(next, path[1:])
	}
	var out []any
	elements, _ := next.([]any)
	for _, e := range elements {
		out = append(out, walk(e, path[1:])...)
	}
	return out
}

// instant is milliseconds, to the microsecond that the lake keeps.
func instant(v any) any {
	at, err := conversation.ParseTime(v.(string))
	if err != nil || at.IsZero() {
		return nil
	}
	return float64(at.UnixMicro()) / 1000
}

func span(o object, from, to string) []any {
	if o[from] == nil || o[to] == nil {
		return nil
	}
	return []any{instant(o[to]).(float64) - instant(o[from]).(float64)}
}

// holds is what a predicate says of an item.
func (k known) holds(p query.Predicate, item object) bool {
	var found []any
	if p.Property != "" {
		for _, o := range objects(item["segment"].(object)["properties"]) {
			name, _ := o["property"].(string)
			typ, _ := o["propertyType"].(string)
			text, _ := o["value"].(string)
			if strings.ToLower(name) != p.Property || strings.ToLower(typ) != p.PropertyType {
				continue
			}
			if v := readText(p.Dimension.Type, text); v != nil || p.Operator != query.Matches {
				found = append(found, v)
			}
		}
	} else {
		found = k.values(p.Dimension, item)
	}
	switch p.Operator {
	case query.Exists:
		return len(found) > 0
	case query.NotExists:
		return len(found) == 0
	default:
		return slices.ContainsFunc(found, func(v any) bool { return equals(p, v) })
	}
}

func readText(t query.Type, text string) any {
	switch t {
	case query.Number:
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			return v
		}
		return nil
	case query.Instant:
		return instant(text)
	case query.Truth:
		if low := strings.ToLower(text); low == "true" || low == "false" {
			return low == "true"
		}
	default:
		if text != "" {
			return text
		}
	}
	return nil
}

func equals(p query.Predicate, v any) bool {
	switch p.Dimension.Type {
	case query.Truth:
		return v == p.Truth
	case query.Number, query.Instant:
		return p.Range.Contains(v.(float64))
	case query.Phone:
		return strings.ToLower(v.(string)) == p.Text || p.Digits != "" && query.Digits(v.(string)) == p.Digits
	case query.Email:
		text := strings.ToLower(v.(string))
		at := strings.LastIndex(text, "@")
		return text == p.Text || p.Partial && strings.HasPrefix(text, p.Text) || at >= 0 && (text[:at] == p.Text || text[at+1:] == p.Text)
	default:
		return strings.ToLower(v.(string)) == p.Text
	}
}

// selects says whether the query selects the conversation.
func (k known) selects(q query.Query) bool {
	return q.Matches(k.Start, k.End) && !slices.ContainsFunc(q.Filters, func(f query.Filter) bool {
		return !slices.ContainsFunc(k.items[f.Kind], func(item object) bool {
			return f.Holds(func(p query.Predicate) bool { return k.holds(p, item) })
		})
	})
}

// facet is the answer to an aggregation over selected records.
func facet(records []known, a query.Aggregation) query.Facet {
	f := query.Facet{Aggregation: a}
	counts := map[string]int64{}
	for _, r := range a.Ranges {
		f.Entries = append(f.Entries, query.Entry{Range: r})
	}
	for _, k := range records {
		for _, item := range k.items[a.Dimension.Kind] {
			for _, v := range k.values(a.Dimension, item) {
				if a.Type == query.TermFrequency {
					f.Count++
					counts[write(a.Dimension.Type, v)]++
				}
				for i, r := range a.Ranges {
					if (query.Range{Gte: r.Gte, Lt: r.Lt}).Contains(v.(float64)) {
						f.Entries[i].Count++
						f.Count++
					}
				}
			}
		}
	}
	for v, n := range counts {
		f.Entries = append(f.Entries, query.Entry{Value: v, Count: n})
	}
	if a.Type == query.TermFrequency {
		slices.SortFunc(f.Entries, func(a, b query.Entry) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
		})
		f.Entries = f.Entries[:min(a.Size, len(f.Entries))]
	}
	return f
}

func write(t query.Type, v any) string {
	if v, ok := v.(float64); ok && t == query.Instant {
		return conversation.FormatTime(time.UnixMicro(int64(v * 1000)))
	} else if ok {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// asker makes random questions, about values that some record has and others.
type asker struct {
	*rand.Rand
	records []known
}

func one[T any](a asker, from []T) T { return from[a.IntN(len(from))] }

func (a asker) filters() []query.Filter {
	out := make([]query.Filter, a.IntN(4))
	for i := range out {
		kind := one(a, append(query.Kinds(), query.OfSegment, query.OfSegment, query.OfConversation))
		out[i] = query.Filter{Kind: kind, Type: one(a, []query.Junction{query.And, query.Or}), Predicates: a.predicates(kind)}
		for range a.IntN(3) {
			out[i].Clauses = append(out[i].Clauses, query.Clause{Type: one(a, []query.Junction{query.And, query.Or, query.Or}), Predicates: a.predicates(kind)})
		}
	}
	return out
}

func (a asker) predicates(kind query.Kind) []query.Predicate {
	out := make([]query.Predicate, a.IntN(4))
	if a.IntN(20) == 0 {
		out = make([]query.Predicate, 20+a.IntN(30))
	}
	all := query.Dimensions(kind)
	for i := range out {
		if kind == query.OfSegment && a.IntN(4) == 0 {
			out[i] = a.property()
			continue
		}
		f := one(a, all)
		if len(out) > 10 && a.IntN(3) > 0 {
			f = all[0]
		}
		out[i] = a.predicate(f)
	}
	return out
}

// predicate asks of a dimension, mostly for something that is somewhere.
func (a asker) predicate(f query.Dimension) query.Predicate {
	p := query.Predicate{Dimension: f, Operator: one(a, []query.Operator{query.Matches, query.Matches, query.Matches, query.Exists, query.NotExists})}
	if p.Operator != query.Matches {
		return p
	}
	var v any
	for range 8 {
		r := one(a, a.records)
		if items := r.items[f.Kind]; v == nil && len(items) > 0 {
			if found := r.values(f, one(a, items)); len(found) > 0 {
				v = one(a, found)
			}
		}
	}
	return a.operand(p, v)
}

// operand makes the predicate ask for v, or for something near it.
func (a asker) operand(p query.Predicate, v any) query.Predicate {
	switch p.Dimension.Type {
	case query.Truth:
		p.Truth = a.IntN(2) == 0
	case query.Number, query.Instant:
		n, _ := v.(float64)
		n += float64(a.IntN(5)-2) / 2
		m := n + float64(a.IntN(3))
		p.Range = one(a, []query.Range{{Gte: &n, Lte: &n}, {Gt: &n}, {Gte: &n}, {Lt: &n}, {Lte: &n}, {Gte: &n, Lt: &m}, {Gt: &n, Lte: &m}})
	default:
		text, _ := v.(string)
		p.Text = a.variant(p.Dimension.Type, text)
		if p.Dimension.Type == query.Phone {
			p.Digits = query.Digits(p.Text)
		}
		p.Partial = p.Dimension.Type == query.Email && a.IntN(2) == 0
	}
	return p
}

func (a asker) variant(t query.Type, text string) string {
	text = strings.ToLower(text)
	name, domain, _ := strings.Cut(text, "@")
	switch {
	case a.IntN(6) == 0:
		return one(a, []string{"", "@", "x", "%", "'", "tel:", "+1 (317) 555-0100", "a@", "@example.com", "no\x00thing", "ÄÖ"})
	case t == query.Email:
		return one(a, []string{text, name, domain, strings.ToValidUTF8(text[:len(text)/2*a.IntN(2)], ""), name + "@"})
	case t == query.Phone:
		return one(a, []string{text, query.Digits(text), "tel:+" + query.Digits(text), strings.TrimPrefix(text, "tel:")})
	}
	return text
}

// propertyTypes are as the decoder has them.
var propertyTypes = map[string]query.Type{"bool": query.Truth, "integer": query.Number, "real": query.Number, "date": query.Instant, "string": query.Text, "uuid": query.Text}

func (a asker) property() query.Predicate {
	p := query.Predicate{Dimension: query.Property, Property: one(a, []string{"colour", "größe"}), PropertyType: one(a, []string{"bool", "integer", "real", "date", "string", "uuid"})}
	p.Dimension.Type = propertyTypes[p.PropertyType]
	p.Operator = one(a, []query.Operator{query.Matches, query.Matches, query.Matches, query.Exists, query.NotExists})
	if p.Operator == query.Matches {
		return a.operand(p, readText(p.Dimension.Type, one(a, propertyTexts)))
	}
	return p
}

func (a asker) aggregation() query.Aggregation {
	f := one(a, query.Dimensions(one(a, query.Kinds())))
	if !f.Metric {
		return query.Aggregation{Type: query.TermFrequency, Dimension: f, Size: 1 + a.IntN(6)}
	}
	out := query.Aggregation{Type: query.NumericRange, Dimension: f}
	for range 1 + a.IntN(3) {
		low, high := float64(a.IntN(100_000)-1), float64(a.IntN(200_000))+0.5
		out.Ranges = append(out.Ranges, one(a, []query.RangeCount{{Gte: &low, Lt: &high}, {Gte: &low}, {Lt: &high}, {}}))
	}
	return out
}
