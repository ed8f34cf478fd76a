package why

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
)

func TestNumbersAreAsExactAsTheyAreWritten(t *testing.T) {
	for _, c := range []struct {
		unit       Unit
		text       string
		is, is2    float64
		not, other float64
	}{
		{Count, "812", 812, 812, 811, 813},
		{Count, "1,234", 1234, 1234, 1234.5, 1233},
		{Seconds, "24.5", 24.45, 24.5499, 24.44, 24.56},
		{Seconds, "24.50s", 24.495, 24.504, 24.45, 24.51},
		{Seconds, "412m", 412 * 60, 412*60 + 29, 412*60 + 31, 411 * 60},
		{Seconds, "1.5h", 5400, 5579, 5581, 5219},
		{Seconds, "1500ms", 1.5, 1.5004, 1.501, 1.499},
		{Seconds, "11:26:40", 41200, 41200.4, 41201, 41199},
		{Seconds, "1.600e+06", 1.6e6, 1_600_499, 1_600_501, 1_599_499},
		{Share, "81.3%", 0.813, 0.8134, 0.8136, 0.8124},
		{Share, "0.81", 0.81, 0.8149, 0.816, 0.804},
		{Share, "81", 0.81, 0.8149, 0.816, 0.804},
	} {
		n, err := ParseNumber(c.unit, c.text)
		if err != nil || !n.Is(c.is) || !n.Is(c.is2) || n.Is(c.not) || n.Is(c.other) {
			t.Errorf("%s is %+v, %v", c.text, n, err)
		}
	}
	for _, c := range []struct {
		unit Unit
		text string
	}{{Count, ""}, {Count, "8.5"}, {Count, "81%"}, {Count, "NaN"}, {Count, "Inf"}, {Count, "0x10"}, {Seconds, "a:b:c"}, {Seconds, "1:2"}, {Seconds, "5d"}, {Share, "x%"}, {Share, "1_0"}, {Share, "1"}, {Seconds, "24,5"}, {Seconds, "1,2345s"}, {Count, "1,,000"}, {Count, "1,000,5"}, {Seconds, "1e308h"}, {Seconds, "9e307m"}} {
		if n, err := ParseNumber(c.unit, c.text); err == nil {
			t.Errorf("%q was read as %+v", c.text, n)
		}
	}
}

// clocksOf are the clocks of days at a place, by their names, and how long after ours each begins and ends.
func clocksOf(t *testing.T, place, from, to string) map[string][2]time.Duration {
	t.Helper()
	zone, err := time.LoadLocation(place)
	if err != nil {
		t.Fatal(err)
	}
	day := func(text string) time.Time {
		at, err := time.ParseInLocation(time.DateOnly, text, zone)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	iv := conversation.Interval{Start: day(from), End: day(to)}
	out := map[string][2]time.Duration{}
	for _, c := range clocks(iv, zone) {
		out[c.name] = [2]time.Duration{c.interval.Start.Sub(iv.Start), c.interval.End.Sub(iv.End)}
	}
	return out
}

func TestClocks(t *testing.T) {
	const h, day = time.Hour, 24 * time.Hour
	for _, c := range []struct {
		place, from, to string
		want            map[string][2]time.Duration
	}{
		{"UTC", "2026-11-01", "2026-11-02", map[string][2]time.Duration{"hour-earlier": {-h, -h}, "hour-later": {h, h}, "one-day-more": {0, day}}},
		{"Europe/Berlin", "2026-11-03", "2026-11-04", map[string][2]time.Duration{"utc": {h, h}, "hour-earlier": {-h, -h}, "one-day-more": {0, day}}}, // an hour later is UTC
		{"Europe/Berlin", "2026-10-25", "2026-10-26", map[string][2]time.Duration{ // 25 hours
			"utc": {2 * h, h}, "24-hour-days": {0, -h}, "24-hour-days-back": {h, 0}, "hour-earlier": {-h, -h}, "hour-later": {h, h}, "one-day-more": {0, day},
		}},
		{"Europe/Berlin", "2026-03-29", "2026-03-30", map[string][2]time.Duration{ // 23 hours
			"utc": {h, 2 * h}, "24-hour-days": {0, h}, "24-hour-days-back": {-h, 0}, "hour-earlier": {-h, -h}, "hour-later": {h, h}, "one-day-more": {0, day},
		}},
	} {
		c.want[""] = [2]time.Duration{}
		got := clocksOf(t, c.place, c.from, c.to)
		for name, moved := range c.want {
			if got[name] != moved {
				t.Errorf("%s, %s: %s is moved by %v, want %v", c.place, c.from, name, got[name], moved)
			}
		}
		if len(got) != len(c.want) {
			t.Errorf("%s, %s: got %v", c.place, c.from, got)
		}
	}
}

func questionOf(t *testing.T, figure string) Question {
	t.Helper()
	f, is := FigureOf(figure)
	if !is {
		t.Fatal(figure)
	}
	start := time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC)
	return Question{Figure: f, Interval: conversation.Interval{Start: start, End: start.AddDate(0, 0, 1)}, Zone: time.UTC}
}

