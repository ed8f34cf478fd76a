package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/private/privatetest"
	"github.com/parley-hq/parley/test/unraced"
)

// ledger makes a database whose rows are in two tables alike: whoever sees them differ sees a torn state.
func ledger(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"a", "b"} {
		if _, err := db.ExecContext(t.Context(), `CREATE TABLE IF NOT EXISTS `+table+` (n INTEGER, filling BLOB)`); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// write commits rows until there are n, each with so many bytes.
func write(t *testing.T, db *sql.DB, n, bytes int) {
	t.Helper()
	tx, _, err := Dialect{}.Begin(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"a", "b"} {
		_, insert := tx.ExecContext(t.Context(), `INSERT INTO `+table+` VALUES (?, randomblob(?))`, n, bytes)
		err = errors.Join(err, insert)
	}
	if err := errors.Join(err, tx.Commit()); err != nil {
		t.Fatal(err)
	}
}

// last gives the number of the newest row, or what is wrong.
func last(ctx context.Context, r *Reader) (answer string) {
	err := r.View(ctx, func(db *sql.DB) (err error) {
		answer, err = lastOf(ctx, db)
		return err
	})
	if err != nil {
		return err.Error()
	}
	return answer
}

func lastOf(ctx context.Context, db *sql.DB) (string, error) {
	var a, b, rowsOfA, rowsOfB, bytes int
	err := db.QueryRowContext(ctx, `SELECT coalesce((SELECT max(n) FROM a), 0), coalesce((SELECT max(n) FROM b), 0),
		(SELECT count(*) FROM a), (SELECT count(*) FROM b), coalesce((SELECT sum(length(filling)) FROM a), 0)`).Scan(&a, &b, &rowsOfA, &rowsOfB, &bytes)
	switch {
	case err != nil:
		return "", err
	case a != b || rowsOfA != rowsOfB:
		return fmt.Sprintf("torn: %d and %d, %d and %d rows", a, b, rowsOfA, rowsOfB), nil
	}
	return strconv.Itoa(a), nil
}

// answerLast is the child of a test: another user, who keeps one reader for as long as it lives.
func answerLast(t *testing.T) bool {
	t.Helper()
	path, child := privatetest.Child()
	if !child {
		return false
	}
	r := NewReader(path)
	privatetest.Answer(func(string) string { return last(t.Context(), r) })
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	return true
}

func copyOf(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func put(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// Another user sees what was committed last, in every state that the files can be in.
func TestReaderSeesWhatWasCommittedLast(t *testing.T) {
	unraced.Test(t)
	if answerLast(t) {
		return
	}
	path := filepath.Join(privatetest.Reachable(t), "control.db")
	db := ledger(t, path)
	write(t, db, 1, 10)
	closed := func() {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	closed()
	privatetest.Share(t, filepath.Dir(path))
	other := privatetest.Start(t, path)
	want := func(state, n string) {
		t.Helper()
		for range 2 { // with a handle that is new, and with one that is there
			if got := other.Ask(t, "last"); got != n {
				t.Errorf("%s: got %s, want %s", state, got, n)
			}
		}
	}
	want("nobody writes", "1")
	db = ledger(t, path)
	want("somebody has opened it to write", "1")
	write(t, db, 2, 10)
	want("somebody writes", "2")
	write(t, db, 3, 8<<20) // which is a checkpoint
	want("after a checkpoint", "3")
	write(t, db, 4, 10)
	database, log, shared := copyOf(t, path), copyOf(t, path+"-wal"), copyOf(t, path+"-shm")
	closed()
	want("the writer has ended, while a reader is there", "4")
	db = ledger(t, path)
	write(t, db, 5, 10)
	want("the next writer", "5")
	closed()
	want("which has ended as well", "5")

	// A writer that was killed leaves its files as they are.
	crashed := privatetest.Reachable(t)
	path = filepath.Join(crashed, "control.db")
	put(t, path, database)
	put(t, path+"-wal", log)
	put(t, path+"-shm", shared)
	other = privatetest.Start(t, path)
	want("the writer was killed", "4")
	db = ledger(t, path)
	write(t, db, 6, 10)
	want("a writer after that", "6")
	closed()
	want("and its end", "6")

	path = filepath.Join(privatetest.Reachable(t), "control.db")
	put(t, path, database)
	put(t, path+"-wal", log)
	other = privatetest.Start(t, path)
	want("only the log was kept, as in a backup", "4")
	put(t, path+"-wal", log[:32+24+4096])
	want("and is cut in the last commit", "3")
	put(t, path+"-wal", nil)
	if got := other.Ask(t, "last"); strings.Contains(got, "torn") {
		t.Errorf("an empty log: %s", got)
	}
}

// Another user reads while a writer commits, makes checkpoints, and opens and closes the database. What it sees is never
// torn, and never less than was committed before it asked.
func TestReaderBesideAWriter(t *testing.T) {
	unraced.Test(t)
	if answerLast(t) {
		return
	}
	path := filepath.Join(privatetest.Reachable(t), "control.db")
	db := ledger(t, path)
	write(t, db, 1, 10)
	privatetest.Share(t, filepath.Dir(path))
	other := privatetest.Start(t, path)
	for n := 2; n < 60; n++ {
		write(t, db, n, 300<<10) // some checkpoints on the way
		if n%5 == 0 {
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			db = ledger(t, path)
		}
		if got := other.Ask(t, "last"); got != strconv.Itoa(n) {
			t.Fatalf("after commit %d: %s", n, got)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// Copies are taken while somebody writes as fast as it can, as on the file system of another machine.
func TestCopiesAreWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.db")
	db := ledger(t, path)
	write(t, db, 1, 10)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 2; ctx.Err() == nil; n++ {
			write(t, db, n, 100<<10)
			if _, err := db.ExecContext(t.Context(), `BEGIN; DELETE FROM a WHERE n < ?1; DELETE FROM b WHERE n < ?1; COMMIT`, n-20); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	defer func() { stop(); <-done; db.Close() }()
	for range 30 {
		r := NewReader(path)
		h, err := r.copied(t.Context())
		if errors.Is(err, fault.Conflict) {
			continue // it said so
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, err := lastOf(t.Context(), h.db); err != nil || strings.Contains(got, "torn") {
			t.Errorf("got %s, %v", got, err)
		}
		var verdict string
		if err := h.db.QueryRowContext(t.Context(), `PRAGMA integrity_check`).Scan(&verdict); err != nil || verdict != "ok" {
			t.Errorf("got %s, %v", verdict, err)
		}
		if err := h.db.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestMarksThatAreNoCopy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.db")
	db := ledger(t, path)
	write(t, db, 1, 10)
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, long, long); err != nil {
		t.Fatal(err)
	}
	before, err := markOf(path)
	if err != nil {
		t.Fatal(err)
	}
	if !before.wal.there || before.wal.size == 0 || !before.consistent(before, before.db.changed) {
		t.Errorf("a log that is written to: %+v", before)
	}
	write(t, db, 2, 10)
	if after, err := markOf(path); err != nil || !before.consistent(after, before.db.changed) || after == before {
		t.Errorf("the log has grown: %+v, %v", after, err)
	}
	if _, err := db.ExecContext(t.Context(), `PRAGMA wal_checkpoint(PASSIVE)`); err != nil {
		t.Fatal(err)
	}
	if after, err := markOf(path); err != nil || after.head != before.head || before.consistent(after, before.db.changed) {
		t.Errorf("a checkpoint after which the log goes on: %+v, %v", after, err)
	}
	if _, err := db.ExecContext(t.Context(), `PRAGMA wal_checkpoint(RESTART)`); err != nil {
		t.Fatal(err)
	}
	write(t, db, 3, 10)
	after, err := markOf(path)
	if err != nil || before.consistent(after, before.db.changed) {
		t.Errorf("a checkpoint: %+v, %v", after, err)
	}
	begun := after
	begun.db = before.db // as if its time of change told nothing
	if before.consistent(begun, before.db.changed) {
		t.Error("a log that was begun anew")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	rest, err := markOf(path)
	if err != nil || rest.wal.there || before.consistent(rest, before.db.changed) {
		t.Errorf("a log that has gone: %+v, %v", rest, err)
	}
	if rest.consistent(rest, rest.db.changed.Add(tick/2)) || rest.settled(rest.db.changed.Add(tick/2)) {
		t.Error("without a log, a database that has changed just now")
	}
	if !rest.consistent(rest, rest.db.changed.Add(2*tick)) || !rest.settled(rest.db.changed.Add(2*tick)) {
		t.Error("without a log, a database that has not changed for long")
	}
}

func TestNothingStaysOfACopy(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "control.db")
	db := ledger(t, path)
	write(t, db, 7, 10)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	temp := filepath.Join(dir, "temp")
	if err := os.Mkdir(temp, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", temp)
	r := NewReader(path)
	for range 3 {
		if got := last(t.Context(), r); got != "7" {
			t.Errorf("got %s", got)
		}
	}
	left, err := os.ReadDir(temp)
	if err != nil || len(left) > 0 {
		t.Errorf("got %v, %v", left, err)
	}
	err = r.View(t.Context(), func(db *sql.DB) error {
		_, err := db.ExecContext(t.Context(), `DELETE FROM a`)
		return err
	})
	if err == nil {
		t.Error("a reader could write")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := r.View(t.Context(), func(*sql.DB) error { return nil }); !errors.Is(err, fault.Corrupt) {
		t.Errorf("the database has gone: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// While somebody writes, SQLite reads the database itself: a copy for each question would be dear. When the files are
// replaced, as by a backup, the new ones count.
func TestReaderGoesToTheFilesThatAreThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.db")
	db := ledger(t, path)
	write(t, db, 1, 10)
	r := NewReader(path)
	defer r.Close()
	want := func(n string, copied bool) {
		t.Helper()
		if got := last(t.Context(), r); got != n || r.now.copied != copied {
			t.Errorf("got %s, copied %v, want %s, %v", got, r.now.copied, n, copied)
		}
	}
	want("1", false)
	first := r.now
	write(t, db, 2, 10)
	if want("2", false); r.now != first {
		t.Error("the database was opened again")
	}
	other := filepath.Join(t.TempDir(), "control.db")
	backup := ledger(t, other)
	write(t, backup, 9, 10)
	for _, suffix := range []string{"", "-wal", "-shm"} { // with both open, so that neither is tidied up
		if err := os.Rename(path+suffix, path+".old"+suffix); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(other+suffix, path+suffix); err != nil {
			t.Fatal(err)
		}
	}
	want("9", false)
	if err := os.Remove(path + "-wal"); err != nil {
		t.Fatal(err)
	}
	if got := last(t.Context(), r); !r.now.copied {
		t.Errorf("the log has gone: got %s, not of a copy", got)
	}
	_ = errors.Join(db.Close(), backup.Close()) // their files have gone
}

// A copy that was taken just after a change is good, and not good for long: the next change may look the same.
func TestCopyOfWhatHasJustChanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.db")
	db := ledger(t, path)
	write(t, db, 1, 10)
	defer db.Close()
	for name, c := range map[string]struct {
		age  time.Duration
		kept bool
	}{"just now": {0, false}, "long ago": {time.Hour, true}} {
		at := time.Now().Add(-c.age)
		for _, file := range []string{path, path + "-wal"} {
			if err := os.Chtimes(file, at, at); err != nil {
				t.Fatal(err)
			}
		}
		h, err := NewReader(path).copied(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if now, err := markOf(path); err != nil || (h.of == now) != c.kept {
			t.Errorf("%s: the copy is of %+v, %v", name, h.of, err)
		}
		if got, err := lastOf(t.Context(), h.db); got != "1" {
			t.Errorf("%s: got %s, %v", name, got, err)
		}
		if err := h.db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A use begins anew when the files that it needs have gone meanwhile, and not when something else fails.
func TestViewBeginsAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.db")
	db := ledger(t, path)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, gone := open(t.Context(), path+" is not there", url.Values{"mode": {"ro"}})
	if !lost(gone) {
		t.Fatalf("got %v", gone)
	}
	r := NewReader(path)
	defer r.Close()
	for name, c := range map[string]struct {
		err   error
		fails int
		calls int
		ok    bool
	}{
		"no failure": {nil, 0, 1, true}, "once": {gone, 1, 2, true}, "for ever": {gone, 100, readTries, false}, "another failure": {errors.New("no"), 1, 1, false},
	} {
		calls := 0
		err := r.View(t.Context(), func(*sql.DB) error {
			if calls++; calls <= c.fails {
				return c.err
			}
			return nil
		})
		if calls != c.calls || (err == nil) != c.ok {
			t.Errorf("%s: called %d times, %v", name, calls, err)
		}
	}
}
