package sqltext

import (
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/query"
)

// Terms asks for the values of an aggregation that occur most often: each with its count and that of all values. Ties are
// broken by the text of a value, and systems write numbers otherwise than we do: of numbers all come that are tied for the
// last place, for the caller to order. Instants to the millisecond order alike as numbers and as texts. Found is nil for a
// query without filters.
func (s Search) Terms(a query.Aggregation, found *Found) Text {
	counts := Concat("SELECT v, count(*) AS n FROM (", s.occurrences(a.Dimension, found), ") GROUP BY v")
	total := cast("sum(n) OVER ()", "BIGINT")
	if a.Dimension.Type == query.Number {
		return Concat("SELECT v, n, total FROM (SELECT v, n, "+total+" AS total, rank() OVER (ORDER BY n DESC) AS place FROM (", counts,
			")) WHERE place <= ?", Of("", a.Size))
	}
	return Concat("SELECT v, n, "+total+" FROM (", counts, ") ORDER BY n DESC, v LIMIT ?", Of("", a.Size))
}

// Ranges counts the values in each range of an aggregation, which has one at least: a column for each.
func (s Search) Ranges(a query.Aggregation, found *Found) Text {
	counts := make([]Text, len(a.Ranges))
	for i, r := range a.Ranges {
		counts[i] = Concat("count(*) FILTER (WHERE ", within("v", query.Range{Gte: r.Gte, Lt: r.Lt}), ")")
	}
	return Concat("SELECT ", list(counts, ", "), " FROM (", s.occurrences(a.Dimension, found), ")")
}

// selected are the rows of a table that belong to conversations which the query selects; found is nil for a query
// without filters.
func (s Search) selected(t tables.Table, found *Found) Text {
	switch {
	case found == nil && ofLifetime(t):
		return s.rows(t)
	case found == nil:
		return Concat(s.rows(t), " AND conversation_id IN (SELECT conversation_id ", s.rows(tables.Conversations), ")")
	case found.Table == "":
		return Concat(s.rows(t), " AND conversation_id IN (", s.Hits("conversation_id"), ")")
	}
	rows := Concat(s.between(found.First, found.Last).from(t), " WHERE conversation_id IN (SELECT conversation_id FROM "+found.Table+")")
	if conversation.DayOf(found.First) < conversation.DayOf(found.Last) {
		return rows // the times of all rows would be decoded, a fifth of the work, to pass over some at both ends
	}
	return Concat(rows, Of(" AND conversation_start >= ? AND conversation_start <= ?", found.First, found.Last))
}

// occurrences is the relation of all values v of a dimension or metric in what the query selects: of each conversation, or
// of each item of its kind.
func (s Search) occurrences(d query.Dimension, found *Found) Text {
	if d.Column == "" {
		rows := Concat(s.selected(tables.Metrics, found), " AND name = "+Quote(d.Name))
		if d.List {
			return Concat("SELECT "+cast("value", "DOUBLE")+" AS v ", rows)
		}
		return Concat("SELECT "+cast(s.dialect.Sum("value"), "DOUBLE")+" AS v ", rows, " GROUP BY conversation_id")
	}
	rows, value := Concat(s.selected(tableOf[d.Kind], found), " AND "+d.Column+" IS NOT NULL"), d.Column
	if d.List {
		rows, value = Concat(Of("FROM "+s.dialect.Each(d.Column, rows.SQL), rows.Args...), " WHERE "+given(d, "x")), "x"
	}
	return Concat("SELECT "+s.occurrence(d.Type, value)+" AS v ", rows)
}

// occurrence is a value as values are told apart: instants by the millisecond.
func (s Search) occurrence(t query.Type, x string) string {
	switch t {
	case query.Truth:
		return cast(x, "VARCHAR")
	case query.Number:
		return cast(x, "DOUBLE")
	case query.Instant:
		return cast("floor("+s.dialect.Milliseconds(x)+")", "BIGINT")
	default:
		return x
	}
}
