package board_test

import (
	"errors"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/state/postgres/board"
)

var server *postgrestest.Server

func TestMain(m *testing.M) { postgrestest.Main(m, &server) }

func open(t *testing.T, at string) *board.Board {
	t.Helper()
	b, err := board.Make(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// change changes the board by hand.
func change(t *testing.T, at, statement string) {
	t.Helper()
	address, err := state.InSchema(at, board.Schema)
	if err != nil {
		t.Fatal(err)
	}
	db, err := state.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(t.Context(), statement); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// Who only looks makes none.
func TestThereIsNoBoard(t *testing.T) {
	if b, err := board.Open(t.Context(), server.Database(t)); !errors.Is(err, fault.NotFound) {
		t.Errorf("got %v, %v", b, err)
	}
}

// A place is one process's; what that one did is told to the next, with how long ago by the database's clock.
func TestPlaces(t *testing.T) {
	at := server.Database(t)
	one, two := open(t, at), open(t, at)
	mine, err := one.Take(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := two.Take(t.Context(), "acme"); !errors.Is(err, fault.Conflict) {
		t.Errorf("taken twice: %v", err)
	}
	if _, ok, err := mine.Last(t.Context()); ok || err != nil {
		t.Errorf("done before: %t, %v", ok, err)
	}
	if seen, err := two.Look(t.Context(), nil); err != nil || !seen.Held["acme"] || seen.Held["beta"] {
		t.Errorf("seen: %+v, %v", seen, err)
	}
	if err := errors.Join(mine.Ended(t.Context(), 3), mine.Close()); err != nil {
		t.Fatal(err)
	}
	change(t, at, `UPDATE board SET ended = ended - interval '1 hour'`)
	next, err := two.Take(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	last, ok, err := next.Last(t.Context())
	if err != nil || !ok || last.Code != 3 || last.By == "" || last.Ago < time.Hour || last.Ago > time.Hour+time.Minute {
		t.Errorf("last: %+v, %t, %v", last, ok, err)
	}
	entries, err := one.Entries(t.Context())
	if e := entries["acme"]; err != nil || len(entries) != 1 || e.By == "" || e.Since.IsZero() || e.Last.Code != 3 || time.Since(e.Ended) < time.Hour {
		t.Errorf("entries: %+v, %v", entries, err)
	}
	if err := next.Close(); err != nil {
		t.Error(err)
	}
	if entries, err := one.Entries(t.Context()); err != nil || entries["acme"].By != "" {
		t.Errorf("given back: %+v, %v", entries, err)
	}
}

// Who was stopped for too long says nothing of what it has done: another is doing it again.
func TestWhoLostAPlaceNotesNothing(t *testing.T) {
	at := server.Database(t)
	slept, err := open(t, at).Take(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	change(t, at, `UPDATE leases SET expires = since - interval '1 hour'`)
	next, err := open(t, at).Take(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	if err := slept.Ended(t.Context(), 0); !errors.Is(err, fault.Conflict) {
		t.Errorf("noted: %v", err)
	}
	if _, ok, err := next.Last(t.Context()); ok || err != nil {
		t.Errorf("it was done: %t, %v", ok, err)
	}
	if err := errors.Join(slept.Close(), next.Close()); err != nil {
		t.Error(err)
	}
}

// Processes count those that have the same places, in any order, as long as they are there.
func TestProcessesThatAreThere(t *testing.T) {
	at := server.Database(t)
	one, two, other := open(t, at), open(t, at), open(t, at)
	ab, ba := []string{"a", "b"}, []string{"b", "a"}
	join := func(b *board.Board, of []string) func() error {
		t.Helper()
		leave, err := b.Join(t.Context(), of)
		if err != nil {
			t.Fatal(err)
		}
		return leave
	}
	expect := func(when string, want int) {
		t.Helper()
		if seen, err := one.Look(t.Context(), ab); err != nil || seen.Processes != want {
			t.Errorf("%s: %+v, %v, want %d", when, seen, err, want)
		}
	}
	leave := []func() error{join(one, ab), join(two, ba), join(other, []string{"a", "c"})}
	expect("two", 2)
	if err := leave[1](); err != nil {
		t.Error(err)
	}
	expect("one has left", 1)
	change(t, at, `UPDATE leases SET expires = since - interval '2 days'`)
	expect("one has died", 0)
	if err := errors.Join(leave[0](), leave[2]()); err != nil {
		t.Error(err)
	}
}
