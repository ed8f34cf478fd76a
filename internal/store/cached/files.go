package cached

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/parley-hq/parley/internal/private"
)

// copied is a copy that is held: it is not removed until it is closed.
type copied struct {
	file *os.File
	info fs.FileInfo
	size int64
	put  time.Time
}

// ReadAt implements store.Object.
func (h *copied) ReadAt(p []byte, off int64) (int, error) { return h.file.ReadAt(p, off) }

// Close implements store.Object.
func (h *copied) Close() error { return h.file.Close() }

// Size implements store.Object.
func (h *copied) Size() int64 { return h.size }

// errBusy says that another has a lock that excludes ours, or that a file is no longer the one of its name.
var errBusy = errors.New("in use by another")

// lock takes a lock on a file that is open, and looks whether it is still the one of its name: it may have been removed or
// replaced before the lock was there.
func lock(file *os.File, how int) (fs.FileInfo, error) {
	for {
		err := syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errBusy
		}
		if err != nil {
			return nil, err
		}
		break
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	now, err := os.Stat(file.Name())
	if err != nil || !os.SameFile(info, now) {
		return nil, errBusy
	}
	return info, nil
}

// holdOf holds a copy that is open.
func holdOf(file *os.File) (*copied, error) {
	info, err := lock(file, syscall.LOCK_SH)
	if err != nil {
		return nil, err
	}
	return &copied{file, info, info.Size(), info.ModTime()}, nil
}

// part is a copy that is being fetched, by us alone.
type part struct {
	file *os.File
	path string // of the copy
	done bool   // it has the name of the copy: another may fetch by that of the part
}

// begin begins to fetch. It is errBusy while another does.
func begin(path string) (*part, error) {
	file, err := private.Open(path+partSuffix, os.O_CREATE|os.O_RDWR)
	if err != nil {
		return nil, err
	}
	if _, err := lock(file, syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &part{file: file, path: path}, nil
}

// giveUp removes it, unless it has become the copy.
func (p *part) giveUp() error {
	if p.done {
		return nil
	}
	err := os.Remove(p.path + partSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, p.file.Close())
}

// finish makes it the copy, and holds that. It is errBusy if another has taken it first: a lock cannot be made a shared one
// without being given back in between.
func (p *part) finish() (*copied, error) {
	if err := os.Rename(p.path+partSuffix, p.path); err != nil {
		return nil, err
	}
	p.done = true
	if err := p.file.Close(); err != nil {
		return nil, err
	}
	file, err := os.Open(p.path) // to be read only
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errBusy
	}
	if err != nil {
		return nil, err
	}
	held, err := holdOf(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return held, nil
}
