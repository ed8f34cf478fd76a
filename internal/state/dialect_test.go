package state

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/parley-hq/parley/internal/state/sqlite"
)

// A dialect that lacks a word, or has one more, would be found out by somebody's database.
func TestDialectsHaveEveryWord(t *testing.T) {
	for _, d := range []Dialect{sqlite.Dialect{}} {
		if got, want := slices.Sorted(maps.Keys(d.Words())), slices.Sorted(slices.Values(words)); !slices.Equal(got, want) {
			t.Errorf("%s has %v, want %v", d.Name(), got, want)
		}
	}
}

func TestMigrationsAreSpelled(t *testing.T) {
	got, err := spelled(sqlite.Dialect{}, `CREATE TABLE x (a {text} PRIMARY KEY, b {bytes} DEFAULT {empty}, c {boolean}) {by key}`)
	if want := `CREATE TABLE x (a TEXT PRIMARY KEY, b BLOB DEFAULT x'', c INTEGER) STRICT, WITHOUT ROWID`; got != want || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
	if got, err := spelled(sqlite.Dialect{}, `CREATE TABLE x (a {money})`); err == nil {
		t.Errorf("a word that there is not: %s", got)
	}
}

// Readers get what is committed, and are told of it when they write all the same.
func TestOpenedToReadOnly(t *testing.T) {
	path := t.TempDir() + "/x.db"
	db, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	schema := Schema{"test", []string{`CREATE TABLE x (a {integer})`}}
	if err := db.Migrate(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	refusal := errors.New("no")
	readable := OpenToRead(path, refusal)
	defer readable.Close()
	if !readable.ReadOnly() || db.ReadOnly() {
		t.Error("which of the two may only be read?")
	}
	if _, err := readable.Exec(t.Context(), `DELETE FROM x`); !errors.Is(err, refusal) {
		t.Errorf("a statement: %v", err)
	}
	if err := readable.Tx(t.Context(), func(*Tx) error { return nil }); !errors.Is(err, refusal) {
		t.Errorf("a transaction: %v", err)
	}
	for _, either := range []*DB{db, readable} {
		err := either.View(t.Context(), func(db *DB) error {
			if version, err := db.Version(t.Context(), schema); version != 1 || err != nil {
				t.Errorf("got %d, %v", version, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	owners, err := Owners(t.Context(), path)
	if !slices.Equal(owners, []string{"test"}) || err != nil {
		t.Errorf("got %v, %v", owners, err)
	}
}
