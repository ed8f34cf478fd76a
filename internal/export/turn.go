package export

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/private"
)

// Turn is the right to write the files of one path: of two exports to it at once the second is told so at once, and not after an
// hour, and files of two exports never stand beside one another as if they were of one. It is a lock on a hidden file beside
// the path, which is removed with it.
type Turn struct{ file *os.File }

// TakeTurn takes the turn of a path, or fails with fault.Conflict. Where the file system has no locks everybody has it.
func TakeTurn(path string) (*Turn, error) {
	name := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".lock")
	for {
		f, err := private.Open(name, os.O_RDWR|os.O_CREATE)
		if err != nil {
			return nil, unwritable(path, err)
		}
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(fault.New(fault.Conflict, "another command is writing to %s; wait until it is done, or give another name", path), f.Close())
		}
		if stillThere(f, name) {
			return &Turn{f}, nil
		}
		_ = f.Close() // whoever had the turn has removed the file since it was opened
	}
}

func stillThere(f *os.File, name string) bool {
	mine, err := f.Stat()
	now, gone := os.Stat(name)
	return err == nil && gone == nil && os.SameFile(mine, now)
}

// End gives the turn back, which may be none. The file goes while it is still locked: removed later, it could be the one of the next.
func (t *Turn) End() error {
	if t == nil {
		return nil
	}
	return errors.Join(os.Remove(t.file.Name()), t.file.Close())
}
