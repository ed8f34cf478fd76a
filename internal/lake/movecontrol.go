package lake

import (
	"context"
	"errors"

	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/state/postgres/leases"
	"github.com/parley-hq/parley/internal/store"
)

// MovedControl is what MoveControl did, or would do.
type MovedControl struct {
	Lake    string `json:"lake"`
	From    string `json:"from"`              // where the control database was, without a password
	To      string `json:"to"`                // where it is
	Tables  int    `json:"tables"`            // of its own, and entries of the lake's tables in the catalog
	Rows    int64  `json:"rows"`              //
	Already bool   `json:"already,omitempty"` // it was there
	Aside   string `json:"old_file,omitempty"`
}

// ControlOptions say how a control database is moved.
type ControlOptions struct {
	DryRun bool
	Owners []state.Schema   // of all who may have tables in it
	Done   func(rows int64) // told of what is copied; may be nil
}

// MoveControl moves the control database of a lake, whose files stay where they are. from and to are addresses of the same lake. Nobody
// may write to the lake meanwhile; reading goes on until the end.
//
// All rows are copied in one transaction and compared. Then, in one transaction too, the old one is compared once more, and refuses every
// change from then on. Only then the new one may be used. So at no instant are both written to. Stopped at any point, even killed, it is
// finished when it is run again: until the old one refuses, that counts, and what was copied is copied anew.
func MoveControl(ctx context.Context, from, to Address, o ControlOptions) (out MovedControl, err error) {
	defer fault.Wrap(&err, "move the control database")
	out = MovedControl{Lake: from.Name, From: state.Shown(from.Control), To: state.Shown(to.Control)}
	if from.embedded() && !from.hasControl() || from.Control == to.Control {
		return out, movedAlready(ctx, from, to, &out)
	}
	retired, err := isRetired(ctx, from, to)
	if err != nil || retired && o.DryRun {
		return out, err
	}
	if retired {
		return out, finishControl(ctx, from, to, &out)
	}
	l, err := OpenAt(ctx, from)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	switch {
	case l.place.stale():
		return out, l.notHome()
	case l.movedTo != "":
		return out, l.gone(l.movedTo)
	case o.DryRun:
		return out, l.countControl(ctx, o.Owners, &out)
	case l.db.ReadOnly():
		return out, from.readOnly()
	}
	still, err := l.hold(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, still.Close()) }()
	if err := l.carryControl(ctx, still.lease(), to, o, &out); err != nil {
		return out, err
	}
	return out, finishControl(ctx, from, to, &out)
}

// carryControl copies the control database, and has the old one refuse changes.
func (l *Lake) carryControl(ctx context.Context, lease store.Lock, to Address, o ControlOptions, out *MovedControl) (err error) {
	a, err := arrive(ctx, to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	id, err := l.ID(ctx)
	if err != nil {
		return err
	}
	c := carrier{from: l.under(lease), id: id, owners: o.Owners, done: o.Done}
	copied, err := c.into(ctx, a.db)
	if err != nil {
		return err
	}
	out.count(copied)
	crashpoint.Reach("control.copied")
	if err := c.retire(ctx, copied, state.Shown(to.Control)); err != nil {
		return err
	}
	crashpoint.Reach("control.retired")
	return nil
}

func (m *MovedControl) count(c carried) { m.Tables, m.Rows = len(c.tables)+len(c.catalog), c.rows() }

// countControl counts what would be copied. It changes nothing.
func (l *Lake) countControl(ctx context.Context, known []state.Schema, out *MovedControl) error {
	return l.db.View(ctx, func(db *state.DB) error {
		owners, err := db.Owned(ctx, known)
		if err != nil {
			return err
		}
		var all []state.Table
		for _, s := range owners {
			all = append(all, s.Tables()...)
		}
		c, err := read(ctx, db, db, all)
		out.count(c)
		return err
	})
}

// movedAlready is nil when the control database is where it is to be moved to.
func movedAlready(ctx context.Context, from, to Address, out *MovedControl) error {
	if from.embedded() && from.Control != to.Control {
		if there, err := isThere(from.aside()); err != nil || !there {
			return errors.Join(err, from.noControl())
		}
		out.Aside = from.aside()
	}
	l, err := OpenAt(ctx, to)
	if err != nil {
		return err
	}
	out.Already = true
	return l.Close()
}

// isRetired says whether the control database refuses changes already, because an earlier run had come so far.
func isRetired(ctx context.Context, from, to Address) (bool, error) {
	db, err := state.Open(ctx, from.Control)
	if err != nil {
		return false, err
	}
	m, marked, err := db.Mark(ctx)
	if err == nil && marked && !m.Arriving && m.Place != state.Shown(to.Control) {
		err = moved(from, m.Place)
	}
	return marked && !m.Arriving, errors.Join(err, db.Close())
}

// finishControl has the new control database be used, once the old one refuses changes, and puts that aside.
func finishControl(ctx context.Context, from, to Address, out *MovedControl) error {
	if err := to.arrived(ctx); err != nil {
		return err
	}
	crashpoint.Reach("control.arrived")
	if from.embedded() {
		if err := from.putAside(); err != nil {
			return err
		}
		out.Aside = from.aside()
	}
	l, err := OpenAt(ctx, to)
	if err != nil {
		return err
	}
	return l.Close()
}

// arrival is a control database that is being copied to a place.
type arrival struct {
	db   *state.DB
	held held
}

// arrive opens the control database into which another is copied. In a Postgres it is one that has a mark, or nothing in it; a file has
// another name until it is whole.
func arrive(ctx context.Context, to Address) (a *arrival, err error) {
	a = &arrival{}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if a.db, err = to.arriving(ctx); err != nil {
		return a, err
	}
	if to.shared() {
		if to.Locks, err = leases.Open(ctx, a.db); err != nil {
			return a, err
		}
	}
	if a.held, err = hold(ctx, to.Locks); err != nil {
		return a, err
	}
	if err := a.db.Reopen(ctx); err != nil { // it may have been moved away before
		return a, err
	}
	return a, (&Lake{db: a.db}).makeCatalog(ctx)
}

// arriving opens the database into which another is copied, empty if it is a file.
func (a Address) arriving(ctx context.Context) (*state.DB, error) {
	if a.shared() {
		return state.Make(ctx, a.Control)
	}
	if err := a.clearArriving(ctx); err != nil {
		return nil, err
	}
	return state.Open(ctx, a.arrivingPath())
}

// Close closes the database and gives the locks of its place back.
func (a *arrival) Close() error {
	err := a.held.Close()
	if a.db != nil {
		err = errors.Join(err, a.db.Close())
	}
	return err
}

// arrived has the control database be used that was copied to a place. It is, when it was before.
func (a Address) arrived(ctx context.Context) error {
	if a.shared() {
		return clearMark(ctx, a.Control)
	}
	switch there, err := isThere(a.arrivingPath()); {
	case err != nil:
		return err
	case !there && a.hasControl():
		return nil // an earlier run has done so
	case !there:
		return fault.New(fault.Corrupt, "what was copied to %s is not there any more; restore it", a.Control)
	}
	if err := clearMark(ctx, a.arrivingPath()); err != nil {
		return err
	}
	return a.takeName(ctx)
}

func clearMark(ctx context.Context, control string) error {
	db, err := state.Open(ctx, control)
	if err != nil {
		return err
	}
	return errors.Join(db.Tx(ctx, func(tx *state.Tx) error { return tx.ClearMark(ctx) }), db.Close())
}
