package duck

import (
	"slices"
	"strconv"
	"strings"

	"github.com/parley-hq/parley/internal/query"
)

// The custom properties of a segment lie in three lists in step: names, types, values. For filters that ask of them these
// are put together once a row, in the forms that are asked for, and not in each condition: to plan 500 conditions that
// did so took DuckDB 11 s, and it cannot be interrupted while it plans.
const (
	lowerNames = "list_transform(property_names, lambda x: lower(x))"
	lowerTypes = "list_transform(property_types, lambda x: lower(x))"
)

// propertyForms are the columns that conditions on properties read.
var propertyForms = []struct{ name, of string }{
	{"property_keys", "list_zip(" + lowerNames + ", " + lowerTypes + ")"},
	{"property_texts", "list_zip(" + lowerNames + ", " + lowerTypes + ", list_transform(property_values, lambda x: lower(x)))"},
	{"property_numbers", "list_zip(" + lowerNames + ", " + lowerTypes + ", list_transform(property_values, lambda x: " + readNumber("x") + "))"},
	{"property_instants", "list_zip(" + lowerNames + ", " + lowerTypes + ", list_transform(property_values, lambda x: " + milliseconds(readInstant("x")) + "))"},
}

// formsIn gives the columns that a condition reads, each after a comma.
func formsIn(condition fragment) string {
	var columns strings.Builder
	for _, f := range propertyForms {
		if strings.Contains(condition.text, f.name) {
			columns.WriteString(", " + f.of + " AS " + f.name)
		}
	}
	return columns.String()
}

// propertied is satisfying for filters that ask of custom properties. Hardly any segment has one: where every filter
// needs one, the others are left out first. The conditions stand in no WHERE, where DuckDB compares each with each.
func propertied(rows fragment, p *pass, conditions []fragment) fragment {
	every := make([]fragment, len(conditions))
	for i, c := range conditions {
		every[i] = concat("bool_or(", c, ")")
	}
	if !slices.ContainsFunc(p.filters, func(f query.Filter) bool { return !needsProperty(f) }) {
		rows = concat(rows, " AND property_names IS NOT NULL")
	}
	having := allOf(every...)
	return concat("SELECT conversation_id FROM (SELECT *"+formsIn(having)+" ", rows, ") GROUP BY conversation_id HAVING ", having) //nolint:unqueryvet // the columns that are not read are not fetched
}

// property asks of the custom properties of a segment.
func property(p query.Predicate) fragment {
	if p.Operator == query.Matches {
		return propertyValue(p)
	}
	has := sqlText("coalesce(list_contains(property_keys, row(?::VARCHAR, ?::VARCHAR)), FALSE)", p.Property, p.PropertyType)
	if p.Operator == query.NotExists {
		return concat("NOT ", has)
	}
	return has
}

func propertyValue(p query.Predicate) fragment {
	switch p.Field.Type {
	case query.Truth:
		return propertyText(p, strconv.FormatBool(p.Truth))
	case query.Number:
		return propertyRange("property_numbers", p)
	case query.Instant:
		return propertyRange("property_instants", p)
	default:
		if p.Text == "" { // a property with an empty value has none
			return anyOf()
		}
		return propertyText(p, p.Text)
	}
}

func propertyText(p query.Predicate, text string) fragment {
	return sqlText("list_contains(property_texts, row(?::VARCHAR, ?::VARCHAR, ?::VARCHAR))", p.Property, p.PropertyType, text)
}

func propertyRange(column string, p query.Predicate) fragment {
	same := []fragment{sqlText("x[1] = ?", p.Property), sqlText("x[2] = ?", p.PropertyType), within("x[3]", p.Range)}
	return concat("len(list_filter("+column+", lambda x: ", allOf(same...), ")) > 0")
}

func isProperty(p query.Predicate) bool {
	return p.Field.Name == query.Property.Name && p.Field.Column == ""
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
