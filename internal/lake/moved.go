package lake

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

// asideName is what a control database that is a file is called once another has taken its place. An earlier version of the program
// finds none then, and does not write to it.
const asideName = ControlName + ".moved"

// aside is where the control database lies once another has taken its place.
func (a Address) aside() string { return a.Control + ".moved" }

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
	return fault.New(fault.Conflict, "the control database of the lake %s was moved to %s; give that by --state or PARLEY_STATE", a, place)
}

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
	if _, err := os.Stat(a.arrivingPath()); err == nil {
		return fault.New(fault.Conflict, "the control database of the lake %s is on its way to %s and not whole there; run parley lake move again, as it was run before", a, a.Control)
	}
	if _, err := os.Stat(a.aside()); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	old := a
	old.Control = a.aside()
	db := state.OpenToRead(old.Control, nil)
	return errors.Join(used(ctx, db, old), db.Close())
}

// putAside gives the file of a control database that another has taken the place of the name that it has from then on. Whoever has it open
// sees that it is not where it was (inPlace).
func (a Address) putAside() error {
	for _, suffix := range []string{"-wal", "", "-shm"} {
		if err := os.Rename(a.Control+suffix, a.aside()+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fault.Because(fault.OfPath(err), err, "the old control database %s cannot be put aside", a.Control)
		}
	}
	return nil
}
