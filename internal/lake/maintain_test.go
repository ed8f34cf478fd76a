package lake

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/test/unraced"
)

func maintain(t *testing.T, l *Lake, o MaintainOptions) Maintained {
	t.Helper()
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	out, err := w.Maintain(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// mostManifests is the largest number of manifests of a table.
func mostManifests(t *testing.T, l *Lake) (most int) {
	t.Helper()
	for _, of := range tables.All() {
		most = max(most, manifests(t, l, of))
	}
	return most
}

func manifests(t *testing.T, l *Lake, of tables.Table) int {
	t.Helper()
	tbl, err := l.load(t.Context(), of)
	if err != nil {
		t.Fatal(err)
	}
	n, err := manifestsOf(t.Context(), tbl)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// apart commits conversations of n days, a commit each, and every one of them again.
func apart(t *testing.T, l *Lake, n int) {
	t.Helper()
	for i := range 2 * n {
		v := record(fmt.Sprint("c", i%n), day1.Add(time.Duration(i%n)*24*time.Hour), fmt.Sprint(i))
		v.At = v.At.Add(time.Duration(i) * time.Second)
		commit(t, l, Commit{Records: all(v)})
	}
}

func TestMaintenanceChangesNoRow(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	rewritten(t, l, 0, 4)
	apart(t, l, 8)
	rows, days := everyRow(t, l), len(snapshot(t, l).Files(tables.Conversations))
	o := MaintainOptions{Run: "m", At: day1, Expire: ExpireOptions{Before: later()}}
	would, err := l.PlanMaintain(t.Context(), o.Expire)
	if err != nil {
		t.Fatal(err)
	}
	pinned := snapshot(t, l)
	out := maintain(t, l, o)
	if out.Merged < 4 || out.Into != 2 || out.Manifests <= manifestsMost || out.Again != 0 || out.Pinned != 1 || out.Files == 0 {
		t.Errorf("got %+v", out)
	}
	if would.Merged != out.Merged || would.Into != out.Into || would.Manifests != out.Manifests {
		t.Errorf("the dry run said %+v, and then %+v", would, out)
	}
	if got := everyRow(t, l); !slices.Equal(got, rows) {
		t.Errorf("rows have changed: %d, want %d", len(got), len(rows))
	}
	if n, most := manifests(t, l, tables.Conversations), mostManifests(t, l); n > 2 || most > manifestsMost {
		t.Errorf("conversations have %d manifests, and a table has %d", n, most)
	}
	for _, of := range tables.All() {
		if n := len(snapshot(t, l).Files(of)); n > days {
			t.Errorf("%s has %d files for %d days", of, n, days)
		}
	}
	if err := errors.Join(readAll(t.Context(), pinned), pinned.Close()); err != nil {
		t.Errorf("a snapshot that is read: %v", err)
	}
	if r := mustCheck(t, l); r.Unreferenced != 0 {
		t.Errorf("left %d files", r.Unreferenced)
	}
	sameAsNamed(t, l)
	if again := maintain(t, l, MaintainOptions{Run: "m", At: day1}); again.Merged+again.Manifests+again.Snapshots != 0 {
		t.Errorf("again: %+v", again)
	}
	rewritten(t, l, 20, 2)
	mustCheck(t, l)
	tbl, err := l.load(t.Context(), tables.Changes)
	if err != nil {
		t.Fatal(err)
	}
	if p := tbl.Properties(); p["commit.manifest-merge.enabled"] != "" || p["commit.manifest.min-count-to-merge"] != "" {
		t.Errorf("the table has kept properties of the merge: %v", p)
	}
}

// Whatever is committed, a lake that is maintained in between has the same rows as one that never is.
func TestMaintenanceMakesNoDifference(t *testing.T) {
	unraced.Test(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	kept, plain := newLake(t), newLake(t)
	for i := range 7 {
		var some []conversation.Version
		for _, id := range dice.Perm(5)[:1+dice.IntN(4)] {
			v := record(fmt.Sprint("c", id), day1.Add(time.Duration(dice.IntN(3))*24*time.Hour), fmt.Sprint(dice.IntN(3)))
			v.At = v.At.Add(time.Duration(i) * time.Second)
			some = append(some, v)
		}
		commit(t, kept, Commit{Records: all(some...)})
		commit(t, plain, Commit{Records: all(some...)})
		if dice.IntN(2) == 0 {
			maintain(t, kept, MaintainOptions{Run: "m", At: day1, Expire: ExpireOptions{Before: later()}})
		}
	}
	maintain(t, kept, MaintainOptions{Run: "m", At: day1, Expire: ExpireOptions{Before: later()}})
	if got, want := everyRow(t, kept), everyRow(t, plain); !slices.Equal(got, want) {
		t.Errorf("the rows differ: %d and %d", len(got), len(want))
	}
	if r := mustCheck(t, kept); r.Unreferenced != 0 {
		t.Errorf("left %d files", r.Unreferenced)
	}
}

func TestMaintenanceOfAnEmptyLake(t *testing.T) {
	l := newLake(t)
	if out := maintain(t, l, MaintainOptions{Expire: ExpireOptions{Before: later()}}); out != (Maintained{}) {
		t.Errorf("got %+v", out)
	}
}

// A day with two files of a table is written again as one.
func TestMaintenanceOfADayWithSeveralFiles(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	a := record("a", day1, "a")
	commit(t, l, Commit{Records: all(a)})
	f := &forger{t: t, l: l, versions: []conversation.Version{a}, twice: tables.Metrics}
	f.take(a.Day())
	if out := maintain(t, l, MaintainOptions{Run: "m", At: day1}); out.Again != 1 {
		t.Errorf("got %+v", out)
	}
	mustCheck(t, l)
}

// Stopped anywhere in the merge, the next writer settles it, and no row has changed.
func TestInterruptedMaintenance(t *testing.T) {
	unraced.Test(t)
	for _, at := range []string{"maintain.file", "maintain.changes", "maintain.conversations"} {
		t.Run(at, func(t *testing.T) {
			l := newLake(t)
			rewritten(t, l, 0, 3)
			rows := everyRow(t, l)
			stoppedAt(t, l, at)
			w, err := l.Writer(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if got := everyRow(t, l); !slices.Equal(got, rows) {
				t.Error("rows have changed")
			}
			sameAsNamed(t, l)
			mustCheck(t, l)
			maintain(t, l, MaintainOptions{Run: "m", At: day1, Expire: ExpireOptions{Before: later()}})
			if got := everyRow(t, l); !slices.Equal(got, rows) {
				t.Error("after the second, rows have changed")
			}
			if r := mustCheck(t, l); r.Unreferenced != 0 || r.Unsettled != 0 {
				t.Errorf("left %+v", r)
			}
		})
	}
}

// stopped has a writer do something and leaves it at a point as a process that was killed would: nothing after it is done.
func stopped(t *testing.T, l *Lake, at string, do func(*Writer) error) {
	t.Helper()
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	stop := errors.New("stop")
	crashpoint.Watch(func(name string) {
		if name == at {
			panic(stop)
		}
	})
	defer crashpoint.Watch(nil)
	defer func() {
		if r := recover(); r != stop { //nolint:errorlint // what was thrown above
			t.Fatalf("it was not stopped at %s: %v", at, r)
		}
	}()
	t.Fatalf("%s was not reached: %v", at, do(w))
}

// stoppedAt begins a maintenance and leaves it at a point.
func stoppedAt(t *testing.T, l *Lake, at string) {
	t.Helper()
	stopped(t, l, at, func(w *Writer) error {
		_, err := w.Maintain(t.Context(), MaintainOptions{Run: "m", At: day1})
		return err
	})
}

func TestTagsKeepSnapshots(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Tag(t.Context(), "early"); !errors.Is(err, fault.NotFound) {
		t.Errorf("an empty lake: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	rewritten(t, l, 0, 2)
	want := contents(t, l)
	w, err = l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tag, err := w.Tag(t.Context(), "before-the-move")
	if err != nil {
		t.Fatal(err)
	}
	for name, kind := range map[string]error{"before-the-move": fault.Conflict, "main": fault.Invalid, "a b": fault.Invalid, "": fault.Invalid} {
		if _, err := w.Tag(t.Context(), name); !errors.Is(err, kind) {
			t.Errorf("tag %q: %v, want %v", name, err, kind)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	rewritten(t, l, 2, 3)
	if out := expire(t, l, ExpireOptions{Before: later()}); out.Snapshots != 3 || out.Kept != 2 {
		t.Errorf("got %+v", out)
	}
	if tags, err := l.Tags(t.Context()); err != nil || !slices.Equal(tags, []Tag{tag}) {
		t.Errorf("got %v, %v", tags, err)
	}
	s, err := l.SnapshotOf(t.Context(), tag.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	if got := contentsOf(t, s); !slices.Equal(got, want) || readAll(t.Context(), s) != nil {
		t.Errorf("the tagged snapshot has %q, want %q", got, want)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	w, err = l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Untag(t.Context(), tag.Name), w.Close()); err != nil {
		t.Fatal(err)
	}
	if out := expire(t, l, ExpireOptions{Before: later()}); out.Snapshots != 1 || out.Kept != 1 {
		t.Errorf("without its tag: %+v", out)
	}
}

// A writer that waits gets the lease when it is free, and is told who holds it when its patience has ended.
func TestAWriterWaits(t *testing.T) {
	dir := newLake(t).dir
	synctest.Test(t, func(t *testing.T) {
		l, err := Open(context.Background(), dir)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		held, err := l.Writer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if _, err := l.WriterWithin(t.Context(), time.Minute); !errors.Is(err, fault.Conflict) || time.Since(begun) != time.Minute {
			t.Errorf("got %v after %v", err, time.Since(begun))
		}
		time.AfterFunc(10*time.Second, func() { _ = held.Close() })
		begun = time.Now()
		w, err := l.WriterWithin(t.Context(), time.Minute)
		if err != nil || time.Since(begun) > 11*time.Second {
			t.Fatalf("got %v after %v", err, time.Since(begun))
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
}
