package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
)

// types are what the types of the lake's columns, as Arrow calls them, are in Postgres.
var types = map[string]string{
	"utf8": "text", "int64": "bigint", "float64": "double precision", "bool": "boolean", "timestamp[us, tz=UTC]": "timestamp with time zone",
	"list<item: utf8, nullable>": "text[]", "list<item: int64, nullable>": "bigint[]",
}

// mark is the comment that tells our tables from others of the same name.
const mark = "made by parley export: "

// days is the table that says from which files of the lake each day was copied, and source the one that says of what.
const (
	days   = "export_days"
	source = "export_source"
)

// prepare makes what is not there yet.
func (c *Copy) prepare(ctx context.Context) error {
	return c.tx(ctx, func(tx pgx.Tx) error {
		if err := c.makeSchema(ctx, tx); err != nil {
			return err
		}
		own := map[string][]tables.Column{
			days: {
				{Name: "day", Type: "date", Required: true, Doc: "UTC day of conversation_start"},
				{Name: "files", Type: "text", Required: true, Doc: "stands for the files of the lake that it was copied from"},
				{Name: "columns", Type: "text", Required: true, Doc: "stands for the columns that the tables had"},
				{Name: "conversations", Type: "bigint", Required: true, Doc: "conversations of the day"},
				{Name: "exported_at", Type: "timestamp with time zone", Required: true, Doc: "when it was copied"},
			},
			source: {{Name: "source", Type: "text", Required: true, Doc: "where the conversations come from"}},
		}
		for name, columns := range own {
			if err := c.make(ctx, tx, name, "what was exported", columns); err != nil {
				return err
			}
		}
		if err := c.claim(ctx, tx); err != nil {
			return err
		}
		for _, t := range tables.All() {
			if err := c.make(ctx, tx, string(t), "table "+string(t)+" of the lake", tables.Columns(t)); err != nil {
				return err
			}
		}
		return c.views(ctx, tx)
	})
}

// makeSchema makes the schema if it is not there. Postgres wants the right to make one even of CREATE SCHEMA IF NOT EXISTS, and a role
// that owns the schema may have no more than that.
func (c *Copy) makeSchema(ctx context.Context, tx pgx.Tx) error {
	var there bool
	if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", c.cfg.Schema).Scan(&there); err != nil || there {
		return err
	}
	_, err := tx.Exec(ctx, "CREATE SCHEMA "+pgx.Identifier{c.cfg.Schema}.Sanitize())
	if codeOf(err) == "42501" { // insufficient_privilege
		return fault.Because(fault.Forbidden, asFault(ctx, err), "the schema %s cannot be made; have the owner of the database make it for this role, or choose another with --schema", c.cfg.Schema)
	}
	return err
}

// claim has the schema remember whose conversations are in it, and refuses those of another source: each export would
// remove what the other brought.
func (c *Copy) claim(ctx context.Context, tx pgx.Tx) error {
	var holds string
	err := tx.QueryRow(ctx, "SELECT source FROM "+c.table(source)).Scan(&holds)
	if errors.Is(err, pgx.ErrNoRows) {
		_, err = tx.Exec(ctx, "INSERT INTO "+c.table(source)+" VALUES ($1)", c.cfg.Source)
		return err
	}
	if err == nil && holds != c.cfg.Source {
		return fault.New(fault.Conflict, "the schema %s has the conversations of %s, and the lake those of %s; choose another schema with --schema", c.cfg.Schema, holds, c.cfg.Source)
	}
	return err
}

// make makes a table, or adds the columns that it does not have yet.
func (c *Copy) make(ctx context.Context, tx pgx.Tx, name, about string, columns []tables.Column) error {
	has, err := c.columns(ctx, tx, name)
	if err != nil {
		return err
	}
	if has == nil {
		return c.create(ctx, tx, name, about, columns)
	}
	for _, column := range columns {
		want := typeOf(column)
		switch got, there := has[column.Name]; {
		case !there:
			if _, err := tx.Exec(ctx, fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s", c.table(name), defined(column, false))); err != nil {
				return err
			}
		case got != want:
			return fault.New(fault.Conflict, "the column %s of table %s.%s has the type %s where %s belongs; choose another schema with --schema", column.Name, c.cfg.Schema, name, got, want)
		}
	}
	return nil
}

