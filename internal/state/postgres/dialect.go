package postgres

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wait"
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

// begin waits until no other transaction writes to the schema, in any process: the advisory lock lasts until the transaction ends, or its
// connection does. Two schemas may have one lock, and then wait for one another. It gives the number of the transaction too.
const begin = `SELECT pg_current_xact_id()::text, pg_advisory_xact_lock(1885434476, hashtext(current_schema()) | 1)::text`

// Begin begins a transaction and waits until no other one writes to the schema.
func (Dialect) Begin(ctx context.Context, db *sql.DB) (tx *sql.Tx, number string, err error) {
	tx, err = db.BeginTx(ctx, nil)
	if err != nil {
		return nil, "", err
	}
	var none string
	if err := tx.QueryRowContext(ctx, begin).Scan(&number, &none); err != nil {
		return nil, "", errors.Join(err, tx.Rollback())
	}
	return tx, number, nil
}

// patience is how long an outcome is asked for: a Postgres that was killed is back by then, and so is one that another has taken over from.
const patience = time.Minute

// Ended asks what has become of a transaction whose end came back with an error: the connection may have gone after the server had
// committed it and before it could say so.
func (d Dialect) Ended(ctx context.Context, db *sql.DB, number string, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	var last error
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		var status sql.NullString // none: so long ago that it is forgotten
		last = db.QueryRowContext(ctx, `SELECT pg_xact_status($1::xid8)`, number).Scan(&status)
		if last == nil {
			switch status.String {
			case "committed":
				return nil
			case "aborted":
				return unchanged(err)
			}
		}
		// "in progress": its server has not noticed yet that nobody listens.
		if wait.For(ctx, pause) != nil {
			return fault.Because(fault.InDoubt, errors.Join(err, last), "whether the control database was changed cannot be told now; run again")
		}
	}
}

// OneWriter is false: the lock lines up those of this process too.
func (Dialect) OneWriter() bool { return false }

// unchanged is the failure of a transaction that is not in.
func unchanged(err error) error {
	told := Fault(err)
	if _, kind := errors.AsType[*fault.Error](told); kind || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return told
	}
	return fault.Because(fault.Unavailable, err, "the control database could not be changed; run again")
}

// Scrub writes every table of the schema anew. What Postgres keeps to recover and to replicate by is its own, and goes as it is set up to.
func (Dialect) Scrub(ctx context.Context, db *sql.DB) error {
	tables, err := names(ctx, db, `SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1`)
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

func names(ctx context.Context, db *sql.DB, query string) (out []string, err error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		out = append(out, name)
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
