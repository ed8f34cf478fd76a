package sqltext

import (
	"slices"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/query"
)

// Sums asks for what the emissions of some metrics with values in a range come to: for each group, bucket and metric of which
// there is one a row, at most so many. The columns are the dimensions of the group, the bucket, the name of the metric, count,
// sum, minimum and maximum of the values. The search must be that of sums.Query.
func (s Search) Sums(sums query.Sums, metrics []string, in query.RangeCount, most int) Text {
	w := &sumWriter{search: s, sums: sums}
	for _, d := range sums.GroupBy {
		w.group(d)
	}
	for _, f := range sums.Filters {
		w.where = append(w.where, w.filter(f))
	}
	keys := append(slices.Clone(w.keys), w.bucket(), Of("name"))
	columns := append(slices.Clone(keys), Of("count(*)"), Of(cast(s.dialect.Sum("value"), "DOUBLE")), Of(cast("min(value)", "DOUBLE")), Of(cast("max(value)", "DOUBLE")))
	return Concat("WITH emitted AS (", w.emitted(metrics, in), ")", w.said(), " SELECT ", list(columns, ", "), " FROM emitted", list(w.joins(), ""),
		" WHERE ", allOf(w.where...), " GROUP BY ", ordinals(len(keys)), Of(" LIMIT ?", most))
}

// ordinals are the first n columns, by their place.
func ordinals(n int) string {
	places := make([]string, n)
	for i := range places {
		places[i] = itoa(i + 1)
	}
	return strings.Join(places, ", ")
}

// sumWriter gathers what groups and filters need.
type sumWriter struct {
	search Search
	sums   query.Sums
	keys   []Text // what groups agree in
	lists  []Text // to be spread: a row for each of their values
	where  []Text

	beside        []string          // columns of metrics
	conversations []string          // columns of conversations
	sessions      []query.Dimension // in segments, said by the session
	segments      []query.Dimension // in segments, said by the one in effect
}

// group has emissions agree in a dimension.
func (w *sumWriter) group(d query.Dimension) {
	w.need(d)
	if !d.List {
		w.keys = append(w.keys, Of(w.search.occurrence(d.Type, d.Column)))
		return
	}
	values := w.search.dialect.Values(d.Column)
	if w.sums.Flatten {
		w.keys = append(w.keys, Of(w.search.dialect.Joined(values)))
		return
	}
	name := "v" + itoa(len(w.lists))
	w.lists = append(w.lists, Of(" CROSS JOIN UNNEST("+w.search.dialect.OrNull(values)+") AS l"+name+"("+name+")"))
	w.keys = append(w.keys, Of(name))
}

// filter writes a filter of emissions.
func (w *sumWriter) filter(f query.Filter) Text {
	for _, p := range f.Predicates {
		w.need(p.Dimension)
	}
	for _, c := range f.Clauses {
		for _, p := range c.Predicates {
			w.need(p.Dimension)
		}
	}
	return items{dialect: w.search.dialect}.filter(f)
}

// need brings the column of a dimension to the emissions, from the table that has it.
func (w *sumWriter) need(d query.Dimension) {
	has := func(t tables.Table) bool {
		return slices.ContainsFunc(tables.Columns(t), func(c tables.Column) bool { return c.Name == d.Column })
	}
	switch {
	case has(tables.Metrics):
		w.beside = once(w.beside, d.Column)
	case strings.HasPrefix(d.From, "conversation."):
		w.conversations = once(w.conversations, d.Column)
	case strings.HasPrefix(d.From, "segment."):
		w.segments = once(w.segments, d)
	default:
		w.sessions = once(w.sessions, d)
	}
}

func once[T comparable](list []T, x T) []T {
	if slices.Contains(list, x) {
		return list
	}
	return append(list, x)
}

// ofMetric is what tells an emission from others.
const (
	ofSession = "conversation_id, participant_index, session_index"
	ofMetric  = ofSession + ", metric_index"
)

