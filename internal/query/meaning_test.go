package query

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

func TestRangeAtItsBounds(t *testing.T) {
	five, seven := 5.0, 7.0
	for _, c := range []struct {
		r    Range
		want string // of 4.5, 5, 6, 7, 7.5
	}{
		{Range{}, "yyyyy"}, {Range{Gt: &five}, "--yyy"}, {Range{Gte: &five}, "-yyyy"}, {Range{Lt: &seven}, "yyy--"}, {Range{Lte: &seven}, "yyyy-"},
		{Range{Gt: &five, Lt: &seven}, "--y--"}, {Range{Gte: &five, Lte: &seven}, "-yyy-"}, {Range{Gt: &five, Gte: &seven}, "---yy"}, {Range{Lt: &seven, Lte: &five}, "yy---"},
		{Range{Gte: &five, Lte: &five}, "-y---"}, {Range{Gt: &five, Lte: &five}, "-----"}, {Range{Gte: &seven, Lt: &five}, "-----"},
	} {
		got := ""
		for _, v := range []float64{4.5, 5, 6, 7, 7.5} {
			got += map[bool]string{true: "y", false: "-"}[c.r.Contains(v)]
		}
		if got != c.want {
			t.Errorf("%+v: got %s, want %s", c.r, got, c.want)
		}
	}
}

// A filter over predicates a, b and clauses over c, d, of which some hold.
func TestFilterHolds(t *testing.T) {
	named := func(names string) (out []Predicate) {
		for n := range strings.FieldsSeq(names) {
			out = append(out, Predicate{Text: n})
		}
		return out
	}
	for _, c := range []struct {
		filter Filter
		want   map[string]bool // by what holds
	}{
		{Filter{Type: And, Predicates: named("a b")}, map[string]bool{"": false, "a": false, "b": false, "ab": true}},
		{Filter{Type: Or, Predicates: named("a b")}, map[string]bool{"": false, "a": true, "b": true, "ab": true}},
		{Filter{Type: And, Predicates: named("a"), Clauses: []Clause{{Or, named("c d")}}}, map[string]bool{"a": false, "c": false, "ac": true, "ad": true, "cd": false}},
		{Filter{Type: Or, Predicates: named("a"), Clauses: []Clause{{And, named("c d")}}}, map[string]bool{"a": true, "c": false, "cd": true, "": false}},
		{Filter{Type: And, Clauses: []Clause{{And, named("a b")}, {Or, named("c d")}}}, map[string]bool{"ab": false, "abc": true, "acd": false, "abd": true}},
		{Filter{Type: Or, Clauses: []Clause{{And, named("a b")}, {Or, named("c d")}}}, map[string]bool{"a": false, "ab": true, "d": true, "": false}},
	} {
		for holding, want := range c.want {
			if got := c.filter.Holds(func(p Predicate) bool { return strings.Contains(holding, p.Text) }); got != want {
				t.Errorf("%+v, of which %q holds: %t", c.filter, holding, got)
			}
		}
	}
}

