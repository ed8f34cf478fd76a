package lake

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

// used fails with fault.Conflict when a control database has a mark, and so is not to be used, and says where the one is that is.
func used(ctx context.Context, db *state.DB, a Address) error {
	return db.View(ctx, func(db *state.DB) error {
		m, marked, err := db.Mark(ctx)
		switch {
		case err != nil || !marked:
			return err
		case m.Arriving:
			return fault.New(fault.Conflict, "the control database of the lake %s is on its way to %s and not whole there; run parley lake move again, as it was run from %s", a, state.Shown(a.Control), m.Place)
		}
		return moved(a, m.Place)
	})
}

func moved(a Address, place string) error {
	return fault.New(fault.Conflict, "the control database of the lake %s was moved to %s; %s", a, place, a.wayTo(place))
}

// wayTo says what has commands find a control database of this lake, by the place that its mark has.
func (a Address) wayTo(place string) string {
	switch {
	case state.IsShared(place):
		return "give that by --state or PARLEY_STATE"
	case place == filepath.Join(a.Root, ControlName):
		return "run the command again, which finds it there"
	}
	return fmt.Sprintf("give %s by --state or PARLEY_STATE", stateFolder(place))
}

// stateFolder is the state folder in which the control database of a lake in a bucket is: StatePath of it.
func stateFolder(control string) string {
	return filepath.Dir(filepath.Dir(filepath.Dir(control)))
}

// StatePath is the folder in a state folder that has the control database of a lake, and its locks. name is one element of a path.
func StatePath(home, name string) string { return filepath.Join(home, "lakes", name) }

// stays is used, but of what is arriving, for who brings it.
func stays(ctx context.Context, db *state.DB, a Address) error {
	if m, marked, err := db.Mark(ctx); err != nil || !marked || m.Arriving {
		return err
	}
	return used(ctx, db, a)
}

// setAside says where the control database is now, if the one here was put aside; nil if none was.
func (a Address) setAside(ctx context.Context) error {
	if !a.embedded() {
		return nil
	}
	if there, err := isThere(a.arrivingPath()); err != nil {
		return err
	} else if there {
		return fault.New(fault.Conflict, "the control database of the lake %s is on its way to %s and not whole there; run parley lake move again, as it was run before", a, a.Control)
	}
	if there, err := isThere(a.aside()); err != nil || !there {
		return err
	}
	old := a
	old.Control = a.aside()
	db := state.OpenToRead(old.Control, nil)
	return errors.Join(used(ctx, db, old), db.Close())
}
