package query

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestLintNamesThePlace(t *testing.T) {
	for _, c := range []struct {
		name     string
		endpoint Endpoint
		text     string
		want     []string // line:column path
	}{
		{"clean", EndpointQuery, `{` + day + `}`, nil},
		{"empty", EndpointQuery, "", []string{"1:1 "}},
		{"blank", EndpointQuery, "\n \n", []string{"3:1 "}},
		{"a list", EndpointQuery, "\n  []", []string{"2:3 "}},
		{"missing member at its parent", EndpointQuery, "\n  {}", []string{"2:3 interval"}},
		{"byte order mark", EndpointQuery, "\ufeff{" + day + "}", []string{"1:1 "}},
		{"broken", EndpointQuery, "{\n  \"interval\": \"x\",\n  oops\n}", []string{"3:3 "}},
		{"cut", EndpointQuery, "{\n  \"interval\": \"2026", []string{"2:20 "}},
		{"wrong type", EndpointQuery, "{\n  \"interval\": 5}", []string{"2:3 interval"}},
		{"letters of several bytes", EndpointQuery, `{"ü":1,"order":"up",` + day + `}`, []string{"1:2 ü", "1:8 order"}},
		{"a name with a dot", EndpointQuery, "{\n" + day + ",\n\"a.b\":1}", []string{"3:1 a.b"}},
		{"windows line ends", EndpointQuery, "{\r\n  " + day + ",\r\n  \"order\": \"up\"\r\n}", []string{"3:3 order"}},
		{"within a filter", EndpointQuery, `{
  "segmentFilters": [
    {
      "type": "and",
      "predicates": [
        { "dimension": "queueId" },
        { "dimension": "queue_id", "value": "x" },
        { "metric": "tSegmentDuration", "range": { "gt": "x" } }
      ]
    },
    {}
  ],
  "paging": { "pageSize": 500 },
  ` + day + `
}`, []string{
			"6:9 segmentFilters[0].predicates[0].value", "7:11 segmentFilters[0].predicates[1].dimension",
			"8:52 segmentFilters[0].predicates[2].range.gt", "11:5 segmentFilters[1]", "13:15 paging.pageSize",
		}},
		{"limit of a query", EndpointQuery, `{` + day + `,"limit":5}`, []string{"1:57 limit"}},
		{"limit of a job", EndpointJobs, `{` + day + `,"limit":5}`, nil},
		{"aggregations of a job", EndpointJobs, "{" + day + ",\n\"aggregations\":[{\"dimension\":\"queueId\"}]}", []string{"2:1 aggregations"}},
	} {
		var got []string
		for _, f := range Lint([]byte(c.text), c.endpoint) {
			got = append(got, fmt.Sprintf("%d:%d %s", f.Line, f.Column, f.Path))
			if f.Message == "" || f.Code == "" {
				t.Errorf("%s: no message or code: %+v", c.name, f)
			}
		}
		if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

func TestGuessTheEndpoint(t *testing.T) {
	for text, want := range map[string]Endpoint{
		`{` + day + `}`: EndpointQuery, `not json`: EndpointQuery, `{` + day + `,"limit":5}`: EndpointJobs,
		`{` + day + `,"startOfDayIntervalMatching":true}`:              EndpointJobs,
		`{` + day + `,"paging":{"pageSize":500,"pageNumber":1}}`:       EndpointQuery,
		`{` + day + `,"aggregations":[{"dimension":"queueId"}]}`:       EndpointQuery,
		`{"interval":"2025-01-01/2025-07-01"}`:                         EndpointJobs,
		`{` + day + `,"limit":5,"paging":{"pageSize":5}}`:              EndpointJobs,
		`{` + day + `,"paging":{},"startOfDayIntervalMatching":false}`: EndpointQuery,
	} {
		if got := Guess([]byte(text)); got != want {
			t.Errorf("%s: got %s", text, got)
		}
	}
}

// Findings that somebody else makes get the places of their fields, or of what is around those that there are not, and come in order.
func TestFindingsOfOthersArePlaced(t *testing.T) {
	text := "{\"interval\":\"x\",\n \"segmentFilters\":[{\"predicates\":[\n  {\"dimension\":\"ani\"}]}]}"
	got := Place([]byte(text), []Finding{{Path: "segmentFilters[0].predicates[0].value", Message: "c"}, {Path: "interval", Message: "b"}, {Message: "a"}})
	for i, want := range []Finding{{Line: 1, Column: 1, Message: "a"}, {Path: "interval", Line: 1, Column: 2, Message: "b"}, {Path: "segmentFilters[0].predicates[0].value", Line: 3, Column: 3, Message: "c"}} {
		if got[i] != want {
			t.Errorf("got %+v, want %+v", got[i], want)
		}
	}
}

func TestBrief(t *testing.T) {
	wrong := func(member string) string {
		found := Lint([]byte(`{"interval":"2026-11-08T00:00:00Z/2026-11-09T00:00:00Z",`+member+`}`), EndpointQuery)
		if len(found) != 1 {
			t.Fatalf("%s has findings %v", member, found)
		}
		return found[0].Message
	}
	brief, allowed := Brief(wrong(`"segmentFilters":[{"type":"or","predicates":[{"dimension":"queueid","value":"x"}]}]`))
	if brief != "Value [queueid] is not valid for field type [dimension]. Did you mean queueId?" || !slices.Equal(allowed, names(OfSegment, false)) {
		t.Errorf("%s with %q", brief, allowed)
	}
	if short := wrong(`"order":"up"`); !strings.Contains(short, "asc") {
		t.Errorf("no values in %s", short)
	} else if brief, allowed := Brief(short); brief != short || allowed != nil {
		t.Errorf("%s became %s with %q", short, brief, allowed)
	}
}
