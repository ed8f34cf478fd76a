package lake

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/private"
	"github.com/parley-hq/parley/internal/state"
)

// disk is what a lake does to make files. Tests make it fail, or look on: nothing may be named before it is durable.
type disk interface {
	Mkdir(path string) error // nil when it is there
	OpenFile(path string, flags int) (output, error)
	Rename(from, to string) error
	SyncDir(path string) error
}

// output is a file that is written.
type output interface {
	io.WriteCloser
	Sync() error
}

// onDisk is the disk of every lake in this process: Iceberg's library finds a file system by the scheme of a location
// only, so that a lake cannot have its own.
var onDisk disk = osDisk{} //nolint:gochecknoglobals // as above

type osDisk struct{}

func (osDisk) Mkdir(path string) error { return private.Mkdir(path) }

func (osDisk) OpenFile(path string, flags int) (output, error) {
	return private.Open(path, flags)
}

func (osDisk) Rename(from, to string) error { return os.Rename(from, to) }

func (osDisk) SyncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// createFile makes a file to be written, in place of one that is there unless it is to be new.
func createFile(path string, flags int) (output, error) {
	if err := makeDir(filepath.Dir(path)); err != nil {
		return nil, err
	}
	return onDisk.OpenFile(path, os.O_CREATE|os.O_WRONLY|flags)
}

// makeDir makes a folder and those that it lies in, and their names durable: the name of a file is worth no more than
// those of its folders.
func makeDir(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	parent := filepath.Dir(path)
	if err := makeDir(parent); err != nil {
		return err
	}
	if err := onDisk.Mkdir(path); err != nil {
		return err
	}
	return onDisk.SyncDir(parent)
}

// syncDir makes the names in a folder durable.
func syncDir(path string) error { return onDisk.SyncDir(path) }

// closeDurably makes a file and its name durable.
func closeDurably(f output, path string) error {
	if err := f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	return errors.Join(f.Close(), syncDir(filepath.Dir(path)))
}

var errUnexpected = errors.New("unexpected failure")

// diskFault is the kind of a failure to write: a full disk is one, whatever library saw it. Some of them keep only
// the text of the cause.
func diskFault(err error) error {
	if errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), syscall.ENOSPC.Error()) || errors.Is(state.Fault(err), fault.Full) {
		return fault.Full
	}
	return errUnexpected
}
