package postgres

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
)

// Dialect is what is Postgres's own. See state.Dialect for what each of it is.
type Dialect struct{}

// Name is how others call the dialect.
func (Dialect) Name() string { return "postgres" }

// Bind numbers the arguments: $1, $2. A question mark within a text or a name in quotes is none.
func (Dialect) Bind(statement string) string {
	var out strings.Builder
	quote, next := byte(0), 0
	for i := 0; i < len(statement); i++ {
		c := statement[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '?':
			next++
			digits := len(statement[i+1:]) - len(strings.TrimLeft(statement[i+1:], "0123456789"))
			number := strconv.Itoa(next)
			if digits > 0 {
				number = statement[i+1 : i+1+digits]
				i += digits
			}
			out.WriteString("$" + number)
			continue
		}
		out.WriteByte(c)
	}
	return out.String()
}

// Words are Postgres's types, all of which are checked. With the collation C texts are compared byte by byte, whatever the database's
// own is.
func (Dialect) Words() map[string]string {
	return map[string]string{
		"text": `TEXT COLLATE "C"`, "integer": "BIGINT", "boolean": "BOOLEAN", "bytes": "BYTEA", "empty": `''`,
		"number": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "checked": "", "by key": "",
	}
}

// Tables looks into Postgres's own tables.
func (Dialect) Tables() string {
	return `SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = ?`
}

// InsertNew passes over rows by ON CONFLICT.
func (Dialect) InsertNew(table string, columns, rows int) string {
	row := `(?` + strings.Repeat(`, ?`, columns-1) + `)`
	return `INSERT INTO ` + table + ` VALUES ` + row + strings.Repeat(`, `+row, rows-1) + ` ON CONFLICT DO NOTHING`
}

// writers is the advisory lock of whoever writes to the control database, in every process. It lasts until the transaction ends, or its
// connection does.
const writers = 0x7061726c6579 // "parley"

// Begin begins a transaction and waits until no other one writes.
func (Dialect) Begin(ctx context.Context, db *sql.DB) (*sql.Tx, error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(writers)); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return tx, nil
}

// OneWriter is false: the lock lines up those of this process too.
func (Dialect) OneWriter() bool { return false }

// Scrub writes every table anew. What Postgres keeps to recover and to replicate by is its own, and goes as it is set up to.
func (Dialect) Scrub(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, `VACUUM (FULL)`)
	return Fault(err)
}

// Fault gives an error of the driver its kind.
func (Dialect) Fault(err error) error { return Fault(err) }
