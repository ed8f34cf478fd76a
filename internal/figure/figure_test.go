package figure

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

func stats(metric string, count int64, sum float64) wire.AggregateMetric {
	return wire.AggregateMetric{Metric: metric, Stats: wire.Statistics{Count: &count, Sum: &sum}}
}

func level(inTime, all float64) wire.AggregateMetric {
	return wire.AggregateMetric{Metric: "oServiceLevel", Stats: wire.Statistics{Numerator: &inTime, Denominator: &all}}
}

func answer(at string, metrics ...wire.AggregateMetric) wire.AggregateGroup {
	return wire.AggregateGroup{Group: map[string]string{"queueId": "q"}, Data: []wire.AggregateData{{Interval: at, Metrics: metrics}}}
}

const twoDays = "2026-11-01T00:00:00.000Z/2026-11-03T00:00:00.000Z"

// Shares and averages of a total are of all that it counts: a day with a hundred calls weighs more than one with ten.
func TestLinesAddUp(t *testing.T) {
	lines, err := Lines(wire.Aggregates{Results: []wire.AggregateGroup{
		answer("2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z", stats("nOffered", 100, 0), stats("tAnswered", 90, 900_000), stats("tAbandon", 10, 5000), level(81, 100)),
		answer("2026-11-02T00:00:00.000Z/2026-11-03T00:00:00.000Z", stats("nOffered", 10, 0), stats("tAnswered", 10, 1_000_000), level(0, 10)),
	}}, []string{"queueId"})
	if err != nil || len(lines) != 2 || lines[0].Values[0] != "q" || lines[1].Interval.Start.Day() != 2 {
		t.Fatalf("%v, %v", lines, err)
	}
	total := Total(lines)
	for name, want := range map[string][2]string{
		"offered": {"110", "110"}, "answered": {"100", "100"}, "abandoned": {"10", "10"}, "abandonedShare": {"0.0909", "9.1"}, "averageAnswerSeconds": {"19.0", "19.0"},
		"averageHandleSeconds": {"", ""}, "serviceLevel": {"0.7364", "73.6"}, "transferred": {"0", "0"},
	} {
		f, ok := Named(name)
		if got := [2]string{f.Number(total), f.Text(total)}; !ok || got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if _, ok := Named("nothing"); ok {
		t.Error("there is a figure of another name")
	}
}

func TestAnAnswerThatCannotBeRead(t *testing.T) {
	if _, err := Lines(wire.Aggregates{Results: []wire.AggregateGroup{answer("yesterday")}}, nil); fault.HTTPStatus(err) != 500 {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsAsked(t *testing.T) {
	iv, err := conversation.ParseInterval(twoDays)
	if err != nil {
		t.Fatal(err)
	}
	q := Question{Interval: iv, Zone: time.UTC, Period: "P1D", GroupBy: []string{"queueId"}, Only: []Only{{"queueId", []string{"a", "b"}}}, Metrics: []string{"tHandle"}}
	body, err := q.Body()
	if want := `{"interval":"` + twoDays + `","granularity":"P1D","timeZone":"UTC","groupBy":["queueId"],"filter":{"type":"and","predicates":[{"dimension":"queueId","operator":"exists","value":""}],` +
		`"clauses":[{"type":"or","predicates":[{"dimension":"queueId","value":"a"},{"dimension":"queueId","value":"b"}]}]},"metrics":["tHandle"]}`; err != nil || string(body) != want {
		t.Errorf("%s, %v", body, err)
	}
	all, err := Question{Interval: iv, Zone: time.UTC}.Body()
	if err != nil || strings.Contains(string(all), "filter") || !strings.Contains(string(all), `"oServiceLevel"`) {
		t.Errorf("%s, %v", all, err)
	}
}

// A day on which clocks change has 23 or 25 hours.
func TestEdges(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	q := Question{Interval: conversation.Interval{Start: time.Date(2026, 10, 24, 0, 0, 0, 0, zone), End: time.Date(2026, 10, 26, 12, 0, 0, 0, zone)}, Zone: zone, Period: "P1D"}
	edges := q.Edges(10)
	if len(edges) != 4 || edges[2].Sub(edges[1]) != 25*time.Hour || edges[3].Sub(edges[2]) != 12*time.Hour {
		t.Errorf("got %v", edges)
	}
	if edges := q.Edges(2); edges != nil {
		t.Errorf("more than two: %v", edges)
	}
	if q.Period = ""; len(q.Edges(2)) != 2 {
		t.Error("the whole interval is more than one stretch")
	}
}

// The page about reports has every figure by the name that programs read, and what it is made of.
func TestReportsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/report.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range All {
		if !strings.Contains(string(text), "| `"+f.Name+"` |") {
			t.Errorf("docs/report.md does not have %s", f.Name)
		}
		for _, m := range f.Metrics {
			if m != "oServiceLevel" && !strings.Contains(string(text), "`"+m+"`") {
				t.Errorf("docs/report.md does not have %s", m)
			}
		}
	}
}
