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
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/private"
)

// SQL runs one statement that reads over views of all tables of a snapshot, and hands on the names of the columns and
// then each row. Whatever the statement says, it cannot write, and cannot read anything but the lake's data files: it is
// refused unless it only asks, DuckDB is told to touch nothing but these files, and where the kernel has Landlock the
// threads that run it can open nothing else, and for reading alone (decision 0032). A statement that is wrong is
// fault.Invalid and says what DuckDB says of it. When ctx ends, so does SQL soon, and its error is that of ctx.
//
// A table of which a file is missing or damaged cannot be read: which days a statement touches, nobody knows. A statement
// that reads none but others is answered.
//
// Columns and row are called on such a thread: they write to what is open already.
func SQL(ctx context.Context, cfg Config, snapshot *lake.Snapshot, statement string, columns func([]string) error, row func([]any) error) error {
	return sqlOver(ctx, cfg, snapshot, readsOf(statement), func(ctx context.Context, conn *sql.Conn, lost damage) (err error) {
		defer func() { err = lost.of(err) }()
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
func sqlBehind(ctx context.Context, cfg Config, snapshot *lake.Snapshot, use func(context.Context, *sql.Conn, damage) error) error {
	return sqlOver(ctx, cfg, snapshot, func(tables.Table) bool { return true }, use)
}

// readsOf says which tables a statement may read: those whose names are in it somewhere, by themselves or in that of a view.
func readsOf(statement string) func(tables.Table) bool {
	said := strings.ToLower(statement)
	return func(t tables.Table) bool {
		if t != tables.Names {
			return strings.Contains(said, string(t))
		}
		for view := range nameViews {
			if strings.Contains(said, view) {
				return true
			}
		}
		return strings.Contains(said, string(t))
	}
}

// chosen are the files of a snapshot for a statement that reads some tables. Of a lake that is not on this machine the files of the
// others are not fetched, so that their views have no rows, which nobody sees.
type chosen struct {
	*lake.Snapshot

	reads func(tables.Table) bool
}

// Files lists the files that a table has for the statement.
func (c chosen) Files(t tables.Table) []datafile.File {
	files := c.Snapshot.Files(t)
	if len(files) > 0 && files[0].Copy != "" && !c.reads(t) {
		return nil
	}
	return files
}

// VerifyTable looks at the files that a table has for the statement.
func (c chosen) VerifyTable(ctx context.Context, t tables.Table) error {
	if len(c.Files(t)) == 0 {
		return nil
	}
	return c.Snapshot.VerifyTable(ctx, t)
}

// hold has the files of the tables at hand that can be read.
func (c chosen) hold(ctx context.Context, lost damage) (leave func(), err error) {
	var all []datafile.File
	for _, t := range viewed() {
		if lost[t] == nil {
			all = append(all, c.Files(t)...)
		}
	}
	return datafile.Hold(ctx, all)
}

// sqlOver is sqlBehind, for a statement that reads some tables.
func sqlOver(ctx context.Context, cfg Config, all *lake.Snapshot, reads func(tables.Table) bool, use func(context.Context, *sql.Conn, damage) error) error {
	snapshot := chosen{all, reads}
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
func (c Config) shutIn(ctx context.Context, snapshot chosen, folder string, use func(context.Context, *sql.Conn, damage) error) (err error) {
	lost := damageOf(ctx, snapshot)
	leave, err := snapshot.hold(ctx, lost)
	if err != nil {
		return err
	}
	defer leave()
	if _, err := confine(paths(snapshot, lost), folder); err != nil {
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
	for _, t := range viewed() {
		if lost[t] != nil {
			continue
		}
		if _, err := conn.ExecContext(ctx, view(snapshot, t)); err != nil {
			if lost[t] = asFault(ctx, err); !errors.Is(lost[t], fault.Corrupt) {
				return lost[t]
			}
		}
	}
	if lost[tables.Names] == nil {
		for name, kind := range nameViews {
			if _, err := conn.ExecContext(ctx, nameView(name, kind)); err != nil {
				return asFault(ctx, err)
			}
		}
	}
	for _, s := range shuttingIn(paths(snapshot, lost)) {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			return asFault(ctx, err)
		}
	}
	return use(ctx, conn, lost)
}

// damage is why tables cannot be read, of those that cannot. They have no view.
type damage map[tables.Table]error

func damageOf(ctx context.Context, s chosen) damage {
	lost := damage{}
	for _, t := range viewed() {
		if err := s.VerifyTable(ctx, t); err != nil {
			lost[t] = err
		}
	}
	return lost
}

// of gives the damage of a table in place of what DuckDB says of a table that is not there.
func (d damage) of(err error) error {
	if !errors.Is(err, fault.Invalid) {
		return err
	}
	said := strings.ToLower(err.Error())
	missing := func(view string) bool { return strings.Contains(said, "table with name "+view+" does not exist") }
	for t, lost := range d {
		if missing(string(t)) {
			return lost
		}
	}
	for view := range nameViews {
		if lost := d[tables.Names]; lost != nil && missing(view) {
			return lost
		}
	}
	return err
}

// paths are the data files of the tables of a snapshot that can be read.
func paths(s chosen, lost damage) (out []string) {
	for _, t := range viewed() {
		if lost[t] != nil {
			continue
		}
		for _, f := range s.Files(t) {
			out = append(out, f.Local())
		}
	}
	return out
}

// viewed are the tables that have a view.
func viewed() []tables.Table { return append(tables.All(), tables.Names) }

// nameViews are the views of what things are called now, each with the kind of things in it.
var nameViews = map[string]names.Kind{
	"users": names.User, "queues": names.Queue, "wrap_up_codes": names.WrapUpCode, "divisions": names.Division, "skills": names.Skill, "languages": names.Language,
}

// nameView defines a view with a row for each thing.
func nameView(name string, kind names.Kind) string {
	return fmt.Sprintf("CREATE VIEW %s AS SELECT id, name, division_id, state, gone, seen_from FROM %s WHERE kind = %s AND seen_until IS NULL",
		name, tables.Names, sqltext.Quote(string(kind)))
}

// view defines the view of a table.
func view(s chosen, t tables.Table) string {
	from := nothing(tables.Columns(t))
	if files := s.Files(t); len(files) > 0 {
		from = readParquet(files, "")
	}
	return fmt.Sprintf("CREATE VIEW %s AS SELECT * FROM %s", t, from)
}

// shuttingIn shuts everything away but these files.
func shuttingIn(paths []string) []string {
	var allowed []string
	for _, path := range paths {
		allowed = append(allowed, sqltext.Quote(path))
	}
	return []string{"SET allowed_paths = [" + strings.Join(allowed, ", ") + "]", "SET enable_external_access = false", "SET lock_configuration = true"}
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
