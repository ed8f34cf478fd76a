package mem

import (
	"context"
	"iter"

	"github.com/parley-hq/parley/internal/query"
)

// selected yields every hit of q in order of start and id.
func (v *view) selected(ctx context.Context, q query.Query) iter.Seq2[hit, error] {
	heads, records := split(q.Filters)
	hits := v.inTime(ctx, q, heads)
	if len(records) == 0 {
		return hits
	}
	if kept, ok := v.known(q); ok && ctx.Err() == nil {
		return all(kept)
	}
	return func(yield func(hit, error) bool) {
		for kept, err := range blockwise(hits, func(hits []hit) ([]hit, error) { return v.sift(ctx, hits, records) }) {
			if err != nil {
				yield(hit{}, err)
				return
			}
			for _, h := range kept {
				if !yield(h, nil) {
					return
				}
			}
		}
	}
}

// inTime yields, in order of start and id, every hit that lies to the interval of q as it must, and satisfies
// the filters that its head can answer.
func (v *view) inTime(ctx context.Context, q query.Query, filters []filter) iter.Seq2[hit, error] {
	return func(yield func(hit, error) bool) {
		starts := q.Starts()
		for _, d := range v.snap.days {
			if !d.day.End().After(starts.Start) {
				continue
			}
			for _, b := range d.blocks {
				if err := ctx.Err(); err != nil {
					yield(hit{}, err)
					return
				}
				if !b.heads[0].start.time().Before(starts.End) {
					return
				}
				for i := range b.heads {
					if v.lies(&b.heads[i], &q, filters) && !yield(hit{b, i}, nil) {
						return
					}
				}
			}
		}
		if err := ctx.Err(); err != nil {
			yield(hit{}, err)
		}
	}
}

// lies says what inTime asks of a head.
func (v *view) lies(h *head, q *query.Query, filters []filter) bool {
	return v.visible(h) && q.Matches(h.start.time(), v.end(h).time()) &&
		(len(filters) == 0 || subject{item{ID: h.id, Start: h.start.time(), End: v.end(h).time(), Conversation: &nothing}}.satisfies(filters))
}

// sift keeps the hits whose records satisfy the filters.
func (v *view) sift(ctx context.Context, hits []hit, filters []filter) (kept []hit, err error) {
	err = v.examine(ctx, hits, func(h hit, s subject) {
		if s.satisfies(filters) {
			kept = append(kept, h)
		}
	})
	return kept, err
}

// examine calls with each hit and its conversation as it looked.
func (v *view) examine(ctx context.Context, hits []hit, do func(hit, subject)) error {
	r := v.reader()
	for _, h := range hits {
		if err := ctx.Err(); err != nil {
			return err
		}
		s, err := v.subject(r, h)
		if err != nil {
			return err
		}
		do(h, s)
	}
	return nil
}

// subject is the conversation of a hit as it looked. Its text, which nobody is handed, is written only if there is no other way.
func (v *view) subject(r *reader, h hit) (s subject, err error) {
	changes := v.changes(h.head())
	record, err := r.record(h, changes)
	if err != nil || !changes {
		return subjectOf(record), err
	}
	if teller, can := v.store.history.(Teller); can {
		c, told, err := teller.Tell(record, v.asOf.time())
		if err != nil || told {
			return subject{item{ID: record.ID, Start: record.Start, End: v.end(h.head()).time(), Conversation: c}}, err
		}
	}
	record, err = v.store.history.At(record, v.asOf.time())
	return subjectOf(record), err
}