func TestHowConversationsLieToAnInterval(t *testing.T) {
	at := func(text string) time.Time {
		if text == "" {
			return time.Time{}
		}
		v, err := conversation.ParseTime("2026-11-" + text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	iv := conversation.Interval{Start: at("02T10:00Z"), End: at("03T10:00Z")}
	for _, c := range []struct {
		start, end           string
		overlaps, startOfDay bool
	}{
		{"01T23:59:59.999Z", "02T10:00:00.001Z", true, false}, {"01T23:59:59.999Z", "", true, false}, {"02T00:00Z", "02T10:00:00.001Z", true, true},
		{"02T00:00Z", "02T10:00Z", false, false}, {"02T09:00Z", "", true, true}, {"02T10:00Z", "02T10:00Z", true, true}, {"03T09:59:59.999Z", "", true, true},
		{"03T10:00Z", "03T11:00Z", false, false}, {"03T10:00Z", "", false, false}, {"01T00:00Z", "04T00:00Z", true, false},
	} {
		q := Query{Interval: iv}
		if got := q.Matches(at(c.start), at(c.end)); got != c.overlaps {
			t.Errorf("%s to %s: overlaps %t", c.start, c.end, got)
		}
		q.Matching = StartOfDay
		if got := q.Matches(at(c.start), at(c.end)); got != c.startOfDay {
			t.Errorf("%s to %s: start of day %t", c.start, c.end, got)
		}
	}
	if got := (Query{Interval: iv}).Starts(); !got.Start.IsZero() || !got.End.Equal(iv.End) {
		t.Errorf("overlap: starts %v", got)
	}
	if got := (Query{Interval: iv, Matching: StartOfDay}).Starts(); !got.Start.Equal(at("02T00:00Z")) || !got.End.Equal(iv.End) {
		t.Errorf("start of day: starts %v", got)
	}
}

func TestResultsAsTheyAreSent(t *testing.T) {
	one, two := 1.0, 2.0
	got, err := json.Marshal(Results([]Facet{
		{Aggregation{Type: TermFrequency, Dimension: Dimension{Name: "queueId"}}, 5, []Entry{{Value: "a", Count: 3}, {Value: "", Count: 2}}},
		{Aggregation{Type: NumericRange, Dimension: Dimension{Name: "tTalk", Metric: true}}, 4, []Entry{{Range: RangeCount{Gte: &one, Lt: &two}, Count: 1}, {Range: RangeCount{Lt: &one}, Count: 3}}},
		{Aggregation{Type: TermFrequency, Dimension: Dimension{Name: "none"}}, 0, nil},
	}))
	want := `[{"type":"termFrequency","dimension":"queueId","count":5,"results":[{"value":"a","count":3},{"value":"","count":2}]},` +
		`{"type":"numericRange","metric":"tTalk","count":4,"results":[{"gte":1,"lt":2,"count":1},{"lt":1,"count":3}]},{"type":"termFrequency","dimension":"none","count":0}]`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
}

func TestOnlyOfAUser(t *testing.T) {
	q := Query{Filters: make([]Filter, 1, 5)}
	mine := q.OnlyOf("U-1")
	if len(q.Filters) != 1 || len(mine.Filters) != 2 {
		t.Fatalf("%d filters became %d", len(q.Filters), len(mine.Filters))
	}
	f := mine.Filters[1]
	if got := fmt.Sprintln(f.Kind, f.Type, len(f.Predicates), len(f.Clauses), f.Predicates[0].Dimension.Name, f.Predicates[0].Operator, f.Predicates[0].Text); got != "segmentFilters and 1 0 userId matches u-1\n" {
		t.Errorf("got %s", got)
	}
	if other := q.OnlyOf("other"); other.Filters[1].Predicates[0].Text != "other" || mine.Filters[1].Predicates[0].Text != "u-1" {
		t.Error("two users share a filter")
	}
}

// Bounds of requests: the last that is taken, and the first that is not.
func TestRequestsAtTheirBounds(t *testing.T) {
	queue := `{"dimension":"queueId","value":"q"}`
	many := func(n int, text string) string { return strings.TrimSuffix(strings.Repeat(text+",", n), ",") }
	for _, c := range []struct{ name, taken, refused string }{
		{"interval", `{"interval":"2026-11-01/P7D"}`, `{"interval":"2026-11-01/P7DT0.001S"}`},
		{"interval of a filtered query", `{"interval":"2026-11-01/P32D","segmentFilters":[{"predicates":[` + queue + `]}]}`, `{"interval":"2026-11-01/P32DT0.001S","segmentFilters":[{"predicates":[` + queue + `]}]}`},
		{"page size", `{` + day + `,"paging":{"pageSize":100}}`, `{` + day + `,"paging":{"pageSize":101}}`},
		{"smallest page", `{` + day + `,"paging":{"pageSize":1}}`, `{` + day + `,"paging":{"pageSize":0}}`},
		{"depth", `{` + day + `,"paging":{"pageSize":100,"pageNumber":1000}}`, `{` + day + `,"paging":{"pageSize":100,"pageNumber":1001}}`},
		{"depth of odd pages", `{` + day + `,"paging":{"pageSize":99,"pageNumber":1010}}`, `{` + day + `,"paging":{"pageSize":99,"pageNumber":1011}}`},
		{"terms", `{` + day + `,"aggregations":[{"dimension":"queueId","size":1000}]}`, `{` + day + `,"aggregations":[{"dimension":"queueId","size":1001}]}`},
		{"one term", `{` + day + `,"aggregations":[{"dimension":"queueId","size":1}]}`, `{` + day + `,"aggregations":[{"dimension":"queueId","size":0}]}`},
		{"aggregations", `{` + day + `,"aggregations":[` + many(20, `{"dimension":"queueId"}`) + `]}`, `{` + day + `,"aggregations":[` + many(21, `{"dimension":"queueId"}`) + `]}`},
		{"ranges", `{` + day + `,"aggregations":[{"metric":"tTalk","ranges":[` + many(100, `{"gte":1}`) + `]}]}`, `{` + day + `,"aggregations":[{"metric":"tTalk","ranges":[` + many(101, `{"gte":1}`) + `]}]}`},
		{"value", segment(`{"dimension":"queueId","value":"` + strings.Repeat("x", maxValue) + `"}`), segment(`{"dimension":"queueId","value":"` + strings.Repeat("x", maxValue+1) + `"}`)},
	} {
		if _, err := DecodeDetail([]byte(c.taken), PlatformLimits()); err != nil {
			t.Errorf("%s: the last one is refused: %v", c.name, err)
		}
		if _, err := DecodeDetail([]byte(c.refused), PlatformLimits()); err == nil {
			t.Errorf("%s: one more is taken", c.name)
		}
	}
	for limit, taken := range map[int]bool{1: true, 0: false, -1: false} {
		if _, err := DecodeJob(fmt.Appendf(nil, `{%s,"limit":%d}`, day, limit)); (err == nil) != taken {
			t.Errorf("a job with limit %d: %v", limit, err)
		}
	}
	q, err := DecodeDetail([]byte(`{`+day+`,"aggregations":[{"dimension":"queueId"},{"metric":"tTalk","ranges":[{"gte":" 5 "},{"lt":7,"gte":null}]},{"dimension":"divisionId","type":"TERMFREQUENCY","size":3}]}`), PlatformLimits())
	if err != nil {
		t.Fatal(err)
	}
	a := q.Aggregations
	if a[0].Size != 10 || a[0].Dimension.Kind != OfSegment || a[0].Type != TermFrequency || a[2].Size != 3 || a[2].Dimension.Kind != OfConversation {
		t.Errorf("terms: %+v", a)
	}
	if a[1].Type != NumericRange || len(a[1].Ranges) != 2 || *a[1].Ranges[0].Gte != 5 || a[1].Ranges[0].Lt != nil || a[1].Ranges[1].Gte != nil || *a[1].Ranges[1].Lt != 7 {
		t.Errorf("ranges: %+v", a[1])
	}
}
