package duck

import (
	"os"
	"testing"
)

func TestWhatDoesNotFitIntoMemoryIsPrivate(t *testing.T) {
	db, err := Open(t.Context(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	var dir string
	if err := db.db.QueryRowContext(t.Context(), `SELECT current_setting('temp_directory')`).Scan(&dir); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 || dir != db.spill {
		t.Errorf("DuckDB writes to %q, %v, %v", dir, info, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
}
