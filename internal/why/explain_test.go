package why

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// everywhere lies in every interval by every instant.
var everywhere = [moments]uint{1<<7 - 1, 1<<7 - 1, 1<<7 - 1, 1<<7 - 1}

// classOf writes the class of an emission, as the engine does.
func classOf(s *Study, metric string, e emission) (class uint64) {
	values := []uint64{1 + uint64(slices.Index(s.metrics, metric))}
	for m := range moments {
		for c := range s.clocks {
			values = append(values, uint64(e.within[m]>>c&1))
		}
	}
	for i := range queueBits {
		values = append(values, uint64(e.queue>>i&1))
	}
	yes := map[bool]uint64{true: 1}
	values = append(values, uint64(e.medium), uint64(e.leg), uint64(e.first), yes[e.open], yes[e.changes], uint64(e.waited))
	at := 0
	for i, f := range s.fields {
		class |= values[i] << at
		at += f.bits
	}
	return class
}

// wait is one that was abandoned after some seconds, in an inbound conversation that is over.
func wait(medium, seconds int) emission {
	return emission{within: everywhere, queue: queueInEffect, medium: medium, leg: inbound, first: inbound, waited: seconds}
}

// Each rule of instants and clocks looks at its own interval, and at no other.
func TestEachIntervalHasItsRule(t *testing.T) {
	for m, name := range []string{"", "by-start", "by-end", "overlapping"} {
		for c, clock := range []string{"", "hour-earlier", "hour-later", "one-day-more"} {
			s := New(questionOf(t, "handled"))
			e := emission{queue: queueInEffect}
			e.within[m] = 1 << c
			s.Add("a", classOf(s, "tHandle", e), 5, 5, 0)
			names := slices.DeleteFunc([]string{name, clock}, func(name string) bool { return name == "" })
			if len(names) == 0 {
				if a := s.Ours(); a.Ours != 5 {
					t.Errorf("ours is %v", a.Ours)
				}
				continue
			}
			a := s.Explain(Number{Value: 5})
			if a.Verdict != Explained || !slices.Equal(a.Exact[0].Names(), names) {
				t.Errorf("what lies there by %q is put down to %+v", names, a.Exact)
			}
		}
	}
}

// Of what was offered short abandons are taken away; of a mean each side has its part.
func TestMeasuresOfSeveralMetrics(t *testing.T) {
	s := New(questionOf(t, "offered"))
	s.Add("a", classOf(s, "nOffered", wait(1, 0)), 3, 4, 0)
	s.Add("a", classOf(s, "tAbandon", wait(1, 7)), 3, 2, 14_000)
	if a := s.Ours(); a.Ours != 4 {
		t.Errorf("ours %v", a.Ours)
	}
	if x, _ := s.Of([]string{"without-short-10"}); x.Value != 2 || x.Conversations != 3 {
		t.Errorf("without short ones %+v", x)
	}
	if x, _ := s.Of([]string{"once", "without-short-10"}); x.Value != 0 {
		t.Errorf("each once, without short ones: %v", x.Value)
	}
	s = New(questionOf(t, "aht"))
	s.Add("a", classOf(s, "tHandle", wait(1, 0)), 3, 4, 60_000)
	s.Add("a", classOf(s, "tAnswered", wait(1, 0)), 3, 2, 1000)
	if a := s.Ours(); a.Ours != 15 {
		t.Errorf("the mean is %v", a.Ours)
	}
	if x, _ := s.Of([]string{"by-answered"}); x.Value != 30 {
		t.Errorf("by what was answered %v", x.Value)
	}
}

