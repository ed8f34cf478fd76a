package mem

import (
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/query"
)

// filter is a query's made ready: what it looks at, and its answer for one item.
type filter struct {
	kind  query.Kind
	holds test
}

// test answers for one item.
type test func(*item) bool

// compiled makes filters ready.
func compiled(filters []query.Filter) []filter {
	out := make([]filter, len(filters))
	for i, f := range filters {
		out[i] = filter{f.Kind, compile(f)}
	}
	return out
}

// satisfies says whether the conversation satisfies each filter, each by an item of its own.
func (s subject) satisfies(all []filter) bool {
	return !slices.ContainsFunc(all, func(f filter) bool { return !s.has(f) })
}

// has says whether at least one item makes the whole expression true.
func (s subject) has(f filter) bool {
	for it := range s.items(f.kind) {
		if f.holds(it) {
			return true
		}
	}
	return false
}

// compile gives the test that answers as f.Holds does. Done once a question, so that nothing is looked up for each of
// a million segments.
func compile(f query.Filter) test {
	parts := testsOf(f.Type, f.Predicates)
	for _, c := range f.Clauses {
		parts = append(parts, join(c.Type, testsOf(c.Type, c.Predicates)))
	}
	return join(f.Type, parts)
}

func join(how query.Junction, parts []test) test {
	if len(parts) == 1 {
		return parts[0]
	}
	return func(it *item) bool {
		for _, holds := range parts {
			if holds(it) == (how == query.Or) {
				return how == query.Or
			}
		}
		return how == query.And
	}
}

// testsOf gives the tests of some predicates. Texts of one dimension that are joined by or, of which clients send lists of
// hundreds, become one test.
func testsOf(how query.Junction, list []query.Predicate) (tests []test) {
	lists := make(map[string]map[string]bool)
	for _, p := range list {
		if how != query.Or || p.Operator != query.Matches || p.Dimension.Type != query.Text || p.Property != "" {
			tests = append(tests, testOf(p))
			continue
		}
		if lists[p.Dimension.Name] == nil {
			texts := make(map[string]bool)
			lists[p.Dimension.Name] = texts
			tests = append(tests, some(p.Dimension, func(v value) bool { return texts[strings.ToLower(v.text)] }))
		}
		lists[p.Dimension.Name][p.Text] = true
	}
	return tests
}

// testOf gives the test of one predicate.
func testOf(p query.Predicate) test {
	if p.Property != "" {
		return testOfProperty(p)
	}
	exists := some(p.Dimension, func(value) bool { return true })
	switch p.Operator {
	case query.Exists:
		return exists
	case query.NotExists:
		return func(it *item) bool { return !exists(it) }
	default:
		return some(p.Dimension, func(v value) bool { return matches(&p, v) })
	}
}

// some tests whether a dimension has a value that is meant.
func some(d query.Dimension, meant func(value) bool) test {
	get := getters[d.Kind][d.Name]
	return func(it *item) bool { return get(it, meant) }
}

// testOfProperty gives the test of a predicate about custom properties. A property exists by name and type, whatever
// its value; it matches when one of that name and type has a value that can be read and compares.
func testOfProperty(p query.Predicate) test {
	named := func(x conversation.Property) bool {
		return strings.ToLower(x.Property) == p.Property && strings.ToLower(x.PropertyType) == p.PropertyType
	}
	matching := func(x conversation.Property) bool {
		v, ok := read(p.Dimension.Type, x.Value)
		return ok && named(x) && matches(&p, v)
	}
	switch p.Operator {
	case query.Exists:
		return func(it *item) bool { return slices.ContainsFunc(it.Segment.Properties, named) }
	case query.NotExists:
		return func(it *item) bool { return !slices.ContainsFunc(it.Segment.Properties, named) }
	default:
		return func(it *item) bool { return slices.ContainsFunc(it.Segment.Properties, matching) }
	}
}

// matches compares a value with what the predicate asks for.
func matches(p *query.Predicate, v value) bool {
	switch p.Dimension.Type {
	case query.Truth:
		return v.truth == p.Truth
	case query.Number, query.Instant:
		return p.Range.Contains(v.number)
	case query.Email:
		return matchesEmail(p, strings.ToLower(v.text))
	case query.Phone:
		return strings.ToLower(v.text) == p.Text || p.Digits != "" && query.Digits(v.text) == p.Digits
	default:
		return strings.ToLower(v.text) == p.Text
	}
}

// matchesEmail compares with the whole address, with all before or all behind its last @, and in jobs with its
// beginning. An address may be something else than mail's, and then has no @.
func matchesEmail(p *query.Predicate, address string) bool {
	if address == p.Text || p.Partial && strings.HasPrefix(address, p.Text) {
		return true
	}
	at := strings.LastIndexByte(address, '@')
	return at >= 0 && (address[:at] == p.Text || address[at+1:] == p.Text)
}

// inHead are the dimensions that the head of a record answers.
var inHead = map[string]bool{"conversationId": true, "conversationStart": true, "conversationEnd": true, "tConversationDuration": true}

// split makes filters ready: those that the heads of records answer, and the others.
func split(filters []query.Filter) (heads, records []filter) {
	byHead, byRecord := []query.Filter{}, []query.Filter{}
	for _, f := range filters {
		if needsRecord(f) {
			byRecord = append(byRecord, f)
		} else {
			byHead = append(byHead, f)
		}
	}
	return compiled(byHead), compiled(byRecord)
}

// needsRecord says whether a filter asks of something that is not in the head.
func needsRecord(f query.Filter) bool {
	beyond := func(p query.Predicate) bool { return !inHead[p.Dimension.Name] }
	return f.Kind != query.OfConversation || slices.ContainsFunc(f.Predicates, beyond) ||
		slices.ContainsFunc(f.Clauses, func(c query.Clause) bool { return slices.ContainsFunc(c.Predicates, beyond) })
}
