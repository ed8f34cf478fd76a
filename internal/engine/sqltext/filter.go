package sqltext

import (
	"slices"
	"strconv"

	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/query"
)

func itoa(n int) string { return strconv.Itoa(n) }

// tables are where the items of each kind of filter lie, one a row.
var tables = map[query.Kind]lake.Table{
	query.OfConversation: lake.Conversations, query.OfSegment: lake.Segments, query.OfEvaluation: lake.Evaluations,
	query.OfSurvey: lake.Surveys, query.OfResolution: lake.Resolutions,
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

// predicates gives the conditions that a junction joins. Texts that are asked of one column one after another, as
// clients do with hundreds of ids, become one condition: an OR of 500 took seconds where the list takes 24 ms.
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
		column := list[i].Field
		var texts []any
		var rest []query.Predicate
		for _, p := range list[i:] {
			if isText(p) && p.Field.Column == column.Column {
				texts = append(texts, p.Text)
			} else {
				rest = append(rest, p)
			}
		}
		parts = append(parts, s.oneOf(column, texts))
		list = rest
	}
	return parts
}

// isText says whether a predicate compares a text column for equality. An empty text is left to predicate.
func isText(p query.Predicate) bool {
	return p.Operator == query.Matches && p.Field.Type == query.Text && p.Field.Column != "" && p.Text != ""
}

// oneOf is the condition that a column is one of some texts, without regard to case.
func (s items) oneOf(f query.Field, texts []any) Text {
	switch {
	case f.List:
		return Of(s.dialect.Overlaps(s.lower(f.Column), len(texts)), texts...)
	case len(texts) == 1:
		return Of("lower("+f.Column+") = ?", texts...)
	}
	return Of(s.dialect.OneOf("lower("+f.Column+")", len(texts)), texts...)
}

// lower is a list of texts in lower case.
func (s items) lower(list string) string { return s.dialect.Map(list, "lower(x)") }

// predicate is the condition for one predicate.
func (s items) predicate(p query.Predicate) Text {
	switch {
	case isProperty(p):
		return s.property(p)
	case p.Field.Column == "":
		return s.metrics.predicate(p)
	case p.Operator == query.Exists:
		return Of(s.exists(p.Field))
	case p.Operator == query.NotExists:
		return Of("NOT " + s.exists(p.Field))
	case isText(p):
		return s.oneOf(p.Field, []any{p.Text})
	case p.Field.List:
		return s.some(p.Field.Column, allOf(Of(given(p.Field, "x")), s.matches("x", p)))
	}
	return s.matches(p.Field.Column, p)
}

// some is the condition that another one holds of an element of a list.
func (s items) some(list string, condition Text) Text {
	return Of(s.dialect.Some(list, condition.SQL), condition.Args...)
}

// exists is the condition that a field has a value; never null.
func (s items) exists(f query.Field) string {
	if !f.List {
		return "(" + f.Column + " IS NOT NULL)"
	}
	return "(" + f.Column + " IS NOT NULL AND " + s.dialect.Some(f.Column, given(f, "x")) + ")"
}

// given is the condition that an element of a list is a value. Lists that are made from one array of the record stay
// in step, and so have an empty text where an element lacks the member; elsewhere an empty text is null.
func given(f query.Field, x string) string {
	if f.Type == query.Number {
		return x + " IS NOT NULL"
	}
	return x + " <> ''"
}
