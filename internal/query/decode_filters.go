package query

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// Filters as they stand on the wire. What is lenient here is what clients in the wild send: a missing type or
// operator, null beside exists, numbers and truth values where a text belongs, enum values in any case.
type (
	wireFilter struct {
		Type       *string         `json:"type"`
		Predicates []wirePredicate `json:"predicates"`
		Clauses    []wireClause    `json:"clauses"`
		Unknown    jsontext.Value  `json:",embed"`
	}
	wireClause struct {
		Type       *string         `json:"type"`
		Predicates []wirePredicate `json:"predicates"`
		Unknown    jsontext.Value  `json:",embed"`
	}
	wirePredicate struct {
		Type         *string        `json:"type"`
		Dimension    *string        `json:"dimension"`
		Metric       *string        `json:"metric"`
		Property     *string        `json:"property"`
		PropertyType *string        `json:"propertyType"`
		Operator     *string        `json:"operator"`
		Value        jsontext.Value `json:"value"`
		Range        *wireRange     `json:"range"`
		Unknown      jsontext.Value `json:",embed"`
	}
	wireRange struct {
		Gt      jsontext.Value `json:"gt"`
		Gte     jsontext.Value `json:"gte"`
		Lt      jsontext.Value `json:"lt"`
		Lte     jsontext.Value `json:"lte"`
		Unknown jsontext.Value `json:",embed"`
	}
)

// Limits on the size of a request's expression: no source gives them, and something has to bound the work.
const (
	maxPredicates = 2000 // of a whole request; clients send lists of a few hundred ids
	// maxComparisons bounds Filter.Comparisons of a whole request, and with it filters and clauses, which have one at least.
	// DuckDB takes a second to plan 200 of the worst, and hours for 2,000 (decision 0033).
	maxComparisons = 200
	maxValue       = 4096 // bytes
)

// value adds a finding in the platform's words for a value that is none of the allowed.
func (f *findings) value(path, value string, allowed []string, hint string) {
	message := fmt.Sprintf("Value [%s] is not valid for field type [%s]"+allowable+"%s", fault.Clip(value), path[strings.LastIndexByte(path, '.')+1:], strings.Join(allowed, ", "))
	if hint != "" {
		message += ". " + hint
	}
	f.report(&fault.Error{Kind: fault.Invalid, Code: "invalid.value", Field: path, Message: message})
}

