package lake

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store/folder/foldertest"
	"github.com/parley-hq/parley/test/unraced"
)

// watcher knows what a power cut would take. Whenever something is done, it looks at what the catalog names by then.
type watcher struct {
	foldertest.Power

	t     *testing.T
	named map[string]string
	names func() map[string]string // what the catalog names at this moment
}

func newWatcher(t *testing.T, names func() map[string]string) *watcher {
	t.Helper()
	w := &watcher{t: t, names: names, named: names()}
	w.Before = func(op, path string, lost []string) {
		w.look(lost)
		if op == "rename" && filepath.Base(path) == markerName && len(lost) > 0 {
			t.Errorf("the marker gets its name, and a power cut would take %v", lost)
		}
	}
	return w
}

// look is called before anything is done: what the catalog has come to name since must have been durable already.
func (w *watcher) look(lost []string) {
	w.t.Helper()
	now := w.names()
	if !maps.Equal(now, w.named) && len(lost) > 0 {
		w.t.Errorf("the catalog names %v, and a power cut would take %v", now, lost)
	}
	w.named = now
}

// settled asserts that nothing would be lost now.
func (w *watcher) settled(after string) {
	w.t.Helper()
	lost := w.Lost()
	w.look(lost)
	if len(lost) > 0 {
		w.t.Errorf("after %s a power cut would take %v", after, lost)
	}
	if len(w.Steps()) == 0 {
		w.t.Errorf("%s did nothing to the disk", after)
	}
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
		for row, err := range l.db.Rows(t.Context(), `SELECT table_name, metadata_location FROM iceberg_tables`) {
			if err != nil {
				t.Fatal(err)
			}
			var name, location string
			if err := row.Scan(&name, &location); err != nil {
				t.Fatal(err)
			}
			out[name] = location
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
	allow := refuse(t, l, tables.Conversations, 0)
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
