package why

import (
	"slices"
)

// Study counts one figure in every way that is known. Make it by [New], run the statement [Study.Profiles] and give each of its rows to
// [Study.Add]; then [Study.Explain] says what fits.
type Study struct {
	question Question
	metrics  []string
	clocks   []clock
	fields   []field
	rules    []Rule

	tallies []tally // ours first, then one for each rule, then one for each two that can hold together
	known   map[uint64]emission
	profile string // that is being read
	many    int64  // conversations that have it
	parts   []part
}

// tally is a reading and what it comes to.
type tally struct {
	reading

	rules   []int // by their place; none of ours
	all     amount
	changed int64 // conversations that count otherwise than by ours
}

// amount is the two sides of a measure. Of one that is no quotient the lower side is zero.
type amount struct{ above, below float64 }

// part is the emissions of a class.
type part struct {
	emission

	n, total float64
	first    int64 // when the first was emitted, microseconds since 1970; 0 if nobody asked
}

// New makes a study.
func New(q Question) *Study {
	s := &Study{question: q, metrics: q.Figure.metrics(), clocks: clocks(q.Interval, q.Zone), known: map[uint64]emission{}}
	s.fields = layout(q, s.metrics, s.clocks)
	s.makeRules()
	s.tallies = []tally{{reading: s.by()}}
	for i := range s.rules {
		s.tallies = append(s.tallies, tally{reading: s.by(i), rules: []int{i}})
	}
	for i, a := range s.rules {
		for j, b := range s.rules[:i] {
			if a.facet != b.facet && !a.tried && !b.tried {
				s.tallies = append(s.tallies, tally{reading: s.by(j, i), rules: []int{j, i}})
			}
		}
	}
	return s
}

// Rules are all that are tried, in their order.
func (s *Study) Rules() []Rule { return slices.Clone(s.rules) }

// by is the reading by some rules.
func (s *Study) by(rules ...int) reading {
	r := reading{measure: s.question.Figure.measure, queue: queueInEffect}
	for _, i := range rules {
		s.rules[i].apply(&r)
	}
	return r
}

// emission reads a class, of which there are few.
func (s *Study) emission(class uint64) emission {
	e, is := s.known[class]
	if !is {
		e = read(s.fields, class)
		s.known[class] = e
	}
	return e
}

// Add takes a row of Profiles.
func (s *Study) Add(profile string, class uint64, conversations, emissions int64, total float64) {
	if profile != s.profile {
		s.flush()
		s.profile, s.many = profile, conversations
	}
	s.parts = append(s.parts, part{emission: s.emission(class), n: float64(emissions), total: total})
}

// flush counts the conversations of the profile that was read.
func (s *Study) flush() {
	if len(s.parts) == 0 {
		return
	}
	var ours amount
	for i := range s.tallies {
		t := &s.tallies[i]
		got := s.amount(&t.reading, s.parts, float64(s.many))
		t.all.above += got.above
		t.all.below += got.below
		if i == 0 {
			ours = got
		} else if got != ours {
			t.changed += s.many
		}
	}
	s.parts = s.parts[:0]
}

// amount is what a reading gives of so many conversations that have these parts together.
func (s *Study) amount(r *reading, parts []part, conversations float64) (a amount) {
	for _, t := range r.measure {
		of := s.emitted(r, t, parts, conversations)
		if r.short > 0 && t.metric == "nOffered" {
			of -= s.abandonedShortly(r, parts, conversations)
		}
		if t.below {
			a.below += t.weight * of
		} else {
			a.above += t.weight * of
		}
	}
	return a
}

// emitted is what counts of a metric by a reading.
func (s *Study) emitted(r *reading, t term, parts []part, conversations float64) (of float64) {
	for i := range parts {
		p := &parts[i]
		if s.metrics[p.metric] != t.metric || s.short(r, p) || !r.counts(p.emission) {
			continue
		}
		switch {
		case t.sum:
			of += p.total
		case r.once:
			return conversations
		default:
			of += p.n
		}
	}
	return of
}

// short says whether a part is abandoned waits that do not count.
func (s *Study) short(r *reading, p *part) bool {
	return r.short > 0 && s.metrics[p.metric] == "tAbandon" && p.waited < r.short
}

func (s *Study) abandonedShortly(r *reading, parts []part, conversations float64) (n float64) {
	for i := range parts {
		p := &parts[i]
		if !s.short(r, p) || !r.counts(p.emission) {
			continue
		}
		if r.once {
			return conversations
		}
		n += p.n
	}
	return n
}

// value is the number that an amount is of a figure, in its unit, and whether there is one: there is no mean of nothing.
func (f Figure) value(m measure, a amount) (float64, bool) {
	v := a.above
	if f.Unit == Seconds {
		v /= 1000
	}
	if !m.divided() {
		return v, true
	}
	return v / a.below, a.below != 0
}
