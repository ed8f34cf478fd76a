package export

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/folder"
)

// Files are the files of one export: one, or several that it is split into, beside one another. They come to be at its end, all of
// them: while they are written they have temporary names, and when anything fails nothing is left. Not for concurrent use.
type Files struct {
	ctx   context.Context //nolint:containedctx // one export, one context
	path  string          // as it was asked for, without symbolic links
	pack  string          // how the content is compressed: the suffix of such files; empty if it is not
	fresh bool            // a file that is there is not replaced
	may   map[string]bool // but for these
	turn  *Turn
	open  *File
	ended []ended
}

type ended struct {
	path string
	w    store.Writer
}

// FileOptions say how files are written.
type FileOptions struct {
	// Pack is gz or zst for files that are compressed whatever their name says, and NotPacked for files that are not. Empty, the name
	// decides: one that ends in .gz or .zst compresses.
	Pack string
	// Fresh refuses a file that is there, with fault.Conflict, unless May has its path.
	Fresh bool
	May   []string
}

// NotPacked is FileOptions.Pack of files that are not compressed.
const NotPacked = "none"

// OpenFiles begins the files of an export by the path of the first of them. Another export to the same path is fault.Conflict. A
// path that cannot be written is fault.Invalid, one that may not be fault.Forbidden.
func OpenFiles(ctx context.Context, path string, o FileOptions) (*Files, error) {
	asked := path
	path, err := behindLinks(path)
	if err != nil {
		return nil, err
	}
	f := &Files{ctx: ctx, path: path, pack: o.Pack, fresh: o.Fresh, may: map[string]bool{}}
	for _, p := range o.May {
		f.may[p] = true
	}
	if o.Pack == "" {
		f.pack = strings.TrimPrefix(packedSuffix(asked), ".")
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return nil, unwritable(path, err)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, unwritable(path, &os.PathError{Op: "write", Path: path, Err: syscall.EISDIR})
	}
	f.turn, err = TakeTurn(path)
	return f, err
}

// packedSuffix is that of a name which says that its content is compressed.
func packedSuffix(name string) string {
	for _, suffix := range []string{".gz", ".zst"} {
		if strings.HasSuffix(name, suffix) {
			return suffix
		}
	}
	return ""
}

// Named is the path of a part of the export: part stands before the suffixes of the name, with a hyphen. The part without a name is the
// path itself.
func (f *Files) Named(part string) string {
	if part == "" {
		return f.path
	}
	pack := packedSuffix(f.path)
	whole := strings.TrimSuffix(f.path, pack)
	suffix := filepath.Ext(whole)
	return strings.TrimSuffix(whole, suffix) + "-" + part + suffix + pack
}

// Create begins the file of a part. The one before must be ended.
func (f *Files) Create(part string) (*File, error) {
	path := f.Named(part)
	how := store.Replace
	if f.fresh && !f.may[path] {
		if how = store.New; exists(path) {
			return nil, fault.New(fault.Conflict, "%s is there already: it has an earlier part of this export; take it away, or give another name by -o", path)
		}
	}
	w, err := folder.At(filepath.Dir(path)).Create(context.WithoutCancel(f.ctx), store.Location(filepath.Base(path)), how)
	if err != nil {
		return nil, unwritable(path, err)
	}
	file := &File{files: f, path: path, w: w}
	file.packed, err = packer(f.pack, counted{file})
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	file.buf = bufio.NewWriterSize(file.packed, 256<<10)
	f.open = file
	return file, nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Publish makes the files appear. Before it the content of each is durable, and so are their names after it. Until all have appeared a
// reader may see some of them; each is whole.
func (f *Files) Publish() error {
	if err := f.ctx.Err(); err != nil {
		return err
	}
	for _, e := range f.ended {
		if err := e.w.Commit(); err != nil {
			return full(err)
		}
		crashpoint.Reach("export.appeared")
	}
	return nil
}

// Paths are those of the files that are ended.
func (f *Files) Paths() (paths []string) {
	for _, e := range f.ended {
		paths = append(paths, e.path)
	}
	return paths
}

// Close gives up what was not published, and lets others write to the path.
func (f *Files) Close() (err error) {
	if f.open != nil {
		err = f.open.w.Close()
	}
	for _, e := range f.ended {
		err = errors.Join(err, e.w.Close())
	}
	return errors.Join(err, f.turn.End())
}

// File is a file that is being written.
type File struct {
	files  *Files
	path   string
	w      store.Writer
	packed io.WriteCloser
	buf    *bufio.Writer
	bytes  int64 // written, compressed
}

// Write implements io.Writer.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.buf.Write(p)
	return n, full(err)
}

// Bytes is how long the file is by now. Of a file that is compressed, it lacks what is not compressed yet: a MiB or two.
func (f *File) Bytes() int64 {
	if _, is := f.packed.(plain); is {
		return f.bytes + int64(f.buf.Buffered())
	}
	return f.bytes
}

// End makes the content whole and durable. There is no file yet.
func (f *File) End() error {
	if err := errors.Join(f.buf.Flush(), f.packed.Close()); err != nil {
		return full(err)
	}
	if err := f.w.Finish(); err != nil {
		return full(err)
	}
	f.files.ended, f.files.open = append(f.files.ended, ended{f.path, f.w}), nil
	return nil
}

// counted counts what reaches the disk.
type counted struct{ f *File }

func (c counted) Write(p []byte) (int, error) {
	n, err := c.f.w.Write(p)
	c.f.bytes += int64(n)
	return n, err
}
