package duck

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	bindings "github.com/duckdb/duckdb-go-bindings"
	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
)

// SQL runs one statement that reads over views of all tables of a snapshot, and hands on the names of the columns and
// then each row. Whatever the statement says, it cannot write, and cannot read anything but the lake's data files.
// A statement that is wrong is fault.Invalid and says what DuckDB says of it.
func SQL(ctx context.Context, cfg Config, snapshot *lake.Snapshot, statement string, columns func([]string) error, row func([]any) error) (err error) {
	d, err := Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := oneStatement(statement); err != nil {
		return err
	}
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return asFault(ctx, err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	for _, s := range views(snapshot) {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			return asFault(ctx, err)
		}
	}
	if err := readsOnly(ctx, conn, statement); err != nil {
		return err
	}
	rows, err := conn.QueryContext(ctx, statement)
	if err != nil {
		return wrong(ctx, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	return eachRow(ctx, rows, columns, row)
}

// views defines a view for each table, and then shuts everything else away.
func views(s *lake.Snapshot) []string {
	var out, paths []string
	for _, t := range lake.Tables() {
		files := s.Files(t)
		from := readParquet(files, "")
		if len(files) == 0 {
			from = nothing(lake.Columns(t))
		}
		out = append(out, fmt.Sprintf("CREATE VIEW %s AS SELECT * FROM %s", t, from))
		for _, f := range files {
			paths = append(paths, quote(f.Path))
		}
	}
	return append(out, "SET allowed_paths = ["+strings.Join(paths, ", ")+"]", "SET enable_external_access = false", "SET lock_configuration = true")
}

// nothing is a table without rows that has the columns.
func nothing(columns []lake.Column) string {
	types := map[string]string{
		"utf8": "VARCHAR", "int64": "BIGINT", "float64": "DOUBLE", "bool": "BOOLEAN",
		"timestamp[us, tz=UTC]": "TIMESTAMPTZ", "list<item: utf8, nullable>": "VARCHAR[]", "list<item: int64, nullable>": "BIGINT[]",
	}
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = "NULL::" + types[c.Type] + " AS " + c.Name
	}
	return "(SELECT " + strings.Join(list, ", ") + " WHERE false)"
}

// oneStatement refuses anything else than one statement. The driver's Prepare executes all statements but the last, so
// they have to be counted before it sees them, in a database of their own.
func oneStatement(text string) error {
	var db bindings.Database
	var conn bindings.Connection
	if bindings.Open("", &db) != bindings.StateSuccess {
		return errors.New("duckdb: cannot be started")
	}
	defer bindings.Close(&db)
	if bindings.Connect(db, &conn) != bindings.StateSuccess {
		return errors.New("duckdb: cannot be connected to")
	}
	defer bindings.Disconnect(&conn)
	var statements bindings.ExtractedStatements
	defer bindings.DestroyExtracted(&statements)
	n := bindings.ExtractStatements(conn, text, &statements)
	if message := bindings.ExtractStatementsError(statements); message != "" {
		return fault.New(fault.Invalid, "%s", strings.TrimSpace(message))
	}
	if n != 1 {
		return fault.New(fault.Invalid, "write one statement, and not %d", n)
	}
	return nil
}

// readsOnly refuses a statement that is not a question.
func readsOnly(ctx context.Context, conn *sql.Conn, statement string) error {
	return conn.Raw(func(c any) error {
		stmt, err := c.(driver.ConnPrepareContext).PrepareContext(ctx, statement)
		if err != nil {
			return wrong(ctx, err)
		}
		defer stmt.Close()
		kind, err := stmt.(*duckdb.Stmt).StatementType()
		if err != nil {
			return wrong(ctx, err)
		}
		if kind == duckdb.STATEMENT_TYPE_SELECT || kind == duckdb.STATEMENT_TYPE_EXPLAIN || kind == duckdb.STATEMENT_TYPE_RELATION {
			return nil
		}
		return fault.New(fault.Invalid, "the lake can only be read: write a SELECT, DESCRIBE, SUMMARIZE or EXPLAIN")
	})
}

// wrong gives what DuckDB says of a statement to the person who wrote it.
func wrong(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if failed := damagedFile(err); failed != nil {
		return failed
	}
	var duck *duckdb.Error
	if errors.As(err, &duck) && duck.Type != duckdb.ErrorTypeOutOfMemory && duck.Type != duckdb.ErrorTypeInterrupt {
		message, _, _ := strings.Cut(duck.Msg, "\n\nLINE ") // an arrow under a place in the text needs lines
		if duck.Type == duckdb.ErrorTypePermission {
			message = "only the tables of the lake can be read: " + message
		}
		return fault.New(fault.Invalid, "%s", strings.TrimSpace(message))
	}
	return asFault(ctx, err)
}

func eachRow(ctx context.Context, rows *sql.Rows, columns func([]string) error, row func([]any) error) error {
	names, err := rows.Columns()
	if err != nil {
		return asFault(ctx, err)
	}
	types, err := rows.ColumnTypes()
	if err != nil {
		return asFault(ctx, err)
	}
	if err := columns(names); err != nil {
		return err
	}
	values, to := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		to[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			return asFault(ctx, err)
		}
		for i, v := range values {
			if day, ok := v.(time.Time); ok && types[i].DatabaseTypeName() == "DATE" {
				values[i] = day.Format(time.DateOnly)
			}
		}
		if err := row(values); err != nil {
			return err
		}
	}
	return asFault(ctx, rows.Err())
}
