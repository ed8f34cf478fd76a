// Package foldertest has disks for tests of what is written by a store in a folder: one that fails, and one that knows what
// a power cut would take.
package foldertest

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/parley-hq/parley/internal/store/folder"
)

// Steps is a disk that calls Before each thing that it does, which fails when Before does. op is one of "mkdir", "create",
// "write", "sync", "close", "rename" and "syncdir"; path is that of the object or folder, and not the temporary one.
type Steps struct {
	folder.OS

	Before func(op, path string) error
}

// Object is the path of the object that is written at a temporary path.
func Object(path string) string {
	if name, yes := folder.Temporary(filepath.Base(path)); yes {
		return filepath.Join(filepath.Dir(path), name)
	}
	return path
}

func (s Steps) try(op, path string, do func() error) error {
	if err := s.Before(op, Object(path)); err != nil {
		return err
	}
	return do()
}

// Mkdir implements folder.Disk.
func (s Steps) Mkdir(path string) error {
	return s.try("mkdir", path, func() error { return s.OS.Mkdir(path) })
}

// Create implements folder.Disk.
func (s Steps) Create(path string) (f folder.File, err error) {
	err = s.try("create", path, func() error {
		f, err = s.OS.Create(path)
		return err
	})
	return file{f, path, s}, err
}

// Rename implements folder.Disk.
func (s Steps) Rename(from, to string) error {
	return s.try("rename", to, func() error { return s.OS.Rename(from, to) })
}

// RenameNew implements folder.Disk.
func (s Steps) RenameNew(from, to string) error {
	return s.try("rename", to, func() error { return s.OS.RenameNew(from, to) })
}

// SyncDir implements folder.Disk.
func (s Steps) SyncDir(path string) error {
	return s.try("syncdir", path, func() error { return s.OS.SyncDir(path) })
}

type file struct {
	folder.File

	path  string
	steps Steps
}

func (f file) Write(p []byte) (n int, err error) {
	err = f.steps.try("write", f.path, func() error {
		n, err = f.File.Write(p)
		return err
	})
	return n, err
}

func (f file) Sync() error { return f.steps.try("sync", f.path, f.File.Sync) }

// Close closes the file even when it fails: a test is not to run out of files.
func (f file) Close() error {
	err := f.steps.Before("close", Object(f.path))
	if closing := f.File.Close(); err == nil {
		err = closing
	}
	return err
}

// Power is a disk that knows what a power cut would take: contents that were not synced, and names in folders that were
// not synced since.
type Power struct {
	folder.OS

	// Before is called before each thing that is done, with what a power cut would take at that moment. nil for nobody.
	Before func(op, path string, lost []string)

	mu       sync.Mutex
	lost     map[string]bool
	unsynced map[string]bool // temporary files: nobody misses them
	steps    []string
}

const (
	contentOf = "content of "
	nameOf    = "name of "
)

// do tells, does something, and takes down what that changes.
func (d *Power) do(op, path string, do func() error, then func()) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lost == nil {
		d.lost, d.unsynced = map[string]bool{}, map[string]bool{}
	}
	if d.Before != nil {
		d.Before(op, path, d.losses())
	}
	d.steps = append(d.steps, op+" "+Object(path))
	err := do()
	if err == nil {
		then()
	}
	return err
}

func (d *Power) losses() []string { return slices.Sorted(maps.Keys(d.lost)) }

// Lost is what a power cut would take now.
func (d *Power) Lost() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.losses()
}

// Steps is what was done since the last call, each as the operation and the path of the object or folder.
func (d *Power) Steps() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	steps := d.steps
	d.steps = nil
	return steps
}

// Mkdir implements folder.Disk.
func (d *Power) Mkdir(path string) error {
	return d.do("mkdir", path, func() error { return d.OS.Mkdir(path) }, func() { d.lost[nameOf+path] = true })
}

// Create implements folder.Disk.
func (d *Power) Create(path string) (f folder.File, err error) {
	err = d.do("create", path, func() error {
		f, err = d.OS.Create(path)
		return err
	}, func() {})
	return powered{f, path, d}, err
}

// Rename implements folder.Disk.
func (d *Power) Rename(from, to string) error { return d.rename(from, to, d.OS.Rename) }

// RenameNew implements folder.Disk.
func (d *Power) RenameNew(from, to string) error { return d.rename(from, to, d.OS.RenameNew) }

func (d *Power) rename(from, to string, rename func(from, to string) error) error {
	return d.do("rename", to, func() error { return rename(from, to) }, func() {
		if d.unsynced[from] {
			d.lost[contentOf+to] = true
		}
		d.lost[nameOf+to] = true
	})
}

// SyncDir implements folder.Disk.
func (d *Power) SyncDir(path string) error {
	return d.do("syncdir", path, func() error { return d.OS.SyncDir(path) }, func() {
		maps.DeleteFunc(d.lost, func(lost string, _ bool) bool {
			name, ok := strings.CutPrefix(lost, nameOf)
			return ok && filepath.Dir(name) == path
		})
	})
}

type powered struct {
	folder.File

	path string
	disk *Power
}

func (f powered) Write(p []byte) (n int, err error) {
	err = f.disk.do("write", f.path, func() error {
		n, err = f.File.Write(p)
		return err
	}, func() { f.disk.unsynced[f.path] = true })
	return n, err
}

func (f powered) Sync() error {
	return f.disk.do("sync", f.path, f.File.Sync, func() { delete(f.disk.unsynced, f.path) })
}
