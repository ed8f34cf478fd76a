package sqlite

import (
	"errors"
	"os"
	"path/filepath"
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
