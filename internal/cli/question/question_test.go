package question

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/conversation"
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
		"--queue":     func(_ *Question, d map[string]*[]string) { *d["queueId"] = []string{} },
	} {
		if _, err := question(change).Body(); err == nil || !strings.Contains(err.Error(), strings.Fields(flag)[0]) {
			t.Errorf("%s: got %v", flag, err)
		}
	}
}

func TestFlagsMakeTheBodyOfAJob(t *testing.T) {
	q := question(func(q *Question, d map[string]*[]string) {
		q.Limit, q.StartOfDay, *d["direction"] = 5, true, []string{"inbound"}
	})
	got, err := q.Body()
	const want = `{"interval":"2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z","limit":5,"startOfDayIntervalMatching":true,"segmentFilters":[{"type":"or","predicates":[{"dimension":"direction","value":"inbound"}]}]}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	if findings := query.Lint(got, query.EndpointJobs); len(findings) > 0 {
		t.Errorf("%v", findings)
	}
}

// A value that the platform does not have finds nothing, and that must not be taken for an answer.
func TestFlagsWithoutAValue(t *testing.T) {
	cmd := &cobra.Command{RunE: func(*cobra.Command, []string) error { return nil }}
	var q Question
	q.DefineFilters(cmd)
	day := conversation.Day(0).Interval()
	if _, err := q.Filters(day); err != nil {
		t.Errorf("no flag: %v", err)
	}
	cmd.SetArgs([]string{"--user", ""})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Filters(day); err == nil || !strings.Contains(err.Error(), "--user is empty") {
		t.Errorf("got %v", err)
	}
}

func TestDoubts(t *testing.T) {
	for _, c := range []struct{ dimension, value, says string }{
		{"mediaType", "phone", "--media phone is none of the values that are known. Did you mean voice?"},
		{"mediaType", "voise", "Did you mean voice?"},
		{"mediaType", "Voice", ""},
		{"mediaType", "pigeonpost", "--media pigeonpost is none of the values that are known: voice, callback, "},
		{"direction", "incoming", "Did you mean inbound?"},
		{"purpose", "agents", "Did you mean agent?"},
		{"queueId", "phone", ""},
	} {
		q := question(func(_ *Question, d map[string]*[]string) { *d[c.dimension] = []string{c.value} })
		got := strings.Join(q.Doubts(), "\n")
		if c.says == "" && got != "" || !strings.Contains(got, c.says) {
			t.Errorf("%s %s: got %q, want %q", c.dimension, c.value, got, c.says)
		}
	}
}
