package lake

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/parley-hq/parley/internal/fault"
)

// A pin keeps a snapshot of conversations, and with it the companions that it names, from expiring: a shared advisory
// lock on the file of the snapshot in pins/. It ends with the process that holds it, however that process ends. Who
// wants to expire a snapshot takes the same lock exclusively, and leaves the snapshot alone when it cannot.
//
// The lock alone proves nothing: the file may have been opened before an expiry and locked after it. Whoever has a pin
// looks again whether the snapshot is still in the table's history; if it is, no expiry can have got the exclusive
// lock, nor gets it until the pin is released.

func (l *Lake) pinsDir() string { return filepath.Join(l.dir, "pins") }

func (l *Lake) pinPath(id int64) string {
	return filepath.Join(l.pinsDir(), strconv.FormatInt(id, 10))
}

// errLocked says that another holds a lock that excludes the one that was asked for.
var errLocked = errors.New("locked by another")

// pin pins a snapshot. It is errLocked while somebody is expiring it. Who may neither write to the lake nor read the file
// that a commit has made has no pin, and the file is nil: refusing to read would help nobody.
func (l *Lake) pin(id SnapshotID) (*os.File, error) {
	f, err := l.lockPin(int64(id), syscall.LOCK_SH)
	switch {
	case errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported):
		return nil, nil //nolint:nilnil // no pin, and no reason not to read
	case errors.Is(err, syscall.ENOSPC):
		return nil, fault.Because(fault.Full, err, "there is no room for the lock of a snapshot")
	}
	return f, err
}

// lockPin locks the file of a snapshot, and makes it first if need be.
func (l *Lake) lockPin(id int64, how int) (*os.File, error) {
	f, err := openLocked(l.pinPath(id), os.O_CREATE, how)
	if !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	if err := l.makePins(); err != nil {
		return nil, err
	}
	return openLocked(l.pinPath(id), os.O_CREATE, how)
}

// makePins makes the folder of pins. Whoever may write to the lake may pin, whatever the umask of the first who does.
func (l *Lake) makePins() error {
	info, err := os.Stat(l.dir)
	if err != nil {
		return err
	}
	if err := os.Mkdir(l.pinsDir(), info.Mode().Perm()); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil
		}
		return err
	}
	return os.Chmod(l.pinsDir(), info.Mode())
}

// openLocked opens a file to read and locks it, or fails at once with errLocked.
func openLocked(path string, flags, how int) (*os.File, error) {
	f, err := openPin(path, flags&os.O_CREATE != 0)
	if err != nil {
		return nil, err
	}
	if err := flock(f, how); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// openPin opens the file of a pin, and makes it when it is not there. It is empty, and whoever gets to its folder may lock
// it, whatever the umask of the one who made it: an expiry must get the lock of a pin that root has made.
func openPin(path string, create bool) (*os.File, error) {
	for {
		f, err := os.Open(path)
		if !errors.Is(err, fs.ErrNotExist) || !create {
			return f, err
		}
		f, err = os.OpenFile(path, os.O_RDONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue // somebody else was faster
		}
		if err != nil {
			return nil, err
		}
		if err := f.Chmod(0o644); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return f, nil
	}
}

// offer makes the file of a pin, so that those too can pin the snapshot who may not write to the lake. A snapshot
// without it can be read all the same.
func (l *Lake) offer(id SnapshotID) {
	if f, err := l.pin(id); err == nil && f != nil {
		_ = f.Close()
	}
}

func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return errLocked
		}
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// seized are the exclusive locks on the pins of snapshots that are about to expire.
type seized struct {
	ids   []int64 // snapshots that nobody reads, and whom nobody can begin to read until release
	files []*os.File
}

// seize locks those of the snapshots that nobody has pinned. With look it makes no files: what has none is not pinned.
func (l *Lake) seize(ids []int64, look bool) (_ *seized, err error) {
	lock := l.lockPin
	if look {
		lock = func(id int64, how int) (*os.File, error) { return openLocked(l.pinPath(id), 0, how) }
	}
	s := &seized{}
	for _, id := range ids {
		f, err := lock(id, syscall.LOCK_EX)
		switch {
		case errors.Is(err, errLocked):
			continue
		case look && errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, errors.Join(err, s.release())
		default:
			s.files = append(s.files, f)
		}
		s.ids = append(s.ids, id)
	}
	return s, nil
}

func (s *seized) release() (err error) {
	for _, f := range s.files {
		err = errors.Join(err, f.Close())
	}
	return err
}

// removePins removes the pins of snapshots that are no longer there, those too that an interrupted expiry has left. A
// pin that somebody holds stays for the next time: whoever holds it is about to see that the snapshot is gone.
func (l *Lake) removePins(there func(id int64) bool) error {
	entries, err := os.ReadDir(l.pinsDir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		id, bad := strconv.ParseInt(e.Name(), 10, 64)
		if bad != nil || there(id) {
			continue
		}
		s, locking := l.seize([]int64{id}, true)
		if locking == nil && len(s.files) > 0 {
			locking = errors.Join(os.Remove(l.pinPath(id)), s.release())
		}
		err = errors.Join(err, locking)
	}
	return err
}
