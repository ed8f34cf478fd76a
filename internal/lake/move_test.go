package lake

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/iceberg-go/table"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/test/unraced"
)

// wandering makes a lake with three snapshots of two days, and closes it.
func wandering(t *testing.T) (dir string, want []string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "the lake %41 #1")
	l, err := Create(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir, wander(t, l)
}

// wander makes three snapshots of two days in a lake, and closes it.
func wander(t *testing.T, l *Lake) (want []string) {
	t.Helper()
	a, b := record("a", day1, "1"), record("b", day1.Add(24*time.Hour), "1")
	commit(t, l, Commit{Days: []conversation.Day{a.Day()}, Records: all(a)})
	commit(t, l, Commit{Days: []conversation.Day{b.Day()}, Records: all(b)})
	newer := record("a", day1, "2")
	newer.At = newer.At.Add(time.Hour)
	commit(t, l, Commit{Records: all(newer)})
	want = contents(t, l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return want
}

func mustOpen(t *testing.T, dir string) *Lake {
	t.Helper()
	l, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// wantLake looks whether a lake is whole, and has these records.
func wantLake(t *testing.T, dir string, want []string) {
	t.Helper()
	l := mustOpen(t, dir)
	defer l.Close()
	mustCheck(t, l)
	if got := contents(t, l); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// wantHistory looks whether every snapshot of every table can be read, from files in the lake's folder alone, none of
// which names a file elsewhere.
func wantHistory(t *testing.T, l *Lake, snapshots int) {
	t.Helper()
	n := 0
	for _, of := range tables.All() {
		tbl, err := l.load(t.Context(), of)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range tbl.Metadata().Snapshots() {
			n++
			files, err := planned(t.Context(), tbl, of, s.SnapshotID)
			if err != nil {
				t.Fatal(err)
			}
			if len(files) == 0 && s.ParentSnapshotID != nil { // the first one of a companion may be empty
				t.Errorf("%s: snapshot %d has no files", of, s.SnapshotID)
			}
			for _, f := range files {
				if !strings.HasPrefix(f.Path, l.dir+"/") || !exists(f.Path) {
					t.Errorf("%s: snapshot %d names %s", of, s.SnapshotID, f.Path)
				}
			}
		}
	}
	if n != snapshots {
		t.Errorf("%d snapshots, want %d", n, snapshots)
	}
}

// snapshotsOf counts the snapshots of all tables.
func snapshotsOf(t *testing.T, dir string) (n int) {
	t.Helper()
	l := mustOpen(t, dir)
	defer l.Close()
	for _, of := range tables.All() {
		tbl, err := l.load(t.Context(), of)
		if err != nil {
			t.Fatal(err)
		}
		n += len(tbl.Metadata().Snapshots())
	}
	return n
}

func relocate(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func TestMovedLakeCanBeReadAndNotWritten(t *testing.T) {
	unraced.Test(t)
	dir, want := wandering(t)
	moved := filepath.Join(t.TempDir(), "moved")
	relocate(t, dir, moved)
	wantLake(t, moved, want)
	l := mustOpen(t, moved)
	_, err := l.Writer(t.Context())
	if !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "parley lake move --lake "+moved) || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v", err)
	}
	if available, err := l.Available(t.Context()); err != nil || !available.Equal(day1.Add(48*time.Hour)) {
		t.Errorf("got %v, %v", available, err)
	}
}

// A copy of a lake reads its own files, not those of the original.
func TestCopiedLakeIsALakeOfItsOwn(t *testing.T) {
	unraced.Test(t)
	dir, want := wandering(t)
	copied := filepath.Join(t.TempDir(), "copied")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	l := mustOpen(t, copied)
	for _, f := range snapshot(t, l).Files(tables.Conversations) {
		if !strings.HasPrefix(f.Path, copied) {
			t.Errorf("it reads %s", f.Path)
		}
	}
	before := tree(t, mustOpen(t, dir))
	if _, err := Move(t.Context(), copied, MoveOptions{}); err != nil {
		t.Fatal(err)
	}
	l = mustOpen(t, copied)
	commit(t, l, Commit{Records: all(record("c", day1, "new"))})
	mustCheck(t, l)
	wantLake(t, dir, want)
	if after := tree(t, mustOpen(t, dir)); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Error("the original has changed")
	}
}

func TestMove(t *testing.T) {
	unraced.Test(t)
	dir, want := wandering(t)
	snapshots := snapshotsOf(t, dir)
	moved := filepath.Join(t.TempDir(), "moved to %42 #2")
	relocate(t, dir, moved)
	before := tree(t, mustOpen(t, moved))
	would, err := Move(t.Context(), moved, MoveOptions{DryRun: true})
	if err != nil || !would.Needed() || would.From != dir || would.To != moved || would.Snapshots != snapshots || would.Written == 0 || would.Removed != 0 {
		t.Errorf("a dry run: %+v, %v", would, err)
	}
	if after := tree(t, mustOpen(t, moved)); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Error("a dry run has changed something")
	}
	told := int64(0)
	did, err := Move(t.Context(), moved, MoveOptions{Done: func(n int64) { told = n }})
	if err != nil || did.Written != would.Written || did.Snapshots != snapshots || did.Removed == 0 || told != int64(did.Written) {
		t.Errorf("got %+v, %v, told of %d", did, err, told)
	}
	wantLake(t, moved, want)
	l := mustOpen(t, moved)
	wantHistory(t, l, snapshots)
	for _, of := range tables.All() {
		tbl, err := l.load(t.Context(), of)
		if err != nil {
			t.Fatal(err)
		}
		for entry := range tbl.Metadata().PreviousFiles() {
			t.Errorf("%s names earlier metadata, which has gone: %s", of, entry.MetadataFile)
		}
	}
	if text, err := os.ReadFile(filepath.Join(moved, markerName)); err != nil || !strings.Contains(string(text), moved) {
		t.Errorf("lake.json: %s, %v", text, err)
	}
	if report := mustCheck(t, l); report.Unreferenced != 0 {
		t.Errorf("%d files are left", report.Unreferenced)
	}
	again, err := Move(t.Context(), moved, MoveOptions{})
	if err != nil || again.Needed() || again.Written != 0 {
		t.Errorf("again: %+v, %v", again, err)
	}
	c := record("c", day1, "new")
	commit(t, l, Commit{Records: all(c)})
	expire(t, l, ExpireOptions{Before: later()})
	if report := mustCheck(t, l); report.Conversations != 3 || report.Unreferenced != 0 {
		t.Errorf("written to after that: %+v", report)
	}
}

