package sqlite

import (
	"context"
	"database/sql"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
)

// Dialect is what is SQLite's own. See state.Dialect for what each of it is.
type Dialect struct{}

// Name is how others call the dialect.
func (Dialect) Name() string { return "sqlite" }

// Bind leaves a statement as it is: SQLite takes ? and ?1.
func (Dialect) Bind(statement string) string { return statement }

// Words are SQLite's types. TEXT is compared byte by byte. STRICT has a table refuse what is not of the type of its
// column, and a table WITHOUT ROWID is kept in the order of its key.
func (Dialect) Words() map[string]string {
	return map[string]string{
		"text": "TEXT", "integer": "INTEGER", "boolean": "INTEGER", "bytes": "BLOB", "empty": "x''",
		"number": "INTEGER PRIMARY KEY AUTOINCREMENT", "checked": "STRICT", "by key": "STRICT, WITHOUT ROWID",
	}
}

// Tables looks into SQLite's own table of tables.
func (Dialect) Tables() string {
	return `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?`
}

// InsertNew is not ON CONFLICT DO NOTHING: a statement of several rows that can fail, as that one still can for a value
// that is missing, keeps a copy of every page that it touches. That takes a sixth more of the processor in all of what
// staging a page does (BenchmarkPut in internal/stage).
func (Dialect) InsertNew(table string, columns, rows int) string {
	row := `(?` + strings.Repeat(`, ?`, columns-1) + `)`
	return `INSERT OR IGNORE INTO ` + table + ` VALUES ` + row + strings.Repeat(`, `+row, rows-1)
}

// Begin begins a transaction that has the lock to write from the start, by the _txlock of Open.
// What its Commit says is so.
func (Dialect) Begin(ctx context.Context, db *sql.DB) (*sql.Tx, func() error, error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	return tx, func() error { return Fault(tx.Commit()) }, nil
}

// Common runs them as any others: a file is one control database.
func (Dialect) Common(ctx context.Context, db *sql.DB, statements string) error {
	_, err := db.ExecContext(ctx, statements)
	return Fault(err)
}

// OneWriter is true: SQLite lets one write at a time, and has the others sleep and try again.
func (Dialect) OneWriter() bool { return true }

// Scrub writes the database anew, and then the log into it, which is empty afterwards. While somebody reads from the log that
// cannot be, and SQLite says so in a row.
func (Dialect) Scrub(ctx context.Context, db *sql.DB) error {
	if _, err := db.ExecContext(ctx, `VACUUM`); err != nil {
		return Fault(err)
	}
	var busy, log, done int
	if err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &log, &done); err != nil {
		return Fault(err)
	}
	if busy != 0 {
		return fault.New(fault.Conflict, "another process reads the control database, so that what was deleted still stands in its log; run again when it has ended")
	}
	return nil
}

// Cut is false: there is nobody at the other end of a connection.
func (Dialect) Cut(error) bool { return false }

// Fault gives an error of the driver its kind.
func (Dialect) Fault(err error) error { return Fault(err) }
