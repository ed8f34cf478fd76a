package postgres

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
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

// Tables looks for a table as a statement finds it: in the schema, or in what all schemas have in common.
func (Dialect) Tables() string {
	return `SELECT count(*) FROM pg_class WHERE oid = to_regclass(?) AND relkind IN ('r', 'p')`
}

// InsertNew passes over rows by ON CONFLICT.
func (Dialect) InsertNew(table string, columns, rows int) string {
	row := `(?` + strings.Repeat(`, ?`, columns-1) + `)`
	return `INSERT INTO ` + table + ` VALUES ` + row + strings.Repeat(`, `+row, rows-1) + ` ON CONFLICT DO NOTHING`
}

// OneWriter is false: the lock lines up those of this process too.
func (Dialect) OneWriter() bool { return false }

// Scrub writes every table of the schema anew. What Postgres keeps to recover and to replicate by is its own, and goes as it is set up to.
func (Dialect) Scrub(ctx context.Context, db *sql.DB) error {
	tables, err := Texts(ctx, db, `SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1`)
	if err != nil {
		return Fault(err)
	}
	for _, table := range tables {
		if _, err := db.ExecContext(ctx, `VACUUM (FULL) `+pgx.Identifier{table}.Sanitize()); err != nil {
			return Fault(err)
		}
	}
	return nil
}

// Texts reads all the rows of a query, each of which is one text.
func Texts(ctx context.Context, db *sql.DB, query string) (out []string, err error) {
	rows, err := db.QueryContext(ctx, query)
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

// Common runs statements that make what all the schemas of a database have in common, in the schema of that. One at a time does.
func (Dialect) Common(ctx context.Context, db *sql.DB, statements string) error {
	err := alone(ctx, db, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `SET LOCAL search_path = `+Catalog); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, statements)
		return err
	})
	return Fault(err)
}

// Fault gives an error of the driver its kind.
func (Dialect) Fault(err error) error { return Fault(err) }
