package why

import (
	"slices"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// Conversation is a row of [Study.Conversations]: lists are of its classes.
type Conversation struct {
	ID      conversation.ID
	Start   time.Time
	End     time.Time // zero while it goes on
	Classes []uint64
	Counts  []int64   // emissions
	Totals  []float64 // of their values
	Firsts  []int64   // when the first was emitted, microseconds since 1970; 0 if nobody knows
}

// Difference is a conversation that counts otherwise by an explanation.
type Difference struct {
	ID      conversation.ID
	Rules   []string // of the explanation those that change it
	Ours    float64  // what it adds to our figure, in its unit; of a mean or share, to what is divided
	Theirs  float64
	Start   time.Time
	End     time.Time // zero while it goes on
	Emitted time.Time // when the first was emitted of what counts by one of both alone; zero if nobody knows
}

// Difference says how a conversation counts otherwise by an explanation, and whether it does.
func (s *Study) Difference(x *Explanation, c Conversation) (d Difference, differs bool) {
	parts := make([]part, len(c.Classes))
	for i := range parts {
		parts[i] = part{s.emission(c.Classes[i]), float64(c.Counts[i]), c.Totals[i], c.Firsts[i]}
	}
	by := func(r *reading) amount { return s.amount(r, parts, 1) }
	base := &s.tallies[0].reading
	ours, theirs := by(base), by(&x.reading)
	if ours == theirs {
		return d, false
	}
	d = Difference{ID: c.ID, Ours: s.scaled(ours), Theirs: s.scaled(theirs), Start: c.Start, End: c.End}
	for _, r := range x.Rules {
		alone := *base
		if r.apply(&alone); by(&alone) != ours {
			d.Rules = append(d.Rules, r.Name)
		}
	}
	if d.Rules == nil { // they do only together
		d.Rules = x.Names()
	}
	d.Emitted = s.evidence(x, parts)
	return d, true
}

// Names are those of the rules.
func (x Explanation) Names() (names []string) {
	for _, r := range x.Rules {
		names = append(names, r.Name)
	}
	return names
}

// scaled is what an amount adds, in the unit of the figure.
func (s *Study) scaled(a amount) float64 {
	if s.question.Figure.Unit == Seconds {
		return a.above / 1000
	}
	return a.above
}

// evidence is the first emission that counts by one of both readings alone; if there is none, the first that counts at all.
func (s *Study) evidence(x *Explanation, parts []part) time.Time {
	base := &s.tallies[0].reading
	var one, either []int64
	for i := range parts {
		p := &parts[i]
		if p.first == 0 {
			continue
		}
		ours, theirs := s.uses(base, p), s.uses(&x.reading, p)
		if ours != theirs {
			one = append(one, p.first)
		}
		if ours || theirs {
			either = append(either, p.first)
		}
	}
	for _, firsts := range [][]int64{one, either} {
		if len(firsts) > 0 {
			return time.UnixMicro(slices.Min(firsts)).UTC()
		}
	}
	return time.Time{}
}

// uses says whether a reading counts a part.
func (s *Study) uses(r *reading, p *part) bool {
	return r.measure.has(s.metrics[p.metric]) && !s.short(r, p) && r.counts(p.emission)
}

// Of is the explanation by the rules of some names, and the name of the first that is none; empty if all are.
func (s *Study) Of(names []string) (x Explanation, unknown string) {
	for i := range s.tallies {
		if x := s.explanation(i); len(names) == len(x.Rules) && !slices.ContainsFunc(x.Rules, func(r Rule) bool { return !slices.Contains(names, r.Name) }) {
			return x, ""
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(s.rules, func(r Rule) bool { return r.Name == name }) {
			return x, name
		}
	}
	return x, names[len(names)-1]
}