// The tables keep everything that is not a path: whatever reads manifests sees the same files with the same statistics.
func TestMoveChangesOnlyPaths(t *testing.T) {
	unraced.Test(t)
	dir, _ := wandering(t)
	entries := func(dir string) map[string]string {
		l := mustOpen(t, dir)
		defer l.Close()
		out := map[string]string{}
		for _, of := range tables.All() {
			tbl, err := l.load(t.Context(), of)
			if err != nil {
				t.Fatal(err)
			}
			files, err := tbl.FS(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			meta := tbl.Metadata()
			out[string(of)] = fmt.Sprint(meta.TableUUID(), meta.LastSequenceNumber(), meta.LastUpdatedMillis(), meta.Properties(), meta.CurrentSchema())
			for _, s := range meta.Snapshots() {
				manifests, err := s.Manifests(files)
				if err != nil {
					t.Fatal(err)
				}
				for i, m := range manifests {
					name := fmt.Sprint(of, s.SnapshotID, i)
					if path, err := filePath(m.FilePath()); err != nil {
						t.Error(err)
					} else if info, err := os.Stat(path); err != nil || info.Size() != m.Length() {
						t.Errorf("%s: the list says %d bytes, %v, %v", path, m.Length(), info, err)
					}
					out[name] = fmt.Sprint(m.Version(), m.SnapshotID(), m.SequenceNum(), m.MinSequenceNum(), m.AddedDataFiles(), m.ExistingDataFiles(),
						m.DeletedDataFiles(), m.AddedRows(), m.ExistingRows(), m.DeletedRows(), s.SequenceNumber, s.TimestampMs, s.Summary)
					for e, err := range m.Entries(files, false) {
						if err != nil {
							t.Fatal(err)
						}
						f := e.DataFile()
						out[name+filepath.Base(filepath.Dir(f.FilePath()))+filepath.Base(f.FilePath())+fmt.Sprint(e.Status())] = fmt.Sprint(e.SnapshotID(), e.SequenceNum(), *e.FileSequenceNum(),
							f.Count(), f.FileSizeBytes(), f.Partition(), f.ColumnSizes(), f.ValueCounts(), f.NullValueCounts(), f.LowerBoundValues(), f.UpperBoundValues(), f.SplitOffsets())
					}
				}
			}
		}
		return out
	}
	want := entries(dir)
	moved := filepath.Join(t.TempDir(), "moved")
	relocate(t, dir, moved)
	if _, err := Move(t.Context(), moved, MoveOptions{}); err != nil {
		t.Fatal(err)
	}
	got := entries(moved)
	if len(got) != len(want) || len(want) < 30 {
		t.Errorf("%d entries, want %d", len(got), len(want))
	}
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s:\n got %s\nwant %s", name, got[name], want[name])
		}
	}
}

