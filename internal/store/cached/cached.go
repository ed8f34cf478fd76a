// Package cached keeps copies of objects of a store in a folder of this machine, for those who can read files only, as DuckDB
// does, and as a nearer place to read them from. Objects must never change: one that is put anew under a name that was used is
// not noticed.
//
// A copy is used only when it was found sound: as long as it was, with the checksum that it had when it was fetched. Whoever
// uses one holds a shared lock on its file, which ends with the process; what nobody holds goes when room is needed, the copy
// that was used longest ago first. All processes with the same folder share copies and bound.
//
// A copy has three files: NAME, NAME.sum with its length and checksum, whose time is when it was last used, and NAME.part while
// it is fetched, as long as it will be, so that its room is taken. Who fetches holds a lock on NAME.part. The checksum gets its
// name before the copy does. So a process may be killed at any point: what it leaves is not sound, or is not locked, and goes.
package cached

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/private"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/wait"
)

// Cache is a store with copies of its objects on this machine. What is read of an object of which there is a sound copy is read
// from that; all else goes to the store. Safe for concurrent use.
type Cache struct {
	store.Store

	dir   string // of all copies
	own   string // of those of this store
	limit int64  // bytes of all copies

	mu    sync.Mutex
	sound map[string]fs.FileInfo // files that this process has found sound
}

// Names of what belongs to a copy.
const (
	sumSuffix  = ".sum"
	partSuffix = ".part"
	lockName   = ".lock" // who holds a lock on it makes room, or gives a copy its name
)

// fetchesAtOnce is how many objects a Hold fetches at the same time: enough for a round trip to cost little, and few enough for the
// buffers of all of them.
const (
	fetchesAtOnce = 8
	bufferBytes   = 2 << 20
)

// Open is a store with copies in the folder dir. The name tells the copies of this store from those of others in the same folder.
// They take at most limit bytes, all together. It makes nothing yet.
func Open(dir, name string, from store.Store, limit int64) *Cache {
	return &Cache{Store: from, dir: dir, own: filepath.Join(dir, name), limit: limit, sound: map[string]fs.FileInfo{}}
}

// Path is where the copy of an object is, or comes to be. It is the same for ever.
func (c *Cache) Path(at store.Location) string {
	return filepath.Join(c.own, filepath.FromSlash(string(at)))
}

// Open implements store.Store.
func (c *Cache) Open(ctx context.Context, at store.Location) (store.Object, error) {
	if err := at.Check(); err != nil {
		return nil, err
	}
	if held := c.use(c.Path(at)); held != nil {
		return held, nil
	}
	return c.Store.Open(ctx, at)
}

// Stat implements store.Store. An object of which there is a copy is there: only the owner of both knows better.
func (c *Cache) Stat(ctx context.Context, at store.Location) (store.Info, error) {
	if err := at.Check(); err != nil {
		return store.Info{}, err
	}
	if held := c.use(c.Path(at)); held != nil {
		return store.Info{At: at, Bytes: held.size, Put: held.put}, held.Close()
	}
	return c.Store.Stat(ctx, at)
}

// Remove implements store.Store. The copy goes too, so that what was erased is not left on this machine.
func (c *Cache) Remove(ctx context.Context, at store.Location) error {
	if err := at.Check(); err != nil {
		return err
	}
	return errors.Join(c.drop(c.Path(at)), c.Store.Remove(ctx, at))
}

