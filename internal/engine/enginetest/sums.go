package enginetest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/query"
)

// RunSums is the suite for engines that add up what sessions emitted: sums of any measures, by any groups and buckets, are
// those of a naive evaluation, which reads the records member by member.
//
// What it settles beside what package query says: an emission has of its segments the last that says something and had begun,
// or the first that says something; what a session says beside its purpose, user, id, medium and direction, it says with
// segments alone; of a list each value counts once.
func RunSums(t *testing.T, open func(t *testing.T, records []conversation.Record) engine.Engine) {
	t.Helper()
	Share(1).RunSums(t, open)
}

// RunSums runs the suite as the function RunSums does.
func (share Share) RunSums(t *testing.T, open func(t *testing.T, records []conversation.Record) engine.Engine) {
	t.Helper()
	t.Run("segments in effect", func(t *testing.T) { segmentsInEffect(t, open) })
	seed := chooseSeed(t)
	for _, set := range sets {
		t.Run(set.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, uint64(len(set.name))))
			records := set.make(t, r)
			s := &suite{rand: r, share: share, records: give(t, records), open: open, engine: open(t, records)}
			repeatable(t, seed)
			s.sums(t)
		})
	}
}

func (s *suite) sums(t *testing.T) {
	emissions := emissionsOf(s.records)
	for _, d := range s.some(query.Dimensions(query.OfEmission)) {
		s.checkSums(t, emissions, query.Sums{Edges: everySumsEdges(), GroupBy: []query.Dimension{d}, Measures: s.measures(emissions)})
	}
	for range s.part(120) {
		s.checkSums(t, emissions, s.sumsQuestion(emissions))
	}
}

// threeSegments is a record of which each segment says something else, and the second no code.
const threeSegments = `{"conversationId":"c","conversationStart":"2026-02-28T00:00:00.000Z","conversationEnd":"2026-02-28T00:00:30.000Z","participants":[{"sessions":[{
	"metrics":[{"name":"n0","value":1,"emitDate":"2026-02-27T23:59:59.999Z"},{"name":"n1","value":1,"emitDate":"2026-02-28T00:00:09.999Z"},
		{"name":"n2","value":1,"emitDate":"2026-02-28T00:00:10.000Z"},{"name":"n3","value":1,"emitDate":"2026-02-28T00:00:20.000Z"},{"name":"n4","value":1,"emitDate":"2026-02-28T00:01:00.000Z"}],
	"segments":[{"segmentStart":"2026-02-28T00:00:00.000Z","queueId":"q1","wrapUpCode":"w1"},{"segmentStart":"2026-02-28T00:00:10.000Z","queueId":"q2"},
		{"segmentStart":"2026-02-28T00:00:20.000Z","queueId":"q3","wrapUpCode":"w3"}]}]}]}`

// segmentsInEffect are the last that had begun by the emission, of those that say something; that which begins with it has.
func segmentsInEffect(t *testing.T, open opener) {
	t.Helper()
	e := open(t, []conversation.Record{parse(t, []byte(strings.NewReplacer("\n", "", "\t", "").Replace(threeSegments)))})
	q := query.Sums{Edges: everySumsEdges()}
	for _, d := range query.Dimensions(query.OfEmission) {
		if d.Name == "queueId" || d.Name == "wrapUpCode" {
			q.GroupBy = append(q.GroupBy, d)
		}
	}
	for i, want := range []string{"q1 w1", "q1 w1", "q2 w1", "q3 w3", "q3 w3"} {
		q.Measures = []query.Measure{{Metric: fmt.Sprintf("n%d", i)}}
		sums, _, err := engine.Sums(t.Context(), e, q, 10)
		if err != nil || len(sums) != 1 || strings.Join(sums[0].Group, " ") != want || sums[0].Stats != (query.Stats{Count: 1, Sum: 1, Min: 1, Max: 1}) {
			t.Errorf("metric %d: %+v, %v; want one of %s", i, sums, err, want)
		}
	}
}

// emission is a metric that a session emitted.
type emission struct {
	item // with conversation, participant and session

	segments []any
	name     string
	value    float64
	at       time.Time
}

func emissionsOf(records []given) (out []emission) {
	for _, r := range records {
		c := r.items[query.OfConversation][0].parts["conversation"]
		for _, p := range list(c, "participants") {
			for _, s := range list(p, "sessions") {
				for _, m := range list(s, "metrics") {
					e := emission{item: item{r.Record, object{"conversation": c, "participant": p, "session": s}}, segments: list(s, "segments")}
					e.name, _ = m.(object)["name"].(string)
					e.value, _ = m.(object)["value"].(float64)
					e.at = timeOf(walk(m, "emitDate"))
					out = append(out, e)
				}
			}
		}
	}
	return out
}

