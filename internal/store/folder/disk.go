package folder

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/parley-hq/parley/internal/private"
)

// Disk is what a folder does to put objects. Tests make it fail, or look on: nothing may be named before it is durable.
type Disk interface {
	Mkdir(path string) error // nil when it is there
	Create(path string) (File, error)
	Rename(from, to string) error
	RenameNew(from, to string) error // fs.ErrExist when there is something at to
	SyncDir(path string) error       // makes the names in a folder outlive a power cut
}

// File is a file that is being written.
type File interface {
	io.WriteCloser
	Sync() error
	Chmod(mode fs.FileMode) error
}

// OS is the disk of the operating system.
type OS struct{}

// Mkdir implements Disk.
func (OS) Mkdir(path string) error { return private.Mkdir(path) }

// Create implements Disk.
func (OS) Create(path string) (File, error) {
	f, err := private.Open(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Rename implements Disk.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// RenameNew implements Disk.
func (OS) RenameNew(from, to string) error { return renameNew(from, to) }

// link renames by two names: a crash between leaves a temporary one more.
func link(from, to string) error {
	if err := os.Link(from, to); err != nil {
		return err
	}
	return os.Remove(from)
}

// SyncDir implements Disk.
func (OS) SyncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
