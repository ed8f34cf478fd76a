package query

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// What is wrong with an aggregate is said of the field at fault, with what was probably meant.
func TestAggregatesThatAreRefused(t *testing.T) {
	const good = `"interval":"2026-11-01/P1D","metrics":["nOffered"]`
	view := func(members string) string { return good + `,"views":[{` + members + `}]` }
	for body, want := range map[string][2]string{
		`"metrics":["nOffered"]`:                                                             {"interval", "start/end"},
		`"interval":"2026-11-01/P1D"`:                                                        {"metrics", "name one or more"},
		`"interval":"2026-11-01/P1D","metrics":["nOfered"]`:                                  {"metrics[0]", "Did you mean nOffered?"},
		`"interval":"2026-11-01/P1D","metrics":["tFlow"]`:                                    {"metrics[0]", "Did you mean tFlowOut?"},
		`"interval":"1926-11-01/P60Y","metrics":["nOffered"]`:                                {"interval", "does not exceed 50 years"},
		`"interval":"2026-11-01/P1D","metrics":"nOffered"`:                                   {"metrics", "wrong type"},
		good + `,"groupBy":["queue"]`:                                                        {"groupBy[0]", "Did you mean queueId?"},
		good + `,"groupBy":["userId","queueID"]`:                                             {"groupBy[1]", "Did you mean queueId?"},
		good + `,"groupBy":["userId","userId"]`:                                              {"groupBy[1]", "twice"},
		good + `,"groupBy":["activeRouting"]`:                                                {"groupBy[0]", "records do not say activeRouting"},
		good + `,"groupBy":[` + times(21, func(int) string { return `"ani"` }) + `]`:         {"groupBy", "more than 20"},
		good + `,"granularity":"1 day"`:                                                      {"granularity", "PT1H or P1D"},
		good + `,"granularity":"P0D"`:                                                        {"granularity", "PT1H or P1D"},
		good + `,"granularity":"PT1S"`:                                                       {"granularity", "more than 10000 parts"},
		good + `,"timeZone":"Berlin"`:                                                        {"timeZone", "Europe/Berlin"},
		good + `,"timeZone":"Local"`:                                                         {"timeZone", "Europe/Berlin"},
		good + `,"timeZone":"../../etc/passwd"`:                                              {"timeZone", "Europe/Berlin"},
		good + `,"filter":{"type":"and"}`:                                                    {"filter", "neither predicates nor clauses"},
		good + `,"filter":{"type":"and","predicates":[{"dimension":"queu","value":"x"}]}`:    {"filter.predicates[0].dimension", "Did you mean queueId?"},
		good + `,"filter":{"type":"and","predicates":[{"metric":"tTalk","range":{"gt":1}}]}`: {"filter.predicates[0].metric", "views"},
		good + `,"filter":{"type":"and","predicates":[{"property":"colour","value":"red"}]}`: {"filter.predicates[0].property", "property predicates"},
		good + `,"filter":{"type":"and","clauses":[{"type":"or"}]}`:                          {"filter.clauses[0].predicates", "needs predicates"},
		good + `,"segmentFilters":[1]`:                                                       {"segmentFilters", "Did you mean filter?"},
		view(`"name":"v","function":"rangeBound"`):                                           {"views[0].target", "needs a target"},
		view(`"target":"tTalk","function":"rangeBound"`):                                     {"views[0].name", "needs a name"},
		view(`"target":"tTalk","name":"tHeld","function":"rangeBound"`):                      {"views[0].name", "must differ"},
		view(`"target":"tTalk","name":"v","function":"median"`):                              {"views[0].function", "rangeBound"},
		view(`"target":"tWait","name":"v","function":"rangeBound"`):                          {"views[0].target", "tAnswered"},
		view(`"target":"tTalk","name":"v","function":"rangeBound","range":{"gt":1}`):         {"views[0].range", "gte and lt"},
		good + `,"queryType":"top"`:                                                          {"queryType", "topN"},
		good + `,"queryType":"topN","limit":0`:                                               {"limit", "between 1 and 1000"},
		good + `,"queryType":"topN","sortMetric":{"name":"tTalk"}`:                           {"sortMetric", "name and a function"},
		good + `,"queryType":"topN","sortMetric":{"name":"oServiceLevel","function":"max"}`:  {"sortMetric.name", "tAnswered"},
		`"interval":"2026-11-01/P1D","metrics":["nOffered","tTalk"],"queryType":"bottomN"`:   {"sortMetric", "by which bottomN orders"},
		good + `,"alternateTimeDimension":"conversationStart"`:                               {"alternateTimeDimension", "eventTime"},
	} {
		_, err := DecodeAggregate([]byte("{" + body + "}"))
		var all Faults
		if !errors.As(err, &all) || len(all) != 1 || all[0].Field != want[0] || !strings.Contains(all[0].Message, want[1]) || !errors.Is(err, fault.Invalid) {
			t.Errorf("%s\n got %v\nwant %v", body, err, want)
		}
	}
}

func edgesOf(t *testing.T, members string) []time.Time {
	t.Helper()
	a, err := DecodeAggregate([]byte(`{"metrics":["nOffered"],` + members + `}`))
	if err != nil {
		t.Fatalf("%s: %v", members, err)
	}
	return a.Edges
}

