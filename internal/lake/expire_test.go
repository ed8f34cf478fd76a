package lake

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/test/unraced"
)

// rewritten commits the same two conversations n times, each time with other notes.
func rewritten(t *testing.T, l *Lake, first, n int) {
	t.Helper()
	for i := first; i < first+n; i++ {
		a, b := record("a", day1, fmt.Sprint("a", i)), record("b", day1.Add(24*time.Hour), fmt.Sprint("b", i))
		a.At, b.At = a.At.Add(time.Duration(i)*time.Second), b.At.Add(time.Duration(i)*time.Second)
		commit(t, l, Commit{Records: all(a, b)})
	}
}

// later is after every commit of a test.
func later() time.Time { return time.Now().Add(time.Hour) }

func expire(t *testing.T, l *Lake, o ExpireOptions) Expired {
	t.Helper()
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	out, err := w.Expire(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// history gives the snapshots of a table, the oldest first.
func history(t *testing.T, l *Lake, of tables.Table) (ids []int64, committed []time.Time) {
	t.Helper()
	tbl, err := l.load(t.Context(), of)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range tbl.Metadata().Snapshots() {
		ids, committed = append(ids, s.SnapshotID), append(committed, time.UnixMilli(s.TimestampMs))
	}
	return ids, committed
}

// tree gives the files below the folder of a lake that are not SQLite's own, with their sizes.
func tree(t *testing.T, l *Lake) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	err := filepath.WalkDir(l.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), "control.db") {
			return err
		}
		info, err := d.Info()
		if err == nil {
			out[path] = info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// readAll reads every row of every table of a snapshot, and of conversations each record by its row.
func readAll(ctx context.Context, s *Snapshot) error {
	for _, table := range tables.All() {
		for _, f := range s.Files(table) {
			var n int64
			for rows, err := range datafile.Rows(ctx, f) {
				if err != nil {
					return err
				}
				n += rows.NumRows()
			}
			if n != f.Rows {
				return fmt.Errorf("%s: %d rows, want %d", table, n, f.Rows)
			}
		}
	}
	for _, f := range s.Files(tables.Conversations) {
		r, err := new(datafile.Footers).Open(ctx, f)
		if err != nil {
			return err
		}
		_, err = r.Read(f.Rows - 1)
		if err := errors.Join(err, r.Close()); err != nil {
			return err
		}
	}
	return nil
}

func exists(path string) bool {
	if isURL(path) {
		return put(path)
	}
	_, err := os.Stat(path)
	return err == nil
}

func TestPinnedSnapshotOutlivesExpiry(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	rewritten(t, l, 0, 2)
	pinned, again := snapshot(t, l), snapshot(t, l)
	want := contentsOf(t, pinned)
	rewritten(t, l, 2, 3)
	now := snapshot(t, l)
	changes, records := now.Rows(tables.Changes), contentsOf(t, now)

	if out := expire(t, l, ExpireOptions{Before: later()}); out.Snapshots != 3 || out.Pinned != 1 || out.Kept != 2 || out.Files == 0 || out.Bytes == 0 {
		t.Errorf("got %+v", out)
	}
	if err := errors.Join(readAll(t.Context(), pinned), pinned.Close(), pinned.Close()); err != nil {
		t.Errorf("the pinned snapshot: %v", err)
	}
	// The other pin of the same snapshot is left.
	if out := expire(t, l, ExpireOptions{Before: later()}); out.Snapshots != 0 || out.Pinned != 1 || out.Files != 0 {
		t.Errorf("with the second pin: %+v", out)
	}
	if got := contentsOf(t, again); !slices.Equal(got, want) {
		t.Errorf("the pinned snapshot: got %q, want %q", got, want)
	}
	mustCheck(t, l)

	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if out := expire(t, l, ExpireOptions{Before: later()}); out.Snapshots != 1 || out.Pinned != 0 || out.Kept != 1 {
		t.Errorf("without a pin: %+v", out)
	}
	for _, table := range tables.All() {
		for _, f := range pinned.Files(table) {
			if named := slices.ContainsFunc(now.Files(table), func(g datafile.File) bool { return g.Path == f.Path }); exists(f.Path) != named {
				t.Errorf("%s: file %s is there: %v, want %v", table, f.Path, !named, named)
			}
		}
	}
	if exists(pathOf(l, pinAt(int64(pinned.ID)))) || !exists(pathOf(l, pinAt(int64(now.ID)))) {
		t.Error("the pin of the expired snapshot is there, or that of the newest is not")
	}
	last := snapshot(t, l)
	if got := contentsOf(t, last); !slices.Equal(got, records) || last.ID != now.ID || last.Rows(tables.Changes) != changes || changes == 0 {
		t.Errorf("the newest snapshot has changed: %q, %d changes, want %q, %d", got, last.Rows(tables.Changes), records, changes)
	}
	if r := mustCheck(t, l); r.Unreferenced != 0 {
		t.Errorf("left %d files", r.Unreferenced)
	}
	// What was expired is no burden to those who write next.
	rewritten(t, l, 5, 2)
	mustCheck(t, l)
}

func TestNoSnapshotToClose(t *testing.T) {
	var none *Snapshot
	empty := snapshot(t, newLake(t))
	if err := errors.Join(none.Close(), empty.Close(), empty.Close(), (&Snapshot{}).Close()); err != nil {
		t.Error(err)
	}
	l := newLake(t)
	if out := expire(t, l, ExpireOptions{Before: later()}); out != (Expired{}) {
		t.Errorf("an empty lake: %+v", out)
	}
	if exists(pathOf(l, pinsAt)) {
		t.Error("an empty lake has pins")
	}
}

func TestCompanionsOfKeptSnapshotsStay(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	rewritten(t, l, 0, 1)
	time.Sleep(2 * time.Millisecond) // snapshots carry milliseconds
	rewritten(t, l, 1, 2)
	before, at := history(t, l, tables.Conversations)
	if out := expire(t, l, ExpireOptions{Before: at[1]}); out.Snapshots != 1 || out.Kept != 2 {
		t.Errorf("got %+v", out)
	}
	kept, _ := history(t, l, tables.Conversations)
	if !slices.Equal(kept, before[1:]) {
		t.Errorf("kept %v, want %v", kept, before[1:])
	}
	head, err := l.load(t.Context(), tables.Conversations)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables.Companions() {
		want := map[int64]bool{}
		for _, s := range head.Metadata().Snapshots() {
			id, err := named(&s, table)
			if err != nil {
				t.Fatal(err)
			}
			want[id] = true
			files, err := l.plan(t.Context(), table, id)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				if !exists(f.Path) {
					t.Errorf("%s: file %s of a kept snapshot is gone", table, f.Path)
				}
			}
		}
		if ids, _ := history(t, l, table); len(ids) != len(want) {
			t.Errorf("%s: snapshots %v, want %v", table, ids, want)
		}
	}
	mustCheck(t, l)
}

func TestDryRunChangesNothing(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	rewritten(t, l, 0, 3)
	pinned := snapshot(t, l)
	rewritten(t, l, 3, 2)
	_ = snapshot(t, l).Close() // a dry run reads the newest snapshot, and so makes the file of its pin
	before := tree(t, l)
	would, err := l.PlanExpire(t.Context(), later())
	if err != nil {
		t.Fatal(err)
	}
	if after := tree(t, l); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("the dry run has changed %v to %v", before, after)
	}
	if ids, _ := history(t, l, tables.Conversations); len(ids) != 5 {
		t.Errorf("the dry run has left %d snapshots", len(ids))
	}
	if did := expire(t, l, ExpireOptions{Before: later()}); did != would || did.Pinned != 1 {
		t.Errorf("the dry run said %+v, and the expiry did %+v", would, did)
	}
	if err := readAll(t.Context(), pinned); err != nil {
		t.Error(err)
	}
}

