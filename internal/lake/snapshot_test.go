package lake

import (
	"os"
	"testing"

	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/test/unraced"
)

// A snapshot is listed once for all who open it while nothing moves: its metadata is not read again. Whoever opens one
// after a commit, or after an expiry, gets what is there then, and pins it.
func TestTheNewestSnapshotIsListedOnce(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	rewritten(t, l, 0, 2)
	first := snapshot(t, l)
	location, err := l.location(t.Context(), tables.Conversations)
	if err != nil {
		t.Fatal(err)
	}
	path, err := filePath(location)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	again := snapshot(t, l)
	if again.ID != first.ID || again.Rows(tables.Conversations) != first.Rows(tables.Conversations) || again.pin == nil || again.pin == first.pin {
		t.Errorf("got snapshot %d with %d rows, want %d with %d and a pin of its own", again.ID, again.Rows(tables.Conversations), first.ID, first.Rows(tables.Conversations))
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	rewritten(t, l, 2, 1)
	next := snapshot(t, l)
	if next.ID == first.ID {
		t.Error("a commit does not show")
	}
	for _, s := range []*Snapshot{first, again} {
		if out := expire(t, l, ExpireOptions{Before: later()}); !exists(pathOf(l, pinAt(int64(first.ID)))) {
			t.Errorf("a snapshot that is read expired: %+v", out)
		}
		if err := s.Verify(t.Context()); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	expire(t, l, ExpireOptions{Before: later()})
	if exists(pathOf(l, pinAt(int64(first.ID)))) {
		t.Error("a snapshot that nobody reads is kept")
	}
	last := snapshot(t, l)
	if last.ID != next.ID || last.Verify(t.Context()) != nil || l.listed.Load().id != next.ID {
		t.Errorf("after an expiry the newest snapshot is %d, want %d", last.ID, next.ID)
	}
}
