package state

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
)

// makes finds the tables in a step of a migration, and the column of each that counts up.
var makes = regexp.MustCompile(`CREATE TABLE (\w+)|(\w+)\s+\{number\}`)

// Table is one table of an owner.
type Table struct {
	Name   string
	number string // the column that counts up, if it has one
}

// Tables are the tables of the owner in the order in which they are made: one that refers to another comes after it.
func (s Schema) Tables() (out []Table) {
	for _, step := range s.Steps {
		for _, found := range makes.FindAllStringSubmatch(step, -1) {
			if found[1] != "" {
				out = append(out, Table{Name: found[1]})
			} else {
				out[len(out)-1].number = found[2]
			}
		}
	}
	return out
}

// Content is what is in a table: the same in two databases whatever their dialects are, and whatever order their rows are in.
type Content struct {
	Table string
	Rows  int64
	sum   [4]uint64 // of the checksums of its rows, so that their order does not matter
}

// Contents reads tables through, those that are not there as empty.
func (a asking) Contents(ctx context.Context, tables []Table) ([]Content, error) {
	out := make([]Content, len(tables))
	for i, t := range tables {
		out[i].Table = t.Name
		columns, err := a.columns(ctx, t)
		if err != nil {
			return nil, err
		}
		for values, err := range a.values(ctx, t, columns) {
			if err != nil {
				return nil, fmt.Errorf("table %s: %w", t.Name, err)
			}
			out[i].add(values)
		}
	}
	return out, nil
}

func (c *Content) add(values []any) {
	plain := make([]any, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case nil:
			plain[i] = "\x00" // which no text is
		case bool: // where there are no booleans they are numbers
			plain[i] = number(v)
		default:
			plain[i] = v
		}
	}
	sum := Sum(plain...)
	for i := range c.sum {
		c.sum[i] += binary.BigEndian.Uint64(sum[8*i:])
	}
	c.Rows++
}

func number(v bool) int64 {
	if v {
		return 1
	}
	return 0
}

// A statement inserts rows until there are so many values, or so many bytes in them.
const (
	valuesAtOnce = 1000
	bytesAtOnce  = 1 << 20
)

// Carry copies tables from another database, of whichever dialect, into those of the same names that are empty here. Memory is bounded,
// but for a single row. It tells done, which may be nil, how many rows it has copied so far.
func (tx *Tx) Carry(ctx context.Context, from *DB, tables []Table, done func(rows int64)) error {
	var all int64
	for _, t := range tables {
		columns, err := from.columns(ctx, t)
		if err != nil {
			return err
		}
		if len(columns) == 0 {
			continue
		}
		c := &carrying{tx: tx, table: t, columns: columns}
		if c.booleans, err = tx.booleans(ctx, t, columns); err != nil {
			return err
		}
		for values, err := range from.values(ctx, t, columns) {
			if err == nil {
				err = c.add(ctx, values)
			}
			if err != nil {
				return fmt.Errorf("table %s: %w", t.Name, err)
			}
			if all++; done != nil {
				done(all)
			}
		}
		if err := c.end(ctx, from); err != nil {
			return fmt.Errorf("table %s: %w", t.Name, err)
		}
	}
	return nil
}

// carrying is one table that is being copied.
type carrying struct {
	tx       *Tx
	table    Table
	columns  []string
	booleans []bool // which of the columns are
	args     []any  // of rows end to end
	bytes    int
}

func (c *carrying) add(ctx context.Context, values []any) error {
	for i, v := range values {
		switch v := v.(type) {
		case int64:
			if c.booleans[i] {
				values[i] = v != 0
			}
		case string:
			c.bytes += len(v)
		case []byte:
			c.bytes += len(v)
		}
	}
	c.args = append(c.args, values...)
	if len(c.args)+len(c.columns) > valuesAtOnce || c.bytes > bytesAtOnce {
		return c.flush(ctx)
	}
	return nil
}

