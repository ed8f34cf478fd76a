package statetest

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/parley-hq/parley/internal/state"
)

// Run holds a dialect to what owners of tables rely on. Each call of open makes a database, and returns
// a function that opens it, as one process after the other does, and closes it at the end of the test.
func Run(t *testing.T, open func(t *testing.T) func() *state.DB) {
	t.Helper()
	for name, part := range map[string]func(*testing.T, func() *state.DB){
		"values": values, "numbers": numbers, "arguments": arguments, "new rows": newRows, "one writer": oneWriter, "back": back, "tables": tables,
	} {
		t.Run(name, func(t *testing.T) { part(t, open(t)) })
	}
}

// made is a database with these tables.
func made(t *testing.T, open func() *state.DB, steps ...string) *state.DB {
	t.Helper()
	db := open()
	if err := db.Migrate(t.Context(), state.Schema{Owner: "test", Steps: steps}); err != nil {
		t.Fatal(err)
	}
	return db
}

func exec(t *testing.T, db *state.DB, statement string, args ...any) int64 {
	t.Helper()
	n, err := db.Exec(t.Context(), statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// column gives the values of a query of one column.
func column[T any](t *testing.T, db *state.DB, query string, args ...any) []T {
	t.Helper()
	out, err := state.All(db.Rows(t.Context(), query, args...), func(r state.Row) (v T, err error) { return v, r.Scan(&v) })
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func same[T comparable](t *testing.T, what string, got []T, want ...T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// Values come back as they went, texts are compared byte by byte, and a checked table takes nothing else.
func values(t *testing.T, open func() *state.DB) {
	db := made(t, open, `CREATE TABLE x (k {text} PRIMARY KEY, n {integer} NOT NULL, yes {boolean} NOT NULL DEFAULT true, b {bytes}) {by key}`,
		`ALTER TABLE x ADD COLUMN more {bytes} NOT NULL DEFAULT {empty}; CREATE TABLE y (n {integer}) {checked}`)
	odd := []byte{0, 'x', 0xff, 0}
	exec(t, db, `INSERT INTO x (k, n, b) VALUES (?, ?, ?)`, "é", int64(1)<<62, odd)
	exec(t, db, `INSERT INTO x (k, n, yes) VALUES (?, ?, ?), (?, ?, ?)`, "a", -1, false, "B", 0, true)
	same(t, "texts", column[string](t, db, `SELECT k FROM x ORDER BY k`), "B", "a", "é")
	same(t, "integers", column[int64](t, db, `SELECT n FROM x ORDER BY n`), -1, 0, 1<<62)
	same(t, "booleans", column[bool](t, db, `SELECT yes FROM x ORDER BY n`), false, true, true)
	var b, more []byte
	if err := db.Row(t.Context(), `SELECT b, more FROM x WHERE b = ?`, odd).Scan(&b, &more); err != nil || !bytes.Equal(b, odd) || len(more) > 0 {
		t.Errorf("bytes: %v, %v, %v", b, more, err)
	}
	var text string
	if err := db.Row(t.Context(), `SELECT b FROM x WHERE k = ?`, "a").Scan(&text); err == nil {
		t.Errorf("an absent value was read as %q", text)
	}
	for _, table := range []string{"x (k, n) VALUES ('c', ?)", "y VALUES (?)"} {
		if _, err := db.Exec(t.Context(), `INSERT INTO `+table, "no integer"); err == nil {
			t.Errorf("%s: a text was taken for an integer", table)
		}
	}
}

// A number is not given again when its row has gone.
func numbers(t *testing.T, open func() *state.DB) {
	db := made(t, open, `CREATE TABLE x (seq {number}, a {text} NOT NULL)`)
	exec(t, db, `INSERT INTO x (a) VALUES ('one'), ('two')`)
	was := column[int64](t, db, `SELECT max(seq) FROM x`)[0]
	exec(t, db, `DELETE FROM x`)
	same(t, "the next row", column[bool](t, db, `INSERT INTO x (a) VALUES ('three') RETURNING seq > ?`, was), true)
}

func arguments(t *testing.T, open func() *state.DB) {
	db := made(t, open, `CREATE TABLE x (a {integer} PRIMARY KEY, b {text} NOT NULL)`)
	same(t, "inserted", []int64{exec(t, db, `INSERT INTO x VALUES (?, ?), (?, '?')`, 1, "one", 2)}, 2)
	same(t, "in turn", column[string](t, db, `SELECT b FROM x WHERE a > ? AND a < ?`, 0, 2), "one")
	same(t, "by number", column[string](t, db, `SELECT b FROM x WHERE a = ?2 AND b <> ?1 AND a <> 1 + ?2`, "one", 2), "?")
	exec(t, db, `INSERT INTO x VALUES (1, 'uno') ON CONFLICT (a) DO UPDATE SET b = excluded.b`)
	same(t, "replaced", column[string](t, db, `UPDATE x SET a = a + 1 WHERE a = ? RETURNING b`, 2), "?")
	same(t, "prepared", func() (out []string) {
		s, err := db.Prepare(t.Context(), `SELECT b FROM x WHERE a = ?`)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range []int{1, 3} {
			var b string
			if err := s.Row(t.Context(), a).Scan(&b); err != nil {
				t.Fatal(err)
			}
			out = append(out, b)
		}
		if err := s.Row(t.Context(), 2).Scan(new(string)); !errors.Is(err, state.ErrNoRow) {
			t.Errorf("no row: %v", err)
		}
		return out
	}(), "uno", "?")
}

// New rows come in, and those whose key is there, in the table or before them, do not.
func newRows(t *testing.T, open func() *state.DB) {
	db := made(t, open, `CREATE TABLE x (a {integer} PRIMARY KEY, b {text} NOT NULL) {checked}`)
	for _, step := range []struct {
		rows []any
		want int64
	}{
		{[]any{1, "one"}, 1}, {[]any{1, "uno", 2, "two", 2, "due", 3, "three"}, 2}, {[]any{3, "tre"}, 0},
	} {
		var n int64
		err := db.Tx(t.Context(), func(tx *state.Tx) (err error) {
			n, err = tx.InsertNew(t.Context(), "x", 2, step.rows)
			return err
		})
		if n != step.want || err != nil {
			t.Errorf("%v: %d rows, %v, want %d", step.rows, n, err, step.want)
		}
	}
	same(t, "rows", column[string](t, db, `SELECT b FROM x ORDER BY a`), "one", "two", "three")
}

// What a transaction has read stays true until it ends, however many processes write.
func oneWriter(t *testing.T, open func() *state.DB) {
	const each = 25
	one := made(t, open, `CREATE TABLE x (n {integer} NOT NULL); INSERT INTO x VALUES (0)`)
	var all sync.WaitGroup
	for _, db := range []*state.DB{one, one, open(), open()} {
		all.Go(func() {
			for range each {
				err := db.Tx(t.Context(), func(tx *state.Tx) error {
					var n int64
					if err := tx.Row(t.Context(), `SELECT n FROM x`).Scan(&n); err != nil {
						return err
					}
					_, err := tx.Exec(t.Context(), `UPDATE x SET n = ?`, n+1)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	same(t, "counted", column[int64](t, one, `SELECT n FROM x`), 4*each)
}

// A transaction that fails has done nothing, whatever it failed of.
func back(t *testing.T, open func() *state.DB) {
	db := made(t, open, `CREATE TABLE x (a {integer} PRIMARY KEY)`)
	stop := errors.New("stop")
	for name, fails := range map[string]func(*state.Tx) error{
		"of itself":      func(*state.Tx) error { return stop },
		"of a statement": func(tx *state.Tx) error { _, err := tx.Exec(t.Context(), `INSERT INTO x VALUES (1)`); return err },
	} {
		err := db.Tx(t.Context(), func(tx *state.Tx) error {
			if _, err := tx.Exec(t.Context(), `INSERT INTO x VALUES (1)`); err != nil {
				return err
			}
			return fails(tx)
		})
		if n := column[int64](t, db, `SELECT count(*) FROM x`)[0]; err == nil || n > 0 {
			t.Errorf("%s: %v, %d rows", name, err, n)
		}
	}
}

// Tables are there when their step has run, for every process, and can be viewed.
func tables(t *testing.T, open func() *state.DB) {
	db := open()
	schema := state.Schema{Owner: "test", Steps: []string{`CREATE TABLE x (a {integer}); CREATE INDEX x_a ON x (a)`}}
	for version, there := range []bool{false, true} {
		for _, db := range []*state.DB{db, open()} {
			err := db.View(t.Context(), func(db *state.DB) error {
				got, err := db.Version(t.Context(), schema)
				has, hasErr := db.Has(t.Context(), "x")
				index, indexErr := db.Has(t.Context(), "x_a")
				if got != version || has != there || index {
					t.Errorf("version %d: got %d, %v, %v", version, got, has, index)
				}
				return errors.Join(err, hasErr, indexErr)
			})
			if err != nil {
				t.Error(err)
			}
		}
		if err := db.Migrate(t.Context(), schema); err != nil {
			t.Fatal(err)
		}
	}
}
