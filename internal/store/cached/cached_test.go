package cached_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/cached"
	"github.com/parley-hq/parley/internal/store/folder"
)

// counted is a store that counts what is opened.
type counted struct {
	store.Store

	opened atomic.Int64
}

func (c *counted) Open(ctx context.Context, at store.Location) (store.Object, error) {
	c.opened.Add(1)
	return c.Store.Open(ctx, at)
}

// content is that of the n-th object: of a length that nobody else has.
func content(n int) []byte { return bytes.Repeat([]byte{byte(n)}, 1000+37*n) }

func object(n int) store.Location { return store.Location(fmt.Sprintf("of/day=%d/%d.parquet", n%3, n)) }

// filled is a store with some objects.
func filled(t *testing.T, n int) *counted {
	t.Helper()
	f := folder.At(t.TempDir())
	for i := range n {
		w, err := f.Create(t.Context(), object(i), store.New)
		if err == nil {
			_, err = w.Write(content(i))
		}
		if err == nil {
			err = w.Commit()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return &counted{Store: f}
}

// held asserts that the copy of an object is whole.
func held(t *testing.T, c *cached.Cache, n int) {
	t.Helper()
	if got, err := os.ReadFile(c.Path(object(n))); err != nil || !bytes.Equal(got, content(n)) {
		t.Errorf("the copy of object %d has %d bytes, want %d: %v", n, len(got), len(content(n)), err)
	}
}

// taken is what all copies take.
func taken(t *testing.T, dir string) (n int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(path, ".sum") {
			return err
		}
		info, err := e.Info()
		if err == nil {
			n += info.Size()
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is for others: %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestObjectsAreFetchedOnce(t *testing.T) {
	from, dir := filled(t, 3), t.TempDir()
	for range 2 { // two processes, one after the other
		c := cached.Open(dir, "one", from, 1<<20)
		for range 2 {
			release, err := c.Hold(t.Context(), []store.Location{object(0), object(1), object(0)})
			if err != nil {
				t.Fatal(err)
			}
			held(t, c, 0)
			held(t, c, 1)
			release()
		}
		o, err := c.Open(t.Context(), object(1)) // from the copy
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(store.Reader(o)); err != nil || !bytes.Equal(got, content(1)) {
			t.Errorf("read %d bytes, %v", len(got), err)
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	}
	if n := from.opened.Load(); n != 2 {
		t.Errorf("%d objects were fetched, want 2", n)
	}
}

func TestWhatIsDamagedIsFetchedAnew(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"cut":        func(path string) error { return os.Truncate(path, 10) },
		"longer":     func(path string) error { return os.Truncate(path, 5000) },
		"other":      func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte{9}, len(content(1))), 0o600) },
		"no sum":     func(path string) error { return os.Remove(path + ".sum") },
		"half a sum": func(path string) error { return os.Truncate(path+".sum", 5) },
		"gone":       os.Remove,
	} {
		from, dir := filled(t, 2), t.TempDir()
		hold := func() {
			c := cached.Open(dir, "one", from, 1<<20)
			release, err := c.Hold(t.Context(), []store.Location{object(1)})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			held(t, c, 1)
			release()
		}
		hold()
		if err := damage(cached.Open(dir, "one", from, 1).Path(object(1))); err != nil {
			t.Fatal(err)
		}
		hold()
		if n := from.opened.Load(); n != 2 {
			t.Errorf("%s: fetched %d times", name, n)
		}
	}
}

func TestWhatHasNoRoomIsRefused(t *testing.T) {
	from, dir := filled(t, 3), t.TempDir()
	c := cached.Open(dir, "one", from, int64(len(content(0))+len(content(1))))
	release, err := c.Hold(t.Context(), []store.Location{object(0), object(1)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Hold(t.Context(), []store.Location{object(2)}); !errors.Is(err, fault.Full) || !strings.Contains(err.Error(), "--cache-bytes") {
		t.Errorf("beside what is in use: %v", err)
	}
	held(t, c, 0)
	held(t, c, 1)
	release()
	release, err = c.Hold(t.Context(), []store.Location{object(2)})
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	held(t, c, 2)
	if _, err := c.Hold(t.Context(), []store.Location{"of/nothing"}); !errors.Is(err, fault.NotFound) {
		t.Errorf("what is not there: %v", err)
	}
}

// Objects each of which has room, and which have none together, are refused; their copies never take more, and hold nothing afterwards.
func TestWhatHasNoRoomTogetherIsRefused(t *testing.T) {
	from, dir := filled(t, 6), t.TempDir()
	limit := int64(len(content(0)) + len(content(1)))
	c := cached.Open(dir, "one", from, limit)
	all := []store.Location{object(0), object(1), object(2), object(3), object(4), object(5)}
	if _, err := c.Hold(t.Context(), all); !errors.Is(err, fault.Full) || !strings.Contains(err.Error(), "--cache-bytes") {
		t.Errorf("got %v", err)
	}
	var taken int64
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".sum") {
			return err
		}
		info, err := d.Info()
		if err == nil {
			taken += info.Size()
		}
		return err
	})
	if err != nil || taken > limit {
		t.Errorf("copies take %d bytes of %d, %v", taken, limit, err)
	}
	for i := range all { // one at a time they have room
		release, err := c.Hold(t.Context(), all[i:i+1])
		if err != nil {
			t.Fatal(err)
		}
		held(t, c, i)
		release()
	}
}

