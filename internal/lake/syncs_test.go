package lake

import (
	"fmt"
	"github.com/parley-hq/parley/test/unraced"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// watcher is a disk that knows what a power cut would take: contents that were not synced, and names that were put into
// a folder which was not synced since. Whenever something is done, it looks at what the catalog names by then.
type watcher struct {
	osDisk
	t *testing.T

	mu     sync.Mutex
	lost   map[string]bool // contents and names that a power cut would take
	named  map[string]string
	names  func() map[string]string // what the catalog names at this moment
	events []string
}

func newWatcher(t *testing.T, names func() map[string]string) *watcher {
	t.Helper()
	return &watcher{t: t, lost: map[string]bool{}, names: names, named: names()}
}

// look is called before anything is done: what the catalog has come to name since must have been durable already.
func (w *watcher) look() {
	w.t.Helper()
	now := w.names()
	if !maps.Equal(now, w.named) && len(w.lost) > 0 {
		w.t.Errorf("the catalog names %v, and a power cut would take %v", now, slices.Sorted(maps.Keys(w.lost)))
	}
	w.named = now
}

// do looks, does something, and takes it down.
func (w *watcher) do(what, path string, then func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.look()
	w.events = append(w.events, what+" "+filepath.Base(path))
	then()
}

func (w *watcher) Mkdir(path string) error {
	err := w.osDisk.Mkdir(path)
	if err == nil {
		w.do("mkdir", path, func() { w.lost["name of "+path] = true })
	}
	return err
}

func (w *watcher) OpenFile(path string, flags int) (output, error) {
	f, err := w.osDisk.OpenFile(path, flags)
	w.do("create", path, func() { w.lost["name of "+path] = true })
	return &watched{f, path, w}, err
}

func (w *watcher) Rename(from, to string) error {
	w.do("rename", to, func() {
		if w.lost["content of "+from] || len(w.lost) > 0 && filepath.Base(to) == markerName {
			w.t.Errorf("%s becomes %s, and a power cut would take %v", filepath.Base(from), filepath.Base(to), slices.Sorted(maps.Keys(w.lost)))
		}
		w.lost["name of "+to] = true
	})
	return w.osDisk.Rename(from, to)
}

func (w *watcher) SyncDir(path string) error {
	w.do("sync folder", path, func() {
		for lost := range w.lost {
			if name, ok := strings.CutPrefix(lost, "name of "); ok && filepath.Dir(name) == path {
				delete(w.lost, lost)
			}
		}
	})
	return w.osDisk.SyncDir(path)
}

// settled asserts that nothing would be lost now.
func (w *watcher) settled(after string) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.look()
	if len(w.lost) > 0 {
		w.t.Errorf("after %s a power cut would take %v", after, slices.Sorted(maps.Keys(w.lost)))
	}
	if len(w.events) == 0 {
		w.t.Errorf("%s did nothing to the disk", after)
	}
	w.events = nil
}

type watched struct {
	output
	path string
	w    *watcher
}

func (f *watched) Write(p []byte) (int, error) {
	f.w.do("write", f.path, func() { f.w.lost["content of "+f.path] = true })
	return f.output.Write(p)
}

func (f *watched) Sync() error {
	f.w.do("sync", f.path, func() { delete(f.w.lost, "content of "+f.path) })
	return f.output.Sync()
}

// Nothing is named before it is durable: neither a table's metadata, nor the manifests and data files that it leads to,
// nor the folders of all of them, nor the lake itself by its marker.
func TestNothingIsNamedBeforeItIsDurable(t *testing.T) {
	unraced.Test(t)
	var l *Lake
	names := func() map[string]string {
		out := map[string]string{}
		if l == nil {
			return out
		}
		rows, err := l.db.QueryContext(t.Context(), `SELECT table_name, metadata_location FROM iceberg_tables`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var name, location string
			if err := rows.Scan(&name, &location); err != nil {
				t.Fatal(err)
			}
			out[name] = location
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return out
	}
	w := newWatcher(t, names)
	useDisk(t, w)
	var err error
	if l, err = Create(t.Context(), filepath.Join(t.TempDir(), "of", "folders", "lake")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	w.settled("making a lake")
	for i := range 2 {
		if err := tryCommit(t, l, newer(i)...); err != nil {
			t.Fatal(err)
		}
		w.settled(fmt.Sprint("commit ", i))
	}
	allow := refuse(t, l, Conversations, 0)
	if err := tryCommit(t, l, newer(2)...); err == nil {
		t.Fatal("a refused commit went through")
	}
	allow()
	w.settled("a commit that was taken back")
	expire(t, l, ExpireOptions{Before: later()})
	w.settled("an expiry")
	if text, err := os.ReadFile(filepath.Join(l.dir, markerName)); err != nil || len(text) == 0 {
		t.Errorf("the marker says %q, %v", text, err)
	}
	mustCheck(t, l)
}
