package why

import (
	"cmp"
	"math"
	"slices"
)

// Verdict is what a study comes to.
type Verdict string

// The verdicts.
const (
	Agree       Verdict = "agree"       // there is nothing to explain
	Explained   Verdict = "explained"   // one rule, or two together, give the number
	Several     Verdict = "several"     // more than one do: the number alone cannot tell which it is
	Unexplained Verdict = "unexplained" // none does
)

// Explanation is a rule, or two together, with what they give.
type Explanation struct {
	Rules []Rule
	Value float64 // in the figure's unit
	Some  bool    // whether there is a value: there is no mean of nothing
	// Conversations count otherwise than by our reading. Of times they may be a few more than differ: some have other emissions
	// that come to the same.
	Conversations int64

	reading reading
	nothing bool // counts by it
}

// matters says whether there is anything to say of it.
func (x Explanation) matters() bool { return x.Some && !x.nothing && x.Conversations > 0 }

// Tried says whether a number was looked for until it fitted: that it does says less.
func (x Explanation) Tried() bool {
	return slices.ContainsFunc(x.Rules, func(r Rule) bool { return r.tried })
}

// Answer is what a study found.
type Answer struct {
	Ours    float64
	Some    bool // whether there is a figure of ours
	Verdict Verdict
	// Exact are all rules that give the number; where none does alone, all pairs that do. The likelier come first.
	Exact []Explanation
	// Pairs are those that give it besides rules that do so alone, or that are no rule twice over.
	Pairs int
	// Near give nine tenths of the difference and more, if nothing is exact.
	Near []Explanation
	// Singles is what each rule gives that changes anything, in the order of rules.
	Singles []Explanation
}

// Ours gives our figure, and what each rule makes of it, without another number to explain. A rule that changes nothing, or by which
// nothing counts, is left out.
func (s *Study) Ours() (a Answer) {
	s.flush()
	a.Ours, a.Some = s.valueOf(0)
	for i := range s.rules {
		if x := s.explanation(1 + i); x.matters() {
			a.Singles = append(a.Singles, x)
		}
	}
	return a
}

func (s *Study) valueOf(place int) (float64, bool) {
	t := &s.tallies[place]
	return s.question.Figure.value(t.measure, t.all)
}

func (s *Study) explanation(place int) Explanation {
	t := &s.tallies[place]
	x := Explanation{Conversations: t.changed, reading: t.reading, nothing: t.all == amount{}}
	x.Value, x.Some = s.valueOf(place)
	for _, i := range t.rules {
		x.Rules = append(x.Rules, s.rules[i])
	}
	return x
}

// Explain says which rules give somebody else's number.
func (s *Study) Explain(theirs Number) Answer {
	a := s.Ours()
	if a.Some && theirs.Is(a.Ours) {
		a.Verdict = Agree
		return a
	}
	pairs := s.pairs(theirs)
	a.Exact = exact(a.Singles, theirs)
	if a.Pairs = len(pairs); len(a.Exact) == 0 {
		a.Exact, a.Pairs = pairs, 0
	}
	switch len(a.Exact) {
	case 0:
		a.Verdict, a.Near = Unexplained, s.near(a, theirs)
	case 1:
		a.Verdict = Explained
	default:
		a.Verdict = Several
	}
	return a
}

// exact are those that give a number. Of bounds that were tried the first is enough, and none where a usual one fits.
func exact(all []Explanation, theirs Number) (out []Explanation) {
	for _, x := range all {
		if !theirs.Is(x.Value) {
			continue
		}
		same := func(o Explanation) bool { return x.Tried() && o.Rules[0].facet == x.Rules[0].facet }
		if !slices.ContainsFunc(out, same) {
			out = append(out, x)
		}
	}
	return out
}

// pairs are those that give a number, of which each rule does its part.
func (s *Study) pairs(theirs Number) (out []Explanation) {
	for i := 1 + len(s.rules); i < len(s.tallies); i++ {
		if x := s.explanation(i); x.matters() && theirs.Is(x.Value) && s.bothMatter(i) {
			out = append(out, x)
		}
	}
	return out
}

// bothMatter says whether two rules give another value than either of them alone.
func (s *Study) bothMatter(pair int) bool {
	value, _ := s.valueOf(pair)
	for _, i := range s.tallies[pair].rules {
		if alone, some := s.valueOf(1 + i); some && alone == value {
			return false
		}
	}
	return true
}

// mostNear is how many are told that do not fit.
const mostNear = 5

// near are the rules, then the pairs, that leave at most a tenth of the difference, the nearest first.
func (s *Study) near(a Answer, theirs Number) (out []Explanation) {
	if !a.Some {
		return nil
	}
	far := func(x Explanation) float64 { return math.Abs(x.Value - theirs.Value) }
	for i := 1; i < len(s.tallies); i++ {
		x := s.explanation(i)
		if x.matters() && !x.Tried() && far(x) <= 0.1*math.Abs(a.Ours-theirs.Value) && (len(x.Rules) == 1 || s.bothMatter(i)) {
			out = append(out, x)
		}
	}
	slices.SortStableFunc(out, func(x, y Explanation) int {
		return cmp.Or(cmp.Compare(len(x.Rules), len(y.Rules)), cmp.Compare(far(x), far(y)))
	})
	return out[:min(mostNear, len(out))]
}
