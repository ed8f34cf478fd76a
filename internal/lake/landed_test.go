package lake

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/folder"
)

// Whoever was interrupted learns what its commit did, as long as its snapshot is there.
func TestLandedTellsWhatACommitDid(t *testing.T) {
	l := newLake(t)
	noon := time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	if _, found, err := l.Landed(t.Context(), ""); err != nil || found {
		t.Errorf("an empty lake: %v, %v", found, err)
	}
	want := map[string]Outcome{
		"one": commit(t, l, Commit{ID: "one", Records: all(record("a", noon, ""), record("b", noon, ""))}),
		"two": commit(t, l, Commit{ID: "two", Records: all(record("a", noon, "new"), record("b", noon, ""), record("c", noon, ""))}),
	}
	if o := want["two"]; o.Added != 1 || o.Replaced != 1 || o.Unchanged != 1 || o.Bytes == 0 {
		t.Errorf("the second commit: %+v", o)
	}
	for id, out := range want {
		if got, found, err := l.Landed(t.Context(), id); err != nil || !found || !reflect.DeepEqual(got, out) {
			t.Errorf("%s: got %+v, %v, %v, want %+v", id, got, found, err, out)
		}
	}
	commit(t, l, Commit{ID: "three", Records: all(record("c", noon, ""))}) // it changes nothing
	for _, id := range []string{"three", "four"} {
		if got, found, err := l.Landed(t.Context(), id); err != nil || found {
			t.Errorf("%s: got %+v, %v, %v", id, got, found, err)
		}
	}
}

// Of two that make a lake at once each gets the lake, or is told that the other one makes it. Neither is told of damage.
func TestTwoMakeALake(t *testing.T) {
	for range 5 {
		dir := filepath.Join(t.TempDir(), "lake")
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() {
				l, err := Create(context.WithoutCancel(t.Context()), dir)
				if err == nil {
					err = l.Close()
				}
				errs[i] = err
			})
		}
		wg.Wait()
		made := 0
		for _, err := range errs {
			switch {
			case err == nil:
				made++
			case !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "is making the lake; wait until it is done"):
				t.Errorf("got %v", err)
			}
		}
		if made == 0 {
			t.Errorf("nobody made it: %v", errs)
		}
	}
}

// While somebody makes a lake it is not there yet, and the folder is not a folder of something else.
func TestALakeThatIsBeingMade(t *testing.T) {
	dir := t.TempDir()
	lease, err := folder.At(dir).Lock(t.Context(), leaseName, store.LockOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := Vacant(t.Context(), dir); err != nil {
		t.Errorf("vacant: %v", err)
	}
	if _, err := Create(t.Context(), dir); !errors.Is(err, fault.Conflict) || fault.ExitCode(err) != 7 {
		t.Errorf("create: %v", err)
	}
	if err := lease.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := Create(t.Context(), dir) // what a maker that was killed left is no hindrance
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := os.Stat(filepath.Join(dir, markerName)); err != nil {
		t.Error(err)
	}
}

func TestFree(t *testing.T) {
	l := newLake(t)
	if err := errors.Join(l.Free(t.Context()), l.Free(t.Context())); err != nil {
		t.Errorf("nobody writes: %v", err)
	}
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Free(t.Context()); !errors.Is(err, fault.Conflict) {
		t.Errorf("somebody writes: %v", err)
	}
	if err := errors.Join(w.Close(), l.Free(t.Context())); err != nil {
		t.Errorf("nobody writes any more: %v", err)
	}
}