// said is what an emission has in a dimension.
func (e emission) said(d query.Dimension) (found []any) {
	if d.Name == "conversationId" {
		return e.values(d)
	}
	path := place(d.Kind, d.Name)
	beside := slices.Contains([]string{"purpose", "userId", "sessionId", "mediaType", "direction"}, d.Name)
	switch {
	case path[0] == "segment":
		for _, g := range e.segments {
			v := walk(g, path[1:]...)
			if begun := !timeOf(walk(g, "segmentStart")).After(e.at); len(v) > 0 && (begun || found == nil) {
				found = v
			}
		}
		return found
	case path[0] != "conversation" && !beside && len(e.segments) == 0:
		return nil
	}
	return walk(e.parts, path...)
}

// combinations are the groups that an emission is in.
func (e emission) combinations(s query.Sums) [][]string {
	all := [][]string{nil}
	for _, d := range s.GroupBy {
		var values []string
		for _, v := range e.said(d) {
			values = append(values, written(v))
		}
		slices.Sort(values)
		if values = slices.Compact(values); s.Flatten || len(values) == 0 {
			values = []string{strings.Join(values, ",")}
		}
		var next [][]string
		for _, group := range all {
			for _, v := range values {
				next = append(next, append(slices.Clone(group), v))
			}
		}
		all = next
	}
	return all
}

// holds says whether an emission makes a filter true.
func (e emission) holds(f query.Filter) bool {
	return f.Holds(func(p query.Predicate) bool {
		found := e.said(p.Dimension)
		switch p.Operator {
		case query.Exists:
			return len(found) > 0
		case query.NotExists:
			return len(found) == 0
		default:
			return slices.ContainsFunc(found, func(v any) bool { return compares(p, v) })
		}
	})
}

// naiveSums adds up.
func naiveSums(emissions []emission, s query.Sums) []query.Sum {
	found := map[string]*query.Sum{}
	first, end := s.Edges[0], s.Edges[len(s.Edges)-1]
	for _, e := range emissions {
		started, ended := e.record.Start, e.record.End
		late := !ended.IsZero() && !ended.After(first.Add(-24*time.Hour)) && started.Before(first.Add(-24*time.Hour))
		if e.at.IsZero() || e.at.Before(first) || !e.at.Before(end) || late || !started.Before(end) || slices.ContainsFunc(s.Filters, func(f query.Filter) bool { return !e.holds(f) }) {
			continue
		}
		bucket := 0
		for e.at.Compare(s.Edges[bucket+1]) >= 0 {
			bucket++
		}
		for measure, m := range s.Measures {
			if m.Metric != e.name || !within(query.Range{Gte: m.Range.Gte, Lt: m.Range.Lt}, e.value) {
				continue
			}
			for _, group := range e.combinations(s) {
				key := fmt.Sprintf("%q %d %d", group, bucket, measure)
				if found[key] == nil {
					found[key] = &query.Sum{Group: group, Bucket: bucket, Measure: measure, Stats: query.Stats{Min: e.value, Max: e.value}}
				}
				stats := &found[key].Stats
				stats.Count++
				stats.Sum += e.value
				stats.Min, stats.Max = min(stats.Min, e.value), max(stats.Max, e.value)
			}
		}
	}
	out := []query.Sum{}
	for _, s := range slices.SortedFunc(maps.Values(found), func(a, b *query.Sum) int { return a.Compare(*b) }) {
		out = append(out, *s)
	}
	return out
}

func (s *suite) checkSums(t *testing.T, emissions []emission, q query.Sums) {
	t.Helper()
	want := naiveSums(emissions, q)
	got, more, err := s.engine.(engine.Summing).Sums(t.Context(), q, len(want))
	if what := sumsDiffer(got, want); err != nil || more || what != "" {
		t.Fatalf("%s\n%s; more: %v, %v", sumsText(q), what, more, err)
	}
	if len(want) == 0 {
		return
	}
	if got, more, err := s.engine.(engine.Summing).Sums(t.Context(), q, len(want)-1); err != nil || !more || len(got) > 0 {
		t.Fatalf("%s\n%d sums of fewer than there are; more: %v, %v", sumsText(q), len(got), more, err)
	}
}

