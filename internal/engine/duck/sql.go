package duck

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/private"
)

// SQL runs one statement that reads over views of all tables of a snapshot, and hands on the names of the columns and
// then each row. Whatever the statement says, it cannot write, and cannot read anything but the lake's data files: it is
// refused unless it only asks, DuckDB is told to touch nothing but these files, and where the kernel has Landlock the
// threads that run it can open nothing else, and for reading alone (decision 0032). A statement that is wrong is
// fault.Invalid and says what DuckDB says of it. When ctx ends, so does SQL soon, and its error is that of ctx.
//
// Columns and row are called on such a thread: they write to what is open already.
func SQL(ctx context.Context, cfg Config, snapshot *lake.Snapshot, statement string, columns func([]string) error, row func([]any) error) error {
	return sqlBehind(ctx, cfg, snapshot, func(ctx context.Context, conn *sql.Conn) (err error) {
		statement, err := onlyAsks(ctx, conn, statement)
		if err != nil {
			return err
		}
		rows, err := conn.QueryContext(ctx, statement)
		if err != nil {
			return wrong(ctx, err)
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		return eachRow(ctx, rows, columns, row)
	})
}

// sqlBehind lends a connection to a DuckDB that has the views and is shut in.
func sqlBehind(ctx context.Context, cfg Config, snapshot *lake.Snapshot, use func(context.Context, *sql.Conn) error) error {
	folder, err := private.Temp("sql")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }() // what stays, the next Temp clears away
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never let go: the thread is of no use to others, and ends with this function
		done <- cfg.shutIn(ctx, snapshot, folder, use)
	}()
	select {
	case err = <-done:
	case <-ctx.Done():
		select {
		case err = <-done:
		case <-time.After(patience):
		}
	}
	if ctx.Err() != nil {
		return ctx.Err() // whatever broke because of it
	}
	return err
}

// shutIn confines the thread, starts DuckDB on it, and lends a connection.
func (c Config) shutIn(ctx context.Context, snapshot *lake.Snapshot, folder string, use func(context.Context, *sql.Conn) error) (err error) {
	if _, err := confine(paths(snapshot), folder); err != nil {
		return fmt.Errorf("shut the lake away: %w", err)
	}
	d, err := openIn(ctx, c, folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
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
	return use(ctx, conn)
}

// paths are the data files of a snapshot.
func paths(s *lake.Snapshot) (out []string) {
	for _, t := range tables.All() {
		for _, f := range s.Files(t) {
			out = append(out, f.Path)
		}
	}
	return out
}

// views defines a view for each table, and then shuts everything else away.
func views(s *lake.Snapshot) []string {
	var out, allowed []string
	for _, t := range tables.All() {
		from := nothing(tables.Columns(t))
		if files := s.Files(t); len(files) > 0 {
			from = readParquet(files, "")
		}
		out = append(out, fmt.Sprintf("CREATE VIEW %s AS SELECT * FROM %s", t, from))
	}
	for _, path := range paths(s) {
		allowed = append(allowed, sqltext.Quote(path))
	}
	return append(out, "SET allowed_paths = ["+strings.Join(allowed, ", ")+"]", "SET enable_external_access = false", "SET lock_configuration = true")
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
