package lake

import (
	"context"

	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/store"
)

// A lease in a Postgres can be lost: its holder sleeps for too long, another takes it, and the first one wakes and goes on. What it
// does then must change nothing.
//
//   - What it writes to the control database, the catalog included, it writes in transactions that hold the lease until they end
//     (under). So nobody ever takes the lease between the look at it and the change.
//   - The files that it writes have names that no other writer's have: those of data files have the epoch of the lease, all others a
//     random part. So it neither puts a file in another's place nor keeps another from writing its own.
//   - The files that it removes are its own, by their names; or nobody names them any more, and nobody can come to: they were there,
//     and not named, while it still had the lease (still, asked after it had listed them), and who has the lease afterwards names
//     files that it wrote itself, and those that were named.
//   - Whoever does one kind of work in turn with others (Turn), as an extraction, has the lake and its control database fenced by that, and
//     the lease of the writer beside: what it has staged is committed by nobody who lost the turn.
//   - The snapshot that it drops is pinned by nobody in the same transaction (with).

// holder is a lease that can be lost.
type holder interface {
	Epoch() int64                                 // that no other lease has
	Check(ctx context.Context) error              // fault.Conflict when it was lost
	Hold(ctx context.Context, tx *state.Tx) error // the same, and keeps it until the transaction ends
}

// under is the lake for whoever has a lease of it: nothing is written to the control database once that is lost.
func (l *Lake) under(lease store.Lock) *Lake {
	h, can := lease.(holder)
	if !can {
		return l
	}
	own := l.fenced(h)
	own.holder = h
	return own
}

// fenced is the lake whose control database is written to only while somebody has a lease, beside those that it is fenced by already.
func (l *Lake) fenced(h holder) *Lake {
	own := *l
	own.db = l.db.Fenced(h.Hold)
	own.catalog = icebergCatalog{&own}
	return &own
}

// epoch is that of the lease under which the lake is written; 0 if that cannot be lost.
func (l *Lake) epoch() int64 {
	if l.holder == nil {
		return 0
	}
	return l.holder.Epoch()
}

// still fails with fault.Conflict when the lease was lost under which the lake is written. Whoever removes what nobody names asks it
// after listing that.
func (l *Lake) still(ctx context.Context) error {
	if l.holder == nil {
		return nil
	}
	return l.holder.Check(ctx)
}

// with is the writer for whom nothing is committed, either, once the pin of one of some snapshots is lost.
func (w *Writer) with(free *seized) *Writer {
	own := *w
	for _, p := range free.pins {
		if h, can := p.(holder); can {
			own.lake = own.lake.fenced(h)
		}
	}
	return &own
}
