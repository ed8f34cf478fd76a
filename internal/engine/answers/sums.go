package answers

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/query"
)

// Sums gives what measures come to, as engine.Summing has it: one statement for all measures without a range, and one for
// each that has one. The search is that of s.Query.
func Sums(ctx context.Context, from Source, search sqltext.Search, s query.Sums, most int) ([]query.Sum, bool, error) {
	var all []query.Sum
	for _, same := range byRange(s.Measures) {
		statement := search.Sums(s, slices.Sorted(maps.Keys(same.places)), same.in, most+1-len(all))
		var err error
		if all, err = sums(ctx, from, s, same, statement, all); err != nil || len(all) > most {
			return nil, err == nil, err
		}
	}
	slices.SortFunc(all, query.Sum.Compare)
	return all, false, nil
}

// measured are measures of one range, by their metrics.
type measured struct {
	in     query.RangeCount
	places map[string][]int
}

// byRange puts measures together that one statement answers. Ranges are told apart by their bounds in memory: of two alike each
// has a statement.
func byRange(all []query.Measure) (out []measured) {
	for i, m := range all {
		at := slices.IndexFunc(out, func(o measured) bool { return o.in == m.Range })
		if at < 0 {
			at = len(out)
			out = append(out, measured{m.Range, map[string][]int{}})
		}
		out[at].places[m.Metric] = append(out[at].places[m.Metric], i)
	}
	return out
}

// sums reads what a statement gives.
func sums(ctx context.Context, from Source, s query.Sums, of measured, statement sqltext.Text, to []query.Sum) (_ []query.Sum, err error) {
	rows, err := from.Ask(ctx, statement)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	known := map[string]string{} // values come again with every bucket, and need be held once
	values, sum, metric := make([]any, len(s.GroupBy)), query.Sum{}, ""
	var into []any
	for i := range values {
		into = append(into, &values[i])
	}
	into = append(into, &sum.Bucket, &metric, &sum.Stats.Count, &sum.Stats.Sum, &sum.Stats.Min, &sum.Stats.Max)
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, from.Failed(ctx, err)
		}
		sum.Group = make([]string, len(values))
		for i, v := range values {
			text := written(v)
			if _, is := known[text]; !is {
				known[text] = text
			}
			sum.Group[i] = known[text]
		}
		for _, sum.Measure = range of.places[metric] {
			to = append(to, sum)
		}
	}
	return to, from.Failed(ctx, rows.Err())
}
