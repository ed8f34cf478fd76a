package state_test

import (
	"path/filepath"
	"testing"

	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/state/statetest"
)

func TestSQLite(t *testing.T) {
	statetest.Run(t, func(t *testing.T) func() *state.DB {
		path := filepath.Join(t.TempDir(), "control.db")
		return func() *state.DB {
			db, err := state.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
			return db
		}
	})
}
