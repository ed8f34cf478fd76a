package lake

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	icebergio "github.com/apache/iceberg-go/io"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
)

// files is the file system through which Iceberg's library reads and writes the metadata of the tables.
func (l *Lake) files(ctx context.Context) (icebergio.IO, error) { return l.inWhole(ctx), nil }

// wholeFiles is what lake and library need of a file system: what is written is there when it is closed, whole and durable.
type wholeFiles interface {
	icebergio.ReadFileIO
	icebergio.WriteFileIO
	icebergio.ListableIO
}

// inWhole is the file system of the tables. Names by which they have their files from before a move lead to these too.
func (l *Lake) inWhole(ctx context.Context) wholeFiles {
	switch {
	case l.dir == "":
		return objectFS{context.WithoutCancel(ctx), l}
	case l.place.moved():
		return movedFS{newDurableFS(ctx), l.place}
	}
	return newDurableFS(ctx)
}

// movedFS reads the files of tables that were moved.
type movedFS struct {
	durableFS

	place place
}

// Open opens the file that the tables name so.
func (fs movedFS) Open(name string) (icebergio.File, error) {
	path, err := filePath(name)
	if err != nil {
		return nil, err
	}
	return fs.durableFS.Open(fileURL(fs.place.path(path)))
}

// ReadFile reads the file that the tables name so.
func (fs movedFS) ReadFile(name string) ([]byte, error) {
	path, err := filePath(name)
	if err != nil {
		return nil, err
	}
	return fs.durableFS.ReadFile(fileURL(fs.place.path(path)))
}

// objectFS is the file system of a lake whose files are in no folder: its store, by the names that the tables give objects.
type objectFS struct {
	ctx  context.Context //nolint:containedctx // the library has no other way to hand it on
	lake *Lake
}

// at is where an object is that the tables name so.
func (o objectFS) at(name string) (store.Location, error) {
	named, err := filePath(name)
	if err != nil {
		return "", err
	}
	at := o.lake.at(named)
	return at, at.Check()
}

// Open opens an object to be read.
func (o objectFS) Open(name string) (icebergio.File, error) {
	at, err := o.at(name)
	if err != nil {
		return nil, err
	}
	from, err := o.lake.Store().Open(o.ctx, at)
	if err != nil {
		return nil, notThere(err)
	}
	return openObject{store.Reader(from), from, at}, nil
}

// mostMetadata is how large the metadata of a table are at most that are read: they have some hundred bytes for each snapshot that is kept.
const mostMetadata = 256 << 20

// ReadFile reads an object.
func (o objectFS) ReadFile(name string) (_ []byte, err error) {
	at, err := o.at(name)
	if err != nil {
		return nil, err
	}
	from, err := o.lake.Store().Open(o.ctx, at)
	if err != nil {
		return nil, notThere(err)
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	return whole(from, mostMetadata, string(at))
}

// Remove removes an object.
func (o objectFS) Remove(name string) error {
	at, err := o.at(name)
	if err != nil {
		return err
	}
	return notThere(o.lake.Store().Remove(o.ctx, at))
}

// Create begins an object, which is there when it is closed.
func (o objectFS) Create(name string) (icebergio.FileWriter, error) {
	at, err := o.at(name)
	if err != nil {
		return nil, err
	}
	w, err := o.lake.Store().Create(o.ctx, at, store.Replace)
	if err != nil {
		return nil, err
	}
	return &durableFile{Writer: w}, nil
}

// WriteFile writes an object.
func (o objectFS) WriteFile(name string, content []byte) error {
	f, err := o.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// WalkDir walks through the objects below a location. There are no folders.
func (o objectFS) WalkDir(root string, visit fs.WalkDirFunc) error {
	under, err := o.at(root)
	if err != nil {
		return err
	}
	root = strings.TrimSuffix(root, "/")
	for info, err := range o.lake.Store().List(o.ctx, under) {
		if err != nil {
			return err
		}
		if err := visit(root+strings.TrimPrefix(string(info.At), string(under)), objectInfo{info}, nil); err != nil {
			return err
		}
	}
	return nil
}

// missing is a failure that says what io/fs says of a file that is not there, too.
type missing struct{ error }

func (m missing) Unwrap() []error { return []error{m.error, fs.ErrNotExist} }

func notThere(err error) error {
	if errors.Is(err, fault.NotFound) {
		return missing{err}
	}
	return err
}

// openObject is an object that is read as a file.
type openObject struct {
	*io.SectionReader

	from store.Object
	at   store.Location
}

// Close implements io.Closer.
func (o openObject) Close() error { return o.from.Close() }

// Stat implements fs.File. When the object was put is not known.
func (o openObject) Stat() (fs.FileInfo, error) {
	return objectInfo{store.Info{At: o.at, Bytes: o.from.Size()}}, nil
}

// objectInfo is what is known of an object, as of a file.
type objectInfo struct{ of store.Info }

func (i objectInfo) Name() string               { return path.Base(string(i.of.At)) }
func (i objectInfo) Size() int64                { return i.of.Bytes }
func (i objectInfo) Mode() fs.FileMode          { return 0o600 }
func (i objectInfo) Type() fs.FileMode          { return 0 }
func (i objectInfo) ModTime() time.Time         { return i.of.Put }
func (i objectInfo) IsDir() bool                { return false }
func (i objectInfo) Sys() any                   { return nil }
func (i objectInfo) Info() (fs.FileInfo, error) { return i, nil }
