package limits_test

import (
	"database/sql"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/limit"
	"github.com/parley-hq/parley/internal/limit/limittest"
	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/state/postgres/limits"
)

var server *postgrestest.Server

func TestMain(m *testing.M) { postgrestest.Main(m, &server) }

func open(tb testing.TB, at string) *state.DB {
	tb.Helper()
	db, err := state.Open(tb.Context(), at)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

func limiter(tb testing.TB, db *state.DB, allowed, most int) limit.Rate {
	tb.Helper()
	in, err := limits.In(tb.Context(), db, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	return in("requests", allowed, most)
}

// Nodes are processes that have nothing in common but the database. That time passes is that windows began earlier.
func TestOverNodes(t *testing.T) {
	limittest.Run(t, func(t *testing.T, allowed, most int) limittest.Rig {
		t.Helper()
		at, passed := server.Database(t), time.Duration(0)
		rig := limittest.Rig{Now: func() time.Time { return time.Now().Add(passed) }}
		for range 3 {
			rig.Nodes = append(rig.Nodes, limiter(t, open(t, at), allowed, most))
		}
		db := open(t, at)
		rig.Pass = func(d time.Duration) {
			passed += d
			if _, err := db.Exec(t.Context(), `UPDATE limits SET begun = begun - ?::interval`, d.String()); err != nil {
				t.Fatal(err)
			}
		}
		return rig
	})
}

func rows(t *testing.T, db *state.DB) (n int) {
	t.Helper()
	if err := db.Row(t.Context(), `SELECT count(*) FROM limits`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Clients that come no more leave nothing behind, whichever node they came to, once another window begins.
func TestRowsOfThePastAreRemoved(t *testing.T) {
	at := server.Database(t)
	db := open(t, at)
	one, two, now := limiter(t, db, 1, 0), limiter(t, open(t, at), 1, 0), time.Now()
	for i := range 50 {
		one.Take(t.Context(), fmt.Sprint("c", i), now)
	}
	if n := rows(t, db); n != 50 {
		t.Fatalf("%d rows", n)
	}
	if _, err := db.Exec(t.Context(), `UPDATE limits SET begun = begun - interval '1 minute'`); err != nil {
		t.Fatal(err)
	}
	two.Take(t.Context(), "last", now)
	if n := rows(t, db); n != 1 {
		t.Errorf("%d rows are left, want that of the last", n)
	}
}

// A window of the future is one from before the database's clock was set back.
func TestDatabaseClockSetBack(t *testing.T) {
	db := open(t, server.Database(t))
	one, two := limiter(t, db, 1, 0), limiter(t, db, 1, 0)
	one.Take(t.Context(), "a", time.Now())
	if _, err := db.Exec(t.Context(), `UPDATE limits SET begun = begun + interval '1 hour'`); err != nil {
		t.Fatal(err)
	}
	if u := two.Look(t.Context(), "a", time.Now()); u.Over || u.Count != 0 {
		t.Errorf("looked: %+v", u)
	}
	if u := two.Take(t.Context(), "a", time.Now()); u.Over || u.Seconds() != 60 {
		t.Errorf("taken: %+v", u)
	}
}

// A database that cannot be asked stops nobody: each process holds the client to its limit by itself, and together again when it is back.
func TestWithoutTheDatabase(t *testing.T) {
	db := open(t, server.Database(t))
	change := func(statement string) {
		t.Helper()
		if _, err := db.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	l, now := limiter(t, db, 2, 0), time.Now()
	l.Take(t.Context(), "a", now)
	change(`ALTER TABLE limits RENAME TO gone`)
	for i, over := range []bool{false, false, true} {
		if u := l.Take(t.Context(), "a", now); u.Over != over {
			t.Errorf("alone, %d: %+v", i, u)
		}
	}
	if u := l.Look(t.Context(), "a", now); !u.Over {
		t.Errorf("looked alone: %+v", u)
	}
	change(`ALTER TABLE gone RENAME TO limits`)
	if u := l.Take(t.Context(), "a", now.Add(4*time.Second)); !u.Over {
		t.Errorf("it is not asked at every request: %+v", u)
	}
	if u := l.Take(t.Context(), "a", now.Add(6*time.Second)); u.Over || u.Count != 2 {
		t.Errorf("back: %+v", u)
	}
}

// After a crash windows begin anew, and counting goes on once somebody has noticed that the connection is lost.
func TestAfterACrash(t *testing.T) {
	db := open(t, server.Database(t))
	l, now := limiter(t, db, 1, 0), time.Now()
	l.Take(t.Context(), "a", now)
	server.Restart(t)
	var u limit.Usage
	for i := range 3 {
		u = l.Take(t.Context(), "a", now.Add(time.Duration(i)*6*time.Second))
	}
	if n := rows(t, db); !u.Over || n != 1 {
		t.Errorf("%+v, %d rows", u, n)
	}
}

// What counting adds to a request, and what it would if the table were logged.
func BenchmarkTake(b *testing.B) {
	started := server
	if started == nil {
		b.Skip("no Postgres")
	}
	for _, c := range []struct{ name, change, commit string }{
		{"unlogged", "", "on"}, {"logged", `ALTER TABLE limits SET LOGGED`, "on"}, {"logged, not waited for", `ALTER TABLE limits SET LOGGED`, "off"},
	} {
		at := started.Database(b) + "&synchronous_commit=" + c.commit
		db := open(b, at)
		l, now := limiter(b, db, 1<<40, 0), time.Now()
		if c.change != "" {
			if _, err := db.Exec(b.Context(), c.change); err != nil {
				b.Fatal(err)
			}
		}
		for _, clients := range []int{1, 100} {
			b.Run(fmt.Sprintf("%s, %d clients", c.name, clients), func(b *testing.B) {
				var u limit.Usage
				for i := range b.N {
					u = l.Take(b.Context(), fmt.Sprint("c", i%clients), now)
				}
				if u.Over || u.Count == 0 {
					b.Errorf("got %+v", u)
				}
			})
		}
	}
	b.Run("asking for nothing", func(b *testing.B) { roundTrips(b, open(b, started.Database(b)).Handle()) })
}

func roundTrips(b *testing.B, db *sql.DB) {
	b.Helper()
	var one int
	for range b.N {
		if err := db.QueryRowContext(b.Context(), `SELECT 1`).Scan(&one); err != nil {
			b.Fatal(err)
		}
	}
}
