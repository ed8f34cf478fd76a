package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/state/statetest"
	"github.com/parley-hq/parley/test/unraced"
)

// shift is a kind of work that one process at a time does on a lake, and that another takes over.
type shift struct {
	points []string // what the names of the points begin with at which it sleeps; the lake tries all of a commit
	late   []string // points after which it changes nothing that another one could
	make   func(t *testing.T, lake string) (mine, theirs []string)
	look   func(t *testing.T, lake string, theirs []string)
}

// Whoever imports, generates, erases or exports what is new, sleeps at any point and wakes after another has done the same, changes nothing any
// more and is told so. What comes of it is what the other one did.
func TestWorkThatSleptChangesNothing(t *testing.T) {
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
	records := filepath.Join(t.TempDir(), "records.ndjson")
	of := filepath.Join(t.TempDir(), "of")
	must(t, "generate", "--lake", of, "--from", "2026-11-01", "--to", "2026-11-03", "--per-day", "5", "--steady", "--seed", "1")
	write(t, records, must(t, "export", "--lake", of, "--from", "2026-11-01", "--to", "2026-11-03"))
	for name, s := range shifts(records) {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PARLEY_STATE", server.Database(t))
			points := s.asleep(t, "never")
			if len(points) < 2 {
				t.Fatalf("only these points were reached: %v", points)
			}
			for _, at := range points {
				t.Run(at, func(t *testing.T) { s.asleep(t, at) })
			}
		})
	}
}

// shifts are the kinds of work whose fences are tested here; records is a file of conversations of two days.
func shifts(records string) map[string]shift {
	generate := func(lake string, seed string) []string {
		return []string{"generate", "--lake", lake, "--from", "2026-11-01", "--to", "2026-11-03", "--per-day", "5", "--steady", "--seed", seed}
	}
	counted := func(t *testing.T, lake, want string) {
		t.Helper()
		if out := must(t, "sql", "--lake", lake, "SELECT count(*), count(DISTINCT conversation_id) FROM conversations"); out != want+"\t"+want+"\n" {
			t.Errorf("there are %s conversations, want %s", out, want)
		}
	}
	export := func(lake, name string) []string {
		return []string{"export", "--lake", lake, "--since-last", "nightly", "--select", "conversationId", "-o", filepath.Join(filepath.Dir(lake), name+".csv")}
	}
	return map[string]shift{
		"import": {
			points: []string{"stage.", "load.", "commit.begun", "commit.files", "commit.conversations", "commit.unsettled"},
			make: func(_ *testing.T, lake string) (mine, theirs []string) {
				args := []string{"import", "--lake", lake, "--source", "simulation", records}
				return args, args
			},
			look: func(t *testing.T, lake string, _ []string) {
				counted(t, lake, "10")
				if pages, err := filepath.Glob(filepath.Join(lake, "staging", "*", "*")); err != nil || len(pages) > 0 {
					t.Errorf("left in staging: %v, %v", pages, err)
				}
			},
		},
		"generate": {
			points: []string{"load.", "commit.begun", "commit.files", "commit.conversations", "commit.unsettled"},
			make: func(_ *testing.T, lake string) (mine, theirs []string) {
				return generate(lake, "1"), generate(lake, "2")
			},
			look: func(t *testing.T, lake string, _ []string) { counted(t, lake, "10") },
		},
		"forget": {
			points: []string{"forget."}, late: []string{"forget.jobs", "forget.scrub"},
			make: func(t *testing.T, lake string) (mine, theirs []string) {
				must(t, generate(lake, "1")...)
				ids := strings.Fields(must(t, "sql", "--lake", lake, "SELECT conversation_id FROM conversations ORDER BY 1 LIMIT 2"))
				of := func(id string) []string { return []string{"lake", "forget", "--lake", lake, "--conversation", id} }
				return of(ids[0]), of(ids[1])
			},
			look: func(t *testing.T, lake string, theirs []string) {
				if out := must(t, "sql", "--lake", lake, "SELECT count(*) FROM conversations WHERE conversation_id = '"+theirs[len(theirs)-1]+"'"); out != "0\n" {
					t.Errorf("what was erased is back: %s", out)
				}
			},
		},
		"export": {
			points: []string{"export."},
			make: func(t *testing.T, lake string) (mine, theirs []string) {
				must(t, generate(lake, "1")...)
				return export(lake, "mine"), export(lake, "theirs")
			},
			look: func(t *testing.T, lake string, theirs []string) {
				if _, err := os.Stat(theirs[len(theirs)-1]); err != nil {
					t.Error(err)
				}
				if out := must(t, export(lake, "later")...); !strings.Contains(out, "Nothing is new") {
					t.Errorf("handed over again: %s", out)
				}
			},
		},
	}
}

// asleep does the work, sleeps when it first reaches a point, while another process takes over, and looks at what comes of it. It gives the points
// that were reached.
func (s shift) asleep(t *testing.T, point string) (points []string) {
	t.Helper()
	lake := filepath.Join(t.TempDir(), "lake")
	mine, theirs := s.make(t, lake)
	var mu sync.Mutex
	slept := false
	var want []string // in the control database when it wakes
	crashpoint.Watch(func(name string) {
		mu.Lock()
		now := name == point && !slept
		slept = slept || now
		here := slices.ContainsFunc(s.points, func(begins string) bool { return strings.HasPrefix(name, begins) })
		if here && !slices.Contains(points, name) {
			points = append(points, name)
		}
		mu.Unlock()
		if now {
			runOutLeases(t, lake)
			must(t, theirs...)
			want = controlOf(t, lake)
		}
	})
	code, _, stderr := parley(t, mine...)
	crashpoint.Watch(nil)
	if slices.Contains(s.late, point) && code == 0 {
		slept = false // it had done everything
	}
	if slept && !slices.Equal(controlOf(t, lake), want) {
		t.Errorf("it has changed the control database from\n%v\nto\n%v", want, controlOf(t, lake))
	}
	if slept && (code != 7 || !strings.Contains(stderr, "taken")) || !slept && code != 0 {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if slices.Contains(points, point) {
		s.look(t, lake, theirs)
	}
	must(t, "lake", "check", "--lake", lake)
	return points
}

// controlOf is what is in the control database of a lake, by tables.
func controlOf(t *testing.T, lake string) (out []string) {
	t.Helper()
	address, err := state.InSchema(os.Getenv("PARLEY_STATE"), at.SchemaOf(lake))
	if err != nil {
		t.Fatal(err)
	}
	db := statetest.Open(t, address)
	for _, s := range app.Owners() {
		contents, err := db.Contents(t.Context(), s.Tables())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range contents {
			out = append(out, fmt.Sprint(c))
		}
	}
	locations, err := state.All(db.Rows(t.Context(), `SELECT metadata_location FROM iceberg_tables WHERE table_namespace = ? ORDER BY 1`, at.SchemaOf(lake)),
		func(r state.Row) (location string, err error) { return location, r.Scan(&location) })
	if err != nil {
		t.Fatal(err)
	}
	return append(out, locations...)
}

// runOutLeases has the leases of a lake run out, as they do while their holders sleep.
func runOutLeases(t *testing.T, lake string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), os.Getenv("PARLEY_STATE"))
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = c.Close(context.WithoutCancel(t.Context())) }()
	if _, err := c.Exec(t.Context(), `UPDATE `+at.SchemaOf(lake)+`.leases SET expires = since - interval '1 hour' WHERE expires > '-infinity'`); err != nil {
		t.Error(err)
	}
}
