package sqlite

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/private"
)

// mark is what tells from outside whether a database in WAL mode has changed.
type mark struct {
	db, wal stamp
	// head is the head of the log. SQLite writes a new one before it begins the log anew, which it does once all of the
	// log is in the database.
	head [32]byte
}

// stamp is what the file system says of a file.
type stamp struct {
	there   bool
	inode   uint64
	size    int64
	changed time.Time
}

// tick is longer than the time that two changes of a file can lie apart and have the same time of change.
const tick = 100 * time.Millisecond

func markOf(path string) (m mark, err error) {
	if m.db, err = stampOf(path); err != nil {
		return m, err
	}
	if !m.db.there {
		return m, fault.New(fault.Corrupt, "the control database %s is missing; restore it from a backup", path)
	}
	if m.wal, err = stampOf(path + "-wal"); err != nil || !m.wal.there {
		return m, err
	}
	f, err := os.Open(path + "-wal")
	if errors.Is(err, fs.ErrNotExist) {
		m.wal = stamp{}
		return m, nil
	}
	if err != nil {
		return m, forbidden(path+"-wal", err)
	}
	defer f.Close()
	_, err = io.ReadFull(f, m.head[:])
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil // a log that nothing was written to
	}
	return m, err
}

func stampOf(path string) (stamp, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return stamp{}, nil
	}
	if err != nil {
		return stamp{}, forbidden(path, err)
	}
	s := stamp{there: true, size: info.Size(), changed: info.ModTime()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.inode = sys.Ino
	}
	return s, nil
}

// consistent says whether what was copied between two marks is the database as it was at one moment, with the log that
// goes with it. It is when the database did not change: no checkpoint wrote into it. Pages that a checkpoint has
// written before are in the log still, which begins as it did, and was copied last.
func (m mark) consistent(after mark, taken time.Time) bool {
	if m.db != after.db || m.wal.there != after.wal.there || m.wal.inode != after.wal.inode || m.head != after.head {
		return false
	}
	// Without a log a checkpoint that is going on can only be seen by the time of the last change.
	return m.wal.size > 0 || m.db.settled(taken)
}

// settled says whether any later change would show in the mark.
func (m mark) settled(taken time.Time) bool { return m.db.settled(taken) && m.wal.settled(taken) }

func (s stamp) settled(taken time.Time) bool { return !s.there || taken.Sub(s.changed) > tick }

// duplicate copies a database, and then its log, to a private folder. It gives the path of the copy, empty when one of
// the files has gone meanwhile, and a function that removes it.
func duplicate(path string, log bool) (_ string, gone func() error, err error) {
	dir, err := private.Temp("control")
	if err != nil {
		return "", nil, err
	}
	gone = func() error { return os.RemoveAll(dir) }
	to := filepath.Join(dir, "control.db")
	err = copyFile(path, to)
	if err == nil && log {
		err = copyFile(path+"-wal", to+"-wal")
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil, gone()
	case fault.IsFull(err):
		err = fault.Because(fault.Full, err, "there is no room for a copy of the control database in %s", os.TempDir())
	}
	if err != nil {
		return "", nil, errors.Join(forbidden(path, err), gone())
	}
	return to, gone, nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// forbidden says who must do something when a file may not be read.
func forbidden(path string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fault.Because(fault.Forbidden, err, "%s may not be read; its owner must give the right to read it", path)
	}
	return err
}

// remote says whether a file lies on a file system of another machine. SQLite's shared memory is none there: it would
// show a state that is long past, or none that ever was. So such a database is always copied.
func remote(path string) bool {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return true
	}
	const nfs, smb, cifs, smb2, fuse, p9, afs, ceph = 0x6969, 0x517B, 0xFF534D42, 0xFE534D42, 0x65735546, 0x01021997, 0x5346414F, 0x00C36400
	return slices.Contains([]int64{nfs, smb, cifs, smb2, fuse, p9, afs, ceph}, int64(s.Type)) //nolint:unconvert // it is narrower on other processors
}
