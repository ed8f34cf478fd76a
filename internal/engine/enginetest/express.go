package enginetest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/parley-hq/parley/internal/query"
)

func (q question) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "matching %d of %v, %s by %s, limit %d, offset %d", q.Matching, q.Interval, q.Order, q.OrderBy, q.limit, q.offset)
	for _, f := range q.Filters {
		fmt.Fprintf(&b, "\n  %s: %s", f.Kind, expression(f))
	}
	for _, a := range q.aggregations {
		fmt.Fprintf(&b, "\n  %s of %s %s, size %d, ranges%s", a.Type, a.Dimension.Kind, a.Dimension.Name, a.Size, ranges(a.Ranges))
	}
	return b.String()
}

// expression writes a filter for people.
func expression(f query.Filter) string {
	parts := predicates(f.Predicates)
	for _, c := range f.Clauses {
		parts = append(parts, "("+strings.Join(predicates(c.Predicates), " "+string(c.Type)+" ")+")")
	}
	return strings.Join(parts, " "+string(f.Type)+" ")
}

func predicates(list []query.Predicate) (out []string) {
	for _, p := range list {
		out = append(out, predicate(p))
	}
	return out
}

func predicate(p query.Predicate) string {
	name := p.Dimension.Name
	if p.Property != "" {
		name = fmt.Sprintf("property %q of type %s", p.Property, p.PropertyType)
	}
	switch {
	case p.Operator != query.Matches:
		return name + " " + string(p.Operator)
	case p.Dimension.Type == query.Truth:
		return fmt.Sprintf("%s = %t", name, p.Truth)
	case p.Dimension.Type == query.Number, p.Dimension.Type == query.Instant:
		return name + " in" + bounds(p.Range)
	case p.Dimension.Type == query.Phone:
		return fmt.Sprintf("%s = %q or its digits %q", name, p.Text, p.Digits)
	case p.Dimension.Type == query.Email && p.Partial:
		return fmt.Sprintf("%s = or begins with %q", name, p.Text)
	}
	return fmt.Sprintf("%s = %q", name, p.Text)
}

func bounds(r query.Range) (out string) {
	for _, b := range []struct {
		sign  string
		bound *float64
	}{{">", r.Gt}, {">=", r.Gte}, {"<", r.Lt}, {"<=", r.Lte}} {
		if b.bound != nil {
			out += " " + b.sign + strconv.FormatFloat(*b.bound, 'f', -1, 64)
		}
	}
	return out
}

func ranges(list []query.RangeCount) (out string) {
	for _, r := range list {
		out += " [" + strings.TrimSpace(bounds(query.Range{Gte: r.Gte, Lt: r.Lt})) + "]"
	}
	return out
}

// facetText writes a facet so that equal ones are equal texts.
func facetText(f query.Facet) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of %s %s: %d", f.Aggregation.Type, f.Aggregation.Dimension.Kind, f.Aggregation.Dimension.Name, f.Count)
	for _, x := range f.Entries {
		fmt.Fprintf(&b, ", %q%s %d", x.Value, ranges([]query.RangeCount{x.Range}), x.Count)
	}
	return b.String()
}
