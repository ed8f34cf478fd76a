package state

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
)

func TestMigrateRunsEachStepOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a folder? 100% #1.db")
	for _, steps := range [][]string{
		{`CREATE TABLE x (a {integer})`},
		{`CREATE TABLE x (a {integer})`, `ALTER TABLE x ADD COLUMN b {integer}; INSERT INTO x VALUES (1, 2)`},
		{`CREATE TABLE x (a {integer})`, `ALTER TABLE x ADD COLUMN b {integer}; INSERT INTO x VALUES (1, 2)`},
	} {
		db, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(db.Migrate(t.Context(), Schema{"test", steps}), db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	db, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n int
	if err := db.Row(t.Context(), `SELECT count(b) FROM x`).Scan(&n); err != nil || n != 1 {
		t.Errorf("the second step ran %d times, %v", n, err)
	}
	if err := db.Migrate(t.Context(), Schema{"test", nil}); !errors.Is(err, fault.Conflict) {
		t.Errorf("a newer database: %v", err)
	}
	for steps, readable := range map[int]bool{1: false, 2: true, 3: true} { // an older one is read as it is
		if _, err := db.Version(t.Context(), Schema{"test", make([]string, steps)}); (err == nil) != readable || err != nil && !errors.Is(err, fault.Conflict) {
			t.Errorf("read by a program that knows version %d: %v", steps, err)
		}
	}
}

func TestTxRollsBack(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(t.Context(), Schema{"test", []string{`CREATE TABLE x (a {integer})`}}); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	err = db.Tx(t.Context(), func(tx *Tx) error {
		if _, err := tx.Exec(t.Context(), `INSERT INTO x VALUES (1)`); err != nil {
			return err
		}
		return stop
	})
	var n int
	if scan := db.Row(t.Context(), `SELECT count(*) FROM x`).Scan(&n); !errors.Is(err, stop) || scan != nil || n != 0 {
		t.Errorf("got %v, %d rows, %v", err, n, scan)
	}
}

func TestVersionIsToldWithoutMigrating(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	want := func(owner string, version int) {
		t.Helper()
		if got, err := db.Version(t.Context(), Schema{owner, make([]string, 2)}); err != nil || got != version {
			t.Errorf("%s: got %d, %v, want %d", owner, got, err, version)
		}
	}
	want("test", 0)
	steps := []string{`CREATE TABLE x (a {integer})`, `CREATE TABLE y (a {integer})`, `CREATE TABLE z (a {integer})`}
	if err := db.Migrate(t.Context(), Schema{"test", steps[:2]}); err != nil {
		t.Fatal(err)
	}
	want("test", 2)
	want("other", 0)
	if err := db.Migrate(t.Context(), Schema{"test", steps}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Version(t.Context(), Schema{"test", make([]string, 2)}); !errors.Is(err, fault.Conflict) {
		t.Errorf("a newer database: %v", err)
	}
}

// Whoever waits for another who writes may leave the line.
func TestWaitingToWriteEndsWithItsContext(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := db.Tx(t.Context(), func(*Tx) error {
		if _, err := db.Exec(ctx, `DELETE FROM t`); !errors.Is(err, context.Canceled) {
			t.Errorf("a statement: %v", err)
		}
		if err := db.Tx(ctx, func(*Tx) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("a transaction: %v", err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Tx(t.Context(), func(*Tx) error { return nil }); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
