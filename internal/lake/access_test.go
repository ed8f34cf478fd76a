package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/private/privatetest"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/test/unraced"
)

// seen is what somebody who may only read a lake makes of it.
func seen(t *testing.T, l *Lake) string {
	t.Helper()
	s, err := l.Snapshot(t.Context())
	if err != nil {
		return err.Error()
	}
	defer s.Close()
	if err := s.Verify(t.Context()); err != nil {
		return err.Error()
	}
	ids := []string{}
	for _, f := range s.Files(tables.Conversations) {
		for v, err := range datafile.Versions(t.Context(), f) {
			if err != nil {
				return err.Error()
			}
			ids = append(ids, string(v.ID))
		}
	}
	available, err := l.Available(t.Context())
	if err != nil {
		return err.Error()
	}
	report, err := Check(t.Context(), l, nil)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(strings.Join(ids, ""), report.Conversations, report.Days, available.Day(), s.pin != nil)
}

// A lake is shared with its group by the bit for that, and a member of the group, who may only read it, sees each
// commit once it is in, beside the writer and without one.
func TestWhoMayOnlyReadReads(t *testing.T) {
	unraced.Test(t)
	if dir, child := privatetest.Child(); child {
		l, err := Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		privatetest.Answer(func(question string) string {
			if question == "write" {
				_, err := l.Writer(t.Context())
				_, direct := l.db.Exec(t.Context(), `DELETE FROM days`)
				return fmt.Sprint(errors.Is(err, fault.ReadOnly), fault.ExitCode(err), errors.Is(direct, fault.ReadOnly))
			}
			return seen(t, l)
		})
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		return
	}
	dir := filepath.Join(privatetest.Reachable(t), "lake")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 { // else the test is skipped further on
		if err := os.Chown(dir, 0, 65534); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o750|fs.ModeSetgid); err != nil {
		t.Fatal(err)
	}
	l, err := Create(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	a, b, c := record("a", day1, ""), record("b", day1.Add(24*time.Hour), ""), record("c", day1.Add(48*time.Hour), "")
	commit(t, l, Commit{Days: []conversation.Day{a.Day()}, Records: all(a)})
	other := privatetest.Start(t, dir)
	want := func(when, want string) {
		t.Helper()
		if got := other.Ask(t, "read"); got != want {
			t.Errorf("%s: got %s, want %s", when, got, want)
		}
	}
	want("the lake is open to write", "a1 1 2 true")
	commit(t, l, Commit{Days: []conversation.Day{b.Day()}, Records: all(b)})
	want("a commit", "ab2 2 3 true")
	if got := other.Ask(t, "write"); got != "true 4 true" {
		t.Errorf("writing: %s", got)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	want("nobody writes", "ab2 2 3 true")
	l = mustOpen(t, dir)
	commit(t, l, Commit{Days: []conversation.Day{c.Day()}, Records: all(c)})
	want("the next writer", "abc3 3 4 true")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := filepath.Glob(filepath.Join(dir, "warehouse", namespace, string(tables.Conversations), "data", "*", "*.parquet"))
	if err != nil || len(data) != 3 {
		t.Fatal(data, err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "pins")); err != nil {
		t.Fatal(err)
	}
	want("there are no pins, and none can be made", "abc3 3 4 false")
	metadata, err := filepath.Glob(filepath.Join(dir, "warehouse", namespace, string(tables.Conversations), "metadata", "*.metadata.json"))
	if err != nil || len(metadata) == 0 {
		t.Fatal(metadata, err)
	}
	for _, files := range [][]string{data, metadata} {
		for _, path := range files {
			if err := os.Chmod(path, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got := other.Ask(t, "read"); !strings.Contains(got, "may not be read; the owner of the lake") {
			t.Errorf("files that may not be read: %s", got)
		}
	}
}

// Nobody but the owner gets to what is in a lake that nobody has shared.
func TestFilesAreTheirOwnersAlone(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	l := newLake(t)
	commit(t, l, Commit{Records: all(record("a", day1, ""))})
	commit(t, l, Commit{Records: all(record("b", day1, ""))})
	snapshot(t, l)
	err := filepath.WalkDir(l.String(), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		want := fs.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		}
		if err == nil && info.Mode().Perm() != want && filepath.Dir(path) != pathOf(l, pinsAt) { // pins are empty
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Whoever may get to the lake's folder may lock a pin, whatever the umask of the one who made it.
func TestPinsAreForAllWhoGetThere(t *testing.T) {
	l := newLake(t)
	if err := os.Chmod(l.String(), 0o770); err != nil {
		t.Fatal(err)
	}
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	commit(t, l, Commit{Records: all(record("a", day1, ""))})
	s := snapshot(t, l)
	for path, want := range map[string]fs.FileMode{pathOf(l, pinsAt): 0o770, pathOf(l, pinAt(int64(s.ID))): 0o644} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	expire(t, l, ExpireOptions{Before: later()})
	if !exists(pathOf(l, pinAt(int64(s.ID)))) {
		t.Error("an expiry has removed the pin of a snapshot that is there")
	}
}

// Why a table cannot be loaded is told as what it is.
func TestTablesThatCannotBeLoaded(t *testing.T) {
	l := newLake(t)
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := l.load(ended, tables.Segments); !errors.Is(err, context.Canceled) || fault.ExitCode(err) != 130 {
		t.Errorf("interrupted: %v, exit code %d", err, fault.ExitCode(err))
	}
	if _, err := l.db.Exec(t.Context(), `UPDATE iceberg_tables SET metadata_location = 'file:///nowhere' WHERE table_name = 'segments'`); err != nil {
		t.Fatal(err)
	}
	if _, err := l.load(t.Context(), tables.Segments); !errors.Is(err, fault.Corrupt) {
		t.Errorf("metadata that is not there: %v", err)
	}
}

func TestFolderThatMayNotBeMade(t *testing.T) {
	if dir, child := privatetest.Child(); child {
		privatetest.Answer(func(name string) string {
			_, err := Create(t.Context(), filepath.Join(dir, name))
			return fmt.Sprint(fault.ExitCode(err), err)
		})
		return
	}
	dir := privatetest.Reachable(t)
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(t.Context(), filepath.Join(dir, "file", "lake")); !errors.Is(err, fault.Invalid) {
		t.Errorf("in a file: %v", err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "dangling")); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(t.Context(), filepath.Join(dir, "dangling")); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("by a link to nowhere: %v", err)
	}
	other := privatetest.Start(t, dir)
	for _, name := range []string{"new", "new/and/deep", "empty"} {
		if got := other.Ask(t, name); !strings.HasPrefix(got, "4 ") || !strings.Contains(got, "give another by --lake") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// A lake is the same lake by whatever path: to read, to write, and for its locks.
func TestSymbolicLinkIsTheLake(t *testing.T) {
	unraced.Test(t)
	home := t.TempDir()
	disk, link, parent := filepath.Join(home, "disk", "lake"), filepath.Join(home, "link"), filepath.Join(home, "mount")
	if err := os.Mkdir(filepath.Dir(disk), 0o700); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{link: disk, parent: filepath.Dir(disk)} {
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	byParent := filepath.Join(parent, "lake")
	l, err := Create(t.Context(), byParent)
	if err != nil {
		t.Fatal(err)
	}
	commit(t, l, Commit{Records: all(record("a", day1, ""))})
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{disk, link, byParent} {
		if other := mustOpen(t, path); other.dir != l.String() {
			t.Errorf("%s is %s", path, other.dir)
		} else if _, err := other.Writer(t.Context()); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "is writing") {
			t.Errorf("a second writer by %s: %v", path, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for n, path := range []string{disk, link, byParent} {
		other := mustOpen(t, path)
		commit(t, other, Commit{Records: all(record(fmt.Sprint("b", n), day1, ""))})
		mustCheck(t, other)
		if out, err := Move(t.Context(), path, MoveOptions{}); err != nil || out.Needed() {
			t.Errorf("moving %s: %+v, %v", path, out, err)
		}
	}
	if got := contents(t, l); len(got) != 4 {
		t.Errorf("%d records", len(got))
	}
	if !Same(disk, link) || Same(disk, home) || Same(disk, filepath.Join(home, "nothing")) || Same("nothing", "nothing") {
		t.Error("Same is wrong")
	}
}

// Lakes of earlier versions are named by the path that they were made with, symbolic links included.
func TestLakeThatIsNamedThroughALink(t *testing.T) {
	unraced.Test(t)
	dir, want := wandering(t)
	disk := filepath.Join(t.TempDir(), "disk")
	relocate(t, dir, disk)
	if err := os.Symlink(disk, dir); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, disk} {
		l := mustOpen(t, path)
		if l.place.moved() {
			t.Errorf("by %s, it was moved", path)
		}
		commit(t, l, Commit{Records: all(record("a", day1, "2"))}) // which is there
	}
	wantLake(t, dir, want)
	wantLake(t, disk, want)
	c := record("c", day1.Add(time.Hour), "new")
	commit(t, mustOpen(t, disk), Commit{Records: all(c)})
	if got := contents(t, mustOpen(t, dir)); !slices.Contains(got, string(c.JSON)) {
		t.Errorf("got %q", got)
	}
}

// A lake whose marker is gone is named as one, and the advice brings it back.
func TestALakeWithoutItsMarker(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	l, err := Create(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Close(), os.Remove(filepath.Join(dir, markerName)), os.Mkdir(filepath.Join(dir, "staging"), 0o700)); err != nil {
		t.Fatal(err)
	}
	_, opened := Open(t.Context(), dir)
	_, created := Create(t.Context(), dir)
	for err, code := range map[error]int{opened: 5, created: 2} {
		if fault.ExitCode(err) != code || !strings.Contains(err.Error(), "restore the file from a backup, or write it") {
			t.Errorf("got %v, want exit code %d", err, code)
		}
	}
	_, text, _ := strings.Cut(opened.Error(), "with this in it: ")
	if err := os.WriteFile(filepath.Join(dir, markerName), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if l, err = Open(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if _, err := Check(t.Context(), l, nil); err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// A server keeps a control database too. Its folder is no lake whose marker is gone, and none is made in it.
func TestTheFolderOfAServerIsNoLake(t *testing.T) {
	dir := t.TempDir()
	db, err := state.Open(t.Context(), controlPath(dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Migrate(t.Context(), state.Schema{Owner: "access", Steps: []string{"CREATE TABLE client (id TEXT)"}}), db.Close()); err != nil {
		t.Fatal(err)
	}
	_, opened := Open(t.Context(), dir)
	_, created := Create(t.Context(), dir)
	for err, want := range map[error]string{opened: "is no lake: it has no lake.json", created: "the state of a server"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