// Stopped at every step, the lake can be read, and moving it again finishes, at another place too.
func TestMoveIsFinishedByTheNext(t *testing.T) {
	unraced.Test(t)
	stop := errors.New("killed")
	var steps []string
	origin, want := wandering(t)
	snapshots := snapshotsOf(t, origin)
	home := t.TempDir()
	count := func(step string) error { steps = append(steps, step); return nil }
	first := filepath.Join(home, "first")
	relocate(t, origin, first)
	if err := os.CopyFS(filepath.Join(home, "counted"), os.DirFS(first)); err != nil {
		t.Fatal(err)
	}
	whole, err := Move(t.Context(), filepath.Join(home, "counted"), MoveOptions{step: count})
	if err != nil || len(steps) < 20 {
		t.Fatalf("%d steps, %v", len(steps), err)
	}
	tried := 0
	for at := 1; at <= len(steps); at++ {
		// Of many steps that are alike, the first, the last and some between.
		if at > 1 && at < len(steps) && at%61 != 0 && steps[at-1] == steps[at] && steps[at-1] == steps[at-2] {
			continue
		}
		tried++
		dir := filepath.Join(home, fmt.Sprint("at", at))
		if err := os.CopyFS(dir, os.DirFS(first)); err != nil {
			t.Fatal(err)
		}
		n, reached := 0, ""
		kill := func(step string) error {
			if n++; n == at {
				reached = step
				return stop
			}
			return nil
		}
		if _, err := Move(t.Context(), dir, MoveOptions{step: kill}); !errors.Is(err, stop) {
			t.Fatalf("step %d: %v", at, err)
		}
		wantLake(t, dir, want)
		further := tried%2 == 0
		if further { // and moved once more, before it was finished
			relocate(t, dir, dir+" and further")
			dir += " and further"
			wantLake(t, dir, want)
		}
		if _, err := Move(t.Context(), dir, MoveOptions{}); err != nil {
			t.Fatalf("after step %d, %s: %v", at, reached, err)
		}
		l := mustOpen(t, dir)
		if err := l.mayWrite(); err != nil {
			t.Errorf("after step %d, %s: %v", at, reached, err)
		}
		wantLake(t, dir, want)
		wantHistory(t, l, snapshots)
		if marker, err := readMarker(t.Context(), dir); err != nil || marker.Warehouse != filepath.Join(dir, "warehouse") {
			t.Errorf("after step %d, %s: lake.json says %+v, %v", at, reached, marker, err)
		}
		left := mustCheck(t, l).Unreferenced
		if at <= whole.Written && !further && left != 0 {
			t.Errorf("after step %d, %s: %d files are left", at, reached, left)
		}
		expire(t, l, ExpireOptions{Before: later()})
		if left := mustCheck(t, l).Unreferenced; left != 0 {
			t.Errorf("after step %d, %s: an expiry leaves %d files", at, reached, left)
		}
		l.Close()
	}
}

// A lake that went to another place and came back is whole there again.
func TestMoveThereAndBack(t *testing.T) {
	unraced.Test(t)
	dir, want := wandering(t)
	if err := os.Mkdir(dir+" within", 0o700); err != nil {
		t.Fatal(err)
	}
	at := dir
	for _, to := range []string{filepath.Join(t.TempDir(), "there"), dir, filepath.Join(dir+" within", "warehouse"), dir} {
		relocate(t, at, to)
		at = to
		wantLake(t, at, want)
		if _, err := Move(t.Context(), at, MoveOptions{}); err != nil {
			t.Fatal(err)
		}
		wantLake(t, at, want)
	}
}

