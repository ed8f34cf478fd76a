package postgres

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/postgres/postgrestest"
)

// Whoever commits while Postgres goes away, and cannot reach it to ask what became of that, is told that nobody can tell: not that it
// failed, after which it would take back what may be in. Once Postgres is back the answer is what is in.
func TestAnOutcomeThatCannotBeAsked(t *testing.T) {
	own, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := own.Stop(); err != nil {
			t.Error(err)
		}
	})
	good, err := Make(t.Context(), own.Database(t)+"&schema=acme")
	if err != nil {
		t.Fatal(err)
	}
	defer good.Close()
	config, err := configured("postgres://jane.doe:correcthorse@127.0.0.1:1/calls?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	away := stdlib.OpenDB(*config.ConnConfig)
	defer away.Close()
	lost := pgconn.ErrConnClosed
	in, out := &slot{id: "in", number: 1}, &slot{id: "out", number: 1}
	tx, commit, err := Dialect{}.Begin(t.Context(), good)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), `INSERT INTO parley_transactions VALUES ($1, $2, now())`, in.id, in.number); err != nil {
		t.Fatal(err)
	}
	if err := commit(); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*slot{in, out} {
		err := s.outcome(t.Context(), away, lost, time.Millisecond)
		if !errors.Is(err, fault.InDoubt) || fault.ExitCode(err) != 7 || !strings.Contains(err.Error(), "run again") || !strings.Contains(err.Error(), `"calls" at 127.0.0.1:1`) {
			t.Errorf("away: %v", err)
		}
		if err != nil && (strings.Contains(err.Error(), "jane.doe") || strings.Contains(err.Error(), "correcthorse") || strings.Contains(err.Error(), "\n")) {
			t.Errorf("it says who connects, or is of several lines: %v", err)
		}
	}
	if err := in.outcome(t.Context(), good, lost, patience); err != nil {
		t.Errorf("it is in: %v", err)
	}
	if err := out.outcome(t.Context(), good, lost, patience); !errors.Is(err, fault.Unavailable) || errors.Is(err, fault.InDoubt) {
		t.Errorf("it is not in: %v", err)
	}
}
