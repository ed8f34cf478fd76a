package duck

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/query"
)

// Facets answers aggregations, one statement each.
func (e *Engine) Facets(ctx context.Context, q query.Query, aggregations []query.Aggregation) ([]query.Facet, error) {
	s := newSearch(e.snapshot, q)
	if s.empty() || !filtered(q) {
		return e.facets(ctx, aggregations, s, nil)
	}
	var out []query.Facet
	err := e.db.hits.lend(ctx, s, func(h *hitSet) (err error) {
		out, err = e.facets(ctx, aggregations, s, h)
		return err
	})
	return out, err
}

func (e *Engine) facets(ctx context.Context, aggregations []query.Aggregation, s search, h *hitSet) ([]query.Facet, error) {
	out := make([]query.Facet, len(aggregations))
	for i, a := range aggregations {
		var err error
		if a.Type == query.NumericRange {
			out[i], err = e.ranges(ctx, a, s.occurrences(a.Field, h))
		} else {
			out[i], err = e.terms(ctx, a, s.occurrences(a.Field, h))
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// selected are the rows of a table that belong to conversations which the query selects; h is nil for a query without
// filters.
func (s search) selected(t lake.Table, h *hitSet) fragment {
	switch {
	case h == nil && ofLifetime(t):
		return s.rows(t)
	case h == nil:
		return concat(s.rows(t), " AND conversation_id IN (SELECT conversation_id ", s.rows(lake.Conversations), ")")
	case h.table == "":
		return concat(s.rows(t), " AND conversation_id IN (", s.hits("conversation_id"), ")")
	}
	return concat(s.between(h.first, h.last).from(t), sqlText(" WHERE conversation_start >= ? AND conversation_start <= ?", h.first, h.last),
		" AND conversation_id IN (SELECT conversation_id FROM "+h.table+")")
}

// occurrences is the relation of all values v of a field in what the query selects: of each conversation, or of each
// item of the field's kind.
func (s search) occurrences(f query.Field, h *hitSet) fragment {
	if f.Column == "" {
		rows := concat(s.selected(lake.Metrics, h), " AND name = "+quote(f.Name))
		if f.List {
			return concat("SELECT value::DOUBLE AS v ", rows)
		}
		return concat("SELECT sum(value)::DOUBLE AS v ", rows, " GROUP BY conversation_id")
	}
	rows, value := concat(s.selected(tables[f.Kind], h), " AND "+f.Column+" IS NOT NULL"), f.Column
	if f.List {
		rows, value = concat("FROM (SELECT unnest("+f.Column+") AS x ", rows, ") WHERE "+given(f, "x")), "x"
	}
	return concat("SELECT "+occurrence(f.Type, value)+" AS v ", rows)
}

// occurrence is a value as values are told apart: instants by the millisecond.
func occurrence(t query.Type, x string) string {
	switch t {
	case query.Truth:
		return x + "::VARCHAR"
	case query.Number:
		return x + "::DOUBLE"
	case query.Instant:
		return "floor(" + milliseconds(x) + ")::BIGINT"
	default:
		return x
	}
}

// terms answers a termFrequency.
func (e *Engine) terms(ctx context.Context, a query.Aggregation, occurrences fragment) (f query.Facet, err error) {
	f.Aggregation = a
	counts := concat("SELECT v, count(*) AS n FROM (", occurrences, ") GROUP BY v")
	rows, err := e.db.query(ctx, mostFrequent(a, counts))
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var value any
		var b query.Bucket
		if err := rows.Scan(&value, &b.Count, &f.Count); err != nil {
			return f, asFault(ctx, err)
		}
		b.Value = written(value)
		f.Buckets = append(f.Buckets, b)
	}
	slices.SortStableFunc(f.Buckets, func(x, y query.Bucket) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Value, y.Value))
	})
	f.Buckets = f.Buckets[:min(len(f.Buckets), a.Size)]
	return f, asFault(ctx, rows.Err())
}

// mostFrequent asks for the values that occur most often. Ties are broken by the text of a value, and DuckDB writes
// numbers otherwise than we do: of numbers it gives all that are tied for the last place, to be ordered here. Instants
// to the millisecond order alike as numbers and as texts.
func mostFrequent(a query.Aggregation, counts fragment) fragment {
	if a.Field.Type == query.Number {
		return concat("SELECT v, n, total FROM (SELECT v, n, (sum(n) OVER ())::BIGINT AS total, rank() OVER (ORDER BY n DESC) AS place FROM (", counts,
			")) WHERE place <= ?", sqlText("", a.Size))
	}
	return concat("SELECT v, n, (sum(n) OVER ())::BIGINT FROM (", counts, ") ORDER BY n DESC, v LIMIT ?", sqlText("", a.Size))
}

// written is the text of a value.
func written(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case int64:
		return conversation.FormatTime(time.UnixMilli(v))
	}
	return ""
}

// ranges answers a numericRange.
func (e *Engine) ranges(ctx context.Context, a query.Aggregation, occurrences fragment) (query.Facet, error) {
	f := query.Facet{Aggregation: a, Buckets: make([]query.Bucket, len(a.Ranges))}
	if len(a.Ranges) == 0 {
		return f, nil
	}
	counts, to := make([]fragment, len(a.Ranges)), make([]any, len(a.Ranges))
	for i, r := range a.Ranges {
		counts[i] = concat("count(*) FILTER (WHERE ", within("v", query.Range{Gte: r.Gte, Lt: r.Lt}), ")")
		f.Buckets[i].Range = r
		to[i] = &f.Buckets[i].Count
	}
	statement := concat("SELECT ", list(counts, ", "), " FROM (", occurrences, ")")
	if err := e.db.row(ctx, statement, to...); err != nil {
		return f, err
	}
	for _, b := range f.Buckets {
		f.Count += b.Count
	}
	return f, nil
}
