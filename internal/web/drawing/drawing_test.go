package drawing

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sim"
)

// day is the one that is simulated: 5 March 2026.
const day conversation.Day = 20517

// Of everything that is simulated, on every scale: each segment is drawn, once, and nothing outside of the drawing.
func TestEverySegmentIsDrawnOnce(t *testing.T) {
	drawn := 0
	for c := range sim.New(sim.Config{Seed: 7, PerDay: 300}).Day(day) {
		m := Of(c, func(account.Noun, string) string { return "" }, time.Time{})
		for _, scale := range Scales {
			d := drawingOf(t, m, "scale="+scale)
			if n := segmentsOf(d); n != len(m.Steps) {
				t.Errorf("%s, %s: %d of %d segments are drawn", c.ConversationID, scale, n, len(m.Steps))
			}
			for _, problem := range outside(d) {
				t.Errorf("%s, %s: %s", c.ConversationID, scale, problem)
			}
		}
		drawn++
	}
	if drawn < 100 {
		t.Errorf("%d conversations were simulated", drawn)
	}
}

// Whatever a drawing leads to can be drawn again.
func TestEverythingThatIsDrawnLeadsSomewhere(t *testing.T) {
	followed := 0
	for c := range sim.New(sim.Config{Seed: 7, PerDay: 40}).Day(day) {
		m := Of(c, func(account.Noun, string) string { return "" }, time.Time{})
		for _, address := range addresses(drawingOf(t, m, "")) {
			query, _, _ := strings.Cut(strings.TrimPrefix(address, "?"), "#")
			drawingOf(t, m, query)
			followed++
		}
	}
	if followed < 100 {
		t.Errorf("%d addresses were followed", followed)
	}
}

func drawingOf(t *testing.T, m *Model, query string) Timeline {
	t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	w, err := Read(q)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	d, err := m.Draw(&w)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return d
}

func segmentsOf(d Timeline) (n int) {
	for _, l := range d.Lanes {
		for _, b := range l.Bars {
			n += b.Count
		}
	}
	return n
}

// outside tells what is drawn where nobody sees it.
func outside(d Timeline) (out []string) {
	const rounding = 1e-9
	check := func(what string, at Span) {
		if at.X < -rounding || at.W < 0 || at.X+at.W > 1+rounding {
			out = append(out, fmt.Sprintf("%s lies at %v, %v wide", what, at.X, at.W))
		}
	}
	for _, s := range d.Stretches {
		check("the stretch "+s.Text, s.Span)
	}
	for _, l := range d.Lanes {
		for _, b := range l.Bars {
			check(b.Label, b.Span)
			for _, part := range append(b.Solid, b.Thin...) {
				check("a part of "+b.Label, part)
			}
		}
		for _, x := range append(append(l.Errs, l.Hung...), l.Marks...) {
			check("a mark of "+l.Label, Span{X: x})
		}
	}
	return out
}

func addresses(d Timeline) (out []string) {
	add := func(address string) {
		if strings.HasPrefix(address, "?") {
			out = append(out, address)
		}
	}
	for _, address := range []string{d.In, d.Out, d.All} {
		add(address)
	}
	for _, s := range d.Stretches {
		add(s.Address)
	}
	for _, l := range d.Lanes {
		for _, b := range l.Bars {
			add(b.Address)
		}
		for _, x := range l.Links {
			add(x.Address)
		}
	}
	return out
}

// Texts of ticks do not meet, also where one stretch follows another.
func TestTextsOfTicksAreApart(t *testing.T) {
	ticks := func(at ...float64) (s Stretch) {
		for _, x := range at {
			s.Ticks = append(s.Ticks, Tick{x, "00:00"})
		}
		return s
	}
	all := []Stretch{ticks(0, .1, .2), ticks(.21, .27), {}, ticks(.28)}
	keepApart(all)
	got := ""
	for _, s := range all {
		for _, at := range s.Ticks {
			if at.Text != "" {
				got += fmt.Sprint(at.X, " ")
			}
		}
	}
	if got != "0 0.1 0.2 0.27 " {
		t.Errorf("texts are at %s", got)
	}
}