// emitted are the emissions in the interval.
func (w *sumWriter) emitted(metrics []string, in query.RangeCount) Text {
	columns := []string{"emit_date", "name", "value"}
	if len(w.sessions)+len(w.segments) > 0 {
		columns = append(columns, "conversation_id", "participant_index", "session_index", "metric_index")
	} else if len(w.conversations) > 0 {
		columns = append(columns, "conversation_id")
	}
	for _, c := range w.beside {
		columns = once(columns, c)
	}
	names := make([]any, len(metrics))
	for i, m := range metrics {
		names[i] = m
	}
	edges := w.sums.Edges
	rows := Concat("SELECT "+strings.Join(columns, ", ")+" ", w.search.rows(tables.Metrics),
		Of(" AND emit_date >= ? AND emit_date < ? AND ", edges[0], edges[len(edges)-1]), Of(w.search.dialect.OneOf("name", len(names)), names...))
	if in != (query.RangeCount{}) {
		rows = Concat(rows, " AND ", within(cast("value", "DOUBLE"), query.Range{Gte: in.Gte, Lt: in.Lt}))
	}
	return rows
}

// said is what segments say of the emissions of their sessions: all of them what the session says, the one in effect what is
// its own. What is in effect is said at dimension's emissions.
func (w *sumWriter) said() Text {
	if len(w.sessions)+len(w.segments) == 0 {
		return Of("")
	}
	columns, read := []string{ofMetric}, []string{ofSession}
	for _, d := range w.sessions {
		read = append(read, d.Column)
		columns = append(columns, "any_value("+d.Column+") AS "+d.Column)
	}
	if len(w.segments) > 0 {
		read = append(read, "segment_index", "segment_start")
	}
	for _, d := range w.segments {
		read = append(read, d.Column)
		exists := items{dialect: w.search.dialect}.exists(d)
		columns = append(columns, "coalesce(max_by("+d.Column+", segment_index) FILTER (WHERE "+exists+" AND (segment_start IS NULL OR segment_start <= emit_date)), "+
			"min_by("+d.Column+", segment_index) FILTER (WHERE "+exists+")) AS "+d.Column)
	}
	return Concat(", said AS (SELECT "+strings.Join(columns, ", ")+" FROM (SELECT "+ofMetric+", emit_date FROM emitted) JOIN (SELECT "+strings.Join(read, ", ")+" ",
		w.search.rows(tables.Segments), ") USING ("+ofSession+") GROUP BY "+ofMetric+")")
}

func (w *sumWriter) joins() (joins []Text) {
	if len(w.sessions)+len(w.segments) > 0 {
		joins = append(joins, Of(" LEFT JOIN said USING ("+ofMetric+")"))
	}
	if len(w.conversations) > 0 {
		joins = append(joins, Concat(" LEFT JOIN (SELECT conversation_id, "+strings.Join(w.conversations, ", ")+" ", w.search.rows(tables.Conversations), ") USING (conversation_id)"))
	}
	return append(joins, w.lists...)
}

// bucket is the place of the bucket of an emission. Buckets of one length follow one another for months, until clocks change.
func (w *sumWriter) bucket() Text {
	edges := w.sums.Edges
	var cases []Text
	for at := 0; at < len(edges)-1; {
		width, next := edges[at+1].Sub(edges[at]), at+1
		for next < len(edges)-1 && edges[next+1].Sub(edges[next]) == width {
			next++
		}
		step := Of("? + "+w.search.dialect.Steps("emit_date"), at, edges[at].UnixMicro(), max(1, int64(width/time.Microsecond)))
		if next == len(edges)-1 {
			cases = append(cases, Concat("ELSE ", step))
		} else {
			cases = append(cases, Concat("WHEN emit_date < ", Of("?", edges[next]), " THEN ", step))
		}
		at = next
	}
	if len(cases) == 1 {
		return Concat("CASE WHEN emit_date IS NULL THEN 0 ", cases[0], " END")
	}
	return Concat("CASE ", list(cases, " "), " END")
}
