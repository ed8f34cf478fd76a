package folder

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
)

// namesAtOnce is how many names are read of a folder at a time.
const namesAtOnce = 1024

// errEnough ends a walk that nobody wants to go on.
var errEnough = errors.New("nobody wants more")

// List implements store.Store.
func (f *Folder) List(ctx context.Context, under store.Location) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		err := f.walk(ctx, under, func(at store.Location, e fs.DirEntry) error {
			if _, yes := Temporary(at.Name()); yes || !e.Type().IsRegular() {
				return nil
			}
			info, err := e.Info()
			if err != nil {
				return missing(err)
			}
			return wanted(yield(store.Info{At: at, Bytes: info.Size(), Put: info.ModTime()}, nil))
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(store.Info{}, kind(err))
		}
	}
}

// Folders implements store.Store.
func (f *Folder) Folders(ctx context.Context, under store.Location) iter.Seq2[store.Location, error] {
	return func(yield func(store.Location, error) bool) {
		err := f.entries(ctx, under, func(e fs.DirEntry) error {
			if !e.IsDir() {
				return nil
			}
			return wanted(yield(under.Join(e.Name()), nil))
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield("", kind(err))
		}
	}
}

func wanted(more bool) error {
	if more {
		return nil
	}
	return errEnough
}

// Sweep implements store.Store.
func (f *Folder) Sweep(ctx context.Context, under store.Location, of func(store.Location) bool) error {
	return kind(f.entries(ctx, under, func(e fs.DirEntry) error {
		name, yes := Temporary(e.Name())
		if !yes || e.IsDir() || !of(under.Join(name)) {
			return nil
		}
		return missing(os.Remove(f.Path(under.Join(e.Name()))))
	}))
}

// walk tells of all that is not a folder under a location, at any depth.
func (f *Folder) walk(ctx context.Context, under store.Location, tell func(store.Location, fs.DirEntry) error) error {
	return f.entries(ctx, under, func(e fs.DirEntry) error {
		if e.IsDir() {
			return f.walk(ctx, under.Join(e.Name()), tell)
		}
		return tell(under.Join(e.Name()), e)
	})
}

// entries tells of what lies directly under a location. Where there is no folder there is nothing.
func (f *Folder) entries(ctx context.Context, under store.Location, tell func(fs.DirEntry) error) error {
	if under != "" {
		if err := under.Check(); err != nil {
			return err
		}
	}
	dir, err := os.Open(filepath.Clean(f.Path(under)))
	if err != nil {
		return missing(err)
	}
	defer dir.Close()
	for {
		entries, err := dir.ReadDir(namesAtOnce)
		for _, e := range entries {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := tell(e); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return missing(err)
		}
	}
}

// missing takes what is gone for what was never there.
func missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