func sumsText(q query.Sums) string {
	var names []string
	for _, d := range q.GroupBy {
		names = append(names, d.Name)
	}
	return fmt.Sprintf("by %v, flat %v, %d buckets from %v to %v, filters %+v, measures %+v", names, q.Flatten, len(q.Edges)-1, q.Edges[0], q.Edges[len(q.Edges)-1], q.Filters, q.Measures)
}

func sumsDiffer(got, want []query.Sum) string {
	for i := range max(len(got), len(want)) {
		g, w := "none", "none"
		if i < len(got) {
			g = fmt.Sprintf("%q %+v", got[i].Group, got[i])
		}
		if i < len(want) {
			w = fmt.Sprintf("%q %+v", want[i].Group, want[i])
		}
		if g != w {
			return fmt.Sprintf("sum %d of %d is %s\nwant, of %d, %s", i, len(got), g, len(want), w)
		}
	}
	return ""
}

func everySumsEdges() []time.Time {
	return []time.Time{epoch.AddDate(-10, 0, 0), epoch.AddDate(10, 0, 0)}
}

// sumsQuestion asks by chance.
func (s *suite) sumsQuestion(emissions []emission) query.Sums {
	q := query.Sums{Edges: s.edges(emissions), Flatten: s.rand.IntN(3) == 0, Measures: s.measures(emissions)}
	all := query.Dimensions(query.OfEmission)
	for range s.rand.IntN(4) {
		if d := all[s.rand.IntN(len(all))]; !slices.Contains(q.GroupBy, d) {
			q.GroupBy = append(q.GroupBy, d)
		}
	}
	for range pick(s, 0, 0, 1, 1, 2) {
		f := query.Filter{Kind: query.OfEmission, Type: pick(s, query.And, query.Or), Predicates: s.emissionPredicates(emissions, 1+s.rand.IntN(3))}
		if s.rand.IntN(3) == 0 {
			f.Clauses = []query.Clause{{Type: pick(s, query.And, query.Or), Predicates: s.emissionPredicates(emissions, 2)}}
		}
		q.Filters = append(q.Filters, f)
	}
	return q
}

// emissionPredicates ask for what emissions say, most of the time.
func (s *suite) emissionPredicates(emissions []emission, n int) (out []query.Predicate) {
	all := query.Dimensions(query.OfEmission)
	for range n {
		p := query.Predicate{Dimension: all[s.rand.IntN(len(all))], Operator: pick(s, query.Matches, query.Matches, query.Matches, query.Exists, query.NotExists)}
		var values []any
		for range 20 {
			if len(values) == 0 && len(emissions) > 0 {
				values = emissions[s.rand.IntN(len(emissions))].said(p.Dimension)
			}
		}
		if p.Operator == query.Matches {
			s.operand(&p, values)
		}
		out = append(out, p)
	}
	return out
}

// measures are of metrics that are emitted, of the same one twice, and of one that is not.
func (s *suite) measures(emissions []emission) (out []query.Measure) {
	for range 1 + s.rand.IntN(4) {
		m := query.Measure{Metric: "tNobodyEmits"}
		if len(emissions) > 0 && s.rand.IntN(10) > 0 {
			m.Metric = emissions[s.rand.IntN(len(emissions))].name
		}
		if s.rand.IntN(4) == 0 {
			r := s.rangeAbout(pick(s, 0.0, 1, 100, 5000))
			m.Range = query.RangeCount{Gte: r.Gte, Lt: r.Lt}
		}
		out = append(out, m)
	}
	return out
}

// edges are of buckets of one length, of several, or of none that is like another; about the times of emissions.
func (s *suite) edges(emissions []emission) []time.Time {
	start := s.boundary()
	if len(emissions) > 0 && s.rand.IntN(2) == 0 {
		if at := emissions[s.rand.IntN(len(emissions))].at; !at.IsZero() {
			start = at.Truncate(time.Microsecond)
		}
	}
	edges := []time.Time{start.Add(-time.Duration(s.rand.IntN(3)) * time.Hour)}
	width := pick(s, time.Millisecond, time.Second, time.Hour, 24*time.Hour)
	for range 1 + s.rand.IntN(40) {
		if s.rand.IntN(12) == 0 {
			width += pick(s, -width/2, time.Hour, time.Microsecond)
		}
		edges = append(edges, edges[len(edges)-1].Add(max(width, time.Microsecond)))
	}
	return edges
}
