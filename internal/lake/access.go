package lake

import (
	"context"
	"errors"
	"syscall"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/state"
)

// errReadOnly is the cause where the folder says it, and no call that failed.
var errReadOnly = errors.New("it may not be written")

// writable says whether this process may write to the lake in dir: to its folder, and to its control database if that
// is there.
func writable(dir string) bool {
	const write, search = 2, 1
	if syscall.Access(dir, write|search) != nil {
		return false
	}
	err := syscall.Access(controlPath(dir), write)
	return err == nil || errors.Is(err, syscall.ENOENT)
}

// mayRead fails with fault.Forbidden when this process may not read a file.
func mayRead(path string) error {
	const read = 4
	if err := syscall.Access(path, read); errors.Is(err, syscall.EACCES) {
		return fault.Because(fault.Forbidden, err, "%s may not be read; the owner of the lake must give the right to read it", path)
	}
	return nil
}

// mayRead fails with fault.Forbidden when this process may not read a file in a folder.
func (s *Snapshot) mayRead(f datafile.File) error {
	if isURL(f.Path) {
		return nil // it says so itself
	}
	return mayRead(f.Path)
}

// openWritable opens a lake to read and write. The tables need not be there yet.
func openWritable(ctx context.Context, a Address) (*Lake, error) {
	db, err := a.openControl(ctx)
	if err != nil {
		return nil, err
	}
	l := &Lake{where: a, dir: a.dir, read: a.reading(), db: db, control: a.controlInfo(), remembered: new(remembered)}
	if err := l.prepare(ctx); err != nil {
		return nil, errors.Join(state.Fault(err), db.Close())
	}
	return l, nil
}

func (l *Lake) prepare(ctx context.Context) (err error) {
	l.catalog = icebergCatalog{l}
	if err := l.makeCatalog(ctx); err != nil {
		return err
	}
	if err := l.db.Migrate(ctx, schema); err != nil {
		return err
	}
	l.place, err = placeOf(ctx, l.db, l.where)
	return err
}

// openReadable opens a lake to read. It changes nothing there, and makes nothing.
func openReadable(ctx context.Context, a Address) (*Lake, error) {
	l := &Lake{where: a, dir: a.dir, read: a.reading(), db: state.OpenToRead(a.Control, a.readOnly()), remembered: new(remembered)}
	err := l.db.View(ctx, func(db *state.DB) (err error) {
		if err := used(ctx, db, a); err != nil {
			return err
		}
		if _, err := db.Version(ctx, schema); err != nil {
			return err
		}
		l.place, err = placeOf(ctx, db, a)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// mayWrite fails when the lake cannot be written to: by this process, or at the place where it is.
func (l *Lake) mayWrite() error {
	switch {
	case l.db.ReadOnly():
		return l.where.readOnly()
	case l.place.moved():
		return l.notHome()
	case l.movedTo != "":
		return l.gone(l.movedTo)
	}
	return nil
}

// unmoved fails when the names of the files were written anew since the lake was opened: what is written now would be
// called otherwise than what is there. It holds for as long as the lease is held.
func (l *Lake) unmoved(ctx context.Context) error {
	if err := used(ctx, l.db, l.where); err != nil {
		return err
	}
	now, err := placeOf(ctx, l.db, l.where)
	if err == nil {
		err = l.retired(ctx)
	}
	if err == nil && now != l.place {
		err = fault.New(fault.Conflict, "parley lake move has written the names of the files in %s anew since this process opened it; run again", l)
	}
	return err
}

// retired fails when the lake was copied to another place and is kept only until somebody removes it.
func (l *Lake) retired(ctx context.Context) error {
	m, err := readMarker(ctx, l.where)
	if err == nil && m.MovedTo != "" {
		return l.gone(m.MovedTo)
	}
	return err
}

func (l *Lake) gone(to string) error {
	return fault.New(fault.Conflict, "the lake %s was moved to %s and is not written any more; name that one, and remove this one when nobody needs it", l, to)
}

// notHome says of a lake that was moved what to do.
func (l *Lake) notHome() error {
	return fault.New(fault.Conflict, "the lake was made as %s and its tables name their files by that path; run: parley lake move --lake %s",
		l.place.home(), l)
}

func readOnly(dir string) error {
	return fault.New(fault.ReadOnly, "the lake %s may only be read: its folder or its control.db may not be written by this user, or lies on a mount that is read only", dir)
}
