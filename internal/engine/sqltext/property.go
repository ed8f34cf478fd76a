package sqltext

import (
	"slices"
	"strconv"
	"strings"

	"github.com/parley-hq/parley/internal/query"
)

// The custom properties of a segment lie in three lists in step: names, types, values. For filters that ask of them these
// are put together once a row, in the forms that are asked for, and not in each expression: to plan 500 expressions that
// did so took DuckDB 11 s, and it cannot be interrupted while it plans.
var propertyForms = []struct {
	name   string
	values func(Dialect) string // nil: the form is of names and types alone
}{
	{"property_keys", nil},
	{"property_texts", func(d Dialect) string { return d.Map("property_values", "lower(x)") }},
	{"property_numbers", func(d Dialect) string { return d.Map("property_values", d.Number("x")) }},
	{"property_instants", func(d Dialect) string { return d.Map("property_values", d.Milliseconds(d.Instant("x"))) }},
}

// formsIn gives the columns that an expression reads, each after a comma.
func (s items) formsIn(expression Text) string {
	var columns strings.Builder
	for _, f := range propertyForms {
		if !strings.Contains(expression.SQL, f.name) {
			continue
		}
		lists := []string{s.lower("property_names"), s.lower("property_types")}
		if f.values != nil {
			lists = append(lists, f.values(s.dialect))
		}
		columns.WriteString(", " + s.dialect.Zip(lists...) + " AS " + f.name)
	}
	return columns.String()
}

// propertied is satisfying for filters that ask of custom properties. Hardly any segment has one: where every filter
// needs one, the others are left out first. The expressions stand in no WHERE, where DuckDB compares each with each.
func (s items) propertied(rows Text, p *pass, expressions []Text) Text {
	every := make([]Text, len(expressions))
	for i, c := range expressions {
		every[i] = Concat("bool_or(", c, ")")
	}
	if !slices.ContainsFunc(p.filters, func(f query.Filter) bool { return !needsProperty(f) }) {
		rows = Concat(rows, " AND property_names IS NOT NULL")
	}
	having := allOf(every...)
	return Concat("SELECT conversation_id FROM (SELECT *"+s.formsIn(having)+" ", rows, ") GROUP BY conversation_id HAVING ", having) //nolint:unqueryvet // the columns that are not read are not fetched
}

// property asks of the custom properties of a segment.
func (s items) property(p query.Predicate) Text {
	if p.Operator == query.Matches {
		return s.propertyValue(p)
	}
	has := Of("coalesce("+s.dialect.HasTuple("property_keys", 2)+", FALSE)", p.Property, p.PropertyType)
	if p.Operator == query.NotExists {
		return Concat("NOT ", has)
	}
	return has
}

func (s items) propertyValue(p query.Predicate) Text {
	switch p.Dimension.Type {
	case query.Truth:
		return s.propertyText(p, strconv.FormatBool(p.Truth))
	case query.Number:
		return s.propertyRange("property_numbers", p)
	case query.Instant:
		return s.propertyRange("property_instants", p)
	default:
		if p.Text == "" { // a property with an empty value has none
			return anyOf()
		}
		return s.propertyText(p, p.Text)
	}
}

func (s items) propertyText(p query.Predicate, text string) Text {
	return Of(s.dialect.HasTuple("property_texts", 3), p.Property, p.PropertyType, text)
}

func (s items) propertyRange(column string, p query.Predicate) Text {
	same := []Text{Of("x[1] = ?", p.Property), Of("x[2] = ?", p.PropertyType), within("x[3]", p.Range)}
	return s.some(column, allOf(same...))
}

func isProperty(p query.Predicate) bool {
	return p.Dimension.Name == query.Property.Name && p.Dimension.Column == ""
}

// asksProperty says whether a filter asks of a custom property.
func asksProperty(f query.Filter) bool {
	return slices.ContainsFunc(f.Predicates, isProperty) ||
		slices.ContainsFunc(f.Clauses, func(c query.Clause) bool { return slices.ContainsFunc(c.Predicates, isProperty) })
}

// needsProperty says whether only a segment with custom properties can satisfy a filter.
func needsProperty(f query.Filter) bool {
	var parts []bool
	for _, p := range f.Predicates {
		parts = append(parts, isProperty(p) && p.Operator != query.NotExists)
	}
	for _, c := range f.Clauses {
		parts = append(parts, needsProperty(query.Filter{Type: c.Type, Predicates: c.Predicates}))
	}
	if f.Type == query.Or {
		return !slices.Contains(parts, false)
	}
	return slices.Contains(parts, true)
}
