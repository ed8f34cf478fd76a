package job

import (
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/conversation"
)

// files is the folder of results: one file a job, and a part while it is being written.
type files struct {
	dir    string
	create func(path string) (file, error)
	sync   func(dir string) error
}

// file is what writing results needs of an *os.File.
type file interface {
	io.Writer
	Sync() error
	Close() error
}

func createFile(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
}

const (
	resultsSuffix = ".results"
	partSuffix    = ".part"
)

func (f files) results(id ID) string { return filepath.Join(f.dir, string(id)+resultsSuffix) }
func (f files) part(id ID) string    { return filepath.Join(f.dir, string(id)+partSuffix) }

// write keeps records as the results of a job: afterwards the whole file is there, through a crash too, or none of it.
func (f files) write(id ID, records iter.Seq2[conversation.Record, error], most int64) (size Size, err error) {
	part, err := f.create(f.part(id))
	if err != nil {
		return size, err
	}
	defer func() { err = errors.Join(err, absent(os.Remove(f.part(id)))) }() // once renamed, it is absent
	defer part.Close()                                                       // again, unless writing panics
	size, err = writeResults(part, records, most)
	if err := errors.Join(err, part.Close()); err != nil {
		return size, err
	}
	// The rename comes after the sync in writeResults: before it, a crash could leave a file of the right name and
	// no content.
	if err := os.Rename(f.part(id), f.results(id)); err != nil {
		return size, err
	}
	return size, f.sync(f.dir)
}

// remove removes the results of a job, if it has any.
func (f files) remove(id ID) error { return absent(os.Remove(f.results(id))) }

// clear removes the parts and results of all jobs but those that keep says. Files of other names are not ours and stay.
func (f files) clear(keep func(ID) (bool, error)) error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		suffix := filepath.Ext(e.Name())
		id := strings.TrimSuffix(e.Name(), suffix)
		if suffix != resultsSuffix && suffix != partSuffix || uuid.Validate(id) != nil {
			continue
		}
		kept, err := keep(ID(id))
		if err == nil && !kept {
			err = absent(os.Remove(filepath.Join(f.dir, e.Name())))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// absent is err, but for a file that is not there.
func absent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// syncDir makes the names in a folder last through a crash.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
