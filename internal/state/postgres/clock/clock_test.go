package clock

import (
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/internal/state"
)

var server *postgrestest.Server

func TestMain(m *testing.M) { postgrestest.Main(m, &server) }

func open(t *testing.T) (*state.DB, *Clock) {
	t.Helper()
	db, err := state.Open(t.Context(), server.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := Of(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return db, c
}

// asked is the database's own time.
func asked(t *testing.T, db *state.DB) (now time.Time) {
	t.Helper()
	if err := db.Handle().QueryRowContext(t.Context(), `SELECT clock_timestamp()`).Scan(&now); err != nil {
		t.Fatal(err)
	}
	return now
}

// The time lies between two looks at the database, but for half of how long it took to set the clock: a bound that every machine keeps.
func TestNow(t *testing.T) {
	begun := time.Now()
	db, c := open(t)
	took := time.Since(begun)
	before := asked(t, db)
	now := c.Now()
	after := asked(t, db)
	if now.Before(before.Add(-took)) || now.After(after.Add(took)) {
		t.Errorf("it is %v; the database says %v before and %v after, and was asked for %v", now, before, after, took)
	}
}

// A clock that was set long ago goes on from there, and is set again beside.
func TestIsSetAgain(t *testing.T) {
	db, c := open(t)
	c.mu.Lock()
	c.there, c.here = c.there.Add(-24*time.Hour), c.here.Add(-2*every)
	c.mu.Unlock()
	begun := asked(t, db)
	for c.Now().Before(begun.Add(-time.Hour)) {
		if t.Context().Err() != nil {
			t.Fatal("it was not set")
		}
	}
}
