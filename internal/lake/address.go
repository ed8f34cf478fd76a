package lake

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/folder"
)

// Address is where a lake is kept: its files, its control database, and the locks that go with that.
type Address struct {
	Name    string      // what people call it: the path of a folder, or s3://bucket/prefix
	Root    string      // what the tables name its files by, without a slash at the end: the path of a folder, or s3://bucket/prefix
	Store   store.Store // of its files
	Control string      // of its control database, as state.Open takes it
	Locks   store.Locks // beside the control database; those of a Postgres are in it
	Cache   Cache       // of data files on this machine; nil where the files are on it already

	dir string // the folder, if it is one: it holds all of the lake
}

// Cache keeps copies of data files on this machine, for those who can read files only. What is read by it is read from a copy
// if there is one, and otherwise in ranges from where it is.
type Cache interface {
	store.Store
	datafile.Holder

	// Only removes the copies of objects under a location that are not kept.
	Only(ctx context.Context, under store.Location, keep func(store.Location) bool) error

	// Path is where the copy of an object is, or comes to be. It is the same for ever.
	Path(at store.Location) string
}

// InFolder is the address of the lake in a folder, which need not be there.
func InFolder(dir string) (Address, error) {
	dir, err := resolve(dir)
	return inFolder(dir), err
}

// inFolder is the address of the lake in a folder, which was resolved.
func inFolder(dir string) Address {
	files := folder.On(dir, currentDisk{})
	if elsewhere != nil {
		return Address{Name: dir, Root: dir, Store: files, Control: elsewhere(dir), dir: dir}
	}
	return Address{Name: dir, Root: dir, Store: files, Control: filepath.Join(dir, ControlName), Locks: files, dir: dir}
}

// ControlName is the name of a control database that is a file.
const ControlName = "control.db"

// embedded says whether the control database is a file of this machine.
func (a Address) embedded() bool { return filepath.IsAbs(a.Control) }

// shared says whether the control database is in a Postgres, which several machines have.
func (a Address) shared() bool { return state.IsShared(a.Control) }

// InControl is the address with its control database in the schema of a Postgres.
func (a Address) InControl(address string) Address {
	a.Control, a.Locks = address, nil
	return a
}

// reading is the store that data files are read from.
func (a Address) reading() store.Store {
	if a.Cache != nil {
		return a.Cache
	}
	return a.Store
}

// warehouse is what the tables name their folder by.
func (a Address) warehouse() string { return a.Root + "/" + string(warehouse) }

// Exists says whether a lake is there.
func (a Address) Exists(ctx context.Context) (bool, error) {
	if a.dir != "" {
		return Exists(a.dir), nil
	}
	_, err := a.Store.Stat(ctx, markerName)
	if errors.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, a.failed(err)
}

// Vacant says whether a lake can be made there; if not, fault.Invalid says why. What a Create that was cut short has left is
// known by its control database.
func (a Address) Vacant(ctx context.Context) error {
	switch {
	case a.shared():
		if begun, err := a.begun(ctx); begun || err != nil {
			return err
		}
	case a.dir == "" && a.hasControl():
		return nil
	}
	return a.empty(ctx)
}

// begun says whether a control database in a Postgres is there: somebody makes the lake, or began to. Create finds out, under its lease.
func (a Address) begun(ctx context.Context) (bool, error) {
	db, err := state.Open(ctx, a.Control)
	if errors.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, db.Close()
}

// empty is nil when there are no files.
func (a Address) empty(ctx context.Context) error {
	if a.dir != "" {
		return Vacant(ctx, a.dir)
	}
	for o, err := range a.Store.List(ctx, "") {
		if err != nil {
			return a.failed(err)
		}
		return fault.New(fault.Invalid, "%s is not empty and holds no lake (there is %s); give another prefix for the lake, or the --state that it was made with", a, o.At)
	}
	return nil
}

// noControl says what to do about a lake whose control database is missing.
func (a Address) noControl() error {
	if a.dir != "" {
		return fault.New(fault.Corrupt, "the lake %s has no control.db; restore it from a backup, or give the --state that it was made with", a)
	}
	return fault.New(fault.NotFound, "the lake %s has no control database in %s; give the --state that it was made with, or restore it from a backup", a, filepath.Dir(a.Control))
}

// writable says whether this process may write to the lake, as far as that can be known beforehand.
func (a Address) writable() bool {
	switch {
	case a.dir != "":
		return writable(a.dir)
	case a.embedded():
		return writable(filepath.Dir(a.Control))
	}
	return true
}

// prepare makes ready for a new lake.
func (a Address) prepare(ctx context.Context) error {
	if err := a.Store.Prepare(ctx, ""); err != nil {
		return a.unmakable(err)
	}
	if a.embedded() && a.dir == "" {
		if err := folder.At(filepath.Dir(a.Control)).Prepare(ctx, ""); err != nil {
			return a.unmakable(err)
		}
	}
	if !a.writable() {
		return a.unmakable(errReadOnly)
	}
	return nil
}

func (a Address) unmakable(err error) error {
	switch {
	case a.dir != "":
		return unmakable(a.dir, err)
	case a.shared():
		return fmt.Errorf("the lake %s cannot be made: %w", a, err)
	}
	return unmakable(filepath.Dir(a.Control), err)
}

// readOnly is the failure to write to a lake that may only be read.
func (a Address) readOnly() error {
	if a.dir != "" {
		return readOnly(a.dir)
	}
	return fault.New(fault.ReadOnly, "the lake %s may only be read: its control database in %s may not be written by this user, or lies on a mount that is read only", a, filepath.Dir(a.Control))
}

// failed says what could not be asked.
func (a Address) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the lake %s cannot be read: %w", a, err)
}

// openControl opens the control database to write.
func (a Address) openControl(ctx context.Context) (*state.DB, error) {
	return state.Open(ctx, a.Control)
}

// String is the name.
func (a Address) String() string { return a.Name }

// isURL says whether the tables name files below a root by URLs that they take literally. Those of a folder they name by
// its path, as file: URLs.
func isURL(name string) bool { return strings.Contains(name, "://") }
