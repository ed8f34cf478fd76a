package lake

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store/folder"
)

// atCommit is a disk that calls then when the metadata of a table is about to be written: a commit is under way.
type atCommit struct {
	folder.OS
	table tables.Table
	then  func()
}

func (d atCommit) Create(path string) (folder.File, error) {
	if strings.HasSuffix(path, ".metadata.json") && strings.Contains(path, string(d.table)+string(filepath.Separator)) {
		d.then()
	}
	return d.OS.Create(path)
}

// Until an expiry is committed nobody can begin to read what it takes away: a reader who came between the end of the
// locks and the commit would find the snapshot in the history, and then miss its files.
func TestNoPinUntilAnExpiryIsCommitted(t *testing.T) {
	l := newLake(t)
	rewritten(t, l, 0, 2)
	ids, _ := history(t, l, tables.Conversations)
	tried := 0
	useDisk(t, atCommit{table: tables.Conversations, then: func() {
		tried++
		if f, err := l.pin(t.Context(), SnapshotID(ids[0])); !errors.Is(err, errLocked) {
			t.Errorf("a snapshot that expires was pinned: %v", errors.Join(err, f.Close()))
		}
		f, err := l.pin(t.Context(), SnapshotID(ids[1]))
		if err := errors.Join(err, f.Close()); err != nil {
			t.Errorf("the newest snapshot cannot be pinned: %v", err)
		}
	}})
	if out := expire(t, l, ExpireOptions{Before: later()}); out.Snapshots != 1 || tried == 0 {
		t.Errorf("got %+v after %d tries", out, tried)
	}
	// The locks end with the expiry.
	if f, err := l.pin(t.Context(), SnapshotID(ids[0])); errors.Join(err, f.Close()) != nil {
		t.Error(err)
	}
}

// A pin that is removed while its snapshot can be read would be made again by the next reader, and two locks on two
// files exclude nothing.
func TestPinsOfLiveSnapshotsStay(t *testing.T) {
	l := newLake(t)
	rewritten(t, l, 0, 1)
	_ = snapshot(t, l).Close()
	time.Sleep(2 * time.Millisecond) // snapshots carry milliseconds
	rewritten(t, l, 1, 1)
	_ = snapshot(t, l).Close()
	rewritten(t, l, 2, 1)
	ids, at := history(t, l, tables.Conversations)
	held, err := l.pin(t.Context(), 1) // of a snapshot that is no more, by a reader who is about to see it
	if err != nil {
		t.Fatal(err)
	}
	if out := expire(t, l, ExpireOptions{Before: at[1]}); out.Snapshots != 1 || out.Kept != 2 {
		t.Errorf("got %+v", out)
	}
	for id, want := range map[int64]bool{ids[0]: false, ids[1]: true, 1: true} {
		if exists(pathOf(l, pinAt(id))) != want {
			t.Errorf("the pin of snapshot %d is there: %v, want %v", id, !want, want)
		}
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	expire(t, l, ExpireOptions{Before: at[1]})
	if exists(pathOf(l, pinAt(1))) {
		t.Error("the pin that nobody holds is left")
	}
	if _, err := os.Stat(pathOf(l, pinAt(ids[1]))); err != nil {
		t.Error(err)
	}
}
