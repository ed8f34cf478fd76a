package mem

import (
	"context"
	"iter"
	"reflect"
	"slices"
	"sync"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/query"
)

// view is the engine over a snapshot as it looked at an instant.
type view struct {
	store        *Store
	snap         *snapshot
	asOf, before stamp

	mu     sync.Mutex
	sifted *sifted // by the last question
}

// sifted are the hits of a question for which records had to be opened. Whoever counts them asks for some of them next.
type sifted struct {
	question query.Query
	hits     []hit
}

// remembered is how many hits are kept at most: 16 bytes each.
const remembered = 1 << 20

// hit is a record in its block.
type hit struct {
	block *block
	i     int
}

func (h hit) head() *head { return &h.block.heads[h.i] }

// Count implements engine.Engine.
func (v *view) Count(ctx context.Context, q query.Query) (n int64, err error) {
	var hits []hit
	opened := slices.ContainsFunc(q.Filters, needsRecord)
	for h, err := range v.selected(ctx, q) {
		if err != nil {
			return 0, err
		}
		if n++; opened && n <= remembered {
			hits = append(hits, h)
		}
	}
	if opened && n <= remembered {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.sifted = &sifted{q, hits}
	}
	return n, nil
}

// known are the hits of a question that was the last to be counted.
func (v *view) known(q query.Query) ([]hit, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.sifted == nil || !reflect.DeepEqual(v.sifted.question, q) {
		return nil, false
	}
	return v.sifted.hits, true
}

// Records implements engine.Engine. It keeps a few blocks open; in any order but that of ascending start it also
// holds thirty-two bytes a hit.
func (v *view) Records(ctx context.Context, q query.Query, limit, offset int) iter.Seq2[conversation.Record, error] {
	return func(yield func(conversation.Record, error) bool) {
		hits := v.selected(ctx, q)
		if q.OrderBy != query.ByConversationStart || q.Order == query.Descending {
			hits = v.sorted(ctx, q, hits)
		}
		v.hand(ctx, part(hits, limit, offset), yield)
	}
}

// part leaves out the first hits and ends after some; limit 0 means all.
func part(hits iter.Seq2[hit, error], limit, offset int) iter.Seq2[hit, error] {
	return func(yield func(hit, error) bool) {
		n := -offset
		for h, err := range hits {
			if n++; n <= 0 && err == nil {
				continue
			}
			if !yield(h, err) || n == limit {
				return
			}
		}
	}
}

// ByID implements engine.Engine.
func (v *view) ByID(ctx context.Context, ids []conversation.ID) iter.Seq2[conversation.Record, error] {
	return func(yield func(conversation.Record, error) bool) {
		hits := v.locate(ids)
		hits = slices.DeleteFunc(hits, func(h hit) bool { return !v.visible(h.head()) })
		slices.SortFunc(hits, func(a, b hit) int { return compareHeads(*a.head(), *b.head()) })
		v.hand(ctx, all(hits), yield)
	}
}

// all yields hits that are at hand.
func all(hits []hit) iter.Seq2[hit, error] {
	return func(yield func(hit, error) bool) {
		for _, h := range hits {
			if !yield(h, nil) {
				return
			}
		}
	}
}

// Close implements engine.Engine; there is nothing to give back.
func (v *view) Close() error { return nil }

// visible says whether the conversation had started.
func (v *view) visible(h *head) bool {
	return h.start.compare(v.before) < 0 && h.start.compare(v.asOf) <= 0
}

// end is the conversation's end as it was known; zero while it went on.
func (v *view) end(h *head) stamp {
	if h.ended.compare(v.asOf) > 0 {
		return stamp{}
	}
	return h.end
}

// changes says whether the record was another one than it is in the end.
func (v *view) changes(h *head) bool { return h.settled.compare(v.asOf) > 0 }

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
func (v *view) hand(ctx context.Context, hits iter.Seq2[hit, error], yield func(conversation.Record, error) bool) {
	r := v.reader()
	for h, err := range hits {
		if err == nil {
			err = ctx.Err()
		}
		var record conversation.Record
		if err == nil {
			record, err = v.read(r, h)
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
	changes := v.changes(h.head())
	record, err := r.record(h, changes)
	if err == nil && changes {
		return v.store.history.At(record, v.asOf.time())
	}
	return record, err
}
