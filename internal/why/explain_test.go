package why

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// classOf writes the class of an abandoned wait that lies in every interval, of an inbound conversation that is over.
func classOf(s *Study, medium, seconds uint64) (class uint64) {
	values := []uint64{1 + uint64(slices.Index(s.metrics, "tAbandon"))}
	for range int(moments) * len(s.clocks) {
		values = append(values, 1)
	}
	values = append(values, 1, 0, 1, 1, 1, medium, inbound, inbound, 0, 0, seconds)
	at := 0
	for i, f := range s.fields {
		class |= values[i] << at
		at += f.bits
	}
	return class
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
			medium, seconds uint64
			conversations   int64
		}{{1, 3, 4}, {1, 7, 2}, {5, 12, 1}, {1, 40, 5}} {
			s.Add(strconv.Itoa(i), classOf(s, of.medium, of.seconds), of.conversations, of.conversations, 0)
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
	s.Add("a", classOf(s, 1, 41), 7, 7, 0)
	s.Add("b", classOf(s, 1, 55), 93, 93, 0)
	a := s.Explain(Number{Value: 93})
	if len(a.Exact) != 1 || a.Exact[0].Rules[0].Name != "without-short-42" || !a.Exact[0].Tried() || a.Exact[0].Conversations != 7 || a.Near != nil {
		t.Errorf("got %+v", a.Exact)
	}
	s = New(questionOf(t, "abandoned"))
	s.Add("a", classOf(s, 1, 3), 40, 40, 0)
	s.Add("b", classOf(s, 5, 55), 60, 60, 0)
	a = s.Explain(Number{Value: 62})
	if a.Verdict != Unexplained || len(a.Near) != mostNear || a.Near[0].Value != 60 || len(a.Near[0].Rules) != 1 {
		t.Errorf("near are %+v", a.Near)
	}
}
