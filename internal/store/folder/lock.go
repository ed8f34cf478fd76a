package folder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/parley-hq/parley/internal/private"
	"github.com/parley-hq/parley/internal/store"
)

var _ store.Locks = (*Folder)(nil)

// lock is an advisory lock on a file. The file stays when the lock is given back.
type lock struct{ file *os.File }

// Lock implements store.Locks.
func (f *Folder) Lock(_ context.Context, at store.Location, o store.LockOptions) (store.Lock, error) {
	if err := check(at); err != nil {
		return nil, err
	}
	file, err := openLock(f.Path(at), o)
	if errors.Is(err, fs.ErrNotExist) && o.Anyone && !o.Existing {
		if err := f.makeLocks(at.Folder()); err != nil {
			return nil, kind(err)
		}
		file, err = openLock(f.Path(at), o)
	}
	if err != nil {
		return nil, kind(err)
	}
	if err := flock(file, o); err != nil {
		return nil, errors.Join(kind(err), file.Close())
	}
	if !o.Shared && !o.Anyone {
		// Who holds it is only for the message of others; the lock is what counts.
		_ = file.Truncate(0)
		_, _ = file.WriteAt(fmt.Appendf(nil, "process %d\n", os.Getpid()), 0)
	}
	return &lock{file}, nil
}

// openLock opens the file of a lock, and makes it when it is not there.
func openLock(path string, o store.LockOptions) (*os.File, error) {
	if o.Anyone {
		return openForAnyone(path, !o.Existing)
	}
	flags := os.O_RDWR
	if !o.Existing {
		flags |= os.O_CREATE
	}
	return private.Open(path, flags)
}

// openForAnyone opens a file that whoever gets to its folder may lock, whatever the umask of the one who made it. It stays
// empty.
func openForAnyone(path string, create bool) (*os.File, error) {
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

// makeLocks makes a folder of locks that anyone may take, and those that it is in. Whoever may write to the folder of all may make locks,
// whatever the umask of the first who does.
func (f *Folder) makeLocks(at store.Location) error {
	dir := f.Path(at)
	info, err := os.Stat(filepath.Dir(dir))
	if errors.Is(err, fs.ErrNotExist) && at.Folder() != "" {
		if err := f.makeLocks(at.Folder()); err != nil {
			return err
		}
		info, err = os.Stat(filepath.Dir(dir))
	}
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, info.Mode().Perm()); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil
		}
		return err
	}
	return os.Chmod(dir, info.Mode())
}

func flock(f *os.File, o store.LockOptions) error {
	how := syscall.LOCK_EX
	if o.Shared {
		how = syscall.LOCK_SH
	}
	for {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return &store.Held{By: holder(f)}
		}
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// holder is who holds the lock on a file, as far as it says.
func holder(f *os.File) string {
	text := make([]byte, 64)
	n, _ := f.Read(text) // nothing is as good as an error
	if by := strings.TrimSpace(string(text[:n])); by != "" {
		return by
	}
	return "another process"
}

// Close implements store.Lock.
func (l *lock) Close() error {
	if err := l.file.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// Forget implements store.Lock. The file goes first: given back first, another could take the lock on it and lose it.
func (l *lock) Forget() error {
	return errors.Join(kind(missing(os.Remove(l.file.Name()))), l.Close())
}

// Locked implements store.Locks.
func (f *Folder) Locked(ctx context.Context, under store.Location) iter.Seq2[store.Location, error] {
	return func(yield func(store.Location, error) bool) {
		err := f.entries(ctx, under, func(e fs.DirEntry) error {
			if !e.Type().IsRegular() {
				return nil
			}
			return wanted(yield(under.Join(e.Name()), nil))
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield("", kind(err))
		}
	}
}