// drop removes a copy, whoever holds it: what is open can be read on.
func (c *Cache) drop(path string) error {
	err := os.Remove(path)
	if err == nil {
		err = os.Remove(path + sumSuffix)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return c.unwritable(err)
}

// Only removes the copies of objects under a location that are not kept. Those that somebody holds stay for another time.
func (c *Cache) Only(ctx context.Context, under store.Location, keep func(store.Location) bool) (err error) {
	all, err := list(c.Path(under))
	if err != nil {
		return c.unwritable(err)
	}
	all = slices.DeleteFunc(all, func(t there) bool {
		at, failed := filepath.Rel(c.own, strings.TrimSuffix(t.path, partSuffix))
		return failed != nil || keep(store.Location(filepath.ToSlash(at)))
	})
	if len(all) == 0 {
		return nil
	}
	turn, err := c.turn(ctx)
	if err != nil {
		return c.unwritable(err)
	}
	defer func() { err = errors.Join(err, turn.Close()) }()
	for _, t := range all {
		t.remove()
	}
	return nil
}

// Hold has sound copies of objects at their paths until release is called, and fetches those that are not there. It is fault.Full when
// they have no room together, or the disk has none; what is missing in the store is fault.NotFound. A failure holds nothing.
func (c *Cache) Hold(ctx context.Context, all []store.Location) (release func(), err error) {
	all = slices.Compact(slices.Sorted(slices.Values(all)))
	held := make([]*copied, len(all))
	release = func() {
		for _, h := range held {
			if h != nil {
				_ = h.Close() // it was only read
			}
		}
	}
	g, fetching := errgroup.WithContext(ctx)
	g.SetLimit(fetchesAtOnce)
	for i, at := range all {
		if held[i] = c.use(c.Path(at)); held[i] == nil {
			g.Go(func() (err error) {
				held[i], err = c.fetch(fetching, at)
				return err
			})
		}
	}
	if err := g.Wait(); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// fetch makes a copy of an object and holds it. While another fetches the same it is waited for.
func (c *Cache) fetch(ctx context.Context, at store.Location) (*copied, error) {
	path := c.Path(at)
	if err := at.Check(); err != nil {
		return nil, err
	}
	if err := private.MkdirAll(filepath.Dir(path)); err != nil {
		return nil, c.unwritable(err)
	}
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		if held, err := c.fetchOnce(ctx, at, path); !errors.Is(err, errBusy) {
			return held, err
		}
		if err := wait.For(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// fetchOnce is errBusy while another fetches, or when another took what was fetched before it was held.
func (c *Cache) fetchOnce(ctx context.Context, at store.Location, path string) (*copied, error) {
	part, err := begin(path)
	if err != nil && !errors.Is(err, errBusy) {
		return nil, c.unwritable(err)
	}
	switch held := c.use(path); { // another may have finished since
	case held != nil && part != nil:
		return held, part.giveUp()
	case held != nil:
		return held, nil
	case part != nil:
		return c.fill(ctx, at, part)
	}
	return nil, err
}

// fill fetches an object into a part, makes that the copy, and holds it.
func (c *Cache) fill(ctx context.Context, at store.Location, part *part) (_ *copied, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, part.giveUp())
		}
	}()
	from, err := c.Store.Open(ctx, at)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if err := c.reserve(ctx, part, from.Size()); err != nil {
		return nil, err
	}
	crashpoint.Reach("cache.reserved")
	sum := crc32.New(castagnoli)
	if err := copyAll(ctx, io.MultiWriter(io.NewOffsetWriter(part.file, 0), sum), from); err != nil {
		return nil, c.unwritable(err)
	}
	crashpoint.Reach("cache.fetched")
	if err := private.WriteFile(part.path+sumSuffix, line(from.Size(), sum.Sum32())); err != nil {
		return nil, c.unwritable(err)
	}
	crashpoint.Reach("cache.summed")
	held, err := c.finish(ctx, part)
	if err != nil {
		return nil, c.unwritable(err)
	}
	crashpoint.Reach("cache.copied")
	c.know(part.path, held)
	return held, nil
}

// copyAll copies an object. A store that gives less than it said fails by itself.
func copyAll(ctx context.Context, to io.Writer, from store.Object) error {
	buffer := make([]byte, min(bufferBytes, max(1, from.Size())))
	r := store.Reader(from)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := io.ReadFull(r, buffer)
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// line is what NAME.sum says.
func line(size int64, sum uint32) []byte { return fmt.Appendf(nil, "1 %d %08x\n", size, sum) }

// use holds the copy at a path; nil if there is none that is sound.
func (c *Cache) use(path string) *copied {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	held, err := holdOf(file)
	if err != nil || !c.isSound(path, held) {
		_ = file.Close()
		return nil
	}
	now := time.Now()
	_ = os.Chtimes(path+sumSuffix, now, now) // if that fails the copy goes earlier than it should
	return held
}

// isSound says whether a file that is held is what was fetched. A process reads it once to know: it does not change.
func (c *Cache) isSound(path string, held *copied) bool {
	c.mu.Lock()
	known := c.sound[path]
	c.mu.Unlock()
	if known != nil && os.SameFile(known, held.info) && known.Size() == held.size && known.ModTime().Equal(held.put) {
		return true
	}
	want, err := os.ReadFile(path + sumSuffix)
	if err != nil {
		return false
	}
	sum := crc32.New(castagnoli)
	n, err := io.Copy(sum, io.NewSectionReader(held.file, 0, held.size))
	if err != nil || string(line(n, sum.Sum32())) != string(want) {
		return false
	}
	c.know(path, held)
	return true
}

func (c *Cache) know(path string, held *copied) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sound[path] = held.info
}

// unwritable says whose disk it is that is full or may not be written. Failures of the store stay what they are.
func (c *Cache) unwritable(err error) error {
	switch {
	case fault.IsFull(err):
		return fault.Because(fault.Full, err, "the disk of the copies of data files in %s is full; make room, or give another folder by --cache-dir", c.dir)
	case errors.Is(err, fs.ErrPermission):
		return fault.Because(fault.Forbidden, err, "the folder %s of the copies of data files may not be written; give another by --cache-dir", c.dir)
	case isPath(err):
		return fault.Because(fault.Invalid, err, "the folder %s of the copies of data files cannot be used; give another by --cache-dir", c.dir)
	}
	return err
}

// isPath says whether a failure is that of a path of this machine, as where a file is in the way of a folder.
func isPath(err error) bool {
	_, told := errors.AsType[*fault.Error](err)
	_, path := errors.AsType[*fs.PathError](err)
	return path && !told
}
