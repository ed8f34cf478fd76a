package folder

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/parley-hq/parley/internal/store"
)

// writer writes an object. A step that fails leaves err, with which every later one fails.
type writer struct {
	folder     *Folder
	how        store.How
	temp, path string
	file       File
	ended      func() error // says whether the context of Create has ended
	finished   bool
	published  bool
	err        error
}

// errEnded says that a writer is used after its end.
var errEnded = errors.New("the object was written to its end, or given up")

// Create implements store.Store.
func (f *Folder) Create(ctx context.Context, at store.Location, how store.How) (store.Writer, error) {
	if err := errors.Join(check(at), ctx.Err()); err != nil {
		return nil, err
	}
	path := f.Path(at)
	w := &writer{folder: f, how: how, path: path, temp: filepath.Join(filepath.Dir(path), temporary(at.Name())), ended: ctx.Err}
	if err := w.create(); err != nil {
		return nil, kind(err)
	}
	return w, nil
}

// create makes the temporary file, and the folders that it lies in where they are missing.
func (w *writer) create() (err error) {
	w.file, err = w.folder.disk.Create(w.temp)
	if errors.Is(err, fs.ErrNotExist) {
		if err := w.folder.makeDir(filepath.Dir(w.temp)); err != nil {
			return err
		}
		w.file, err = w.folder.disk.Create(w.temp)
	}
	return err
}

// asBefore gives the file the mode of the one whose place it is to take. While it is written it is its owner's.
func (w *writer) asBefore() error {
	if w.how == store.New {
		return nil
	}
	info, err := os.Stat(w.path)
	if err != nil {
		return nil //nolint:nilerr // there is none
	}
	return w.file.Chmod(info.Mode().Perm())
}

// step does something, unless something has failed before or the context has ended.
func (w *writer) step(do func() error) error {
	if w.err == nil {
		w.err = w.ended()
	}
	if w.err == nil {
		w.err = kind(do())
	}
	return w.err
}

// Write implements store.Writer.
func (w *writer) Write(p []byte) (n int, err error) {
	if w.finished {
		return 0, errEnded
	}
	err = w.step(func() error {
		n, err = w.file.Write(p)
		return err
	})
	return n, err
}

// Finish implements store.Writer.
func (w *writer) Finish() error {
	if w.finished {
		return errEnded
	}
	return w.step(func() error {
		if err := errors.Join(w.asBefore(), w.file.Sync()); err != nil {
			return err
		}
		w.finished = true
		return w.file.Close()
	})
}

// Publish implements store.Writer. The content is durable before it has a name: named before, a power cut could leave a
// name without it.
func (w *writer) Publish() error {
	if w.published {
		return errEnded
	}
	if !w.finished {
		if err := w.Finish(); err != nil {
			return err
		}
	}
	return w.step(func() error {
		rename := w.folder.disk.RenameNew
		if w.how == store.Replace {
			rename = w.folder.disk.Rename
		}
		err := rename(w.temp, w.path)
		w.published = err == nil
		return err
	})
}

// Commit implements store.Writer.
func (w *writer) Commit() error {
	if !w.published {
		if err := w.Publish(); err != nil {
			return err
		}
	}
	err := kind(w.folder.disk.SyncDir(filepath.Dir(w.path)))
	if err != nil && w.how == store.New {
		err = errors.Join(err, kind(missing(os.Remove(w.path))))
	}
	return err
}

// Close implements store.Writer.
func (w *writer) Close() (err error) {
	if w.published || errors.Is(w.err, errEnded) {
		return nil
	}
	w.err = errEnded
	if !w.finished {
		w.finished = true
		err = w.file.Close()
	}
	return errors.Join(err, kind(missing(os.Remove(w.temp))))
}
