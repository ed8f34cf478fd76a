package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/folder"
)

// A control database that is a file lies beside the lake's store, which may be a bucket. What is here gives it its names.

// arrivingPath is where a control database that is a file is written until it is whole.
func (a Address) arrivingPath() string { return a.Control + ".arriving" }

// asideName is what a control database that is a file is called once another has taken its place. An earlier version of the program
// finds none then, and does not write to it.
const asideName = ControlName + ".moved"

// aside is where the control database lies once another has taken its place.
func (a Address) aside() string { return a.Control + ".moved" }

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

// clearArriving removes what an earlier run has left.
func (a Address) clearArriving(ctx context.Context) error {
	home := folder.At(filepath.Dir(a.Control))
	if err := home.Prepare(ctx, ""); err != nil {
		return a.unmakable(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := gone(home.Remove(ctx, store.Location(filepath.Base(a.arrivingPath())+suffix))); err != nil {
			return err
		}
	}
	return nil
}

// isThere says whether there is a file.
func isThere(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fault.Because(fault.OfPath(err), err, "whether %s is there cannot be seen", path)
	}
	return true, nil
}

// takeName gives the control database that has arrived its name.
func (a Address) takeName(ctx context.Context) error {
	if err := os.Rename(a.arrivingPath(), a.Control); err != nil {
		return fmt.Errorf("the new control database cannot be given its name: %w", err)
	}
	return folder.At(filepath.Dir(a.Control)).Sync(ctx, "")
}