// unknown finds members that do not belong: ignoring one could change the meaning of the request.
func (f *findings) unknown(path string, members jsontext.Value, allowed ...string) {
	var m map[string]jsontext.Value
	if json.Unmarshal(members, &m) != nil {
		return // there are none
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if f.full() {
			return
		}
		f.add(join(path, fault.Clip(name)), "%s is not a member of %s, which has: %s.%s", fault.Clip(name), path, strings.Join(allowed, ", "), didYouMean(name, allowed))
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// filters decodes the filters of one kind.
func (f *findings) filters(kind Kind, list []wireFilter) []Filter {
	var out []Filter
	for i, w := range list {
		if f.full() {
			return out
		}
		out = append(out, f.filterOf(kind, fmt.Sprintf("%s[%d]", kind, i), w)...)
	}
	return out
}

// filterOf decodes a filter, of which there is none if it says nothing or findings are many.
func (f *findings) filterOf(kind Kind, path string, w wireFilter) []Filter {
	f.unknown(path, w.Unknown, "type", "predicates", "clauses")
	parts := len(w.Predicates) + len(w.Clauses)
	if parts == 0 {
		f.add(path, "%s has neither predicates nor clauses and would select nothing in particular; leave it out", path)
		return nil
	}
	filter := Filter{Kind: kind, Type: f.junction(path, w.Type, parts), Predicates: f.predicatesOf(kind, path, w.Predicates)}
	for j, c := range w.Clauses {
		if f.full() {
			return nil
		}
		at := fmt.Sprintf("%s.clauses[%d]", path, j)
		f.unknown(at, c.Unknown, "type", "predicates")
		if len(c.Predicates) == 0 {
			f.add(at+".predicates", "%s needs predicates", at)
		}
		filter.Clauses = append(filter.Clauses, Clause{f.junction(at, c.Type, len(c.Predicates)), f.predicatesOf(kind, at, c.Predicates)})
	}
	f.boundComparisons(path, filter)
	return []Filter{filter}
}

// boundComparisons refuses the filter with which a request has too many predicates.
func (f *findings) boundComparisons(path string, filter Filter) {
	n := filter.Comparisons()
	if f.comparisons <= maxComparisons && f.comparisons+n > maxComparisons {
		f.add(path, "the request has more than %d predicates; ask in several requests. Values of one text dimension, joined by or, count as one: "+
			"write them as predicates of one filter or clause", maxComparisons)
	}
	f.comparisons += n
}

// junction reads the type of a filter or clause, which may be left out where it makes no difference.
func (f *findings) junction(path string, text *string, parts int) Junction {
	if text == nil {
		if parts > 1 {
			f.add(path+".type", "%s.type is missing; say how its parts are joined: and, or", path)
		}
		return And
	}
	for _, j := range []Junction{And, Or} {
		if strings.EqualFold(*text, string(j)) {
			return j
		}
	}
	f.value(path+".type", *text, []string{"and", "or"}, "")
	return And
}

func (f *findings) predicatesOf(kind Kind, path string, list []wirePredicate) []Predicate {
	var out []Predicate
	for i, w := range list {
		if f.predicates++; f.predicates == maxPredicates+1 {
			f.add(path+".predicates", "the request has more than %d predicates; ask in several requests", maxPredicates)
		}
		if f.predicates > maxPredicates || f.full() {
			return out
		}
		out = append(out, f.predicate(kind, fmt.Sprintf("%s.predicates[%d]", path, i), w))
	}
	return out
}

// predicate decodes one predicate.
func (f *findings) predicate(kind Kind, path string, w wirePredicate) Predicate {
	f.unknown(path, w.Unknown, "type", "dimension", "metric", "property", "propertyType", "operator", "value", "range")
	d, ok := f.dimension(kind, path, w)
	p := Predicate{Dimension: d, Operator: f.operator(path, w.Operator)}
	if !ok {
		return p
	}
	if d.Name == Property.Name {
		p.Property, p.PropertyType = strings.ToLower(*w.Property), f.propertyType(path, w.PropertyType, &p.Dimension)
	}
	if p.Operator != Matches {
		return p // a value beside exists means nothing: official samples send null there
	}
	f.operand(path, w, &p)
	return p
}

// dimension finds out what the predicate asks of.
func (f *findings) dimension(kind Kind, path string, w wirePredicate) (Dimension, bool) {
	given := map[string]*string{"dimension": w.Dimension, "metric": w.Metric, "property": w.Property}
	what := f.predicateType(path, w.Type, given)
	if what == "" {
		return Dimension{}, false
	}
	name := given[what]
	for _, other := range []string{"dimension", "metric", "property"} {
		if other != what && given[other] != nil {
			f.add(path+"."+other, "%s has a %s and a %s; a predicate asks of one dimension, metric or property", path, what, other)
			return Dimension{}, false
		}
	}
	if what == "property" {
		if kind != OfSegment || *name == "" {
			f.add(path+".property", "property predicates need a name, and belong in %s", OfSegment)
			return Dimension{}, false
		}
		return Property, true
	}
	d, ok := find(kind, *name, what == "metric")
	switch {
	case ok:
	case kind == OfEmission && what == "metric":
		f.add(path+"."+what, "%s asks of a metric; filters of aggregates ask of dimensions, and views of ranges of values", path)
	case kind == OfEmission:
		f.notOfEmissions(path+"."+what, what, *name)
	default:
		f.value(path+"."+what, *name, names(kind, what == "metric"), misplaced(kind, *name, what == "metric"))
	}
	return d, ok
}

// predicateType gives which of the three a predicate is: what it says, or the one that is there.
func (f *findings) predicateType(path string, text *string, given map[string]*string) string {
	all := []string{"dimension", "metric", "property"}
	if text == nil {
		for _, what := range all {
			if given[what] != nil {
				return what
			}
		}
		f.add(path, "%s names no dimension, metric or property", path)
		return ""
	}
	for _, what := range all {
		if !strings.EqualFold(*text, what) {
			continue
		}
		if given[what] == nil {
			f.add(path+"."+what, "%s is of type %s and names none", path, what)
			return ""
		}
		return what
	}
	f.value(path+".type", *text, all, "")
	return ""
}

func (f *findings) operator(path string, text *string) Operator {
	if text == nil {
		return Matches
	}
	for _, o := range []Operator{Matches, Exists, NotExists} {
		if strings.EqualFold(*text, string(o)) {
			return o
		}
	}
	f.value(path+".operator", *text, []string{"matches", "exists", "notExists"}, "There is no substring or negated match")
	return Matches
}

// propertyTypes are the types of custom properties and how they compare.
var propertyTypes = map[string]Type{"bool": Truth, "integer": Number, "real": Number, "date": Instant, "string": Text, "uuid": Text}

func (f *findings) propertyType(path string, text *string, d *Dimension) string {
	name := "string"
	if text != nil {
		name = strings.ToLower(*text)
	}
	t, ok := propertyTypes[name]
	if !ok {
		f.value(path+".propertyType", *text, slices.Sorted(maps.Keys(propertyTypes)), "")
	}
	d.Type = t
	return name
}

// operand reads value or range, of which there must be one.
func (f *findings) operand(path string, w wirePredicate, p *Predicate) {
	hasValue := len(w.Value) > 0 && w.Value.Kind() != 'n'
	switch {
	case hasValue && w.Range != nil:
		f.add(path, "%s has a value and a range; give one of them", path)
	case w.Range != nil:
		f.rangeOf(path+".range", *w.Range, p)
	case !hasValue:
		f.add(path+".value", "%s needs a value or a range, or the operator exists or notExists", path)
	default:
		f.valueOf(path+".value", w.Value, p)
	}
}

func (f *findings) rangeOf(path string, w wireRange, p *Predicate) {
	f.unknown(path, w.Unknown, "gt", "gte", "lt", "lte")
	if p.Dimension.Type != Number && p.Dimension.Type != Instant {
		f.add(path, "%s is no number and has no range; ask for a value", p.Dimension.Name)
		return
	}
	for _, bound := range []struct {
		name string
		raw  jsontext.Value
		to   **float64
	}{{"gt", w.Gt, &p.Range.Gt}, {"gte", w.Gte, &p.Range.Gte}, {"lt", w.Lt, &p.Range.Lt}, {"lte", w.Lte, &p.Range.Lte}} {
		if len(bound.raw) == 0 || bound.raw.Kind() == 'n' {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(textOf(bound.raw)), 64)
		if err != nil || v != v {
			f.add(path+"."+bound.name, "%s.%s must be a number", path, bound.name)
		}
		*bound.to = &v
	}
	if p.Range == (Range{}) {
		f.add(path, "%s bounds nothing; give gt, gte, lt or lte", path)
	}
}

// textOf gives the text that a value stands for: strings without their quotes, numbers and truth values as written.
func textOf(v jsontext.Value) string {
	if v.Kind() == '"' {
		var s string
		if json.Unmarshal(v, &s, jsontext.AllowInvalidUTF8(true)) == nil {
			return s
		}
	}
	return string(v)
}

func (f *findings) valueOf(path string, raw jsontext.Value, p *Predicate) {
	if k := raw.Kind(); k == '{' || k == '[' {
		f.add(path, "%s must be one text; for several values write several predicates joined by or", path)
		return
	}
	text := textOf(raw)
	if len(text) > maxValue {
		f.add(path, "%s is longer than %d bytes", path, maxValue)
		return
	}
	p.Text = strings.ToLower(text)
	switch p.Dimension.Type {
	case Truth:
		if p.Truth = p.Text == "true"; !p.Truth && p.Text != "false" {
			f.value(path, text, []string{"true", "false"}, "")
		}
	case Number:
		v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil || v != v {
			f.add(path, "%s must be a number", path)
		}
		p.Range = Range{Gte: &v, Lte: &v}
	case Instant:
		at, err := conversation.ParseTime(text)
		if err != nil {
			f.report(&fault.Error{Kind: fault.Invalid, Code: "invalid.date", Field: path, Message: "Dates must be specified as ISO-8601 strings. For example: yyyy-MM-ddTHH:mm:ss.SSSZ"})
		}
		ms := float64(at.UnixMicro()) / 1000
		p.Range = Range{Gte: &ms, Lte: &ms}
	case Phone:
		p.Digits = Digits(text)
	case Email:
		p.Partial = f.partial
	case Text:
	}
}

// Digits gives the number in a text without tel:, + and punctuation; empty if it is no telephone number: something
// else than digits and their punctuation is in it, or fewer than three digits.
func Digits(text string) string {
	text = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(text)), "tel:")
	var b strings.Builder
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case !strings.ContainsRune("+-.() /", r):
			return ""
		}
	}
	if b.Len() < 3 {
		return ""
	}
	return b.String()
}

func names(kind Kind, metric bool) []string {
	var out []string
	for _, f := range dimensions[kind] {
		if f.Metric == metric {
			out = append(out, f.Name)
		}
	}
	return out
}
