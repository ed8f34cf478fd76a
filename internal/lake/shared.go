package lake

import (
	"context"
	"errors"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/state/postgres/leases"
	"github.com/parley-hq/parley/internal/store/folder"
)

// createShared is Create, of a lake whose files are in the folder dir and whose control database is in the schema at an address of
// Postgres. The schema is made when it is not there.
func createShared(ctx context.Context, dir, at string) (*Lake, error) {
	if Exists(dir) {
		return openShared(ctx, dir, at)
	}
	if err := folder.On(dir, onDisk).Prepare(ctx, ""); err != nil {
		return nil, unmakable(dir, err)
	}
	db, err := state.Make(ctx, at)
	if err != nil {
		return nil, err
	}
	l, err := over(ctx, dir, db)
	if err != nil {
		return nil, err
	}
	if err := l.make(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// make makes what a lake has, under its lease, unless somebody else has just done so.
func (l *Lake) make(ctx context.Context) (err error) {
	lease, err := lease(ctx, l.locks(), "%s is making the lake; wait until it is done")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lease.Close()) }()
	if Exists(l.dir) {
		return nil
	}
	own := l.under(lease)
	if err := own.createTables(ctx); err != nil {
		return err
	}
	return own.writeMarker(ctx, l.place.named)
}

// openShared is Open, of a lake with its control database in a schema of a Postgres.
func openShared(ctx context.Context, dir, at string) (*Lake, error) {
	if _, err := readMarker(ctx, dir); err != nil {
		return nil, err
	}
	db, err := state.Open(ctx, at)
	if err != nil {
		return nil, err
	}
	l, err := over(ctx, dir, db)
	if err != nil {
		return nil, err
	}
	// One that has no tables is that of no lake: a second, empty one must not come to be beside the files.
	if _, err := l.location(ctx, tables.Conversations); errors.Is(err, state.ErrNoRow) {
		err = fault.New(fault.Conflict, "the control database %s is not that of the lake %s; give the one that it was made with", state.Shown(at), dir)
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// over is the lake in dir over a control database that several machines have. It is closed when that fails.
func over(ctx context.Context, dir string, db *state.DB) (_ *Lake, err error) {
	l := &Lake{dir: dir, read: folder.At(dir), db: db, remembered: new(remembered)}
	if l.leases, err = leases.Open(ctx, db); err == nil {
		err = l.prepare(ctx)
	}
	if err != nil {
		return nil, errors.Join(state.Fault(err), db.Close())
	}
	return l, nil
}