// A lake that lies where it says is left alone: its lake.json is not written again.
func TestMoveOfALakeThatDidNotMove(t *testing.T) {
	unraced.Test(t)
	dir, want := wandering(t)
	before, err := os.Stat(filepath.Join(dir, "lake.json"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Move(t.Context(), dir, MoveOptions{}); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(filepath.Join(dir, "lake.json"))
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("lake.json was written again: %v", err)
	}
	wantLake(t, dir, want)
}

func TestMoveRefuses(t *testing.T) {
	unraced.Test(t)
	dir, _ := wandering(t)
	moved := filepath.Join(t.TempDir(), "moved")
	relocate(t, dir, moved)
	lease, err := mustOpen(t, moved).lease(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Move(t.Context(), moved, MoveOptions{}); !errors.Is(err, fault.Conflict) {
		t.Errorf("beside a writer: %v", err)
	}
	if _, err := Move(t.Context(), moved, MoveOptions{DryRun: true}); err != nil {
		t.Errorf("a dry run beside a writer: %v", err)
	}
	if err := lease.Close(); err != nil {
		t.Fatal(err)
	}
	raced := func(step string) error {
		if step != "move.written" {
			return nil
		}
		_, err := mustOpen(t, moved).db.Exec(t.Context(), `UPDATE iceberg_tables SET metadata_location = metadata_location || 'x' WHERE table_name = 'changes'`)
		return err
	}
	if _, err := Move(t.Context(), moved, MoveOptions{step: raced}); !errors.Is(err, fault.Conflict) {
		t.Errorf("another program beside it: %v", err)
	}
	if l := mustOpen(t, moved); !l.place.moved() {
		t.Error("some tables were changed and others not")
	}
	empty := t.TempDir()
	if _, err := Move(t.Context(), empty, MoveOptions{}); !errors.Is(err, fault.NotFound) {
		t.Errorf("no lake: %v", err)
	}
}

func TestMoveOfADamagedLake(t *testing.T) {
	unraced.Test(t)
	dir, _ := wandering(t)
	lists, err := filepath.Glob(filepath.Join(dir, "warehouse", namespace, string(tables.Segments), "metadata", "*-m*.avro"))
	if err != nil || len(lists) == 0 {
		t.Fatal(lists, err)
	}
	if err := os.Truncate(lists[0], 100); err != nil {
		t.Fatal(err)
	}
	moved := filepath.Join(t.TempDir(), "moved")
	relocate(t, dir, moved)
	if _, err := Move(t.Context(), moved, MoveOptions{}); !errors.Is(err, fault.Corrupt) {
		t.Errorf("got %v", err)
	}
	if l := mustOpen(t, moved); !l.place.moved() {
		t.Error("the catalog was changed")
	}
}

// Between two steps of a reader a Move changes the catalog and removes what the reader is about to read.
func TestReaderBesideAMove(t *testing.T) {
	unraced.Test(t)
	dir, want := wandering(t)
	moved := filepath.Join(t.TempDir(), "moved")
	relocate(t, dir, moved)
	l := mustOpen(t, moved)
	head, err := l.load(t.Context(), tables.Conversations)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Move(t.Context(), moved, MoveOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := head.Scan(table.WithSnapshotID(snapshotOf(head))).PlanFiles(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what the reader was about to read is still there: %v", err)
	}
	if err := l.replaced(t.Context(), head, fault.Corrupt); !errors.Is(err, errGone) {
		t.Errorf("got %v, want that it tries again", err)
	}
	if got := contents(t, l); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	now, err := l.load(t.Context(), tables.Conversations)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.replaced(t.Context(), now, fault.Corrupt); !errors.Is(err, fault.Corrupt) {
		t.Errorf("nothing has changed: %v", err)
	}
}

func TestPlaceFindsFiles(t *testing.T) {
	for _, c := range []struct{ named, real, name, want string }{
		{"/a/warehouse", "/b/warehouse", "/a/warehouse/x", "/b/warehouse/x"},
		{"/a/warehouse", "/b/warehouse", "/b/warehouse/x", "/b/warehouse/x"},
		{"/a/warehouse", "/b/warehouse", "/a/warehouses/x", "/a/warehouses/x"},
		{"/a/warehouse", "/b/warehouse", "/c/x", "/c/x"},
		{"/a/warehouse", "/a/warehouse/b/warehouse", "/a/warehouse/x", "/a/warehouse/b/warehouse/x"},
		{"/a/warehouse", "/a/warehouse/b/warehouse", "/a/warehouse/b/warehouse/x", "/a/warehouse/b/warehouse/x"},
		{"/a/warehouse/b/warehouse", "/a/warehouse", "/a/warehouse/b/warehouse/x", "/a/warehouse/x"},
		{"/a/warehouse/b/warehouse", "/a/warehouse", "/a/warehouse/x", "/a/warehouse/x"},
	} {
		if got := (place{named: c.named, real: c.real}).path(c.name); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
	for location, want := range map[string]string{
		"file:///a%20b/warehouse/parley/conversations/metadata/00001-x.metadata.json": "/a b/warehouse",
		"file:///ä b/warehouse/parley/conversations/metadata/00001-x.metadata.json":   "/ä b/warehouse",
		"file:///warehouse/parley/conversations/metadata/00001-x.metadata.json":       "/warehouse",
		"file:///a/warehouse/parley/segments/metadata/00001-x.metadata.json":          "",
		"s3://a/warehouse/parley/conversations/metadata/00001-x.metadata.json":        "",
	} {
		got, err := warehouseIn(location)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: got %q, %v", location, got, err)
		}
	}
}
