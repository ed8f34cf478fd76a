package query

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// times repeats what write gives for each number, joined by commas.
func times(n int, write func(i int) string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = write(i)
	}
	return strings.Join(parts, ",")
}

func TestPredicatesAreBounded(t *testing.T) {
	property := func(i int) string { return fmt.Sprintf(`{"property":"p%d","value":"v"}`, i) }
	queue := func(i int) string { return fmt.Sprintf(`{"dimension":"queueId","value":"q%d"}`, i) }
	one := func(predicate func(int) string) func(int) string {
		return func(i int) string { return `{"type":"or","predicates":[` + predicate(i) + `]}` }
	}
	for name, c := range map[string]struct {
		most  int
		body  func(n int) string
		field string
	}{
		"filters":           {200, func(n int) string { return times(n, one(property)) }, "segmentFilters[200]"},
		"filters of lists":  {200, func(n int) string { return times(n, one(queue)) }, "segmentFilters[200]"},
		"clauses":           {200, func(n int) string { return `{"type":"and","clauses":[` + times(n, one(queue)) + `]}` }, "segmentFilters[0]"},
		"predicates of or":  {200, func(n int) string { return `{"type":"or","predicates":[` + times(n, property) + `]}` }, "segmentFilters[0]"},
		"predicates of and": {200, func(n int) string { return `{"type":"and","predicates":[` + times(n, queue) + `]}` }, "segmentFilters[0]"},
		"values of a list":  {2000, func(n int) string { return `{"type":"or","predicates":[` + times(n, queue) + `]}` }, "segmentFilters[0].predicates"},
	} {
		if _, err := DecodeJob([]byte(`{` + day + `,"segmentFilters":[` + c.body(c.most) + `]}`)); err != nil {
			t.Errorf("%s: %d: %v", name, c.most, err)
		}
		_, err := DecodeJob([]byte(`{` + day + `,"segmentFilters":[` + c.body(c.most+1) + `]}`))
		var all Faults
		if !errors.As(err, &all) || len(all) != 1 || all[0].Field != c.field || !strings.Contains(all[0].Message, fmt.Sprintf("more than %d ", c.most)) {
			t.Errorf("%s: %d: got %v", name, c.most+1, err)
		}
	}
}

// What comes behind the last predicate that is looked at costs nothing, and is not told.
func TestPredicatesBehindTheBoundAreNotLookedAt(t *testing.T) {
	queue := times(maxPredicates, func(i int) string { return fmt.Sprintf(`{"dimension":"queueId","value":"q%d"}`, i) })
	_, err := DecodeJob([]byte(`{` + day + `,"segmentFilters":[{"type":"or","predicates":[` + queue + `,{"dimension":"x"},{"dimension":"y"}]},{"predicates":[{"dimension":"z"}]}]}`))
	var all Faults
	if !errors.As(err, &all) || len(all) != 1 || all[0].Field != "segmentFilters[0].predicates" {
		t.Errorf("got %v", all)
	}
}
