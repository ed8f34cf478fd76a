package state_test

import (
	"path/filepath"
	"testing"

	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/state/statetest"
)

var server *postgrestest.Server

func TestMain(m *testing.M) { postgrestest.Main(m, &server) }

func TestSQLite(t *testing.T) {
	statetest.Run(t, func(t *testing.T) func() *state.DB { return opener(t, filepath.Join(t.TempDir(), "control.db")) })
}

func TestPostgres(t *testing.T) {
	statetest.Run(t, func(t *testing.T) func() *state.DB { return opener(t, server.Database(t)) })
}

// opener opens a control database as one process after the other does.
func opener(t *testing.T, at string) func() *state.DB {
	return func() *state.DB {
		t.Helper()
		return statetest.Open(t, at)
	}
}
