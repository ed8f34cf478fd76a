package answers

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

// Facets answers aggregations over what a search selects, one statement each. Found is nil for a query without filters.
func Facets(ctx context.Context, from Source, aggregations []query.Aggregation, s sqltext.Search, found *sqltext.Found) ([]query.Facet, error) {
	out := make([]query.Facet, len(aggregations))
	for i, a := range aggregations {
		var err error
		if a.Type == query.NumericRange {
			out[i], err = ranges(ctx, from, a, s, found)
		} else {
			out[i], err = terms(ctx, from, a, s.Terms(a, found))
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// terms answers a termFrequency.
func terms(ctx context.Context, from Source, a query.Aggregation, statement sqltext.Text) (f query.Facet, err error) {
	f.Aggregation = a
	rows, err := from.Ask(ctx, statement)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var value any
		var b query.Entry
		if err := rows.Scan(&value, &b.Count, &f.Count); err != nil {
			return f, from.Failed(ctx, err)
		}
		b.Value = written(value)
		f.Entries = append(f.Entries, b)
	}
	slices.SortStableFunc(f.Entries, func(x, y query.Entry) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Value, y.Value))
	})
	f.Entries = f.Entries[:min(len(f.Entries), a.Size)]
	return f, from.Failed(ctx, rows.Err())
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
func ranges(ctx context.Context, from Source, a query.Aggregation, s sqltext.Search, found *sqltext.Found) (query.Facet, error) {
	f := query.Facet{Aggregation: a, Entries: make([]query.Entry, len(a.Ranges))}
	if len(a.Ranges) == 0 {
		return f, nil
	}
	to := make([]any, len(a.Ranges))
	for i, r := range a.Ranges {
		f.Entries[i].Range = r
		to[i] = &f.Entries[i].Count
	}
	if err := One(ctx, from, s.Ranges(a, found), to...); err != nil {
		return f, err
	}
	for _, b := range f.Entries {
		f.Count += b.Count
	}
	return f, nil
}
