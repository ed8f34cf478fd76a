package cached

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/private"
	"github.com/parley-hq/parley/internal/wait"
)

// reserve makes room for a copy and takes it: the part gets its length, though nothing is in it.
func (c *Cache) reserve(ctx context.Context, p *part, size int64) (err error) {
	turn, err := c.turn(ctx)
	if err != nil {
		return c.unwritable(err)
	}
	defer func() { err = errors.Join(err, turn.Close()) }()
	if err := p.file.Truncate(0); err != nil {
		return c.unwritable(err)
	}
	if err := c.makeRoom(size); err != nil {
		return err
	}
	return c.unwritable(p.file.Truncate(size))
}

// finish makes a part the copy. That waits for whoever makes room: he would miss it under both its names, or remove it in place of
// the copy that he looked at.
func (c *Cache) finish(ctx context.Context, p *part) (_ *copied, err error) {
	turn, err := c.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, turn.Close()) }()
	return p.finish()
}

// turn waits until nobody else makes room, or gives a copy its name.
func (c *Cache) turn(ctx context.Context) (*os.File, error) {
	file, err := private.Open(filepath.Join(c.dir, lockName), os.O_CREATE|os.O_RDWR)
	if err != nil {
		return nil, err
	}
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		_, err := lock(file, syscall.LOCK_EX)
		if err == nil {
			return file, nil
		}
		if errors.Is(err, errBusy) {
			err = wait.For(ctx, pause)
		}
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
}

// there is a file that takes room.
type there struct {
	path string
	size int64
	used time.Time
}

// makeRoom removes what was used longest ago until so much has room.
func (c *Cache) makeRoom(size int64) error {
	all, err := list(c.dir)
	if err != nil {
		return c.unwritable(err)
	}
	var taken int64
	for _, t := range all {
		taken += t.size
	}
	for _, t := range all {
		if taken+size <= c.limit {
			break
		}
		if t.remove() {
			taken -= t.size
		}
	}
	if taken+size > c.limit {
		return fault.New(fault.Full, "copies of data files may take %d bytes, of which %d are in use, and %d more are needed at once; "+
			"give more by --cache-bytes, or ask for fewer days at a time", c.limit, taken, size)
	}
	return nil
}

// list lists what takes room in a folder, what was used longest ago first. What a process that was killed left comes before all.
func list(dir string) (all []there, err error) {
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || e.IsDir() || e.Name() == lockName || strings.HasSuffix(path, sumSuffix) {
			return err
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		t := there{path: path, size: info.Size()}
		if sum, err := os.Stat(path + sumSuffix); err == nil {
			t.used = sum.ModTime()
		}
		all = append(all, t)
		return nil
	})
	slices.SortFunc(all, func(a, b there) int { return cmp.Or(a.used.Compare(b.used), cmp.Compare(a.path, b.path)) })
	return all, err
}

// remove removes a copy that nobody holds, or a part that nobody fetches, and says whether it is gone.
func (t there) remove() bool {
	file, err := os.Open(t.path)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	defer file.Close()
	if _, err := lock(file, syscall.LOCK_EX); err != nil {
		return false
	}
	if err := os.Remove(t.path); err != nil {
		return false
	}
	_ = os.Remove(t.path + sumSuffix) // a sum by itself says nothing, and takes no room
	return true
}
