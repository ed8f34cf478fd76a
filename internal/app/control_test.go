package app_test

import (
	"path/filepath"
	"testing"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/state/statetest"
)

// Whoever copies a control database knows every table that a lake may have in it: internal/state/testdata/tables.txt lists them.
func TestOwnersHaveEveryTable(t *testing.T) {
	db := statetest.Open(t, filepath.Join(t.TempDir(), "control.db"))
	known := map[string]bool{"schema_versions": true}
	for _, s := range app.Owners() {
		if err := db.Migrate(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		for _, table := range s.Tables() {
			known[table.Name] = true
		}
	}
	names, err := state.All(db.Rows(t.Context(), `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'`), func(r state.Row) (name string, err error) { return name, r.Scan(&name) })
	if err != nil || len(names) < 25 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		if !known[name] {
			t.Errorf("table %s is of no owner that is copied", name)
		}
	}
	if owned, err := db.Owned(t.Context(), app.Owners()); err != nil || len(owned) != len(app.Owners()) {
		t.Errorf("%d, %v", len(owned), err)
	}
}
