package querycmd

import (
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/query"
)

func question(change func(*Question, map[string]*[]string)) *Question {
	q := &Question{From: "2026-11-01", Dimensions: map[string]*[]string{}}
	for _, d := range append(ofConversation, ofSegment...) {
		q.Dimensions[d.name] = new([]string)
	}
	change(q, q.Dimensions)
	return q
}

func TestFlagsMakeABody(t *testing.T) {
	const day = `{"interval":"2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z"`
	for _, c := range []struct {
		name   string
		change func(*Question, map[string]*[]string)
		want   string
	}{
		{"a day", func(*Question, map[string]*[]string) {}, day + `}`},
		{"hours with an offset", func(q *Question, _ map[string]*[]string) {
			q.From, q.To = "2026-11-01T08:00+01:00", "2026-11-01T09:00+01:00"
		}, `{"interval":"2026-11-01T07:00:00.000Z/2026-11-01T08:00:00.000Z"}`},
		{"an interval", func(q *Question, _ map[string]*[]string) { q.From, q.Interval = "", "2026-11-01/P1W" }, `{"interval":"2026-11-01/P1W"}`},
		{"one value", func(_ *Question, d map[string]*[]string) { *d["queueId"] = []string{"q"} }, day + `,"segmentFilters":[{"type":"or","predicates":[{"dimension":"queueId","value":"q"}]}]}`},
		{"several of one flag", func(_ *Question, d map[string]*[]string) { *d["conversationId"] = []string{"a", "b"} }, day + `,"conversationFilters":[{"type":"or","predicates":[{"dimension":"conversationId","value":"a"},{"dimension":"conversationId","value":"b"}]}]}`},
		{
			"several flags", func(q *Question, d map[string]*[]string) {
				*d["queueId"], *d["mediaType"], *d["direction"] = []string{"a", "b"}, []string{"voice"}, []string{"inbound"}
				q.Order, q.OrderBy, q.Aggregate = "desc", "conversationEnd", []string{"userId:5", "queueId"}
			},
			day + `,"order":"desc","orderBy":"conversationEnd","segmentFilters":[{"type":"and","predicates":[{"dimension":"mediaType","value":"voice"},{"dimension":"direction","value":"inbound"}],` +
				`"clauses":[{"type":"or","predicates":[{"dimension":"queueId","value":"a"},{"dimension":"queueId","value":"b"}]}]}],` +
				`"aggregations":[{"type":"termFrequency","dimension":"userId","size":5},{"type":"termFrequency","dimension":"queueId"}]}`,
		},
	} {
		got, err := question(c.change).Body()
		if err != nil || string(got) != c.want {
			t.Errorf("%s:\n got %s, %v\nwant %s", c.name, got, err, c.want)
		}
		if findings := query.Lint(got, query.EndpointQuery); len(findings) > 0 {
			t.Errorf("%s: %v", c.name, findings)
		}
	}
	for flag, change := range map[string]func(*Question, map[string]*[]string){
		"--from": func(q *Question, _ map[string]*[]string) { q.From = "" }, "--from yesterday": func(q *Question, _ map[string]*[]string) { q.From = "yesterday" },
		"--to": func(q *Question, _ map[string]*[]string) { q.To = "2026-10-01" }, "--interval": func(q *Question, _ map[string]*[]string) { q.Interval = "2026-11-01/P1D" },
		"--aggregate": func(q *Question, _ map[string]*[]string) { q.Aggregate = []string{"queueId:many"} },
	} {
		if _, err := question(change).Body(); err == nil || !strings.Contains(err.Error(), strings.Fields(flag)[0]) {
			t.Errorf("%s: got %v", flag, err)
		}
	}
}

func TestThePageTakesThePlaceOfTheBodys(t *testing.T) {
	const text = `{"paging":{"pageSize":7,"pageNumber":3},"aggregations":[{"dimension":"queueId"}],"x\"\u00fc":1,"order":"asc","interval":"i"}`
	for number, want := range map[int]string{
		1: `{"interval":"i","order":"asc","aggregations":[{"dimension":"queueId"}],"paging":{"pageSize":100,"pageNumber":1},"x\"ü":1}`,
		2: `{"interval":"i","order":"asc","paging":{"pageSize":100,"pageNumber":2},"x\"ü":1}`,
	} {
		if got, err := withPage([]byte(text), 100, number); err != nil || string(got) != want {
			t.Errorf("page %d: got %s, %v", number, got, err)
		}
	}
	for _, text := range []string{"", "[]", "null", `{"interval":`} {
		if _, err := withPage([]byte(text), 100, 1); err == nil || !strings.Contains(err.Error(), "lint-request") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