// A child of the test holds a pin until it is killed.
func TestPinEndsWithItsProcess(t *testing.T) {
	if dir := os.Getenv("PARLEY_TEST_PIN"); dir != "" {
		holdPin(t, dir)
	}
	l := newLake(t)
	rewritten(t, l, 0, 1)
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPinEndsWithItsProcess$")
	child.Env = append(os.Environ(), "PARLEY_TEST_PIN="+l.dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "pinned\n" {
		t.Fatalf("the child said %q, %v", line, err)
	}
	rewritten(t, l, 1, 1)
	held := expire(t, l, ExpireOptions{Before: later()})
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	if held.Pinned != 1 || held.Snapshots != 0 {
		t.Errorf("while the child reads: %+v", held)
	}
	if after := expire(t, l, ExpireOptions{Before: later()}); after.Pinned != 0 || after.Snapshots != 1 {
		t.Errorf("after the child was killed: %+v", after)
	}
}

// holdPin never returns.
func holdPin(t *testing.T, dir string) {
	t.Helper()
	l, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	s := snapshot(t, l)
	fmt.Println("pinned")
	<-t.Context().Done()
	_ = s.Close()
}

func TestInterruptedExpiryIsFinishedByTheNext(t *testing.T) {
	unraced.Test(t)
	stop := errors.New("stop")
	interrupted := map[string]func(t *testing.T, w *Writer){
		"before the companions": func(t *testing.T, w *Writer) {
			t.Helper()
			if _, err := w.expireConversations(t.Context(), ExpireOptions{Before: later()}, new(Expired)); err != nil {
				t.Fatal(err)
			}
		},
		"before the first file": func(t *testing.T, w *Writer) {
			t.Helper()
			w.remove = func(context.Context, store.Location) error { return stop }
			if out, err := w.Expire(t.Context(), ExpireOptions{Before: later()}); !errors.Is(err, stop) || out.Snapshots != 2 || out.Files != 0 {
				t.Fatalf("got %+v, %v", out, err)
			}
		},
		"among the files": func(t *testing.T, w *Writer) {
			t.Helper()
			left := 5
			w.remove = func(ctx context.Context, at store.Location) error {
				if left--; left < 0 {
					return stop
				}
				return w.lake.Store().Remove(ctx, at)
			}
			if out, err := w.Expire(t.Context(), ExpireOptions{Before: later()}); !errors.Is(err, stop) || out.Files != 5 {
				t.Fatalf("got %+v, %v", out, err)
			}
		},
	}
	for name, interrupt := range interrupted {
		t.Run(name, func(t *testing.T) {
			l := newLake(t)
			for i := range 3 {
				rewritten(t, l, i, 1)
				_ = snapshot(t, l).Close() // leaves the file of its pin
			}
			want := contents(t, l)
			w, err := l.Writer(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			interrupt(t, w)
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if r := mustCheck(t, l); r.Unreferenced == 0 || !slices.Equal(contents(t, l), want) {
				t.Errorf("after the interruption: %+v", r)
			}
			if out := expire(t, l, ExpireOptions{Before: later()}); out.Snapshots != 0 || out.Kept != 1 || out.Files == 0 {
				t.Errorf("the next expiry: %+v", out)
			}
			if r := mustCheck(t, l); r.Unreferenced != 0 || !slices.Equal(contents(t, l), want) {
				t.Errorf("after the next expiry: %+v", r)
			}
			if left, err := os.ReadDir(pathOf(l, pinsAt)); err != nil || len(left) != 1 {
				t.Errorf("pins left: %v, %v", left, err)
			}
		})
	}
}

// A commit that is in and not settled is looked for in the history: it must be settled before its snapshot goes.
func TestUnsettledCommitIsSettledBeforeItExpires(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	rewritten(t, l, 0, 1)
	s := snapshot(t, l)
	i := intent{run: "run", at: day1, days: []conversation.Day{conversation.DayOf(day1)}}
	i.id = strings.TrimSuffix(filepath.Base(s.Files(tables.Conversations)[0].Path), ".parquet")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	rewritten(t, l, 1, 1)
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := l.begin(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	if out, err := w.Expire(t.Context(), ExpireOptions{Before: later()}); err != nil || out.Snapshots != 1 {
		t.Errorf("got %+v, %v", out, err)
	}
	if r := mustCheck(t, l); r.Unsettled != 0 || r.Days != 1 || r.Conversations != 2 {
		t.Errorf("got %+v", r)
	}
}

// What a commit that was given up has left is removed too, also when no snapshot is old.
func TestExpiryRemovesWhatNobodyNames(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	rewritten(t, l, 0, 1)
	left := filepath.Join(l.tableDir(tables.Segments), "metadata", "left.avro")
	if err := os.WriteFile(left, []byte("left"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := expire(t, l, ExpireOptions{Before: time.Now().Add(-time.Hour)}); out != (Expired{Kept: 1}) || !exists(left) {
		t.Errorf("while the file is young: %+v", out)
	}
	if err := os.Chtimes(left, time.Time{}, time.Now().Add(-2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if out := expire(t, l, ExpireOptions{Before: time.Now().Add(-time.Hour)}); out != (Expired{Kept: 1, Files: 1, Bytes: 4}) || exists(left) {
		t.Errorf("when it is old: %+v", out)
	}
}

// The older states may be all that is left of a damaged lake.
func TestDamagedLakeKeepsItsSnapshots(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	rewritten(t, l, 0, 2)
	s := snapshot(t, l)
	if err := os.Remove(s.Files(tables.Segments)[0].Path); err != nil {
		t.Fatal(err)
	}
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if out, err := w.Expire(t.Context(), ExpireOptions{Before: later()}); !errors.Is(err, fault.Corrupt) || out != (Expired{}) {
		t.Errorf("got %+v, %v", out, err)
	}
	if ids, _ := history(t, l, tables.Conversations); len(ids) != 2 {
		t.Errorf("%d snapshots are left, want 2", len(ids))
	}
}

// A reader who finds the newest snapshot locked looks again, and not for ever.
func TestLockedSnapshot(t *testing.T) {
	l := newLake(t)
	rewritten(t, l, 0, 1)
	ids, _ := history(t, l, tables.Conversations)
	s, err := l.seize(t.Context(), ids, false)
	if err != nil || len(s.ids) != 1 {
		t.Fatalf("got %v, %v", s, err)
	}
	if _, err := l.Snapshot(t.Context()); !errors.Is(err, fault.Conflict) {
		t.Errorf("while it is locked: %v", err)
	}
	if err := s.release(); err != nil {
		t.Fatal(err)
	}
	pinned := snapshot(t, l)
	if s, err := l.seize(t.Context(), ids, false); err != nil || len(s.ids) != 0 {
		t.Errorf("while it is pinned: %v, %v", s.ids, err)
	}
	if err := pinned.Close(); err != nil {
		t.Fatal(err)
	}
}

// The file of a pin may be opened before an expiry and locked after it: the history tells.
func TestPinThatComesTooLate(t *testing.T) {
	l := newLake(t)
	rewritten(t, l, 0, 1)
	old, err := l.load(t.Context(), tables.Conversations)
	if err != nil {
		t.Fatal(err)
	}
	rewritten(t, l, 1, 1)
	expire(t, l, ExpireOptions{Before: later()})
	late := &Snapshot{files: map[tables.Table][]datafile.File{}}
	if late.pin, err = l.pin(t.Context(), SnapshotID(snapshotOf(old))); err != nil {
		t.Fatal(err)
	}
	if err := l.list(t.Context(), late, old, old.CurrentSnapshot(), part{companions: tables.Companions()}); !errors.Is(err, errGone) {
		t.Errorf("got %v, want errGone", err)
	}
	// The file that it has made is no snapshot's, and goes with the next expiry.
	if err := late.Close(); err != nil {
		t.Fatal(err)
	}
	expire(t, l, ExpireOptions{Before: later()})
	if exists(pathOf(l, pinAt(snapshotOf(old)))) {
		t.Error("a pin of no snapshot is left")
	}
}

// A lake that may only be read has no pins, and can be read.
func TestPinInAFolderThatMayOnlyBeRead(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	l := newLake(t)
	rewritten(t, l, 0, 1)
	if err := os.RemoveAll(pathOf(l, pinsAt)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(l.dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(l.dir, 0o700) })
	s := snapshot(t, l)
	if s.pin != nil {
		t.Error("there is a pin")
	}
	if err := readAll(t.Context(), s); err != nil {
		t.Error(err)
	}
}

// Readers come and go while another commits and expires all the time. None may ever miss a file.
func TestReadersBesideExpiry(t *testing.T) {
	l := newLake(t)
	rewritten(t, l, 0, 1)
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	reader := func(read func() error) {
		readers.Go(func() {
			for ctx.Err() == nil {
				if err := read(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for _, read := range []func(context.Context, *Snapshot) error{func(ctx context.Context, s *Snapshot) error { return s.Verify(ctx) }, readAll} {
		reader(func() error {
			s, err := l.Snapshot(t.Context())
			if err != nil {
				return err
			}
			return errors.Join(read(t.Context(), s), s.Close())
		})
	}
	reader(func() error {
		report, err := Check(t.Context(), l, nil)
		if err != nil {
			return fmt.Errorf("check: %w: %s", err, strings.Join(report.Damage, "; "))
		}
		return nil
	})
	const rounds = 3
	var gone int
	for i := range rounds {
		rewritten(t, l, i+1, 1)
		gone += expire(t, l, ExpireOptions{Before: later()}).Snapshots
	}
	stop()
	readers.Wait()
	gone += expire(t, l, ExpireOptions{Before: later()}).Snapshots
	if r := mustCheck(t, l); gone != rounds || r.Unreferenced != 0 {
		t.Errorf("%d snapshots expired, want %d; %d files left", gone, rounds, r.Unreferenced)
	}
}
