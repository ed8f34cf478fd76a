package lake

import (
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"

	icebergio "github.com/apache/iceberg-go/io"
)

// durableFS is Iceberg's local file system, but for metadata, manifests and manifest lists being on disk before the
// catalog names them: the library does not sync, and a power cut could leave a catalog that points at nothing. The
// library finds a file system by the scheme of a location only, so ours takes the place of its own in this process.
type durableFS struct{ icebergio.LocalFS }

func init() { //nolint:gochecknoinits // before the first table is loaded, whoever loads it
	icebergio.Unregister("file")
	icebergio.Register("file", func(context.Context, *url.URL, map[string]string) (icebergio.IO, error) { return durableFS{}, nil })
}

// Create makes a file that is synced when it is closed.
func (fs durableFS) Create(name string) (icebergio.FileWriter, error) {
	path, err := filePath(name)
	if err != nil {
		return nil, err
	}
	f, err := createFile(path, os.O_TRUNC)
	if err != nil {
		return nil, err
	}
	return durableFile{f, path}, nil
}

// Mkdir makes a folder.
func (fs durableFS) Mkdir(name string) error { return fs.MkdirAll(name) }

// MkdirAll makes a folder and those above it.
func (fs durableFS) MkdirAll(name string) error {
	path, err := filePath(name)
	if err != nil {
		return err
	}
	return makeDir(path)
}

// WriteFile writes a file and syncs it.
func (fs durableFS) WriteFile(name string, content []byte) error {
	f, err := fs.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// Rename renames a file and syncs its folder.
func (fs durableFS) Rename(from, to string) error {
	if err := fs.LocalFS.Rename(from, to); err != nil {
		return err
	}
	return syncDirOf(to)
}

// RenameNoReplace is Rename to a name that must be free.
func (fs durableFS) RenameNoReplace(from, to string) error {
	if err := fs.LocalFS.RenameNoReplace(from, to); err != nil {
		return err
	}
	return syncDirOf(to)
}

func syncDirOf(name string) error {
	path, err := filePath(name)
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

type durableFile struct {
	output
	path string
}

// ReadFrom implements io.ReaderFrom.
func (f durableFile) ReadFrom(r io.Reader) (int64, error) { return io.Copy(f.output, r) }

// Close syncs the file and its folder.
func (f durableFile) Close() error { return closeDurably(f.output, f.path) }
