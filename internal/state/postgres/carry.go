package postgres

import (
	"context"
	"database/sql"
	"strings"
)

// InsertNumbered inserts rows: a column that counts up takes a number only if that is said.
func (Dialect) InsertNumbered(table string, columns []string, rows int) string {
	row := `(?` + strings.Repeat(`, ?`, len(columns)-1) + `)`
	return `INSERT INTO ` + table + ` (` + strings.Join(columns, `, `) + `) OVERRIDING SYSTEM VALUE VALUES ` + row + strings.Repeat(`, `+row, rows-1)
}

// sequence is that of the column $2 of the table $1.
const sequence = `pg_get_serial_sequence(quote_ident(current_schema()) || '.' || quote_ident($1), $2)::regclass`

// Numbered asks the sequence of the column.
func (Dialect) Numbered(ctx context.Context, db *sql.DB, table, column string) (last int64, err error) {
	err = db.QueryRowContext(ctx, `SELECT coalesce(pg_sequence_last_value(`+sequence+`), 0)`, table, column).Scan(&last)
	return last, Fault(err)
}

// NumberOn sets the sequence of the column.
func (Dialect) NumberOn(ctx context.Context, tx *sql.Tx, table, column string, last int64) error {
	_, err := tx.ExecContext(ctx, `SELECT setval(`+sequence+`, $3)`, table, column, last)
	return Fault(err)
}

// refusal is the code of the errors of a guard: none of Postgres's own begins so.
const refusal = "PY001"

// Guard puts a trigger on the table that every transaction of a writer begins with (see Begin). Locks are not changed in such, and can be
// taken all the same.
func (Dialect) Guard(ctx context.Context, tx *sql.Tx, message string) error {
	literal := `'` + strings.ReplaceAll(message, `'`, `''`) + `'`
	_, err := tx.ExecContext(ctx, `CREATE OR REPLACE FUNCTION parley_moved() RETURNS trigger LANGUAGE plpgsql AS `+dollars+`
		BEGIN RAISE EXCEPTION USING MESSAGE = `+literal+`, ERRCODE = '`+refusal+`'; END `+dollars+`;
		DROP TRIGGER IF EXISTS parley_moved ON parley_transactions;
		CREATE TRIGGER parley_moved BEFORE INSERT OR UPDATE ON parley_transactions EXECUTE FUNCTION parley_moved()`)
	return Fault(err)
}

// dollars quote the body of a function, in which no place can have them.
const dollars = `$parley_moved$`

// Unguard removes the trigger.
func (Dialect) Unguard(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, `DROP TRIGGER IF EXISTS parley_moved ON parley_transactions`)
	return Fault(err)
}