// A class has room for all that is known, of every figure, and comes back as it was written.
func TestClassesFitIntoANumber(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Figures() {
		q := questionOf(t, name)
		q.Zone, q.Queues = zone, []string{"it's"}
		q.Interval.Start = q.Interval.Start.In(zone).Add(-2 * time.Hour)
		q.Interval.End = q.Interval.Start.AddDate(0, 0, 1)
		s, bits := New(q), 0
		for _, f := range s.fields {
			bits += f.bits
		}
		if bits > 62 || len(s.metrics) > 15 || len(mediaTypes) > 15 || len(s.clocks) != 7 {
			t.Errorf("%s: %d bits, %d metrics, %d clocks", name, bits, len(s.metrics), len(s.clocks))
		}
		if e := s.emission(1<<bits - 1); e.waited != 1<<waitBits-1 || !e.open || !e.changes || e.queue != 1<<queueBits-1 || e.within[overlaps] != 1<<7-1 {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

// Names of rules are what people type: of one figure each is one rule.
func TestRulesHaveNamesOfTheirOwn(t *testing.T) {
	for _, name := range Figures() {
		s, seen := New(questionOf(t, name)), map[string]bool{}
		for _, r := range s.Rules() {
			if seen[r.Name] || r.Text == "" || r.facet == "" {
				t.Errorf("%s: rule %+v", name, r)
			}
			seen[r.Name] = true
		}
		if x, unknown := s.Of([]string{"only-voice", "by-start"}); unknown != "" || !slices.Equal(x.Names(), []string{"by-start", "only-voice"}) {
			t.Errorf("%s: two rules are %q, %q is not known", name, x.Names(), unknown)
		}
		if _, unknown := s.Of([]string{"by-start", "nonsense"}); unknown != "nonsense" {
			t.Errorf("%s: %q is not known", name, unknown)
		}
		if _, unknown := s.Of([]string{"by-start", "by-end"}); unknown != "by-end" {
			t.Errorf("%s: %q cannot hold", name, unknown)
		}
	}
}

// What is given of a profile counts for all of its conversations, and of no mean there is a value without anything to divide by.
func TestMeansOfNothing(t *testing.T) {
	s := New(questionOf(t, "aht"))
	if a := s.Explain(Number{Value: 5}); a.Some || a.Verdict != Unexplained || a.Near != nil || a.Singles != nil {
		t.Errorf("of nothing: %+v", a)
	}
	s = New(questionOf(t, "offered"))
	if a := s.Explain(Number{}); a.Verdict != Agree || a.Ours != 0 || !a.Some {
		t.Errorf("none are none: %+v", a)
	}
}

// A conversation that another source counts otherwise has one reason.
func TestReasons(t *testing.T) {
	with := func(metrics ...conversation.Metric) *conversation.Conversation {
		return &conversation.Conversation{Participants: []conversation.Participant{{Sessions: []conversation.Session{{SessionID: "s", Metrics: metrics}}}}}
	}
	offered, later := conversation.Metric{Name: "nOffered", Value: 1, EmitDate: "2026-11-01T10:00:00.000Z"}, conversation.Metric{Name: "tAcd", Value: 7, EmitDate: "2026-11-01T10:00:07.000Z"}
	for want, told := range map[Reason]Told{
		DayMissing: {AtSource: with(offered)},
		Absent:     {AtSource: with(offered), DayRead: true},
		Gone:       {InLake: with(offered), DayRead: true},
		Changed:    {InLake: with(offered), AtSource: with(offered, later), DayRead: true},
		Moved:      {InLake: with(offered, later), AtSource: with(later, offered), Ours: amount{above: 1}, Theirs: amount{above: 1}},
		Unknown:    {InLake: with(offered), AtSource: with(offered), Ours: amount{above: 1}},
	} {
		if got := told.Reason(); got != want {
			t.Errorf("%+v is %q, want %q", told, got, want)
		}
	}
	for _, r := range Reasons {
		if r.Text == "" {
			t.Errorf("%s says nothing", r.Reason)
		}
	}
}

// Cells are held against one another by their dimension and stretch of time; one that a side does not have is zero there.
func TestCellsThatDiffer(t *testing.T) {
	q := questionOf(t, "aht")
	cell := func(interval string, sum float64, count int64) wire.AggregateData {
		return wire.AggregateData{Interval: interval, Metrics: []wire.AggregateMetric{{Metric: "tHandle", Stats: wire.Statistics{Count: &count, Sum: &sum}}}}
	}
	group := func(queue string, data ...wire.AggregateData) wire.AggregateGroup {
		return wire.AggregateGroup{Group: map[string]string{"queueId": queue}, Data: data}
	}
	ours := wire.Aggregates{Results: []wire.AggregateGroup{group("a", cell("1", 60_000, 1), cell("2", 30_000, 1)), group("b", cell("1", 5000, 1))}}
	theirs := wire.Aggregates{Results: []wire.AggregateGroup{group("a", cell("1", 60_000, 1), cell("2", 90_000, 2))}}
	differ, all := q.Compare("queueId", ours, theirs)
	if len(differ) != 2 || differ[0].Value != "b" || differ[1].Value != "a" || differ[1].Interval != "2" {
		t.Fatalf("got %+v", differ)
	}
	if _, some := q.Figure.Of(differ[0].Theirs); some {
		t.Error("there is a mean of nothing")
	}
	if mean, some := q.Figure.Of(all.Theirs); !some || math.Abs(mean-50) > 1e-9 {
		t.Errorf("theirs is %v, want 50 s", mean)
	}
	if sum := Sum(append(differ, differ...))["a"]; sum.Ours.above != 60_000 || sum.Theirs.below != 4 {
		t.Errorf("added up %+v", sum)
	}
}
