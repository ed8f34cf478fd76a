package state_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/state/statetest"
)

var carriedSchema = state.Schema{Owner: "test", Steps: []string{`
	CREATE TABLE parents (id {text} PRIMARY KEY, "end" {boolean} NOT NULL, raw {bytes}, sum {bytes} NOT NULL DEFAULT {empty}, big {integer}) {checked};
	CREATE TABLE numbered (seq {number}, note {text} NOT NULL)`, `
	CREATE TABLE children (id {text} NOT NULL REFERENCES parents, line {integer} NOT NULL, PRIMARY KEY (id, line)) {by key}`,
	`ALTER TABLE parents ADD COLUMN later {text} NOT NULL DEFAULT ''`,
}}

// fillCarried fills the tables with what is hard to copy: values at the edges of their types, nothing, more rows than a statement takes, and
// a number that was given and is not there any more.
func fillCarried(t *testing.T, db *state.DB) {
	t.Helper()
	err := db.Tx(t.Context(), func(tx *state.Tx) error {
		for i := range 700 {
			id := fmt.Sprintf("ä'\"?%d", i)
			if _, err := tx.Exec(t.Context(), `INSERT INTO parents VALUES (?, ?, ?, ?, ?, ?)`, id, i%2 == 0, bytes.Repeat([]byte{0, 255}, i*10), []byte{}, int64(-1)<<63+int64(i), "x"); err != nil {
				return err
			}
			if _, err := tx.Exec(t.Context(), `INSERT INTO children VALUES (?, ?)`, id, i); err != nil {
				return err
			}
			if _, err := tx.Exec(t.Context(), `INSERT INTO numbered (note) VALUES (?)`, id); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(t.Context(), `INSERT INTO parents VALUES ('nothing', ?, NULL, ?, NULL, '')`, false, []byte{1}); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `DELETE FROM numbered WHERE seq > 690`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What one database holds another holds after it was carried there, whatever the two are, and numbers that were given are not given again.
func TestCarry(t *testing.T) {
	kinds := map[string]func() string{
		"sqlite":   func() string { return filepath.Join(t.TempDir(), "control.db") },
		"postgres": func() string { return server.Database(t) },
	}
	for one, from := range kinds {
		for other, to := range kinds {
			t.Run(one+" to "+other, func(t *testing.T) { carries(t, from(), to()) })
		}
	}
}

func carries(t *testing.T, from, to string) {
	t.Helper()
	source, target := statetest.Open(t, from), statetest.Open(t, to)
	for _, db := range []*state.DB{source, target} {
		if err := db.Migrate(t.Context(), carriedSchema); err != nil {
			t.Fatal(err)
		}
	}
	fillCarried(t, source)
	tables := carriedSchema.Tables()
	copying := func(tx *state.Tx) error {
		return errors.Join(tx.Empty(t.Context(), tables), tx.Carry(t.Context(), source, tables, nil))
	}
	for range 2 { // the second time in place of the first
		if err := target.Tx(t.Context(), copying); err != nil {
			t.Fatal(err)
		}
	}
	want, err := source.Contents(t.Context(), tables)
	if err != nil || want[0].Rows != 701 || want[1].Rows != 690 {
		t.Fatal(want, err)
	}
	if got, err := target.Contents(t.Context(), tables); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, want %v, %v", got, want, err)
	}
	var n int64
	if err := target.Row(t.Context(), `INSERT INTO numbered (note) VALUES ('next') RETURNING seq`).Scan(&n); err != nil || n != 701 {
		t.Errorf("the next number is %d, %v", n, err)
	}
	if _, err := target.Exec(t.Context(), `UPDATE parents SET big = 5 WHERE id = 'nothing'`); err != nil {
		t.Fatal(err)
	}
	if got, err := target.Contents(t.Context(), tables); err != nil || got[0] == want[0] || got[2] != want[2] {
		t.Errorf("a change is not seen: %v, %v", got, err)
	}
}

// A database that was retired takes no change, by whichever handle, and says why; it takes them again once it was opened again.
func TestRetired(t *testing.T) {
	for name, at := range map[string]string{"sqlite": filepath.Join(t.TempDir(), "control.db"), "postgres": server.Database(t)} {
		t.Run(name, func(t *testing.T) {
			db, had := statetest.Open(t, at), statetest.Open(t, at)
			if err := db.Migrate(t.Context(), carriedSchema); err != nil {
				t.Fatal(err)
			}
			fillCarried(t, db)
			mark := state.Mark{Lake: "id", Place: "the 'other' place"}
			if err := db.Tx(t.Context(), func(tx *state.Tx) error { return tx.Retire(t.Context(), mark) }); err != nil {
				t.Fatal(err)
			}
			for _, statement := range []string{`INSERT INTO numbered (note) VALUES ('x')`, `UPDATE parents SET big = 1`, `DELETE FROM children`, `DELETE FROM parley_moved`} {
				_, err := had.Exec(t.Context(), statement)
				if !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), mark.Place) {
					t.Errorf("%s: %v", statement, err)
				}
			}
			if got, marked, err := had.Mark(t.Context()); got != mark || !marked || err != nil {
				t.Errorf("%+v, %v, %v", got, marked, err)
			}
			if err := db.Reopen(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := had.Exec(t.Context(), `INSERT INTO numbered (note) VALUES ('x')`); err != nil {
				t.Error(err)
			}
		})
	}
}
