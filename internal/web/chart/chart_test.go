package chart

import (
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/figure"
	"github.com/parley-hq/parley/internal/wire"
)

func named(t *testing.T, name string) figure.Figure {
	t.Helper()
	f, ok := figure.Named(name)
	if !ok {
		t.Fatalf("there is no figure %s", name)
	}
	return f
}

// day is an instant of some November.
func day(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }

// answered are a queue's lines of some days: how many were answered, and how long they had waited together.
func answered(t *testing.T, queue string, days map[int][2]float64) []figure.Line {
	t.Helper()
	g := wire.AggregateGroup{Group: map[string]string{"queueId": queue}}
	for at, n := range days {
		answers := int64(n[0])
		const layout = "2006-01-02T15:04:05.000Z"
		g.Data = append(g.Data, wire.AggregateData{
			Interval: day(at).Format(layout) + "/" + day(at+1).Format(layout),
			Metrics:  []wire.AggregateMetric{{Metric: "tAnswered", Stats: wire.Statistics{Count: &answers, Sum: &n[1]}}},
		})
	}
	lines, err := figure.Lines(wire.Aggregates{Results: []wire.AggregateGroup{g}}, []string{"queueId"})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestSplit(t *testing.T) {
	lines := append(answered(t, "a", map[int][2]float64{1: {3, 0}, 3: {5, 0}, 9: {7, 0}}), answered(t, "b", map[int][2]float64{2: {1, 0}})...)
	all := Split(lines, []time.Time{day(1), day(2), day(3), day(4)})
	f := named(t, "answered")
	for queue, want := range map[string][]float64{"a": {3, 0, 5}, "b": {0, 1, 0}} {
		var got []float64
		for i := range all[queue] {
			got = append(got, *f.Of(all[queue].At(i)))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has %v, want %v", queue, got, want)
		}
	}
}

// Counts are bars, also where nothing was emitted.
func TestBars(t *testing.T) {
	s := Split(answered(t, "a", map[int][2]float64{1: {3, 0}}), []time.Time{day(1), day(2), day(3)})["a"]
	c := Draw(named(t, "answered"), s, 4)
	if want := []Bar{{.05, .4, .25, .75}, {.55, .4, 1, 0}}; !slices.EqualFunc(c.Bars, want, near) || len(c.Curves)+len(c.Dots) != 0 || len(c.Points) != 2 {
		t.Errorf("got %+v", c)
	}
}

// near says that two bars are as good as the same: places are no exact numbers.
func near(a, b Bar) bool {
	const little = 1e-9
	return max(a.X-b.X, b.X-a.X, a.W-b.W, b.W-a.W, a.Y-b.Y, b.Y-a.Y, a.H-b.H, b.H-a.H) < little
}

// A line ends where there is no average; a point that stands alone is a dot.
func TestLinesEndWhereThereIsNothing(t *testing.T) {
	days := map[int][2]float64{1: {1, 5000}, 2: {2, 15_000}, 4: {1, 0}, 6: {1, 10_000}, 7: {1, 10_000}}
	var edges []time.Time
	for n := 1; n <= 8; n++ {
		edges = append(edges, day(n))
	}
	c := Draw(named(t, "averageAnswerSeconds"), Split(answered(t, "a", days), edges)["a"], 10)
	if want := []string{"7.14,50 21.43,25", "78.57,0 92.86,0"}; !slices.Equal(c.Curves, want) || len(c.Dots) != 1 || c.Dots[0].X != .5 {
		t.Errorf("got %+v", c)
	}
	if last := c.Points[len(c.Points)-1]; len(c.Points) != 5 || last.Stretch != 6 {
		t.Errorf("the points are %+v", c.Points)
	}
}

func TestScales(t *testing.T) {
	for n, want := range map[float64]float64{0: 1, .3: 1, 1: 1, 7.2: 8, 31: 40, 100: 100, 4321: 5000} {
		if got := roundUp(n); got != want {
			t.Errorf("above %v is %v, want %v", n, got, want)
		}
	}
	edges := []time.Time{day(1), day(2), day(3)}
	a, b := Split(answered(t, "a", map[int][2]float64{1: {31, 0}}), edges)["a"], Split(answered(t, "b", map[int][2]float64{2: {42, 0}}), edges)["b"]
	if top := Top(named(t, "answered"), a, b); top != 50 {
		t.Errorf("both charts end at %v", top)
	}
	if top := Top(named(t, "serviceLevel"), a); top != 1 {
		t.Errorf("a share ends at %v", top)
	}
	for name, want := range map[string]string{"serviceLevel": "50 %", "averageHandleSeconds": "0.5 s", "offered": "0.5"} {
		if ticks := Numbers(named(t, name), 1); len(ticks) != 3 || ticks[1] != (Tick{.5, want}) {
			t.Errorf("%s: %v", name, ticks)
		}
	}
}

func TestAnAxisOfTimesEndsWhereAClockIsRead(t *testing.T) {
	for n, want := range map[float64]float64{0: 1, .4: 1, 6.5: 7, 12: 20, 84: 120, 454: 600, 1737: 1800, 4000: 7200, 100_000: 2 * 86400} {
		if got := clockUp(n); got != want {
			t.Errorf("%v ends at %v, want %v", n, got, want)
		}
	}
}

// There are a few times only, each below the middle of its stretch.
func TestTimes(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	edges := []time.Time{day(1)}
	for n := range 24 {
		edges = append(edges, day(1).Add(time.Duration(n+1)*time.Hour))
	}
	if ticks := Times(edges, zone, false); len(ticks) != 6 || ticks[0] != (Tick{.5 / 24, "1 Nov 01:00"}) {
		t.Errorf("got %v", ticks)
	}
	if ticks := Times([]time.Time{day(1), day(2)}, time.UTC, true); len(ticks) != 1 || ticks[0] != (Tick{.5, "1 Nov"}) {
		t.Errorf("got %v", ticks)
	}
}
