package mem

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/conversation/dimension"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/query"
)

var _ engine.Observing = (*view)(nil)

// Observe implements engine.Observing. It opens the records of all conversations that go on.
func (v *view) Observe(ctx context.Context, a query.Activity, most int) (all []query.Observation, more bool, err error) {
	now := v.asOf.time()
	q := query.Query{Interval: conversation.Interval{Start: now, End: now.Add(time.Microsecond)}} // whatever its age
	look := func(hits []hit) (found []query.Observation, err error) {
		o := &observer{adder: newAdder(query.Sums{GroupBy: a.GroupBy, Filters: a.Filters}, most)}
		err = v.examine(ctx, hits, func(_ hit, s subject) { o.look(s) })
		return o.found, err
	}
	for found, err := range blockwise(v.inTime(ctx, q, nil), look) {
		if err != nil {
			return nil, false, err
		}
		if all = append(all, found...); len(all) > most {
			return nil, true, nil
		}
	}
	slices.SortStableFunc(all, func(x, y query.Observation) int {
		return cmp.Or(slices.Compare(x.Group, y.Group), x.Since.Compare(y.Since), cmp.Compare(x.Conversation, y.Conversation))
	})
	return all, false, ctx.Err()
}

// observer looks for what goes on.
type observer struct {
	*adder // for its groups and filters

	found []query.Observation
}

// look looks at the open segments of a conversation. One that has ended has none that counts, whatever was left open.
func (o *observer) look(s subject) {
	if !s.End.IsZero() {
		return
	}
	dimension.Sessions(s.item, func(it *item) bool {
		for i := range it.Session.Segments {
			g := &it.Session.Segments[i]
			if doing := query.DoingIn(it.Participant.Purpose, g.SegmentType); doing != "" && g.SegmentEnd == "" {
				o.observe(it, g, doing)
			}
		}
		return true
	})
}

func (o *observer) observe(it *item, g *conversation.Segment, doing query.Doing) {
	it.Emitted = parsed(g.SegmentStart)
	if !o.holds(it) {
		return
	}
	for i, d := range o.GroupBy {
		o.values[i] = o.valuesOf(d, it)
	}
	group := make([]string, len(o.GroupBy))
	o.each(group, 0, func() {
		o.visited = len(o.found) + 1
		o.found = append(o.found, query.Observation{
			Group: slices.Clone(group), Doing: doing, Since: it.Emitted, Conversation: it.ID, Participant: it.Participant, Session: it.Session, Segment: g,
		})
	})
}
