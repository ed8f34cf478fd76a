package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/fault"
)

// clause is a condition on a row: on a column of it, or made of parts, all of which must hold, or either.
type clause struct {
	parts  []clause
	either bool
	column column.Column
	holds  func(value any) bool // of the column; nil where there are parts
}

// wireClause is a clause as either dialect writes it: {"type":"and","clauses":[...]} and {"type":"field","path":...}, or
// {"and":[...]} and {"dimension":...}.
type wireClause struct {
	Type      *string          `json:"type"`
	Clauses   []jsontext.Value `json:"clauses"`
	And       []jsontext.Value `json:"and"`
	Or        []jsontext.Value `json:"or"`
	Path      *string          `json:"path"`
	Dimension *string          `json:"dimension"`
	Metric    *string          `json:"metric"`
	Operator  *string          `json:"operator"`
	Value     jsontext.Value   `json:"value"`
	Unknown   jsontext.Value   `json:",embed"`
}

// inner is what a clause is made of: parts, or the name of a column.
type inner struct {
	parts  []jsontext.Value
	either bool   // one of the parts suffices
	name   string // empty where there are parts
	member string // that has the parts or the name
}

// shape reads a clause of one dialect.
type shape func(d *decoder, field string, w wireClause) inner

// asynchronousClauses are those of asynchronous reports.
func asynchronousClauses(d *decoder, field string, w wireClause) inner {
	kind := "field"
	if w.Type != nil {
		kind = strings.ToLower(*w.Type)
	} else if w.Clauses != nil {
		kind = "and"
	}
	switch kind {
	case "and", "or":
		if w.Path != nil || w.Operator != nil {
			d.add(field, "%s: a clause of type %s has clauses, and no path", field, kind)
		}
		if w.Clauses == nil {
			d.add(field+".clauses", "%s.clauses is missing; write a list, which may be empty", field)
		}
		return inner{parts: w.Clauses, either: kind == "or", member: ".clauses"}
	case "field":
		if w.Path == nil {
			d.add(field+".path", "%s.path is missing; write the name of a column", field)
			return inner{}
		}
		return inner{name: *w.Path, member: ".path"}
	}
	d.add(field+".type", "%s.type: %s is no type of a clause; write and, or, field", field, fault.Clip(*w.Type))
	return inner{}
}

// pagedClauses are those of paged reports.
func pagedClauses(d *decoder, field string, w wireClause) inner {
	switch {
	case w.And != nil && w.Or != nil:
		d.add(field, "%s has and, and or; nest one in the other", field)
	case w.And != nil:
		return inner{parts: w.And, member: ".and"}
	case w.Or != nil:
		return inner{parts: w.Or, either: true, member: ".or"}
	case w.Dimension != nil:
		return inner{name: *w.Dimension, member: ".dimension"}
	case w.Metric != nil:
		return inner{name: *w.Metric, member: ".metric"}
	default:
		d.add(field, "%s needs and, or, or a dimension with operator and value", field)
	}
	return inner{}
}

// clauses reads the filter of a request. An empty one is none.
func (d *decoder) clauses(text jsontext.Value, of shape, per column.Per) *clause {
	if members := bodyOf(text); text.Kind() == '{' && len(members) == 0 {
		return nil
	}
	left := maxClauses
	c := d.clause("filter", text, of, per, maxDepth, &left)
	return &c
}

func (d *decoder) clause(field string, text jsontext.Value, of shape, per column.Per, depth int, left *int) (c clause) {
	var w wireClause
	if text.Kind() != '{' || json.Unmarshal(text, &w) != nil {
		wrong := "is " + jsonKind(text)
		if text.Kind() == '{' {
			wrong = "has a member of the wrong type"
		}
		d.add(field, "%s must be an object that is a clause, and %s", field, wrong)
		return c
	}
	if *left--; *left < 0 || depth == 0 {
		if *left == -1 || depth == 0 {
			d.add(field, "%s: a filter has at most %d clauses, nested at most %d deep", field, maxClauses, maxDepth)
		}
		return c
	}
	in := of(d, field, w)
	if in.name == "" {
		c = clause{either: in.either, parts: []clause{}}
		for i, part := range in.parts {
			c.parts = append(c.parts, d.clause(field+in.member+"["+strconv.Itoa(i)+"]", part, of, per, depth-1, left))
		}
		return c
	}
	sel, err := column.Parse(field+in.member, per, []string{in.name})
	if d.report(err); err != nil {
		return c
	}
	c.column = sel.Columns[0].Column
	c.holds = d.comparison(field, w, sel.Columns[0])
	return c
}

// operators are what a clause can ask of a column.
var operators = []string{"eq", "ne", "gt", "gte", "lt", "lte", "in", "exists"}

