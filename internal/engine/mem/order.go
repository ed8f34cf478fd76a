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
	if by == query.BySegmentStart || by == query.BySegmentEnd {
		return v.rankBySegments(ctx, by, hits)
	}
	for h, err := range hits {
		if err != nil {
			return nil, err
		}
		at := h.head().start
		if by == query.ByConversationEnd {
			at = v.end(h.head())
		}
		list = append(list, ranked{h, at})
	}
	return list, nil
}

// rankBySegments opens the records, for their segments are in no head: those of a conversation that went on are those it
// had then.
func (v *view) rankBySegments(ctx context.Context, by query.OrderBy, hits iter.Seq2[hit, error]) (list []ranked, err error) {
	read := func(hits []hit) (part []ranked, err error) {
		r := v.reader()
		for _, h := range hits {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			record, err := v.read(r, h)
			if err != nil {
				return nil, err
			}
			life := readLifetime(record.JSON)
			if by == query.BySegmentStart {
				part = append(part, ranked{h, life.first})
			} else {
				part = append(part, ranked{h, life.last})
			}
		}
		return part, nil
	}
	for part, err := range blockwise(hits, read) {
		if err != nil {
			return nil, err
		}
		list = append(list, part...)
	}
	return list, nil
}
