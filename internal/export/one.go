// Package export writes conversations out of the lake into files of other formats.
package export

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/private"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/folder"
)

// ToFile lends a writer to a file that comes to be as a whole: it is written beside its place and renamed when write
// has succeeded. A name that ends in .gz or .zst compresses.
//
// A symbolic link is followed. What is no regular file, a pipe or a device, is written to directly. A path that cannot
// be written is fault.Invalid, one that may not be fault.Forbidden.
func ToFile(ctx context.Context, path string, write func(io.Writer) error) (err error) {
	asked := path
	if path, err = behindLinks(path); err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return direct(path, write)
	}
	f, err := create(ctx, path)
	if err != nil {
		return unwritable(path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w, err := Packer(asked, f)
	if err != nil {
		return err
	}
	if err := errors.Join(write(w), w.Close(), f.Finish()); err != nil {
		return full(err)
	}
	return f.Publish()
}

// behindLinks is the path that symbolic links lead to. One that leads to nothing is fault.Invalid: a file would come to be in place of
// the link.
func behindLinks(path string) (string, error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		return target, nil
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSymlink != 0 {
		return "", fault.New(fault.Invalid, "%s is a symbolic link to a file that is not there; remove the link, or name the file itself", path)
	}
	return path, nil
}

// create begins a file, in a folder that must be there. Whoever writes it ends when ctx does.
func create(ctx context.Context, path string) (store.Writer, error) {
	dir, name := filepath.Dir(path), filepath.Base(path)
	if _, err := os.Stat(dir); err != nil {
		return nil, err
	}
	return folder.At(dir).Create(context.WithoutCancel(ctx), store.Location(name), store.Replace)
}

// AppendTo lends a writer to the end of a file, which is made if it is not there. When write fails the file is as it
// was. What is added to a file whose name ends in .gz or .zst is compressed by itself, as both formats allow. It treats
// paths as ToFile does.
func AppendTo(path string, write func(io.Writer) error) error {
	f, err := private.Open(path, os.O_WRONLY|os.O_CREATE)
	if err != nil {
		return unwritable(path, err)
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		if err == nil {
			err = write(f)
		}
		return full(errors.Join(err, f.Close()))
	}
	if err := add(path, f, write); err != nil {
		return full(errors.Join(err, f.Truncate(info.Size()), f.Close()))
	}
	return f.Close()
}

func add(path string, f *os.File, write func(io.Writer) error) error {
	if _, err := f.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	w, err := Packer(path, f)
	if err != nil {
		return err
	}
	return errors.Join(write(w), w.Close(), f.Sync())
}

// direct writes to what is no regular file.
func direct(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return unwritable(path, err)
	}
	return full(errors.Join(write(f), f.Close()))
}

// unwritable names the path that was asked for, and not the one that was tried.
func unwritable(path string, err error) error {
	if fault.IsFull(err) {
		return full(err)
	}
	kind := fault.OfPath(err)
	if inner, ok := errors.AsType[*os.PathError](err); ok {
		err = inner.Err
	}
	return fault.New(kind, "%s cannot be written: %v", path, err)
}

// Packer compresses what is written to f if the name says so: one that ends in .gz or .zst. Close ends it, and leaves f open. What is
// written behind it by another one is read as one text, as both formats allow.
func Packer(path string, f io.Writer) (io.WriteCloser, error) {
	return packer(strings.TrimPrefix(packedSuffix(path), "."), f)
}

// packer compresses as files with a suffix are.
func packer(suffix string, f io.Writer) (io.WriteCloser, error) {
	switch suffix {
	case "gz":
		return gzip.NewWriter(f), nil
	case "zst":
		return zstd.NewWriter(f)
	}
	return plain{f}, nil
}

type plain struct{ io.Writer }

func (plain) Close() error { return nil }

// full says of a full disk what could not be written, once: writers here are within one another.
func full(err error) error {
	if fault.IsFull(err) && !errors.Is(err, fault.Full) {
		return fault.Because(fault.Full, err, "the export cannot be written")
	}
	return err
}
