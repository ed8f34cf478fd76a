package sqlite

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
)

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

func TestDamageIsCorrupt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	if err := os.WriteFile(path, []byte("this is no database, and long enough to be looked at as one ........................................"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); !errors.Is(err, fault.Corrupt) {
		t.Errorf("got %v", err)
	}
}

// What was deleted stands in the file, or in the log, until the database is scrubbed; and while somebody reads it cannot be.
func TestScrub(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	open := func() *sql.DB {
		db, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		db.SetMaxOpenConns(1)
		return db
	}
	db, reader := open(), open()
	for _, statement := range []string{`PRAGMA busy_timeout = 1`, `CREATE TABLE x (a TEXT)`, `INSERT INTO x VALUES ('a secret'), ('what stays')`, `DELETE FROM x WHERE a = 'a secret'`} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	holds := func(text string) bool {
		t.Helper()
		for _, suffix := range []string{"", "-wal"} {
			content, err := os.ReadFile(path + suffix)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(content, []byte(text)) {
				return true
			}
		}
		return false
	}
	if !holds("a secret") {
		t.Fatal("the test does not see what it looks for")
	}
	reading, err := reader.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := reading.QueryRowContext(t.Context(), `SELECT count(*) FROM x`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if err := (Dialect{}).Scrub(t.Context(), db); !errors.Is(err, fault.Conflict) {
		t.Errorf("while somebody reads: %v", err)
	}
	if err := reading.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := (Dialect{}).Scrub(t.Context(), db); err != nil || holds("a secret") || !holds("what stays") {
		t.Errorf("got %v; it is there still: %v", err, holds("a secret"))
	}
}

// A quota, and a limit on the size of files, leave as little room as a full disk, and SQLite has another code for them.
func TestALimitOnFilesIsAFullDisk(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `CREATE TABLE x (a BLOB)`); err != nil {
		t.Fatal(err)
	}
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	limited := was
	limited.Cur = 256 << 10
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limited); err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), `INSERT INTO x VALUES (randomblob(1000000))`)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	if err := Fault(err); !errors.Is(err, fault.Full) || !strings.Contains(err.Error(), "quota") {
		t.Errorf("got %v", err)
	}
}
