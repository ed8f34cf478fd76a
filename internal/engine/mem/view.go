package mem

import (
	"context"
	"iter"
	"slices"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/query"
)

// view is the engine over a snapshot as it looked at an instant.
type view struct {
	store        *Store
	snap         *snapshot
	asOf, before stamp
}

// hit is a record in its block.
type hit struct {
	block *block
	i     int
}

func (h hit) head() *head { return &h.block.heads[h.i] }

// Count implements engine.Engine.
func (v *view) Count(ctx context.Context, q query.Query) (int64, error) {
	var n int64
	err := v.each(ctx, q, func(hit) { n++ })
	return n, err
}

// Records implements engine.Engine. It holds sixteen bytes a hit and a few open blocks.
func (v *view) Records(ctx context.Context, q query.Query, limit, offset int) iter.Seq2[conversation.Record, error] {
	return func(yield func(conversation.Record, error) bool) {
		var hits []hit
		err := v.each(ctx, q, func(h hit) { hits = append(hits, h) })
		if err == nil {
			err = v.sort(ctx, q, hits)
		}
		if err != nil {
			yield(conversation.Record{}, err)
			return
		}
		hits = hits[min(offset, len(hits)):]
		if limit > 0 {
			hits = hits[:min(limit, len(hits))]
		}
		v.hand(ctx, hits, yield)
	}
}

// ByID implements engine.Engine.
func (v *view) ByID(ctx context.Context, ids []conversation.ID) iter.Seq2[conversation.Record, error] {
	return func(yield func(conversation.Record, error) bool) {
		hits := v.locate(ids)
		hits = slices.DeleteFunc(hits, func(h hit) bool { return !v.visible(h.head()) })
		slices.SortFunc(hits, func(a, b hit) int { return compareHeads(*a.head(), *b.head()) })
		v.hand(ctx, hits, yield)
	}
}

// Close implements engine.Engine; there is nothing to give back.
func (v *view) Close() error { return nil }

// each calls with every hit of q in order of start and id.
func (v *view) each(ctx context.Context, q query.Query, do func(hit)) error {
	starts := q.Starts()
	for _, d := range v.snap.days {
		if !d.day.End().After(starts.Start) {
			continue
		}
		for _, b := range d.blocks {
			if err := ctx.Err(); err != nil {
				return err
			}
			if !b.heads[0].start.time().Before(starts.End) {
				return nil
			}
			for i := range b.heads {
				if h := &b.heads[i]; v.visible(h) && q.Matches(h.start.time(), v.end(h).time()) {
					do(hit{b, i})
				}
			}
		}
	}
	return ctx.Err()
}

// visible says whether the conversation had started.
func (v *view) visible(h *head) bool {
	return h.start.compare(v.before) < 0 && h.start.compare(v.asOf) <= 0
}

// end is the conversation's end as it was known; zero while it went on.
func (v *view) end(h *head) stamp {
	if v.cuts(h) {
		return stamp{}
	}
	return h.end
}

// cuts says whether the record was another one than it is in the end. One without an end may be, for all we know.
func (v *view) cuts(h *head) bool {
	return v.store.cut != nil && (h.end == stamp{} || h.end.compare(v.asOf) > 0)
}

// locate is where the known ones of the ids lie. The store knows where the newest version is; a record that has come,
// or has got another start, since the snapshot was taken is searched for.
func (v *view) locate(ids []conversation.ID) (hits []hit) {
	astray, seen := make(map[conversation.ID]bool), make(map[conversation.ID]bool)
	v.store.lookup.RLock()
	for _, id := range ids {
		start, known := v.store.starts[id]
		if !known || seen[id] {
			continue
		}
		seen[id] = true
		if h, ok := v.snap.find(id, start); ok {
			hits = append(hits, h)
		} else {
			astray[id] = true
		}
	}
	v.store.lookup.RUnlock()
	if len(astray) > 0 {
		hits = append(hits, v.snap.search(astray)...)
	}
	return hits
}

// hand yields the records of the hits, in the order of the hits.
func (v *view) hand(ctx context.Context, hits []hit, yield func(conversation.Record, error) bool) {
	var r reader
	for _, h := range hits {
		err := ctx.Err()
		var record conversation.Record
		if err == nil {
			record, err = v.read(&r, h)
		}
		if err != nil {
			yield(conversation.Record{}, err)
			return
		}
		if !yield(record, nil) {
			return
		}
	}
}

// read is the record of a hit as it looked.
func (v *view) read(r *reader, h hit) (conversation.Record, error) {
	record, err := r.record(h)
	if err == nil && v.cuts(h.head()) {
		return v.store.cut(record, v.asOf.time())
	}
	return record, err
}