// A day is as long as it is at the place, and an hour is an hour.
func TestBucketsWhereClocksChange(t *testing.T) {
	week := `"interval":"2026-10-22T00:00:00+02:00/2026-10-29T00:00:00+01:00","timeZone":"Europe/Berlin","granularity":`
	var hours []float64
	days := edgesOf(t, week+`"P1D"`)
	for i := range days[1:] {
		hours = append(hours, days[i+1].Sub(days[i]).Hours())
	}
	if !slices.Equal(hours, []float64{24, 24, 24, 25, 24, 24, 24}) {
		t.Errorf("days in autumn have %v hours", hours)
	}
	if n := len(edgesOf(t, week+`"PT1H"`)) - 1; n != 7*24+1 {
		t.Errorf("the week has %d hours", n)
	}
	spring := edgesOf(t, `"interval":"2026-03-29T00:00:00+01:00/2026-03-30T00:00:00+02:00","timeZone":"Europe/Berlin","granularity":"P1D"`)
	if len(spring) != 2 || spring[1].Sub(spring[0]) != 23*time.Hour {
		t.Errorf("the day in spring is %v", spring)
	}
	samoa := edgesOf(t, `"interval":"2011-12-29T10:00:00Z/2012-01-01T10:00:00Z","timeZone":"Pacific/Apia","granularity":"P1D"`) // there was no 30 December
	for i := range samoa[1:] {
		if !samoa[i+1].After(samoa[i]) {
			t.Errorf("a day ends when it begins: %v", samoa)
		}
	}
}

func TestBucketsEndWithTheInterval(t *testing.T) {
	edges := edgesOf(t, `"interval":"2026-11-01T00:00Z/2026-11-01T02:30Z","granularity":"PT1H"`)
	if len(edges) != 4 || edges[3].Sub(edges[2]) != 30*time.Minute {
		t.Errorf("got %v", edges)
	}
	s := Sums{Edges: edges}
	for at, want := range map[string]int{"2026-10-31T23:59:59.999Z": -1, "2026-11-01": 0, "2026-11-01T00:59:59.999Z": 0, "2026-11-01T01:00Z": 1, "2026-11-01T02:29:59.999Z": 2, "2026-11-01T02:30Z": -1} {
		moment, err := conversation.ParseTime(at)
		if got := s.Bucket(moment); err != nil || got != want {
			t.Errorf("%s lies in %d, %v; want %d", at, got, err, want)
		}
	}
	if n := len(edgesOf(t, `"interval":"2026-11-01/P1D","granularity":""`)); n != 2 {
		t.Errorf("without a granularity there are %d edges", n)
	}
}

// Pages of jobs have as many groups as those of details have records at most.
func TestPagesOfAggregates(t *testing.T) {
	for size, want := range map[int]bool{0: false, 1: true, 10_000: true, 10_001: false} {
		a, err := DecodeAggregate(fmt.Appendf(nil, `{"interval":"2026-11-01/P1D","metrics":["nOffered"],"pageSize":%d}`, size))
		if (err == nil) != want || want && a.PageSize != size {
			t.Errorf("%d groups a page: %d, %v", size, a.PageSize, err)
		}
	}
}

// The names are the platform's: those that it lists, asked for or said not to be in records.
func TestAggregateNamesAreThoseOfThePlatform(t *testing.T) {
	all := append(names(OfEmission, false), unsaid...)
	slices.Sort(all)
	for what, got := range map[string][]string{"dimension": all, "metric": Figures()} {
		var want []string
		text, err := os.ReadFile("testdata/aggregates.txt")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if name, is := strings.CutPrefix(strings.TrimSpace(line), what+" "); is {
				want = append(want, name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%ss:\n got %v\nwant %v", what, got, want)
		}
	}
}

// Whatever is sent is refused, or is something that can be asked.
func FuzzDecodeAggregate(f *testing.F) {
	f.Add(`{"interval":"2026-10-25T00:00:00+02:00/P3D","timeZone":"Europe/Berlin","granularity":"P1D","groupBy":["queueId"],"metrics":["nOffered","oServiceLevel"],"queryType":"topN","sortMetric":{"name":"tWait","function":"max"}}`)
	f.Add(`{"interval":"2026-11-01/P1M","granularity":"P1M","metrics":["tTalk"],"views":[{"target":"tTalk","name":"v","function":"rangeBound","range":{"gte":1}}],"filter":{"type":"or","clauses":[{"type":"and","predicates":[{"dimension":"ani","operator":"exists"}]}]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		a, err := DecodeAggregate([]byte(text))
		if err != nil {
			return
		}
		s := Sums{Edges: a.Edges}
		if len(a.Edges) < 2 || len(a.Edges) > MaxBuckets+1 || len(a.Metrics) == 0 {
			t.Fatalf("%d edges, %d metrics", len(a.Edges), len(a.Metrics))
		}
		for i := range a.Edges[1:] {
			if !a.Edges[i+1].After(a.Edges[i]) || s.Bucket(a.Edges[i]) != i {
				t.Fatalf("bucket %d is from %v to %v", i, a.Edges[i], a.Edges[i+1])
			}
		}
	})
}
