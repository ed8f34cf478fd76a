package report

import (
	"cmp"
	"iter"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/column/jsonvalue"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// sum is what is counted of a group within a stretch of time.
type sum struct {
	values []any // of the columns of the group
	bucket int64
	count  int64
	totals []total
}

// total adds up a measure. It is absent where every value was, and where it is too large for a number.
type total struct {
	n          int64
	f          float64
	some, over bool
}

func (t *total) add(v any) {
	switch v := v.(type) {
	case int64:
		t.some = true
		t.over = t.over || v > 0 && t.n > math.MaxInt64-v || v < 0 && t.n < math.MinInt64-v
		t.n += v
	case float64:
		t.some = true
		t.f += v
	}
}

func (t *total) value(of column.Type) any {
	switch {
	case !t.some || t.over:
		return nil
	case of == column.Decimal:
		return t.f
	}
	return t.n
}

// sums yields a row for each group and bucket that there is anything of: the values of the group, the interval of the bucket,
// count, the sums.
func (r *Request) sums(p *plan, rows iter.Seq2[[]any, error]) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		found, err := r.summed(p, rows)
		if err != nil {
			yield(nil, err)
			return
		}
		var line []byte
		for _, s := range found {
			line = r.appendSum(line[:0], s)
			if !yield(line, nil) {
				return
			}
		}
	}
}

// summed gathers the sums, in the order of groups and time.
func (r *Request) summed(p *plan, rows iter.Seq2[[]any, error]) ([]*sum, error) {
	found, group, measures := map[string]*sum{}, places(p, r.Group), places(p, r.Selection)
	var key []byte
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		bucket := r.bucketOf(row[p.start])
		key = strconv.AppendInt(keyOf(key[:0], row, group), bucket, 10)
		s := found[string(key)]
		if s == nil {
			if len(found) == maxGroups {
				return nil, r.tooMany()
			}
			s = &sum{values: taken(row, group), bucket: bucket, totals: make([]total, len(measures))}
			found[string(key)] = s
		}
		s.count++
		for i, at := range measures {
			s.totals[i].add(row[at])
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b *sum) int {
		return cmp.Or(compareAll(a.values, b.values), cmp.Compare(a.bucket, b.bucket))
	}), nil
}

// tooMany refuses a report of more groups than are kept.
func (r *Request) tooMany() error {
	field := "group"
	if r.Dialect == Paged {
		field = "groupBy"
	}
	return fault.Field(field, "%s makes more than %d groups; group by fewer columns, or ask for a shorter interval", field, maxGroups)
}

func (r *Request) bucketOf(start any) int64 {
	at, _ := start.(time.Time)
	if r.Bucket == 0 {
		return 0
	}
	return int64(at.Sub(r.Interval.Start) / r.Bucket)
}

func (r *Request) appendSum(to []byte, s *sum) []byte {
	to = append(to, '{')
	for i, c := range r.Group.Columns {
		to = append(jsonvalue.Append(append(jsonvalue.Quote(to, c.Name), ':'), s.values[i]), ',')
	}
	if r.Bucket > 0 {
		from := r.Interval.Start.Add(time.Duration(s.bucket) * r.Bucket)
		iv := conversation.Interval{Start: from, End: from.Add(r.Bucket)}
		if iv.End.After(r.Interval.End) {
			iv.End = r.Interval.End
		}
		to = append(append(append(to, `"interval":"`...), iv.String()...), `",`...)
	}
	to = strconv.AppendInt(append(to, `"count":`...), s.count, 10)
	for i, c := range r.Selection.Columns {
		to = jsonvalue.Append(append(jsonvalue.Quote(append(to, ','), c.Name), ':'), s.totals[i].value(c.Type))
	}
	return append(to, '}')
}

// places are where the columns of a selection are in what is read.
func places(p *plan, sel column.Selection) []int {
	out := make([]int, len(sel.Columns))
	for i, c := range sel.Columns {
		out[i] = p.need(c.Column)
	}
	return out
}

// taken are the values at some places, of a row that does not last.
func taken(row []any, places []int) []any {
	out := make([]any, len(places))
	for i, at := range places {
		out[i] = row[at]
	}
	return out
}

// keyOf writes the values at some places so that no two combinations are written alike.
func keyOf(to []byte, row []any, places []int) []byte {
	for _, at := range places {
		to = append(jsonvalue.Append(to, row[at]), ',')
	}
	return to
}

// compareAll orders values of groups, those that are absent last.
func compareAll(a, b []any) int {
	for i := range a {
		if c := compareValues(a[i], b[i]); c != 0 {
			return c
		}
	}
	return 0
}

func compareValues(a, b any) int {
	if a == nil || b == nil {
		return cmp.Compare(absence(a), absence(b))
	}
	switch a := a.(type) {
	case string:
		return strings.Compare(a, b.(string))
	case int64:
		return cmp.Compare(a, b.(int64))
	case float64:
		return cmp.Compare(a, b.(float64))
	case time.Time:
		return a.Compare(b.(time.Time))
	case bool:
		return cmp.Compare(truth(a), truth(b.(bool)))
	}
	return 0
}

func absence(v any) int { return truth(v == nil) }

func truth(is bool) int {
	if is {
		return 1
	}
	return 0
}
