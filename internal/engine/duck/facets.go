package duck

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/query"
)

// Facets answers aggregations, one statement each.
func (e *Engine) Facets(ctx context.Context, q query.Query, aggregations []query.Aggregation) ([]query.Facet, error) {
	s, err := e.search(ctx, q)
	if err != nil {
		return nil, err
	}
	if s.Empty() || !sqltext.Filtered(q) {
		return e.facets(ctx, aggregations, s, nil)
	}
	var out []query.Facet
	err = e.lend(ctx, s, func(h *hitSet) (err error) {
		out, err = e.facets(ctx, aggregations, s, h.as())
		return err
	})
	return out, err
}

func (e *Engine) facets(ctx context.Context, aggregations []query.Aggregation, s sqltext.Search, found *sqltext.Found) ([]query.Facet, error) {
	out := make([]query.Facet, len(aggregations))
	for i, a := range aggregations {
		var err error
		if a.Type == query.NumericRange {
			out[i], err = e.ranges(ctx, a, s, found)
		} else {
			out[i], err = e.terms(ctx, a, s.Terms(a, found))
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// terms answers a termFrequency.
func (e *Engine) terms(ctx context.Context, a query.Aggregation, statement sqltext.Text) (f query.Facet, err error) {
	f.Aggregation = a
	rows, err := e.query(ctx, statement)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var value any
		var b query.Entry
		if err := rows.Scan(&value, &b.Count, &f.Count); err != nil {
			return f, asFault(ctx, err)
		}
		b.Value = written(value)
		f.Entries = append(f.Entries, b)
	}
	slices.SortStableFunc(f.Entries, func(x, y query.Entry) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Value, y.Value))
	})
	f.Entries = f.Entries[:min(len(f.Entries), a.Size)]
	return f, asFault(ctx, rows.Err())
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
func (e *Engine) ranges(ctx context.Context, a query.Aggregation, s sqltext.Search, found *sqltext.Found) (query.Facet, error) {
	f := query.Facet{Aggregation: a, Entries: make([]query.Entry, len(a.Ranges))}
	if len(a.Ranges) == 0 {
		return f, nil
	}
	to := make([]any, len(a.Ranges))
	for i, r := range a.Ranges {
		f.Entries[i].Range = r
		to[i] = &f.Entries[i].Count
	}
	if err := e.row(ctx, s.Ranges(a, found), to...); err != nil {
		return f, err
	}
	for _, b := range f.Entries {
		f.Count += b.Count
	}
	return f, nil
}
