package enginetest

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/parley-hq/parley/internal/query"
)

// filters asks filtered questions and aggregations by chance.
func (s *suite) filters(t *testing.T) {
	for range s.part(s.filtered) {
		s.checkSmall(t, s.filteredQuestion())
		if t.Failed() {
			return // the next would most likely say the same
		}
	}
}

// slow is the share from which on not even every dimension is asked for, but one in so many as the share is larger.
const slow = 8

// some are the dimensions that are asked for.
func (s *suite) some(all []query.Dimension) []query.Dimension {
	return slices.DeleteFunc(slices.Clone(all), func(query.Dimension) bool { return s.rand.IntN(max(1, int(s.share)/slow)) > 0 })
}

// eachDimension asks, of every dimension, how often each value occurs.
func (s *suite) eachDimension(t *testing.T) {
	for _, kind := range query.Kinds() {
		for some := range slices.Chunk(s.some(query.Dimensions(kind)), 20) {
			q := everything()
			for _, f := range some {
				q.aggregations = append(q.aggregations, s.aggregationOf(f, s.itemWith(f)))
			}
			s.checkSmall(t, q)
		}
	}
}

// filteredQuestion has filters, aggregations, or both.
func (s *suite) filteredQuestion() question {
	q := s.question()
	if s.rand.IntN(4) > 0 {
		q.Interval = everything().Interval
	}
	filters, aggregations := pick(s, 1, 1, 1, 2, 3), pick(s, 1, 2, 3)
	switch s.rand.IntN(6) {
	case 0:
		filters = 0
	case 1:
		filters = 1
	default:
		aggregations = 0
	}
	for range filters {
		q.Filters = append(q.Filters, s.filter())
	}
	for range aggregations {
		q.aggregations = append(q.aggregations, s.aggregation())
	}
	return q
}

// filter is about the values of one item most of the time, so that some conversation satisfies it.
func (s *suite) filter() query.Filter {
	kind := s.kind()
	f := query.Filter{Kind: kind, Type: pick(s, query.And, query.And, query.Or)}
	about := s.item(kind)
	f.Predicates = s.predicates(kind, about, pick(s, 0, 1, 1, 2, 3))
	for range pick(s, 0, 0, 1, 2) {
		f.Clauses = append(f.Clauses, query.Clause{Type: pick(s, query.And, query.Or), Predicates: s.predicates(kind, about, 1+s.rand.IntN(3))})
	}
	if len(f.Predicates)+len(f.Clauses) == 0 {
		f.Predicates = s.predicates(kind, about, 1)
	}
	return f
}

// kind is any kind, and most of the time one of which there are items.
func (s *suite) kind() query.Kind {
	kinds := append(query.Kinds(), query.OfSegment, query.OfSegment, query.OfConversation)
	for range 5 {
		if kind := pick(s, kinds...); s.item(kind).parts != nil {
			return kind
		}
	}
	return pick(s, kinds...)
}

// item is any item of a kind; one without anything if there is none.
func (s *suite) item(kind query.Kind) item {
	for range 10 {
		if len(s.records) == 0 {
			break
		}
		if items := s.records[s.rand.IntN(len(s.records))].items[kind]; len(items) > 0 {
			return items[s.rand.IntN(len(items))]
		}
	}
	return item{}
}

func (s *suite) predicates(kind query.Kind, about item, n int) (out []query.Predicate) {
	for range n {
		of := about
		if s.rand.IntN(8) == 0 {
			of = s.item(kind)
		}
		out = append(out, s.predicate(kind, of))
	}
	return out
}

func (s *suite) predicate(kind query.Kind, about item) query.Predicate {
	operator := pick(s, query.Matches, query.Matches, query.Matches, query.Matches, query.Matches, query.Exists, query.NotExists)
	if kind == query.OfSegment && s.rand.IntN(7) == 0 {
		return s.property(operator, about)
	}
	if operator == query.NotExists {
		about = item{} // most of what the item says would make it false
	}
	p := query.Predicate{Dimension: s.dimension(kind, about), Operator: operator}
	if operator == query.Matches {
		s.operand(&p, about.values(p.Dimension))
	}
	return p
}

// dimension is any dimension, and most of the time one in which the item has a value. Metrics of conversations are many and
// dimensions few: every second one is a dimension. Most dimensions of segments are texts: all types get their turn.
func (s *suite) dimension(kind query.Kind, about item) (f query.Dimension) {
	metric := s.rand.IntN(2) == 0
	typ := pick(s, query.Text, query.Text, query.Truth, query.Number, query.Instant, query.Email, query.Phone)
	all := query.Dimensions(kind)
	for range 200 {
		f = all[s.rand.IntN(len(all))]
		if kind == query.OfConversation && f.Metric != metric || kind == query.OfSegment && f.Type != typ {
			continue
		}
		if about.parts == nil || len(about.values(f)) > 0 || s.rand.IntN(100) == 0 {
			break
		}
	}
	return f
}

// propertyTypes are how custom properties of each type compare.
var propertyTypes = map[string]query.Type{
	"bool": query.Truth, "integer": query.Number, "real": query.Number, "date": query.Instant, "string": query.Text, "uuid": query.Text,
}

