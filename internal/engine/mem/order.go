package mem

import (
	"cmp"
	"context"
	"slices"

	"github.com/parley-hq/parley/internal/query"
)

// ranked is a hit with the time by which it is ordered.
type ranked struct {
	hit
	at stamp
}

// sort puts hits, which come in order of start and id, into the order of q. What has no time yet sorts as if it were
// last; ties are broken by id, from the smallest on in either direction.
func (v *view) sort(ctx context.Context, q query.Query, hits []hit) error {
	if q.OrderBy == query.ByConversationStart && q.Order != query.Descending {
		return nil
	}
	list, err := v.rank(ctx, q.OrderBy, hits)
	if err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b ranked) int {
		order := a.at.compareLast(b.at)
		if q.Order == query.Descending {
			order = -order
		}
		return cmp.Or(order, cmp.Compare(a.head().id, b.head().id))
	})
	for i, r := range list {
		hits[i] = r.hit
	}
	return nil
}

func (v *view) rank(ctx context.Context, by query.OrderBy, hits []hit) ([]ranked, error) {
	list := make([]ranked, len(hits))
	var r reader
	for i, h := range hits {
		at, err := v.key(ctx, &r, by, h)
		if err != nil {
			return nil, err
		}
		list[i] = ranked{h, at}
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
	case v.cuts(x):
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