// What a table and a view are in pg_class.
const (
	aTable = "r"
	aView  = "v"
)

// made says whether a table or view of ours is there. Anything else of that name is fault.Conflict.
func (c *Copy) made(ctx context.Context, tx pgx.Tx, name, want string) (there bool, err error) {
	var kind string
	var about *string
	err = tx.QueryRow(ctx, `SELECT c.relkind::text, obj_description(c.oid, 'pg_class') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = $2`, c.cfg.Schema, name).Scan(&kind, &about)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err == nil && (kind != want || about == nil || !strings.HasPrefix(*about, mark)) {
		return false, c.foreign(name)
	}
	return true, err
}

// columns gives the columns of a table of ours by name, with their types; nil if there is no table.
func (c *Copy) columns(ctx context.Context, tx pgx.Tx, name string) (map[string]string, error) {
	if there, err := c.made(ctx, tx, name, aTable); err != nil || !there {
		return nil, err
	}
	rows, err := tx.Query(ctx, `SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`,
		c.table(name))
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	var column, is string
	_, err = pgx.ForEachRow(rows, []any{&column, &is}, func() error {
		out[column] = is
		return nil
	})
	return out, err
}

// foreign says that somebody else has made what has the name of a table or view.
func (c *Copy) foreign(name string) error {
	return fault.New(fault.Conflict, "the schema %s has a %s that parley did not make; choose another schema with --schema", c.cfg.Schema, name)
}

func (c *Copy) create(ctx context.Context, tx pgx.Tx, name, about string, columns []tables.Column) error {
	var list []string
	for _, column := range columns {
		list = append(list, defined(column, true))
	}
	switch name {
	case string(tables.Conversations):
		list = append(list, "PRIMARY KEY (conversation_id)")
	case days:
		list = append(list, "PRIMARY KEY (day)")
	}
	statements := []string{
		fmt.Sprintf("CREATE TABLE %s (%s)", c.table(name), strings.Join(list, ", ")),
		fmt.Sprintf("COMMENT ON TABLE %s IS %s", c.table(name), quoted(mark+about)),
	}
	for _, column := range columns {
		if column.Doc != "" {
			statements = append(statements, fmt.Sprintf("COMMENT ON COLUMN %s.%s IS %s", c.table(name), pgx.Identifier{column.Name}.Sanitize(), quoted(column.Doc)))
		}
	}
	for _, on := range indexes(name) {
		statements = append(statements, fmt.Sprintf("CREATE INDEX ON %s (%s)", c.table(name), on))
	}
	for _, s := range statements {
		if _, err := tx.Exec(ctx, s); codeOf(err) == "42710" { // duplicate_object: a type of that name
			return c.foreign(name)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// indexes are the columns by which rows are removed and looked for.
func indexes(name string) []string {
	switch name {
	case days, source:
		return nil
	case string(tables.Conversations):
		return []string{"conversation_start"}
	case string(tables.Metrics):
		return []string{"conversation_id", "emit_date"}
	}
	return []string{"conversation_id", "conversation_start"}
}

// defined is a column as a statement defines it. One that is added later must do without a value in the rows that are there.
func defined(c tables.Column, fresh bool) string {
	out := pgx.Identifier{c.Name}.Sanitize() + " " + typeOf(c)
	if c.Required && fresh {
		out += " NOT NULL"
	}
	return out
}

// typeOf is the type of a column in Postgres: that of a column of ours is one already.
func typeOf(c tables.Column) string {
	if t, known := types[c.Type]; known {
		return t
	}
	return c.Type
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// columns lists the columns of all tables.
func columns() string {
	var all strings.Builder
	for _, t := range tables.All() {
		for _, c := range tables.Columns(t) {
			fmt.Fprintf(&all, "%s.%s %s\n", t, c.Name, c.Type)
		}
	}
	return all.String()
}

// sumOf stands for a text.
func sumOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}
