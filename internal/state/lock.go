package state

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/private"
)

// Lock is the right to do what one process alone may do. It is an advisory lock on a file, so it ends with the process
// that holds it, however that process ends, and nobody has to wait for it to run out.
type Lock struct{ f *os.File }

// TakeLock fails with fault.Conflict while another process, or another part of this one, has the lock on the file at
// path. The message says what the holder does: "%s is writing".
func TakeLock(path, message string) (*Lock, error) {
	f, err := private.Open(path, os.O_CREATE|os.O_RDWR)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder := make([]byte, 64)
		n, _ := f.Read(holder)
		return nil, errors.Join(held(err, message, strings.TrimSpace(string(holder[:n]))), f.Close())
	}
	// Who holds it is only for the message above; the lock is what counts.
	_ = f.Truncate(0)
	_, _ = f.WriteAt(fmt.Appendf(nil, "process %d\n", os.Getpid()), 0)
	return &Lock{f}, nil
}

func held(err error, message, holder string) error {
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return err
	}
	if holder == "" {
		holder = "another process"
	}
	return fault.New(fault.Conflict, message, holder)
}

// Close gives the lock back.
func (l *Lock) Close() error { return l.f.Close() }