func (c *carrying) flush(ctx context.Context) error {
	if len(c.args) == 0 {
		return nil
	}
	_, err := c.tx.exec(ctx, c.tx.dialect.InsertNumbered(c.table.Name, quoted(c.columns), len(c.args)/len(c.columns)), c.args)
	clear(c.args)
	c.args, c.bytes = c.args[:0], 0
	return err
}

// end inserts what is left, and has the numbers of the table go on after the last one that was given there.
func (c *carrying) end(ctx context.Context, from *DB) error {
	if err := c.flush(ctx); err != nil || c.table.number == "" {
		return err
	}
	last, err := from.dialect.Numbered(ctx, from.handle, c.table.Name, c.table.number)
	if err != nil || last == 0 {
		return err
	}
	return c.tx.dialect.NumberOn(ctx, c.tx.tx, c.table.Name, c.table.number, last)
}

// Empty removes all rows of tables.
func (tx *Tx) Empty(ctx context.Context, tables []Table) error {
	for _, t := range slices.Backward(tables) { // those that refer to others first
		there, err := tx.Has(ctx, t.Name)
		if err == nil && there {
			_, err = tx.Exec(ctx, `DELETE FROM `+t.Name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// columns are the names of a table's columns; none if there is no such table.
func (a asking) columns(ctx context.Context, t Table) (names []string, err error) {
	if there, err := a.Has(ctx, t.Name); err != nil || !there {
		return nil, err
	}
	types, err := a.types(ctx, `SELECT * FROM `+t.Name+` WHERE 1 = 0`) //nolint:unqueryvet // which columns there are is asked
	for _, c := range types {
		names = append(names, c.Name())
	}
	return names, err
}

// booleans says which of the columns of a table are booleans here.
func (a asking) booleans(ctx context.Context, t Table, columns []string) ([]bool, error) {
	out := make([]bool, len(columns))
	types, err := a.types(ctx, `SELECT `+strings.Join(quoted(columns), `, `)+` FROM `+t.Name+` WHERE 1 = 0`)
	for i, c := range types {
		out[i] = c.DatabaseTypeName() == "BOOL"
	}
	return out, err
}

func (a asking) types(ctx context.Context, query string) ([]*sql.ColumnType, error) {
	rows, err := a.by.QueryContext(ctx, query)
	if err != nil {
		return nil, a.dialect.Fault(err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, a.dialect.Fault(err)
	}
	return types, a.dialect.Fault(errors.Join(rows.Close(), rows.Err()))
}

// values yields the rows of a table. Each is good until the next.
func (a asking) values(ctx context.Context, t Table, columns []string) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		if len(columns) == 0 {
			return
		}
		values, to := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			to[i] = &values[i]
		}
		for row, err := range a.Rows(ctx, `SELECT `+strings.Join(quoted(columns), `, `)+` FROM `+t.Name) {
			if err == nil {
				err = row.Scan(to...)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for i, v := range values {
				if b, is := v.([]byte); is && b == nil {
					values[i] = []byte{} // no bytes are not nothing
				}
			}
			if !yield(values, nil) {
				return
			}
		}
	}
}

// quoted are names of columns as SQL takes them whatever they are.
func quoted(columns []string) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = `"` + c + `"`
	}
	return out
}

// Owned are the schemas among those given that the database has tables of. Tables of others are fault.Conflict, but for those that go
// with one database and are not copied.
func (db *DB) Owned(ctx context.Context, known []Schema) (out []Schema, err error) {
	owners := map[string]bool{}
	for row, err := range db.Rows(ctx, `SELECT owner FROM schema_versions`) {
		var owner string
		if err == nil {
			err = row.Scan(&owner)
		}
		if err != nil {
			return nil, err
		}
		owners[owner] = true
	}
	delete(owners, "leases") // they are of processes that have this one open
	for _, s := range known {
		if owners[s.Owner] {
			out = append(out, s)
			delete(owners, s.Owner)
		}
	}
	for owner := range owners {
		return nil, fault.New(fault.Conflict, "the control database has tables of %s, which this parley does not know; use a newer parley", owner)
	}
	return out, nil
}
