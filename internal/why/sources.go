package why

import (
	"cmp"
	"maps"
	"slices"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
)

// Request asks a source for what the figure is made of, by a dimension and by stretches of time; for the whole interval if granularity
// is empty.
func (q Question) Request(iv conversation.Interval, granularity, dimension string) wire.AggregateRequest {
	r := wire.AggregateRequest{Interval: iv.String(), Granularity: granularity, TimeZone: q.Zone.String(), GroupBy: []string{dimension}}
	for _, t := range q.Figure.measure {
		if !slices.Contains(r.Metrics, t.metric) {
			r.Metrics = append(r.Metrics, t.metric)
		}
	}
	f := wire.Filter{Type: "and"}
	for _, of := range []struct {
		name   string
		values []string
	}{{"queueId", q.Queues}, {"userId", q.Agents}, {"mediaType", q.Media}} {
		if of.values == nil {
			continue
		}
		clause := wire.Filter{Type: "or"}
		for _, value := range of.values {
			clause.Predicates = append(clause.Predicates, wire.Predicate{Dimension: of.name, Value: value})
		}
		f.Clauses = append(f.Clauses, clause)
	}
	if f.Clauses != nil {
		r.Filter = &f
	}
	return r
}

// Cell is a figure by two sources, of one value of a dimension and one stretch of time.
type Cell struct {
	Value    string // of the dimension; empty where records do not say
	Interval string // start/end, as the sources write it

	Ours, Theirs amount
}

// Compare gives the cells of two answers to one request that differ, in order of time and value, and what both come to.
func (q Question) Compare(dimension string, ours, theirs wire.Aggregates) (differ []Cell, all Cell) {
	cells := map[[2]string]*Cell{}
	at := func(value, interval string) *Cell {
		key := [2]string{interval, value}
		if cells[key] == nil {
			cells[key] = &Cell{Value: value, Interval: interval}
		}
		return cells[key]
	}
	for _, side := range []struct {
		answer wire.Aggregates
		of     func(*Cell) *amount
	}{{ours, func(c *Cell) *amount { return &c.Ours }}, {theirs, func(c *Cell) *amount { return &c.Theirs }}} {
		for _, g := range side.answer.Results {
			for _, d := range g.Data {
				a := q.Figure.measure.of(d)
				side.of(at(g.Group[dimension], d.Interval)).add(a)
				side.of(&all).add(a)
			}
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(cells), func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) }) {
		if c := cells[key]; c.Ours != c.Theirs {
			differ = append(differ, *c)
		}
	}
	return differ, all
}

// of is what an answer's figures come to.
func (m measure) of(d wire.AggregateData) (a amount) {
	stats := map[string]wire.Statistics{}
	for _, of := range d.Metrics {
		stats[of.Metric] = of.Stats
	}
	for _, t := range m {
		v := 0.0
		switch s := stats[t.metric]; {
		case t.sum && s.Sum != nil:
			v = *s.Sum
		case !t.sum && s.Count != nil:
			v = float64(*s.Count)
		}
		if t.below {
			a.below += t.weight * v
		} else {
			a.above += t.weight * v
		}
	}
	return a
}

func (a *amount) add(b amount) {
	a.above += b.above
	a.below += b.below
}

// Of is the figure of one side of a cell, and whether there is one.
func (f Figure) Of(a amount) (float64, bool) { return f.value(f.measure, a) }

// Reason is why a conversation counts otherwise at another source.
type Reason string

// The reasons.
const (
	DayMissing Reason = "day-not-whole" // the lake does not have the day on which it began whole, nor the conversation
	Absent     Reason = "absent"        // the lake has the day, and not the conversation
	Gone       Reason = "gone"          // they do not have it any more
	Moved      Reason = "moved"         // both count it alike, but in another stretch of time or another queue
	Changed    Reason = "changed"       // its metrics at the source are others than those that the lake received
	Unknown    Reason = "unexplained"   // both have the same metrics of it
)

// Reasons lists them with what to make of them.
var Reasons = []struct {
	Reason Reason
	Text   string
}{
	{DayMissing, "the lake does not have the whole of the day on which it began: extract that day"},
	{Absent, "the lake has its day, but not the conversation: parley reconcile --lake counts the days again"},
	{Gone, "they do not have it any more: deleted, or older than what they keep"},
	{Moved, "both count it alike, but in another stretch of time or another queue"},
	{Changed, "it has changed since the lake received it: extract its day again"},
	{Unknown, "both have the same metrics of it, and their figures differ all the same"},
}

// Told is what two sources say of a conversation that counts otherwise.
type Told struct {
	InLake, AtSource *conversation.Conversation // nil where there is none
	DayRead          bool                       // whether the lake has the day of its start whole
	Ours, Theirs     amount                     // over all cells that differ
}

// Reason is why it counts otherwise.
func (t Told) Reason() Reason {
	switch {
	case t.InLake == nil && !t.DayRead:
		return DayMissing
	case t.InLake == nil:
		return Absent
	case t.AtSource == nil:
		return Gone
	case !slices.Equal(emissions(t.InLake), emissions(t.AtSource)):
		return Changed
	case t.Ours == t.Theirs:
		return Moved
	}
	return Unknown
}

// emitting is a metric with where it was emitted.
type emitting struct {
	session, user, name, at string
	value                   int64
}

// emissions are all metrics of a record, in an order that does not depend on that of the record.
func emissions(c *conversation.Conversation) (all []emitting) {
	for _, p := range c.Participants {
		for _, s := range p.Sessions {
			for _, m := range s.Metrics {
				all = append(all, emitting{s.SessionID, p.UserID, m.Name, m.EmitDate, m.Value})
			}
		}
	}
	slices.SortFunc(all, func(a, b emitting) int {
		return cmp.Or(cmp.Compare(a.session, b.session), cmp.Compare(a.name, b.name), cmp.Compare(a.at, b.at), cmp.Compare(a.value, b.value), cmp.Compare(a.user, b.user))
	})
	return all
}

// Sum adds up what cells say of the same value of their dimension.
func Sum(cells []Cell) map[string]*Cell {
	all := map[string]*Cell{}
	for _, c := range cells {
		if all[c.Value] == nil {
			all[c.Value] = &Cell{Value: c.Value}
		}
		all[c.Value].Ours.add(c.Ours)
		all[c.Value].Theirs.add(c.Theirs)
	}
	return all
}
