package kill_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/postgres/postgrestest"
)

// An export into Postgres that is killed anywhere leaves whole days, and the next one ends it: every row of every table is as
// after one that nobody disturbed.
func TestExportToPostgresKilledAnywhere(t *testing.T) {
	server, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	p, dir := start(t), filepath.Join(t.TempDir(), "lake")
	url, log := server.Database(t), filepath.Join(t.TempDir(), "points")
	if err := p.extract(t, dir); err != nil {
		t.Fatal(err)
	}
	if err := p.run(t, dir, []string{"PARLEY_CRASH_LOG=" + log}, "export", "--to", url); err != nil {
		t.Fatal(err)
	}
	want, points := rowsIn(t, url), passed(t, log)
	for _, name := range []string{"postgres.copied", "postgres.committed"} {
		if points[name] < days {
			t.Errorf("the point %s is passed %d times", name, points[name])
		}
		for _, n := range slices.Compact([]int{1, points[name]/2 + 1, points[name]}) {
			t.Run(fmt.Sprintf("%s:%d", name, n), func(t *testing.T) {
				url := server.Database(t)
				if err := p.run(t, dir, []string{fmt.Sprintf("PARLEY_CRASH=%s:%d", name, n)}, "export", "--to", url); !killed(err) {
					t.Fatalf("the first run ended with %v, and should have been killed", err)
				}
				if err := p.run(t, dir, nil, "export", "--to", url); err != nil {
					t.Fatalf("the second run: %v", err)
				}
				if got := rowsIn(t, url); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			})
		}
	}
}

// rowsIn stands for the rows of all tables, but for when they were exported.
func rowsIn(t *testing.T, url string) (out string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.WithoutCancel(t.Context())) }()
	names := []string{"(SELECT day, files, columns, conversations FROM parley.export_days)"}
	for _, table := range tables.All() {
		names = append(names, "parley."+string(table))
	}
	for _, name := range names {
		var n int
		var sum *string
		if err := c.QueryRow(t.Context(), "SELECT count(*), md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM "+name+" AS t").Scan(&n, &sum); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			out += fmt.Sprintln(name, n, *sum)
		}
	}
	return out
}