// A conversation says which rules of an explanation change it: one of them, or both together where neither does alone.
func TestDifferencesSayTheirRules(t *testing.T) {
	s := New(questionOf(t, "handled"))
	voice, email := emission{within: everywhere, queue: queueInEffect, medium: 1}, emission{within: everywhere, queue: queueInEffect, medium: 5}
	later := emission{queue: queueInEffect, medium: 1}
	later.within[began] = 1 << 2 // began in the interval an hour later
	x, unknown := s.Of([]string{"by-start", "hour-later"})
	y, _ := s.Of([]string{"once", "without-email"})
	if unknown != "" {
		t.Fatal(unknown)
	}
	for _, c := range []struct {
		x       Explanation
		of      emission
		n       int64
		rules   []string
		differs bool
	}{
		{x, voice, 1, nil, false},
		{x, later, 1, []string{"by-start", "hour-later"}, true},
		{y, email, 1, []string{"without-email"}, true},
		{y, voice, 2, []string{"once"}, true},
		{y, email, 2, []string{"once", "without-email"}, true},
	} {
		d, differs := s.Difference(&c.x, Conversation{ID: "c", Classes: []uint64{classOf(s, "tHandle", c.of)}, Counts: []int64{c.n}, Totals: []float64{0}, Firsts: []int64{1_000_000}})
		if differs != c.differs || !slices.Equal(d.Rules, c.rules) || differs && d.Emitted.Unix() != 1 {
			t.Errorf("%q of %+v: %+v, %v", c.x.Names(), c.of, d, differs)
		}
	}
}

// What fits is told, all of it, and nothing beside it: no bound that was tried where a usual one fits, no pair of which one rule does
// nothing, no rule by which nothing is left.
func TestEverythingThatFitsAndNothingElse(t *testing.T) {
	for _, c := range []struct {
		theirs  float64
		verdict Verdict
		want    []string
	}{
		{12, Agree, nil},
		{8, Explained, []string{"without-short-5"}},  // and by 4, 6 and 7
		{6, Explained, []string{"without-short-10"}}, // and by 8 to 12
		{5, Several, []string{"without-short-15", "without-short-20", "without-short-30"}},
		{11, Several, []string{"only-voice", "without-email"}},
		{7, Several, []string{"without-short-5 + only-voice", "without-short-5 + without-email"}},
		{0, Unexplained, nil}, // a bound of 41 leaves nothing
		{13, Unexplained, nil},
	} {
		s := New(questionOf(t, "abandoned"))
		for i, of := range []struct {
			medium, seconds int
			conversations   int64
		}{{1, 3, 4}, {1, 7, 2}, {5, 12, 1}, {1, 40, 5}} {
			s.Add(strconv.Itoa(i), classOf(s, "tAbandon", wait(of.medium, of.seconds)), of.conversations, of.conversations, 0)
		}
		a := s.Explain(Number{Value: c.theirs})
		var got []string
		for _, x := range a.Exact {
			got = append(got, strings.Join(x.Names(), " + "))
		}
		if a.Ours != 12 || a.Verdict != c.verdict || !slices.Equal(got, c.want) {
			t.Errorf("theirs %v: %v by %q of ours %v, want %v by %q", c.theirs, a.Verdict, got, a.Ours, c.verdict, c.want)
		}
	}
}

// A bound that only trying found is told as such, the first one; the nearest rules are told where nothing fits.
func TestWhatWasTriedAndWhatIsNear(t *testing.T) {
	s := New(questionOf(t, "abandoned"))
	s.Add("a", classOf(s, "tAbandon", wait(1, 41)), 7, 7, 0)
	s.Add("b", classOf(s, "tAbandon", wait(1, 55)), 93, 93, 0)
	a := s.Explain(Number{Value: 93})
	if len(a.Exact) != 1 || a.Exact[0].Rules[0].Name != "without-short-42" || !a.Exact[0].Tried() || a.Exact[0].Conversations != 7 || a.Near != nil {
		t.Errorf("got %+v", a.Exact)
	}
	s = New(questionOf(t, "abandoned"))
	s.Add("a", classOf(s, "tAbandon", wait(1, 3)), 40, 40, 0)
	s.Add("b", classOf(s, "tAbandon", wait(5, 55)), 60, 60, 0)
	a = s.Explain(Number{Value: 62})
	if far := s.Explain(Number{Value: 500}); far.Near != nil {
		t.Errorf("near 500 are %+v", far.Near)
	}
	if a.Verdict != Unexplained || len(a.Near) != mostNear || a.Near[0].Value != 60 || len(a.Near[0].Rules) != 1 {
		t.Errorf("near are %+v", a.Near)
	}
}