func (s *suite) property(operator query.Operator, about item) query.Predicate {
	p := query.Predicate{Dimension: query.Property, Operator: operator, Property: pick(s, "size", "größe", "nothing"), PropertyType: pick(s, "bool", "integer", "real", "date", "string", "uuid")}
	var values []any
	if all := list(about.parts["segment"], "properties"); len(all) > 0 && s.rand.IntN(4) > 0 {
		e := all[s.rand.IntN(len(all))].(object)
		name, _ := e["property"].(string)
		typ, _ := e["propertyType"].(string)
		if _, known := propertyTypes[strings.ToLower(typ)]; known && name != "" { // no predicate can ask for one without a name
			p.Property, p.PropertyType = strings.ToLower(name), strings.ToLower(typ)
		}
		text, _ := e["value"].(string)
		if v := readAs(propertyTypes[p.PropertyType], text); v != nil {
			values = []any{v}
		}
	}
	p.Dimension.Type = propertyTypes[p.PropertyType]
	if operator == query.Matches {
		s.operand(&p, values)
	}
	return p
}

// operand asks for one of the values, for something near it, or for something that occurs nowhere.
func (s *suite) operand(p *query.Predicate, values []any) {
	var v any
	if len(values) > 0 && s.rand.IntN(12) > 0 {
		v = values[s.rand.IntN(len(values))]
	}
	switch p.Dimension.Type {
	case query.Truth:
		if p.Truth = s.rand.IntN(2) == 0; v != nil && s.rand.IntN(8) > 0 {
			p.Truth = v.(bool)
		}
	case query.Number:
		n, _ := v.(float64)
		p.Range = s.rangeAbout(n)
	case query.Instant:
		at, _ := v.(time.Time)
		if v == nil {
			at = epoch
		}
		p.Range = s.rangeAbout(float64(at.UnixMicro()) / 1000)
	default:
		text, _ := v.(string)
		switch {
		case v == nil:
			text = pick(s, "Nowhere", "no'where", "no%", "_", "12345678", "nobody@nowhere.example", "", "5")
		case p.Dimension.Type == query.Email:
			text = s.partOfEmail(text)
			p.Partial = s.rand.IntN(2) == 0
		case p.Dimension.Type == query.Phone:
			text = s.formOfPhone(text)
		case s.rand.IntN(15) == 0:
			text = text[:len(text)-1] + "x" // near it, and perhaps no letter any more
		}
		p.Text = strings.ToLower(s.anyCase(strings.ToValidUTF8(text, "")))
	}
	if p.Dimension.Type == query.Phone {
		p.Digits = query.Digits(p.Text)
	}
}

// rangeAbout is a range with bounds at a number or a little off it, seldom on the wrong side; or that number alone.
func (s *suite) rangeAbout(v float64) query.Range {
	bound := func(side float64) *float64 {
		if s.rand.IntN(2) == 0 {
			return nil
		}
		return new(v + side*pick(s, 0, 0, 0, 0.5, 1, 1000, -0.5))
	}
	if r := (query.Range{Gt: bound(-1), Gte: bound(-1), Lt: bound(1), Lte: bound(1)}); r != (query.Range{}) && s.rand.IntN(2) == 0 {
		return r
	}
	return query.Range{Gte: &v, Lte: &v}
}

func (s *suite) partOfEmail(text string) string {
	at := strings.LastIndexByte(text, '@')
	parts := []string{text, text[:at+1], text[at+1:], text[at+1:], string([]rune(text)[:1+s.rand.IntN(len([]rune(text)))])}
	if at > 0 {
		first, _, _ := strings.Cut(text, "@")
		parts = append(parts, text[:at], text[:at], first)
	}
	if part := pick(s, parts...); part != "" {
		return part
	}
	return text
}

func (s *suite) formOfPhone(text string) string {
	digits := query.Digits(text)
	if digits == "" || s.rand.IntN(4) == 0 {
		return text
	}
	return pick(s, digits, "+"+digits, "tel:+"+digits, digits[:2]+" ("+digits[2:]+")", digits[1:], "x"+digits)
}

// anyCase writes a text in letters of either case.
func (s *suite) anyCase(text string) string {
	return strings.Map(func(r rune) rune {
		if s.rand.IntN(2) == 0 {
			return unicode.ToUpper(r)
		}
		return r
	}, text)
}

// aggregation is over any dimension or metric of any kind.
func (s *suite) aggregation() query.Aggregation {
	kind := s.kind()
	about := s.item(kind)
	return s.aggregationOf(s.dimension(kind, about), about)
}

// aggregationOf counts terms of a dimension, and of a metric ranges about the item's value.
func (s *suite) aggregationOf(f query.Dimension, about item) query.Aggregation {
	if !f.Metric {
		return query.Aggregation{Type: query.TermFrequency, Dimension: f, Size: pick(s, 1, 3, 10, 1000)}
	}
	a := query.Aggregation{Type: query.NumericRange, Dimension: f}
	for range 1 + s.rand.IntN(4) {
		v := 0.0
		if values := about.values(f); len(values) > 0 {
			v = pick(s, values...).(float64)
		}
		r := s.rangeAbout(v)
		a.Ranges = append(a.Ranges, query.RangeCount{Gte: r.Gte, Lt: r.Lt})
	}
	return a
}

// itemWith is an item that has a value in the dimension, if there is one.
func (s *suite) itemWith(f query.Dimension) item {
	for _, r := range s.records {
		for _, it := range r.items[f.Kind] {
			if len(it.values(f)) > 0 {
				return it
			}
		}
	}
	return item{}
}
