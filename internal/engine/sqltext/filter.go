package sqltext

import (
	"slices"
	"strconv"

	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/query"
)

func itoa(n int) string { return strconv.Itoa(n) }

// tableOf says where the items of each kind of filter lie, one a row.
var tableOf = map[query.Kind]tables.Table{
	query.OfConversation: tables.Conversations, query.OfSegment: tables.Segments, query.OfEvaluation: tables.Evaluations,
	query.OfSurvey: tables.Surveys, query.OfResolution: tables.Resolutions,
}

// TableOf is the table that has the values of a dimension or metric.
func TableOf(d query.Dimension) tables.Table {
	if d.Column == "" {
		return tables.Metrics
	}
	return tableOf[d.Kind]
}

// items writes the expression of filters over the rows of a table. Metrics of conversations have no column there; what
// is asked of them is gathered in metrics.
type items struct {
	dialect Dialect
	metrics *metrics
}

// filter is query.Filter.Holds in SQL.
func (s items) filter(f query.Filter) Text {
	parts := s.predicates(f.Type, f.Predicates)
	for _, c := range f.Clauses {
		parts = append(parts, together(c.Type, s.predicates(c.Type, c.Predicates)))
	}
	return together(f.Type, parts)
}

func together(j query.Junction, parts []Text) Text {
	if j == query.Or {
		return anyOf(parts...)
	}
	return allOf(parts...)
}

// predicates gives the expressions that a junction joins. Texts that are asked of one column one after another, as
// clients do with hundreds of ids, become one expression: an OR of 500 took seconds where the list takes 24 ms.
func (s items) predicates(j query.Junction, list []query.Predicate) []Text {
	var parts []Text
	for _, p := range list {
		if j != query.Or || !isText(p) {
			parts = append(parts, s.predicate(p))
		}
	}
	if j != query.Or {
		return parts
	}
	for len(list) > 0 {
		i := slices.IndexFunc(list, isText)
		if i < 0 {
			break
		}
		d := list[i].Dimension
		var texts []any
		var rest []query.Predicate
		for _, p := range list[i:] {
			if isText(p) && p.Dimension.Column == d.Column {
				texts = append(texts, p.Text)
			} else {
				rest = append(rest, p)
			}
		}
		parts = append(parts, s.oneOf(d, texts))
		list = rest
	}
	return parts
}

// isText says whether a predicate compares a text column for equality. An empty text is left to predicate.
func isText(p query.Predicate) bool {
	return p.Operator == query.Matches && p.Dimension.Type == query.Text && p.Dimension.Column != "" && p.Text != ""
}

// oneOf says that a column is one of some texts, without regard to case.
func (s items) oneOf(d query.Dimension, texts []any) Text {
	switch {
	case d.List:
		return Of(s.dialect.Overlaps(s.lower(d.Column), len(texts)), texts...)
	case len(texts) == 1:
		return Of("lower("+d.Column+") = ?", texts...)
	}
	return Of(s.dialect.OneOf("lower("+d.Column+")", len(texts)), texts...)
}

// lower is a list of texts in lower case.
func (s items) lower(list string) string { return s.dialect.Map(list, "lower(x)") }

// predicate answers one predicate.
func (s items) predicate(p query.Predicate) Text {
	switch {
	case isProperty(p):
		return s.property(p)
	case p.Dimension.Column == "":
		return s.metrics.predicate(p)
	case p.Operator == query.Exists:
		return Of(s.exists(p.Dimension))
	case p.Operator == query.NotExists:
		return Of("NOT " + s.exists(p.Dimension))
	case isText(p):
		return s.oneOf(p.Dimension, []any{p.Text})
	case p.Dimension.List:
		return s.some(p.Dimension.Column, allOf(Of(given(p.Dimension, "x")), s.matches("x", p)))
	}
	return s.matches(p.Dimension.Column, p)
}

// some says that an expression holds of an element of a list.
func (s items) some(list string, expression Text) Text {
	return Of(s.dialect.Some(list, expression.SQL), expression.Args...)
}

// exists says whether a dimension has a value; never null.
func (s items) exists(d query.Dimension) string {
	if !d.List {
		return "(" + d.Column + " IS NOT NULL)"
	}
	return "(" + d.Column + " IS NOT NULL AND " + s.dialect.Some(d.Column, given(d, "x")) + ")"
}

// given says that an element of a list is a value. Lists that are made from one array of the record stay
// in step, and so have an empty text where an element lacks the member; elsewhere an empty text is null.
func given(d query.Dimension, x string) string {
	if d.Type == query.Number {
		return x + " IS NOT NULL"
	}
	return x + " <> ''"
}