// comparison reads operator and value of a clause. A row that lacks the value is what ne, and exists with false, take.
func (d *decoder) comparison(field string, w wireClause, c column.Selected) func(any) bool {
	operator := "eq"
	if w.Operator != nil {
		operator = *w.Operator
	}
	if operator == "exists" {
		wanted := true
		if w.Value != nil && json.Unmarshal(w.Value, &wanted) != nil {
			d.add(field+".value", "%s.value: exists takes true or false, or nothing, which means true", field)
		}
		return func(v any) bool { return (v != nil) == wanted }
	}
	if !slices.Contains(operators, operator) {
		d.add(field+".operator", "%s.operator: %s is no operator; write one of %s", field, fault.Clip(operator), strings.Join(operators, ", "))
		return nil
	}
	if c.Type == column.Map || c.Source == (column.AllAttributes{}) {
		d.add(field, "%s: %s is a map, which exists or not; a condition on one key is on attributes.custom.KEY", field, fault.Clip(c.Name))
		return nil
	}
	ordered := c.Type != column.Truth && c.Type != column.Texts && c.Type != column.Numbers
	if !ordered && operator != "eq" && operator != "ne" && operator != "in" {
		d.add(field+".operator", "%s.operator: %s is a %s, which has no order; write eq, ne, in or exists", field, fault.Clip(c.Name), c.Type)
		return nil
	}
	values := d.values(field+".value", operator == "in", w.Value, c)
	if values == nil {
		return nil
	}
	return holding(operator, values)
}

// values reads what a clause compares with, in the type of the column.
func (d *decoder) values(field string, several bool, text jsontext.Value, c column.Selected) (values []any) {
	texts := []jsontext.Value{text}
	switch {
	case text == nil || text.Kind() == 'n':
		d.add(field, "%s is missing; for rows that lack %s, the operator is exists with the value false", field, fault.Clip(c.Name))
		return nil
	case several:
		if json.Unmarshal(text, &texts) != nil || len(texts) == 0 || len(texts) > maxValues {
			d.add(field, "%s: in takes a list of 1 to %d values", field, maxValues)
			return nil
		}
	}
	for _, t := range texts {
		v, err := valueOf(t, c.Type)
		if err != "" {
			d.add(field, "%s: %s is compared with %s, and this is %s", field, fault.Clip(c.Name), err, jsonKind(t))
			return nil
		}
		values = append(values, v)
	}
	return values
}

// valueOf reads a value to compare those of a column with; where it is of another type, it says of which it must be.
func valueOf(text jsontext.Value, t column.Type) (v any, wants string) {
	switch t {
	case column.Number, column.Decimal, column.Numbers:
		var n float64
		return decoded(text, &n, "a number")
	case column.Truth:
		var is bool
		return decoded(text, &is, "true or false")
	case column.Instant:
		var at string
		if _, wants := decoded(text, &at, "a time with its zone, such as 2026-11-01T00:00:00.000Z"); wants != "" {
			return nil, wants
		}
		instant, err := Zoned(at)
		if err != nil {
			return nil, "a time with its zone, such as 2026-11-01T00:00:00.000Z"
		}
		return instant, ""
	default:
		var s string
		return decoded(text, &s, "text")
	}
}

func decoded[T any](text jsontext.Value, into *T, wants string) (any, string) {
	if json.Unmarshal(text, into) != nil {
		return nil, wants
	}
	return *into, ""
}

// holding makes the condition of an operator. Of a list, one element that is equal suffices.
func holding(operator string, values []any) func(any) bool {
	equal := func(v any) bool {
		return slices.ContainsFunc(values, func(want any) bool { return compare(v, want) == 0 })
	}
	switch operator {
	case "eq", "in":
		return equal
	case "ne":
		return func(v any) bool { return !equal(v) }
	}
	within := map[string]func(int) bool{
		"gt": func(n int) bool { return n == 1 }, "gte": func(n int) bool { return n == 0 || n == 1 },
		"lt": func(n int) bool { return n == -1 }, "lte": func(n int) bool { return n == 0 || n == -1 },
	}[operator]
	return func(v any) bool { return within(compare(v, values[0])) }
}

// none is what comparing gives for a value that is absent: neither equal, nor before, nor behind.
const none = 2

// compare is -1, 0 or 1 as a value of a column lies before, at or behind another; none where it is absent. Of a list it is 0
// if one element is the other.
func compare(v, want any) int {
	switch v := v.(type) {
	case string:
		return strings.Compare(v, want.(string))
	case int64:
		return cmp.Compare(float64(v), want.(float64))
	case float64:
		return cmp.Compare(v, want.(float64))
	case time.Time:
		return v.Compare(want.(time.Time))
	case bool:
		if v == want.(bool) {
			return 0
		}
	case []string:
		if slices.Contains(v, want.(string)) {
			return 0
		}
	case []int64:
		if slices.ContainsFunc(v, func(n int64) bool { return float64(n) == want.(float64) }) {
			return 0
		}
	}
	return none
}

// compiled makes the condition on a row of what is read of a clause. None holds always.
func (c *clause) compiled(p *plan) func([]any) bool {
	if c == nil {
		return func([]any) bool { return true }
	}
	if c.holds != nil {
		at := p.need(c.column)
		return func(row []any) bool { return c.holds(row[at]) }
	}
	parts := make([]func([]any) bool, len(c.parts))
	for i := range c.parts {
		parts[i] = c.parts[i].compiled(p)
	}
	return func(row []any) bool {
		for _, holds := range parts {
			if holds(row) == c.either {
				return c.either
			}
		}
		return !c.either || len(parts) == 0
	}
}
