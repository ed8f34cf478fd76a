package duck

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"testing"

	"github.com/parley-hq/parley/internal/engine/answers"
	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/query"
)

// HitSets counts the tables of hits that were made, and those that are there.
func HitSets(t *testing.T, d *DB) (made, kept int64) {
	t.Helper()
	if err := d.db.QueryRowContext(t.Context(), "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'hits_%'").Scan(&kept); err != nil {
		t.Fatal(err)
	}
	return d.tables.Load(), kept
}

// Kept counts the sets that are kept, and what they take.
func Kept(d *DB) (sets, bytes int64) {
	d.hits.mu.Lock()
	defer d.hits.mu.Unlock()
	return int64(len(d.hits.sets)), d.hits.bytes
}

// Forget drops what questions have found, as if nobody had asked any.
func Forget(tb testing.TB, d *DB) {
	tb.Helper()
	if err := d.hits.shrink(tb.Context(), 0); err != nil {
		tb.Fatal(err)
	}
}

// LowerDiffers lists the letters that DuckDB lowers in another way.
func LowerDiffers(ctx context.Context, d *DB, lower func(rune) rune) (differ []rune, err error) {
	rows, err := d.db.QueryContext(ctx, `SELECT i, lower(chr(i::INTEGER)) FROM (SELECT unnest(range(1, 55296)) AS i UNION ALL SELECT unnest(range(57344, 1114112)))`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r rune
		var low string
		if err := rows.Scan(&r, &low); err != nil {
			return nil, err
		}
		if low != string(lower(r)) {
			differ = append(differ, r)
		}
	}
	return differ, rows.Err()
}

// ReadNumber and ReadInstant give what DuckDB reads in a text, as numbers and milliseconds since 1970; nil is nothing.
func ReadNumber(ctx context.Context, d *DB, text string) (v *float64, err error) {
	err = d.db.QueryRowContext(ctx, "SELECT "+dialect{}.Number("x")+" FROM (SELECT ?::VARCHAR AS x)", text).Scan(&v)
	return v, err
}

func ReadInstant(ctx context.Context, d *DB, text string) (v *float64, err error) {
	err = d.db.QueryRowContext(ctx, "SELECT "+dialect{}.Milliseconds(dialect{}.Instant("x"))+" FROM (SELECT ?::VARCHAR AS x)", text).Scan(&v)
	return v, err
}

// Text runs a statement that gives one text.
func Text(tb testing.TB, d *DB, statement string) (text string) {
	tb.Helper()
	if err := d.db.QueryRowContext(tb.Context(), statement).Scan(&text); err != nil {
		tb.Fatal(err)
	}
	return text
}

// RunOverNothing runs the statements of a question over tables without rows, and gives their text.
func RunOverNothing(ctx context.Context, d *DB, q query.Query, a query.Aggregation) (statements []string, err error) {
	s := sqltext.NewSearch(dialect{}, &lake.Snapshot{}, q)
	h := &hitSet{}
	if err := d.find(ctx, s.Hits("conversation_id, conversation_start"), h); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.drop(ctx, h.table)) }()
	statements = append(statements, s.Hits("conversation_id").SQL)
	e := New(d, &lake.Snapshot{})
	for _, found := range []*sqltext.Found{h.as(), {}, nil} {
		if _, err := answers.Facets(ctx, e, []query.Aggregation{a}, s, found); err != nil {
			return nil, err
		}
		statements = append(statements, s.Terms(a, found).SQL, s.Ranges(a, found).SQL, s.Places(found, 1, 1).SQL)
	}
	return statements, nil
}

// Unchecked runs a text where SQL runs statements, without asking whether it may: what is left is what the process can.
func Unchecked(ctx context.Context, s *lake.Snapshot, text string) error {
	return sqlBehind(ctx, Config{}, s, func(ctx context.Context, conn *sql.Conn, _ damage) error {
		_, err := conn.ExecContext(ctx, text)
		return err
	})
}

// Confines says whether the kernel can confine a thread.
func Confines(tb testing.TB) bool {
	tb.Helper()
	answer := make(chan bool)
	go func() {
		runtime.LockOSThread()
		ok, err := confine(nil, tb.TempDir())
		if err != nil {
			tb.Error(err)
		}
		answer <- ok
	}()
	return <-answer
}

// InUse counts the answers that are open.
func InUse(d *DB) int { return d.db.Stats().InUse }

// AskInParts has an engine ask for rows of so many conversations at once.
func AskInParts(e *Engine, n int) { e.atOnce = atOnce{n, n, n, n} }

// Rows runs a statement and reads all of its rows.
func Rows(b *testing.B, d *DB, statement string) (n int) {
	b.Helper()
	rows, err := d.Ask(b.Context(), sqltext.Of(statement))
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		b.Fatal(err)
	}
	values, into := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	for ; rows.Next(); n++ {
		if err := rows.Scan(into...); err != nil {
			b.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	return n
}
