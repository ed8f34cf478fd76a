package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"
)

// InsertNumbered inserts rows: a column that counts up takes any number.
func (Dialect) InsertNumbered(table string, columns []string, rows int) string {
	row := `(?` + strings.Repeat(`, ?`, len(columns)-1) + `)`
	return `INSERT INTO ` + table + ` (` + strings.Join(columns, `, `) + `) VALUES ` + row + strings.Repeat(`, `+row, rows-1)
}

// Numbered looks into SQLite's own table of such columns. A table has one of them at most.
func (Dialect) Numbered(ctx context.Context, db *sql.DB, table, _ string) (last int64, err error) {
	err = db.QueryRowContext(ctx, `SELECT seq FROM sqlite_sequence WHERE name = ?`, table).Scan(&last)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return last, Fault(err)
}

// NumberOn writes into SQLite's own table.
func (Dialect) NumberOn(ctx context.Context, tx *sql.Tx, table, _ string, last int64) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM sqlite_sequence WHERE name = ?`, table); err != nil {
		return Fault(err)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO sqlite_sequence VALUES (?, ?)`, table, last)
	return Fault(err)
}

const ownTables = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`

// Guard puts triggers on every table.
func (Dialect) Guard(ctx context.Context, tx *sql.Tx, message string) error {
	tables, err := texts(ctx, tx, ownTables)
	if err != nil {
		return Fault(err)
	}
	for _, table := range tables {
		for _, change := range []string{"INSERT", "UPDATE", "DELETE"} {
			_, err := tx.ExecContext(ctx, `CREATE TRIGGER IF NOT EXISTS moved_`+change+`_`+table+` BEFORE `+change+` ON `+table+
				` BEGIN SELECT RAISE(ABORT, '`+guarded+strings.ReplaceAll(message, `'`, `''`)+`'); END`)
			if err != nil {
				return Fault(err)
			}
		}
	}
	return nil
}

// Unguard removes the triggers.
func (Dialect) Unguard(ctx context.Context, db *sql.DB) (err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return Fault(err)
	}
	defer func() { _ = tx.Rollback() }() // it has ended, or the failure was told
	triggers, err := texts(ctx, tx, `SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'moved\_%' ESCAPE '\'`)
	if err != nil {
		return Fault(err)
	}
	for _, trigger := range triggers {
		if _, err := tx.ExecContext(ctx, `DROP TRIGGER `+trigger); err != nil {
			return Fault(err)
		}
	}
	return Fault(tx.Commit())
}

// guarded begins the messages of a guard.
const guarded = "moved: "

func texts(ctx context.Context, tx *sql.Tx, query string) (out []string, err error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, rows.Err()
}
