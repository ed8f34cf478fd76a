package mem

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/parley-hq/parley/internal/query"
)

// ranked is a hit with the time by which it is ordered.
type ranked struct {
	hit
	at stamp
}

// sorted yields hits, which come in order of start and id, in the order of q, once it has all. What has no time yet
// sorts as if it were last; ties are broken by id, from the smallest on in either direction.
func (v *view) sorted(ctx context.Context, q query.Query, hits iter.Seq2[hit, error]) iter.Seq2[hit, error] {
	return func(yield func(hit, error) bool) {
		list, err := v.rank(ctx, q.OrderBy, hits)
		if err != nil {
			yield(hit{}, err)
			return
		}
		slices.SortFunc(list, func(a, b ranked) int {
			order := a.at.compareLast(b.at)
			if q.Order == query.Descending {
				order = -order
			}
			return cmp.Or(order, cmp.Compare(a.head().id, b.head().id))
		})
		for _, r := range list {
			if !yield(r.hit, nil) {
				return
			}
		}
	}
}

func (v *view) rank(ctx context.Context, by query.OrderBy, hits iter.Seq2[hit, error]) (list []ranked, err error) {
	var r reader
	for h, err := range hits {
		var at stamp
		if err == nil {
			at, err = v.key(ctx, &r, by, h)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, ranked{h, at})
	}
	return list, nil
}

// key is the time by which a hit is ordered. Segments of a conversation that went on are those it had then.
func (v *view) key(ctx context.Context, r *reader, by query.OrderBy, h hit) (stamp, error) {
	x := h.head()
	life := x.lifetime
	switch {
	case by == query.ByConversationEnd:
		return v.end(x), nil
	case by == query.ByConversationStart:
		return x.start, nil
	case v.changes(x):
		if err := ctx.Err(); err != nil {
			return stamp{}, err
		}
		record, err := v.read(r, h)
		if err != nil {
			return stamp{}, err
		}
		life = readLifetime(record.JSON)
	}
	if by == query.BySegmentStart {
		return life.first, nil
	}
	return life.last, nil
}
