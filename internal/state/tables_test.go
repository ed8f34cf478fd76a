package state_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/state"
)

// structure describes every table of our own: what SQLite goes by, and not how the statement that made it was written.
func structure(t *testing.T, db *state.DB) string {
	t.Helper()
	var out strings.Builder
	lines := func(indent, query string, args ...any) (first []string) {
		for row, err := range db.Rows(t.Context(), query, args...) {
			if err != nil {
				t.Fatal(err)
			}
			var name, text string
			if err := row.Scan(&name, &text); err != nil {
				t.Fatal(err)
			}
			first = append(first, name)
			if text != "" {
				fmt.Fprintln(&out, indent+text)
			}
		}
		return first
	}
	for _, table := range lines("", `SELECT name, '' FROM pragma_table_list WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'iceberg%' ORDER BY name`) {
		lines("", `SELECT name, format('%s strict %d by key %d', name, strict, wr) FROM pragma_table_list WHERE name = ?`, table)
		lines("  ", `SELECT name, format('%s %s not null %d default %s key %d', name, type, "notnull",
			CASE dflt_value WHEN 'true' THEN '1' WHEN 'false' THEN '0' ELSE coalesce(dflt_value, '-') END, pk) FROM pragma_table_info(?) ORDER BY cid`, table)
		lines("  ", `SELECT "from", format('%s references %s (%s) on delete %s', "from", "table", coalesce("to", ''), on_delete) FROM pragma_foreign_key_list(?) ORDER BY 1`, table)
		lines("  ", `SELECT l.name, format('%s unique %d (%s)', l.name, l."unique", (SELECT group_concat(name) FROM pragma_index_info(l.name)))
			FROM pragma_index_list(?) l ORDER BY 1`, table)
		lines("  ", `SELECT name, CASE WHEN sql LIKE '%AUTOINCREMENT%' THEN 'numbers never come again' ELSE '' END || CASE WHEN sql LIKE '%CHECK (one = 1)%' THEN 'one row' ELSE '' END
			FROM sqlite_schema WHERE name = ?`, table)
	}
	lines("", `SELECT owner, format('version %s %d', owner, version) FROM schema_versions ORDER BY owner`)
	return out.String()
}

// testdata/tables.txt is what the version before the words in braces made of the same steps. Databases of it are about, so
// that no step may come to mean anything else.
func TestTablesAreAsEver(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	l, err := lake.Create(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := stage.Open(t.Context(), l.Control(), l.Store(), "run"); err != nil {
		t.Fatal(err)
	}
	if err := extract.Claim(t.Context(), l.Control(), extract.Simulation()); err != nil {
		t.Fatal(err)
	}
	if _, err := access.Open(t.Context(), l.Control(), time.Now); err != nil {
		t.Fatal(err)
	}
	if _, err := job.New(t.Context(), job.Config{DB: l.Control(), Home: job.InFolder(filepath.Join(dir, "results")), Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	if err := ledger.In(l.Control()).Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Names(t.Context(), "run", time.Now(), nil); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/tables.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got := structure(t, l.Control()); got != string(want) {
		t.Errorf("the tables are\n%s\nand were\n%s", got, want)
	}
}