// Removed objects leave no copy, and neither do those that are not kept.
func TestRemovedObjectsLeaveNoCopy(t *testing.T) {
	from, dir := filled(t, 3), t.TempDir()
	c := cached.Open(dir, "one", from, 1<<20)
	release, err := c.Hold(t.Context(), []store.Location{object(0), object(1), object(2)})
	if err != nil {
		t.Fatal(err)
	}
	release()
	if err := c.Remove(t.Context(), object(0)); err != nil {
		t.Fatal(err)
	}
	if err := c.Only(t.Context(), "of", func(at store.Location) bool { return at == object(2) }); err != nil {
		t.Fatal(err)
	}
	for n, want := range []bool{false, false, true} {
		if _, err := os.Stat(c.Path(object(n))); (err == nil) != want {
			t.Errorf("object %d: %v", n, err)
		}
	}
}

// Many ask at once, by two caches over one folder as by two processes, for random objects of more bytes than have room, while copies
// are damaged: what is held is whole, and all together take no more than they may.
func TestManyAtOnce(t *testing.T) {
	const objects = 24
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	from, dir := filled(t, objects), t.TempDir()
	var limit int64 = 12_000
	var refused atomic.Int64
	var all sync.WaitGroup
	for worker := range 6 {
		dice := rand.New(rand.NewPCG(seed, uint64(worker)))
		c := cached.Open(dir, "one", from, limit)
		all.Go(func() {
			for range 40 {
				wanted := []int{dice.IntN(objects), dice.IntN(objects)}
				release, err := c.Hold(t.Context(), []store.Location{object(wanted[0]), object(wanted[1])})
				if errors.Is(err, fault.Full) {
					refused.Add(1)
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				for _, n := range wanted {
					held(t, c, n)
				}
				release()
			}
		})
	}
	all.Wait()
	if n := taken(t, dir); n > limit {
		t.Errorf("%d bytes are taken, and %d may be", n, limit)
	}
	if refused.Load() == 6*40 {
		t.Error("nothing was ever held")
	}
}

// TestKilled is this process once more, which ends at a point without another step. What it leaves is in nobody's way.
func TestKilled(t *testing.T) {
	if point := os.Getenv("PARLEY_CACHE_POINT"); point != "" {
		crashpoint.Watch(func(name string) {
			if name == point {
				os.Exit(9) // no deferred call runs, and locks end with the process
			}
		})
		c := cached.Open(os.Getenv("PARLEY_CACHE_DIR"), "one", folder.At(os.Getenv("PARLEY_CACHE_FROM")), 1<<20)
		_, err := c.Hold(t.Context(), []store.Location{object(1)})
		t.Fatal("it was to end before", err)
	}
	for _, point := range []string{"cache.reserved", "cache.fetched", "cache.summed", "cache.copied"} {
		from, dir := filled(t, 2), t.TempDir()
		files, ok := from.Store.(*folder.Folder)
		if !ok {
			t.Fatal("no folder")
		}
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$", "-test.count=1")
		child.Env = append(os.Environ(), "PARLEY_CACHE_POINT="+point, "PARLEY_CACHE_DIR="+dir, "PARLEY_CACHE_FROM="+files.Path(""))
		if out, err := child.CombinedOutput(); child.ProcessState.ExitCode() != 9 {
			t.Fatalf("%s: %v %s", point, err, out)
		}
		// There is room for one copy only: what was left does not take it for ever.
		c := cached.Open(dir, "one", from, int64(len(content(1))))
		for _, n := range []int{0, 1} {
			release, err := c.Hold(t.Context(), []store.Location{object(n)})
			if err != nil {
				t.Fatalf("%s: %v", point, err)
			}
			held(t, c, n)
			release()
		}
	}
}

// A disk that is full is a clear error, and leaves nothing half. Once there is room the copies come.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=16k"); err != nil {
		t.Skipf("no small disk can be mounted: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	from := filled(t, 20)
	c := cached.Open(disk, "one", from, 1<<40)
	var wanted []store.Location
	for n := range 20 {
		wanted = append(wanted, object(n))
	}
	if _, err := c.Hold(t.Context(), wanted); !errors.Is(err, fault.Full) || !strings.Contains(err.Error(), "--cache-dir") {
		t.Errorf("got %v", err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=4m"); err != nil {
		t.Fatal(err)
	}
	release, err := c.Hold(t.Context(), wanted)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	for n := range 20 {
		held(t, c, n)
	}
}

// A file where the folder of copies is to be is told as a wrong setting.
func TestFolderThatIsAFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := cached.Open(dir, "lake", filled(t, 1), 1<<20)
	release, held := c.Hold(t.Context(), []store.Location{object(0)})
	if held == nil {
		release()
	}
	only := c.Only(t.Context(), "of", func(store.Location) bool { return true })
	for _, err := range []error{held, only} {
		if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "--cache-dir") {
			t.Errorf("got %v", err)
		}
	}
}
