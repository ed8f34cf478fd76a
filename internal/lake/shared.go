package lake

import (
	"context"
	"errors"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/state/postgres/leases"
)

// createShared is CreateAt, of a lake whose control database is in a schema of a Postgres. The schema is made when it is not there.
func createShared(ctx context.Context, a Address) (*Lake, error) {
	if there, err := a.Exists(ctx); there || err != nil {
		return openIf(ctx, a, err)
	}
	if err := a.Store.Prepare(ctx, ""); err != nil {
		return nil, a.unmakable(err)
	}
	db, err := state.Make(ctx, a.Control)
	if err != nil {
		return nil, err
	}
	l, err := over(ctx, a, db)
	if err != nil {
		return nil, err
	}
	if err := used(ctx, l.db, a); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	if err := l.make(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// make makes what a lake has, under its lease, unless somebody else has just done so. The place must be vacant, or what was begun there must
// be in this control database.
func (l *Lake) make(ctx context.Context) (err error) {
	lease, err := lease(ctx, l.locks(), "%s is making the lake; wait until it is done")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lease.Close()) }()
	if there, err := l.where.Exists(ctx); there || err != nil {
		return err
	}
	if _, err := l.location(ctx, tables.Conversations); errors.Is(err, state.ErrNoRow) {
		if err := l.where.empty(ctx); err != nil {
			return err
		}
	} else if err != nil {
		return err
	} else if l.place.moved() {
		return fault.New(fault.Conflict, "the control database %s is that of the lake %s; give another schema, or leave it out", state.Shown(l.where.Control), l.place.home())
	}
	own := l.under(lease)
	if err := own.createTables(ctx); err != nil {
		return err
	}
	return own.writeMarker(ctx, l.place.named)
}

// openShared is OpenAt, of a lake with its control database in a schema of a Postgres, and this marker beside its files.
func openShared(ctx context.Context, a Address, m marker) (*Lake, error) {
	db, err := state.Open(ctx, a.Control)
	if err != nil {
		return nil, err
	}
	l, err := over(ctx, a, db)
	if err != nil {
		return nil, err
	}
	l.movedTo = m.MovedTo
	if err := used(ctx, l.db, a); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	// One that has no tables, or those of another lake, must not come to be that of this one.
	other, err := l.notOf(ctx, m)
	if other {
		err = fault.New(fault.Conflict, "the control database %s is not that of the lake %s; give the --state that it was made with, or moved to", state.Shown(a.Control), a)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// over is the lake at an address over a control database that several machines have. It is closed when that fails.
func over(ctx context.Context, a Address, db *state.DB) (_ *Lake, err error) {
	if a.Locks, err = leases.Open(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	l := &Lake{where: a, dir: a.dir, read: a.reading(), db: db, remembered: new(remembered)}
	if err := l.prepare(ctx); err != nil {
		return nil, errors.Join(state.Fault(err), db.Close())
	}
	return l, nil
}
