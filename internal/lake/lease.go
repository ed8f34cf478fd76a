package lake

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/parley-hq/parley/internal/fault"
)

// lease is the right to write to the lake. It is an advisory lock on a file, so it ends with the process that holds
// it, however that process ends, and nobody has to wait for it to run out.
type lease struct{ f *os.File }

// takeLease fails with fault.Conflict while another process, or another writer of this one, holds the lease.
func takeLease(path string) (*lease, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder := make([]byte, 64)
		n, _ := f.Read(holder)
		return nil, errors.Join(held(err, strings.TrimSpace(string(holder[:n]))), f.Close())
	}
	// Who holds it is only for the message above; the lock is what counts.
	_ = f.Truncate(0)
	_, _ = f.WriteAt(fmt.Appendf(nil, "process %d\n", os.Getpid()), 0)
	return &lease{f}, nil
}

func held(err error, holder string) error {
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return err
	}
	if holder == "" {
		holder = "another process"
	}
	return fault.New(fault.Conflict, "%s is writing to the lake; wait until it is done", holder)
}

func (l *lease) release() error { return l.f.Close() }
