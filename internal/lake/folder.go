package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/store/folder"
)

// What is here is about the folder that a person names as that of a lake: whether it can be one, is one, or is something
// else. All that is in the folder of an open lake goes through its store.

// unmakable says what to do when the folder of a lake cannot be made.
func unmakable(dir string, err error) error {
	if fault.IsFull(err) {
		return fault.Because(fault.Full, err, "the folder %s of the lake cannot be made", dir)
	}
	if errors.Is(err, errReadOnly) {
		return fault.Because(fault.Forbidden, err, "the folder %s of the lake may not be written; give another by --lake, or see who may write there", dir)
	}
	return fault.Because(fault.OfPath(err), err, "the folder %s of the lake cannot be made or written; give another by --lake, or see who may write there", dir)
}

// resolve gives the absolute path of a folder without symbolic links, as far as it is there.
func resolve(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	plain, err := filepath.EvalSymlinks(dir)
	if !errors.Is(err, fs.ErrNotExist) || filepath.Dir(dir) == dir {
		return plain, unresolved(dir, err)
	}
	switch info, err := os.Lstat(dir); {
	case err == nil && info.Mode()&fs.ModeSymlink == 0:
		return resolve(dir) // another process has made it since
	case err == nil:
		return "", fault.New(fault.Invalid, "%s is a symbolic link to a folder that is not there; make the folder, or remove the link", dir)
	}
	parent, err := resolve(filepath.Dir(dir))
	return filepath.Join(parent, filepath.Base(dir)), err
}

func unresolved(dir string, err error) error {
	if err == nil {
		return nil
	}
	return unreadable(dir, err)
}

// unreadable says what to do about a folder that cannot be read.
func unreadable(dir string, err error) error {
	if kind := fault.OfPath(err); !errors.Is(kind, fault.Forbidden) {
		return fault.Because(kind, err, "%s cannot be read as a folder", dir)
	}
	return fault.Because(fault.Forbidden, err, "%s may not be read; its owner must give the right to read it", dir)
}

// Same says whether two paths lead to the same folder.
func Same(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// unfinished are the names that a Create which was cut short may leave.
var unfinished = map[string]bool{"control.db": true, "control.db-wal": true, "control.db-shm": true, "control.db-journal": true, "warehouse": true, "lake.json.tmp": true, "lost+found": true, leaseName: true, markerName: true}

// Vacant says whether a lake can be made in dir, or is there already; if not, fault.Invalid says why.
func Vacant(ctx context.Context, dir string) error {
	if Exists(dir) {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return unreadable(dir, err)
	}
	if foreignCatalog(ctx, dir) {
		return fault.New(fault.Invalid, "%s holds the state of a server, and no lake; give another folder for the lake", dir)
	}
	for _, e := range entries {
		if Exists(dir) {
			return nil // somebody else has just finished making it
		}
		name, temporary := folder.Temporary(e.Name())
		if !temporary {
			name = e.Name()
		}
		if strings.HasSuffix(name, turnSuffix) {
			continue // the locks of a move that was killed
		}
		if !unfinished[name] && hasCatalog(ctx, dir) {
			return noMarker(fault.Invalid, dir)
		}
		if !unfinished[name] {
			return fault.New(fault.Invalid, "%s is not empty and holds no lake; give another folder for the lake", dir)
		}
	}
	return nil
}

// Exists says whether dir holds a lake.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, markerName))
	return err == nil
}

// hasControl says whether the control database is there. A Postgres says so itself when it is opened.
func (a Address) hasControl() bool {
	if !a.embedded() {
		return true
	}
	_, err := os.Stat(a.Control)
	return !errors.Is(err, fs.ErrNotExist)
}

// HasControl says whether the control database of the lake in a folder is there.
func HasControl(dir string) bool {
	_, err := os.Stat(controlPath(dir))
	return err == nil
}

// controlInfo is the file of the control database, to be compared with what is there later; nil if there is none.
func (a Address) controlInfo() fs.FileInfo {
	if !a.embedded() {
		return nil
	}
	info, err := os.Stat(a.Control)
	if err != nil {
		return nil
	}
	return info
}

// inPlace fails with fault.Unavailable when the lake is not where it was opened: another one may lie there. The control
// database that is open is still the old one, and the files that it names are not there. Of a lake that may only be read
// nothing is kept open: what lies there counts.
func (l *Lake) inPlace() error {
	if l.control == nil || os.SameFile(l.control, l.where.controlInfo()) {
		return nil
	}
	if _, err := os.Stat(l.where.aside()); err == nil {
		return fault.New(fault.Unavailable, "the control database of the lake %s was moved while it was in use; stop this process and start it again, with the --state that has it now", l)
	}
	return fault.Because(fault.Unavailable, fmt.Errorf("put back the folder that was at %s, or stop this process and start it again", filepath.Dir(l.where.Control)),
		"the lake was moved away or replaced while it was in use")
}

// hasCatalog says whether there is the control database of a lake in dir. One that cannot be read may be: whoever is told
// so keeps it.
func hasCatalog(ctx context.Context, dir string) bool {
	owners, err := controlOwners(ctx, dir)
	return slices.Contains(owners, "lake") || err != nil && !errors.Is(err, fs.ErrNotExist)
}

// foreignCatalog says whether there is a control database in dir that is not a lake's: a server keeps one as well.
func foreignCatalog(ctx context.Context, dir string) bool {
	owners, err := controlOwners(ctx, dir)
	return err == nil && len(owners) > 0 && !slices.Contains(owners, "lake")
}

func controlOwners(ctx context.Context, dir string) ([]string, error) {
	if _, err := os.Stat(controlPath(dir)); err != nil {
		return nil, err
	}
	return state.Owners(ctx, controlPath(dir))
}
