package lake

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"path/filepath"

	icebergio "github.com/apache/iceberg-go/io"

	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/folder"
)

// durableFS is Iceberg's local file system, but for metadata, manifests and manifest lists being whole and on disk before
// the catalog names them: the library does not sync, and a power cut could leave a catalog that points at nothing. The
// library finds a file system by the scheme of a location only, so ours takes the place of its own in this process.
type durableFS struct {
	local  icebergio.LocalFS // reads and removes
	create func(path string) (store.Writer, error)
}

func init() { //nolint:gochecknoinits // before the first table is loaded, whoever loads it
	icebergio.Unregister("file")
	icebergio.Register("file", func(ctx context.Context, _ *url.URL, _ map[string]string) (icebergio.IO, error) {
		return newDurableFS(ctx), nil
	})
}

// newDurableFS makes the file system. What the library has begun to write it ends, whatever becomes of ctx.
func newDurableFS(ctx context.Context) durableFS {
	ctx = context.WithoutCancel(ctx)
	return durableFS{create: func(path string) (store.Writer, error) {
		return folder.On(filepath.Dir(path), onDisk).Create(ctx, store.Location(filepath.Base(path)), store.Replace)
	}}
}

// Open opens a file to be read.
func (d durableFS) Open(name string) (icebergio.File, error) { return d.local.Open(name) }

// ReadFile reads a file.
func (d durableFS) ReadFile(name string) ([]byte, error) { return d.local.ReadFile(name) }

// Stat says what is known of a file.
func (d durableFS) Stat(name string) (fs.FileInfo, error) { return d.local.Stat(name) }

// WalkDir walks through the files of a folder. One that goes, or gets its name, while it is looked at is passed over: the
// library looks at every file while others write.
func (d durableFS) WalkDir(root string, visit fs.WalkDirFunc) error {
	top := ""
	return d.local.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if top == "" {
			top = path
		}
		if err = visit(path, e, err); path != top && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

// Remove removes a file.
func (d durableFS) Remove(name string) error { return d.local.Remove(name) }

// Create makes a file that is there, and durable, when it is closed.
func (d durableFS) Create(name string) (icebergio.FileWriter, error) {
	path, err := filePath(name)
	if err != nil {
		return nil, err
	}
	w, err := d.create(path)
	if err != nil {
		return nil, err
	}
	return &durableFile{Writer: w}, nil
}

// WriteFile writes a file, which is then durable.
func (d durableFS) WriteFile(name string, content []byte) error {
	f, err := d.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

type durableFile struct {
	store.Writer

	closed bool
}

// ReadFrom implements io.ReaderFrom.
func (f *durableFile) ReadFrom(r io.Reader) (int64, error) { return io.Copy(f.Writer, r) }

// Close makes the file be there; but not one of which something could not be written.
func (f *durableFile) Close() error {
	if f.closed {
		return nil
	}
	f.closed = true
	return errors.Join(f.Commit(), f.Writer.Close())
}
