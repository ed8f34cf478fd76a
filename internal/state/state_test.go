package state

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
)

func TestMigrateRunsEachStepOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a folder? 100% #1.db")
	for _, steps := range [][]string{
		{`CREATE TABLE x (a INTEGER)`},
		{`CREATE TABLE x (a INTEGER)`, `ALTER TABLE x ADD COLUMN b INTEGER; INSERT INTO x VALUES (1, 2)`},
		{`CREATE TABLE x (a INTEGER)`, `ALTER TABLE x ADD COLUMN b INTEGER; INSERT INTO x VALUES (1, 2)`},
	} {
		db, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(Migrate(t.Context(), db, "test", steps), db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	db, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n int
	if err := db.QueryRowContext(t.Context(), `SELECT count(b) FROM x`).Scan(&n); err != nil || n != 1 {
		t.Errorf("the second step ran %d times, %v", n, err)
	}
	if err := Migrate(t.Context(), db, "test", nil); !errors.Is(err, fault.Conflict) {
		t.Errorf("a newer database: %v", err)
	}
	for steps, readable := range map[int]bool{1: false, 2: true, 3: true} { // an older one is read as it is
		if err := Readable(t.Context(), db, "test", make([]string, steps)); (err == nil) != readable || err != nil && !errors.Is(err, fault.Conflict) {
			t.Errorf("read by a program that knows version %d: %v", steps, err)
		}
	}
}

// Opening a database that is there must not open its file and close it again: that would end the locks of this process.
func TestNewDatabaseIsItsOwners(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `CREATE TABLE x (a INTEGER)`); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if info, err := os.Stat(path + suffix); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", suffix, info, err)
		}
	}
	if err := touch(path); err != nil {
		t.Errorf("a file that is there: %v", err)
	}
	if _, err := Open(t.Context(), filepath.Join(path, "y.db")); !errors.Is(err, fault.Invalid) {
		t.Errorf("in a file: %v", err)
	}
}

func TestTxRollsBack(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := Migrate(t.Context(), db, "test", []string{`CREATE TABLE x (a INTEGER)`}); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	err = Tx(t.Context(), db, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(t.Context(), `INSERT INTO x VALUES (1)`); err != nil {
			return err
		}
		return stop
	})
	var n int
	if scan := db.QueryRowContext(t.Context(), `SELECT count(*) FROM x`).Scan(&n); !errors.Is(err, stop) || scan != nil || n != 0 {
		t.Errorf("got %v, %d rows, %v", err, n, scan)
	}
}

func TestDamageIsCorrupt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	if err := os.WriteFile(path, []byte("this is no database, and long enough to be looked at as one ........................................"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); !errors.Is(err, fault.Corrupt) {
		t.Errorf("got %v", err)
	}
}

func TestVersionIsToldWithoutMigrating(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	want := func(owner string, version int) {
		t.Helper()
		if got, err := Version(t.Context(), db, owner, 2); err != nil || got != version {
			t.Errorf("%s: got %d, %v, want %d", owner, got, err, version)
		}
	}
	want("test", 0)
	steps := []string{`CREATE TABLE x (a INTEGER)`, `CREATE TABLE y (a INTEGER)`, `CREATE TABLE z (a INTEGER)`}
	if err := Migrate(t.Context(), db, "test", steps[:2]); err != nil {
		t.Fatal(err)
	}
	want("test", 2)
	want("other", 0)
	if err := Migrate(t.Context(), db, "test", steps); err != nil {
		t.Fatal(err)
	}
	if _, err := Version(t.Context(), db, "test", 2); !errors.Is(err, fault.Conflict) {
		t.Errorf("a newer database: %v", err)
	}
}
