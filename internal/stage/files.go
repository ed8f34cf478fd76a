package stage

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/private"
)

// files is what the stage does to the disk. Tests record it, to see that nothing is entered before it is durable.
type files interface {
	MkdirAll(dir string) error
	Create(path string) (file, error)
	Rename(from, to string) error
	SyncDir(dir string) error // makes the names in a folder outlive a power cut
}

// file is a file that is being written.
type file interface {
	io.WriteCloser
	Sync() error
}

// osFiles are files of the operating system.
type osFiles struct{}

func (osFiles) MkdirAll(dir string) error { return private.MkdirAll(dir) }

func (osFiles) Create(path string) (file, error) {
	return private.Open(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
}

func (osFiles) Rename(from, to string) error { return os.Rename(from, to) }

func (osFiles) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// disk gives a failure to write its kind.
func disk(err error, format string, args ...any) error {
	if errors.Is(err, syscall.ENOSPC) {
		return fault.Because(fault.Full, err, format, args...)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
	}
	return nil
}
