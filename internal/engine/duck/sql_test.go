package duck_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/engine/enginetest"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// smallLake makes a lake of a simulated day, and gives its folder and a snapshot of it.
func smallLake(t *testing.T) (string, *lake.Snapshot) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "it's a lake")
	l, err := lake.Create(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var records []conversation.Record
	for c := range sim.New(sim.Config{Seed: 7, PerDay: 60}).Day(benchFirst) {
		text, err := wire.Encode(c)
		if err != nil {
			t.Fatal(err)
		}
		record, err := wire.Record(text)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, record)
	}
	enginetest.Fill(t, l, records)
	snapshot, err := l.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = snapshot.Close() })
	return dir, snapshot
}

// contents gives the hash of every file below a folder.
func contents(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(&all, "%s %x\n", path, sha256.Sum256(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// ask runs a statement and counts its rows.
func ask(ctx context.Context, s *lake.Snapshot, statement string) (rows int, err error) {
	err = duck.SQL(ctx, duck.Config{}, s, statement, func([]string) error { return nil }, func([]any) error { rows++; return nil })
	return rows, err
}

// Statements that ask, one of each form.
var asking = []string{
	"SELECT count(*) FROM conversations", "FROM segments LIMIT 1", "TABLE conversations", "VALUES (1), (2)", "(SELECT 1) UNION ALL (SELECT 2)",
	"WITH x AS (SELECT 1 AS n) SELECT * FROM x", "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) FROM r",
	"DESCRIBE segments", "DESC segments", "DESCRIBE SELECT 1", "SUMMARIZE metrics", "SUMMARIZE SELECT 1 AS a", "SHOW TABLES", "SHOW segments",
	"PIVOT metrics ON name IN ('tTalk', 'tAcw') USING sum(value)", "UNPIVOT (SELECT 1 AS a, 2 AS b) ON a, b", "SELECT * FROM range(3)",
	"SELECT * FROM (DESCRIBE segments)", "-- one\n/* two */ SELECT 1 ;", "SELECT list_transform([1], lambda x: x + 1)", "SELECT unnest([1, 2])",
	"EXPLAIN SELECT 1", "EXPLAIN FROM conversations", "EXPLAIN ANALYZE SELECT count(*) FROM segments", "explain analyse select 1",
	"EXPLAIN (FORMAT json) SELECT 1", "EXPLAIN (ANALYZE, FORMAT json) SELECT 1", "\n\texplain\r\n ANALYSE /* c */ SELECT 1 -- d", "EXPLAIN (SELECT 1)",
	"SELECT count(*) FROM (SELECT range FROM range(2000000) ORDER BY hash(range))",
}

// doing gives statements of every type that do something or read what is no table of the lake; file is one of the
// lake's and out a path that does not exist.
func doing(file, out string) []string {
	statements := []string{
		"INSERT INTO conversations SELECT * FROM conversations", "UPDATE conversations SET record = ''", "DELETE FROM conversations", "TRUNCATE conversations",
		"MERGE INTO conversations USING segments USING (conversation_id) WHEN MATCHED THEN DELETE",
		"CREATE TABLE t AS SELECT 1", "CREATE OR REPLACE VIEW conversations AS SELECT 1", "CREATE TEMP TABLE t (a INT)", "CREATE SCHEMA s", "CREATE SEQUENCE s", "CREATE TYPE t AS ENUM ('a')",
		"CREATE MACRO m() AS 1", "CREATE FUNCTION f() AS TABLE SELECT 1", "CREATE INDEX i ON conversations (conversation_id)", "CREATE SECRET (TYPE s3)",
		"CREATE PERSISTENT SECRET x (TYPE http)", "DROP VIEW conversations", "DROP SECRET x", "ALTER VIEW conversations RENAME TO c", "COMMENT ON VIEW conversations IS 'x'",
		"COPY (SELECT 1) TO 'OUT'", "COPY (SELECT 1) TO 'FILE'", "COPY (SELECT 1) TO 'FILE' (FORMAT parquet)", "COPY (SELECT 1) TO 'FILE' (FORMAT csv, USE_TMP_FILE false)", "COPY (SELECT 1) TO 'FILE' (FORMAT parquet, USE_TMP_FILE false)", "COPY conversations TO '/dev/stdout' (FORMAT csv)", "COPY conversations FROM 'FILE'",
		"COPY FROM DATABASE memory TO x", "EXPORT DATABASE 'OUT'", "IMPORT DATABASE 'OUT'", "ATTACH 'OUT'", "ATTACH 'FILE' AS x", "ATTACH ':memory:' AS x", "DETACH memory", "USE memory",
		"INSTALL httpfs", "LOAD httpfs", "LOAD 'OUT'", "UPDATE EXTENSIONS", "FORCE INSTALL json",
		"SET threads = 1", "SET GLOBAL threads = 1", "SET VARIABLE a = 1", "RESET threads", "SET allowed_paths = []", "SET lock_configuration = false", "SET enable_external_access = true",
		"PRAGMA threads = 1", "PRAGMA database_size", "PRAGMA enable_profiling", "PRAGMA table_info('conversations')", "CALL pragma_version()", "CALL enable_logging()", "CHECKPOINT", "FORCE CHECKPOINT", "VACUUM", "ANALYZE",
		"BEGIN", "COMMIT", "ROLLBACK", "PREPARE p AS SELECT 1", "PREPARE p AS COPY (SELECT 1) TO 'FILE'", "EXECUTE p", "DEALLOCATE p",
		"WITH x AS (INSERT INTO conversations VALUES (1) RETURNING 1) SELECT * FROM x", "WITH x AS (DELETE FROM conversations RETURNING 1) FROM x", "SELECT 1 INTO t",
		"PIVOT metrics ON name USING sum(value)", "SELECT 1; SELECT 2", "SELECT 1; COPY (SELECT 1) TO 'FILE'", "COPY (SELECT 1) TO 'FILE'; SELECT 1", "", ";", "-- nothing", "SELECT nonsense", "SELEKT 1", "SELECT ?", "SELECT $1",
		"/* SELECT */ COPY (SELECT 1) TO 'FILE' -- SELECT 1", "EXPLAIN ANALYZE SELECT 1; COPY (SELECT 1) TO 'FILE'", "EXPLAIN ANALYZE EXECUTE p", "EXPLAIN EXPLAIN ANALYZE COPY (SELECT 1) TO 'FILE'",
		"EXPLAIN /* SELECT 1 */ ANALYZE COPY (SELECT 1) TO 'FILE'", "EXPLAIN (ANALYZE) COPY (SELECT 1) TO 'FILE'",
		// DuckDB ends a comment at \r, and nests those of the other kind.
		"/* a */ EXPLAIN SELECT 1", "EXPLAIN --x\r SELECT 1; COPY (SELECT 1) TO 'FILE' (FORMAT parquet, USE_TMP_FILE false); --\n SELECT 1", "EXPLAIN --x\r ANALYZE COPY (SELECT 1) TO 'FILE'; --\n SELECT 1",
		"EXPLAIN /* /* */ SELECT $x$*/ SELECT 1; SELECT 77 --$x$", "EXPLAIN (ANALYZE /* ) */) COPY (SELECT 1) TO 'FILE'", "EXPLAIN (FORMAT json) -- \r ; COPY (SELECT 1) TO 'FILE'", "/* a /* b */ */ EXPLAIN ANALYZE COPY (SELECT 1) TO 'FILE'",
		"SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM read_blob('FILE')", "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM read_parquet('FILE')", "SELECT * FROM '/etc/passwd'", "SELECT * FROM glob('/etc/*')",
		"SELECT * FROM parquet_metadata('FILE')", "SELECT * FROM sniff_csv('/etc/passwd')", "SELECT * FROM query('SELECT 1')", "SELECT * FROM query_table('conversations')", "SELECT * FROM enable_logging()",
		"SELECT * FROM enable_profiling(save_location := 'OUT')", "SELECT * FROM checkpoint()", "SELECT * FROM force_checkpoint()", "SELECT * FROM duckdb_secrets()", "SELECT * FROM arrow_scan(1, 2, 3)", "SELECT * FROM json_execute_serialized_sql('{}')",
		"SELECT (SELECT count(*) FROM main.read_text('/etc/passwd'))", "WITH x AS (FROM READ_TEXT('/etc/passwd')) SELECT 1", "SELECT getenv('HOME')", "SELECT * FROM 'http://127.0.0.1:1/x.parquet'", "SELECT * FROM sqlite_scan('OUT', 't')",
	}
	for i, s := range statements {
		statements[i] = strings.NewReplacer("'FILE'", "'"+strings.ReplaceAll(file, "'", "''")+"'", "'OUT'", "'"+out+"'").Replace(s)
	}
	for _, s := range statements { // what does something does it within EXPLAIN ANALYZE as well
		statements = append(statements, "EXPLAIN ANALYZE "+s)
	}
	return statements
}

func TestEveryStatementOnlyReads(t *testing.T) {
	unraced.Test(t)
	dir, s := smallLake(t)
	t.Chdir(t.TempDir())
	file, out := s.Files(tables.Conversations)[0].Path, filepath.Join(t.TempDir(), "out")
	before := contents(t, dir)
	for _, statement := range asking {
		if rows, err := ask(t.Context(), s, statement); err != nil || rows == 0 {
			t.Errorf("%s: %d rows, %v", statement, rows, err)
		}
	}
	for _, statement := range doing(file, out) {
		if rows, err := ask(t.Context(), s, statement); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %d rows, %v", statement, rows, err)
		}
	}
	if contents(t, dir) != before {
		t.Error("a statement changed the lake")
	}
	if left := contents(t, "."); left != "" {
		t.Errorf("statements left %s", left)
	}
}

var writes = regexp.MustCompile("^(COPY|EXPORT|ATTACH|CREATE PERSISTENT|EXPLAIN ANALYZE COPY|SELECT .*(profiling|logging))")

// Without the look at what a statement is, it can still not write: neither to the lake nor elsewhere.
func TestNothingCanBeWritten(t *testing.T) {
	unraced.Test(t)
	if !duck.Confines(t) {
		t.Skip("this kernel has no Landlock")
	}
	dir, s := smallLake(t)
	t.Chdir(t.TempDir())
	file, out := s.Files(tables.Conversations)[0].Path, filepath.Join(t.TempDir(), "out")
	before := contents(t, dir)
	for _, statement := range doing(file, out) {
		if !writes.MatchString(statement) {
			continue
		}
		err := duck.Unchecked(t.Context(), s, statement)
		if err == nil && strings.Contains(statement, "COPY") {
			t.Errorf("%s: not refused", statement)
		}
	}
	if contents(t, dir) != before {
		t.Error("a statement changed the lake")
	}
	if _, err := os.Stat(out); err == nil || contents(t, ".") != "" {
		t.Error("a statement made a file")
	}
}

func TestSQLEndsWithItsContext(t *testing.T) {
	unraced.Test(t)
	_, s := smallLake(t)
	ctx, cancel := context.WithCancel(t.Context())
	deaf := make(chan struct{}) // what does not end when it is told to
	defer close(deaf)
	err := duck.SQL(ctx, duck.Config{}, s, "SELECT 1", func([]string) error { return nil }, func([]any) error { cancel(); <-deaf; return nil })
	if fault.ExitCode(err) != 130 {
		t.Errorf("got %v", err)
	}
	if _, err := ask(ctx, s, "SELECT 1"); fault.ExitCode(err) != 130 {
		t.Errorf("begun after its end: got %v", err)
	}
}
