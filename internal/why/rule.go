package why

import (
	"slices"
	"strconv"
)

// facet is what a rule is about.
type facet string

const (
	whenFacet      facet = "instant"
	clockFacet     facet = "clock"
	measureFacet   facet = "measure"
	onceFacet      facet = "once"
	queueFacet     facet = "queue"
	mediumFacet    facet = "medium"
	directionFacet facet = "direction"
	shortFacet     facet = "short"
	openFacet      facet = "open"
	changesFacet   facet = "changes"
)

// Rule is what somebody may have done otherwise.
type Rule struct {
	Name string // as on a command line
	Text string // what counts by it, a clause

	facet facet
	tried bool // one of many that differ in a number: that it fits says less
	apply func(*reading)
}

// reading is one way of counting.
type reading struct {
	measure measure
	moment  moment
	clock   int
	queue   uint // bits, any of which is needed
	once    bool // a conversation counts once for each metric
	short   int  // seconds under which an abandoned wait does not count
	keep    []func(emission) bool
}

// rules are those that can change the figure of a question. The first ones are the likelier reasons.
func (s *Study) makeRules() {
	s.whenRules()
	s.clockRules()
	s.measureRules()
	s.shortRules()
	s.populationRules()
	s.queueRules()
	s.mediumRules()
}

func (s *Study) rule(of facet, name, text string, apply func(*reading)) {
	s.rules = append(s.rules, Rule{Name: name, Text: text, facet: of, apply: apply})
}

// keeping is a rule by which only some emissions count.
func (s *Study) keeping(of facet, name, text string, keep func(emission) bool) {
	s.rule(of, name, text, func(r *reading) { r.keep = append(slices.Clone(r.keep), keep) })
}

func (s *Study) whenRules() {
	for _, m := range []struct {
		moment     moment
		name, text string
	}{
		{began, "by-start", "everything counts of conversations that began in the interval, whenever it was emitted"},
		{over, "by-end", "everything counts of conversations that ended in the interval, whenever it was emitted"},
		{overlaps, "overlapping", "everything counts of conversations that went on in the interval, whenever it was emitted"},
	} {
		s.rule(whenFacet, m.name, m.text, func(r *reading) { r.moment = m.moment })
	}
}

func (s *Study) clockRules() {
	for i, c := range s.clocks[1:] {
		s.rule(clockFacet, c.name, c.text, func(r *reading) { r.clock = i + 1 })
	}
}

func (s *Study) measureRules() {
	f := s.question.Figure
	if f.Unit == Count {
		s.rule(onceFacet, "once", "a conversation counts once, however often it came, was answered or was passed on", func(r *reading) { r.once = true })
	}
	for _, o := range f.others {
		s.rule(measureFacet, o.name, o.text, func(r *reading) { r.measure = o.measure })
	}
}

// usualBounds are the seconds that organizations mostly set for short abandons.
var usualBounds = []int{5, 10, 15, 20, 30}

// shortRules are of abandoned waits that do not count; nor do what was offered of them.
func (s *Study) shortRules() {
	if f := s.question.Figure; !f.measure.has("tAbandon") && !f.measure.has("nOffered") {
		return
	}
	bounds := append(slices.Clone(usualBounds), others(usualBounds, longestWait-1)...)
	if s.question.Short > 0 {
		bounds = []int{s.question.Short}
	}
	for _, n := range bounds {
		seconds := strconv.Itoa(n)
		s.rule(shortFacet, "without-short-"+seconds, "what was abandoned in less than "+seconds+" s does not count", func(r *reading) { r.short = n })
		s.rules[len(s.rules)-1].tried = s.question.Short == 0 && !slices.Contains(usualBounds, n)
	}
}

// others are the numbers up to one that are not in a list.
func others(than []int, most int) (out []int) {
	for n := 1; n <= most; n++ {
		if !slices.Contains(than, n) {
			out = append(out, n)
		}
	}
	return out
}

func (s *Study) populationRules() {
	s.keeping(openFacet, "ended", "conversations that are still open do not count", func(e emission) bool { return !e.open })
	s.keeping(changesFacet, "settled", "conversations that were received within 48 hours of their start, and may have changed since, do not count", func(e emission) bool { return !e.changes })
	s.keeping(directionFacet, "inbound", "inbound sessions count alone", func(e emission) bool { return e.leg == inbound })
	s.keeping(directionFacet, "outbound", "outbound sessions count alone", func(e emission) bool { return e.leg == outbound })
	s.keeping(directionFacet, "began-inbound", "conversations that began inbound count alone", func(e emission) bool { return e.first == inbound })
	s.keeping(directionFacet, "began-outbound", "conversations that began outbound count alone", func(e emission) bool { return e.first == outbound })
}

func (s *Study) queueRules() {
	if s.question.Queues == nil {
		s.keeping(queueFacet, "with-queue", "what agents did outside of any queue does not count", func(e emission) bool { return e.queue&queueNone == 0 })
		return
	}
	for _, q := range []struct {
		bits       uint
		name, text string
	}{
		{queueVisited, "visited-queue", "everything counts of conversations that visited the queue, in whichever queue it was"},
		{queueFirst, "first-queue", "everything counts for the first queue of its conversation"},
		{queueLast, "last-queue", "everything counts for the last queue of its conversation"},
		{queueInEffect | queueNone, "without-queue-too", "what agents did outside of any queue counts too"},
	} {
		s.rule(queueFacet, q.name, q.text, func(r *reading) { r.queue = q.bits })
	}
}

func (s *Study) mediumRules() {
	if len(s.question.Media) == 1 {
		return
	}
	for i, m := range mediaTypes {
		if s.question.Media != nil && !slices.Contains(s.question.Media, m) {
			continue
		}
		s.keeping(mediumFacet, "only-"+m, m+" counts alone", func(e emission) bool { return e.medium == i+1 })
		s.keeping(mediumFacet, "without-"+m, m+" does not count", func(e emission) bool { return e.medium != i+1 })
	}
}

// counts says whether an emission counts.
func (r *reading) counts(e emission) bool {
	if e.within[r.moment]>>r.clock&1 == 0 || e.queue&r.queue == 0 {
		return false
	}
	return !slices.ContainsFunc(r.keep, func(keep func(emission) bool) bool { return !keep(e) })
}
