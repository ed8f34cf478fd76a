// Package folder is the store in a local folder. A location is a path below it. An object is written under a temporary
// name beside its own, synced, and renamed; then its folder is synced. Files and folders are their owner's, as package
// private makes them.
//
// The temporary name begins with a point and ends with the object's own, so that other programs take it for hidden and
// a look tells what it was to be. Locations may not have such names.
package folder

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
)

// Folder is the store in a folder, which is made when it is needed.
type Folder struct {
	base string
	disk Disk
}

var _ store.Store = (*Folder)(nil)

// At is the store in the folder at a path.
func At(path string) *Folder { return On(path, OS{}) }

// On is the store in the folder at a path of a disk.
func On(path string, disk Disk) *Folder { return &Folder{path, disk} }

// Path is where an object lies, for those who can read files only.
func (f *Folder) Path(at store.Location) string {
	return filepath.Join(f.base, filepath.FromSlash(string(at)))
}

// temporary is the temporary name of an object: a point, random letters, a point, and its own name.
func temporary(name string) string { return "." + rand.Text() + "." + name }

// randomLetters is how many letters rand.Text gives.
const randomLetters = 26

// Temporary says whether a name is a temporary one, and of which object.
func Temporary(name string) (of string, yes bool) {
	letters, of, ok := strings.Cut(strings.TrimPrefix(name, "."), ".")
	if !ok || of == "" || name[0] != '.' || len(letters) != randomLetters || strings.Trim(letters, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return "", false
	}
	return of, true
}

func check(at store.Location) error {
	if err := at.Check(); err != nil {
		return err
	}
	for name := range strings.SplitSeq(string(at), "/") {
		if _, yes := Temporary(name); yes {
			return fault.New(fault.Invalid, "%q has a name as only temporary files have", string(at))
		}
	}
	return nil
}

// Prepare implements store.Store. A process that was killed may have left a folder whose name does not last yet, so that
// names are synced whether or not the folders are there.
func (f *Folder) Prepare(_ context.Context, under store.Location) error {
	path := f.base
	if err := f.makeDir(path); err != nil || under == "" {
		return kind(err)
	}
	if err := check(under); err != nil {
		return err
	}
	for name := range strings.SplitSeq(string(under), "/") {
		parent := path
		path = filepath.Join(path, name)
		if err := errors.Join(f.disk.Mkdir(path), f.disk.SyncDir(parent)); err != nil {
			return kind(err)
		}
	}
	return nil
}

// makeDir makes a folder and those that it lies in, and their names durable: the name of a file is worth no more than
// those of its folders.
func (f *Folder) makeDir(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	parent := filepath.Dir(path)
	if err := f.makeDir(parent); err != nil {
		return err
	}
	if err := f.disk.Mkdir(path); err != nil {
		return err
	}
	return f.disk.SyncDir(parent)
}

// Sync implements store.Store.
func (f *Folder) Sync(_ context.Context, under store.Location) error {
	return kind(f.disk.SyncDir(f.Path(under)))
}

// Open implements store.Store.
func (f *Folder) Open(_ context.Context, at store.Location) (store.Object, error) {
	if err := check(at); err != nil {
		return nil, err
	}
	file, err := os.Open(f.Path(at))
	if err != nil {
		return nil, kind(err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = notAFile(file.Name())
	}
	if err != nil {
		return nil, errors.Join(kind(err), file.Close())
	}
	return &object{file, info.Size()}, nil
}

// object is an open file, of which nothing is known but what store.Object says.
type object struct {
	file *os.File
	size int64
}

func (o *object) ReadAt(p []byte, off int64) (int, error) { return o.file.ReadAt(p, off) }
func (o *object) Close() error                            { return o.file.Close() }
func (o *object) Size() int64                             { return o.size }

// notAFile is the failure of a location that holds a folder: there is no object.
func notAFile(path string) error {
	return &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
}

// Stat implements store.Store.
func (f *Folder) Stat(_ context.Context, at store.Location) (store.Info, error) {
	if err := check(at); err != nil {
		return store.Info{}, err
	}
	info, err := os.Stat(f.Path(at))
	if err == nil && !info.Mode().IsRegular() {
		err = notAFile(f.Path(at))
	}
	if err != nil {
		return store.Info{}, kind(err)
	}
	return store.Info{At: at, Bytes: info.Size(), Put: info.ModTime()}, nil
}

// Remove implements store.Store.
func (f *Folder) Remove(_ context.Context, at store.Location) error {
	if err := check(at); err != nil {
		return err
	}
	return kind(os.Remove(f.Path(at)))
}

// Clear implements store.Store.
func (f *Folder) Clear(_ context.Context, under store.Location) error {
	if err := check(under); err != nil {
		return err
	}
	return kind(os.RemoveAll(f.Path(under)))
}

// of is a failure with its kind. It says no more than the failure does.
type of struct {
	error

	kind error
}

func (o *of) Unwrap() []error { return []error{o.kind, o.error} }

// kind gives a failure its kind, if it has one.
func kind(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC):
		return &of{err, fault.Full}
	case errors.Is(err, fs.ErrExist) && !errors.Is(err, syscall.ENOTEMPTY):
		return &of{err, fault.Conflict}
	case errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS):
		return &of{err, fault.Forbidden}
	case errors.Is(err, fs.ErrNotExist):
		return &of{err, fault.NotFound}
	}
	return err
}
