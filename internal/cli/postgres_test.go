package cli

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/test/unraced"
)

// A dry run makes no lake, and nothing in the Postgres where its control database would be.
func TestADryRunLeavesNothingInAPostgres(t *testing.T) {
	unraced.Test(t)
	server, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	url, _ := week(t)
	address := server.Database(t)
	t.Setenv("PARLEY_STATE", address)
	args := []string{"extract", "--from", "2026-11-05", "--to", "2026-11-06", "--lake", filepath.Join(t.TempDir(), "lake"), "--base-url", url, "--poll", "1ms..10ms"}
	must(t, append(args, "--dry-run")...)
	if n := schemas(t, address); n != 0 {
		t.Errorf("%d schemas were made", n)
	}
	must(t, args...)
	if n := schemas(t, address); n != 2 {
		t.Errorf("the run made %d schemas: those of the lake and of the catalog are 2", n)
	}
}

// schemas is how many schemas of lakes and their catalog a Postgres has.
func schemas(t *testing.T, address string) (n int) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.WithoutCancel(t.Context())) }()
	if err := c.QueryRow(t.Context(), `SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'lake\_%' OR nspname = 'parley_catalog'`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
