package state

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"strings"

	"github.com/parley-hq/parley/internal/state/postgres"
)

// ErrNoRow is the error of a Row that is not there.
var ErrNoRow = sql.ErrNoRows

// RawBytes takes a value without copying it: it is good until the next row. Only a row of Rows can be scanned into it.
type RawBytes = sql.RawBytes

// Row is a row of an answer.
type Row interface {
	// Scan gives the values of the row to what is pointed to. A value that is absent fails, unless a pointer takes it.
	Scan(to ...any) error
}

// Tx is a transaction.
type Tx struct {
	asking

	tx *sql.Tx
}

// Exec runs a statement that changes rows, and counts them.
func (tx *Tx) Exec(ctx context.Context, statement string, args ...any) (int64, error) {
	return tx.exec(ctx, statement, args)
}

// InsertNew inserts rows of a table of so many columns, passes over those whose key is there already, here too, and counts
// those that it inserted. args are the rows end to end.
func (tx *Tx) InsertNew(ctx context.Context, table string, columns int, args []any) (int64, error) {
	return tx.exec(ctx, tx.dialect.InsertNew(table, columns, len(args)/columns), args)
}

// asking asks a database, or asks in a transaction.
type asking struct {
	by interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
		PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
		QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	}
	dialect Dialect
	alone   bool // outside of transactions: what changes nothing is asked once more when the connection was cut
}

func (a asking) exec(ctx context.Context, statement string, args []any) (int64, error) {
	r, err := a.by.ExecContext(ctx, a.dialect.Bind(statement), args...)
	if err != nil {
		return 0, a.dialect.Fault(err)
	}
	return r.RowsAffected()
}

// Row asks for one row. Its Scan fails with ErrNoRow when there is none.
func (a asking) Row(ctx context.Context, query string, args ...any) Row {
	ask := func() Row { return a.by.QueryRowContext(ctx, a.dialect.Bind(query), args...) }
	if a.again(query) {
		return again{ask(), ask, a.dialect}
	}
	return row{ask(), a.dialect}
}

// again says whether a query may be asked once more.
func (a asking) again(query string) bool {
	return a.alone && strings.HasPrefix(strings.TrimSpace(query), "SELECT")
}

// Rows yields the rows of an answer, until the first error.
func (a asking) Rows(ctx context.Context, query string, args ...any) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		begun := false
		one := func(r Row) bool {
			begun = true
			return yield(r, nil)
		}
		err := a.rows(ctx, query, args, one)
		for n := 0; !begun && a.again(query) && a.dialect.Cut(err) && n < postgres.MostCuts; n++ {
			err = a.rows(ctx, query, args, one)
		}
		if err != nil {
			yield(nil, a.dialect.Fault(err))
		}
	}
}

// rows yields rows, and gives the error that came in place of one.
func (a asking) rows(ctx context.Context, query string, args []any, yield func(Row) bool) error {
	rows, err := a.by.QueryContext(ctx, a.dialect.Bind(query), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if !yield(row{rows, a.dialect}) {
			return nil
		}
	}
	// Close says what Err does not: that the connection was lost as the answer ended.
	return errors.Join(rows.Err(), rows.Close())
}

// Prepare makes a statement ready that asks for one row time after time, from several goroutines too.
func (a asking) Prepare(ctx context.Context, query string) (*Stmt, error) {
	s, err := a.by.PrepareContext(ctx, a.dialect.Bind(query))
	return &Stmt{s, a.dialect}, a.dialect.Fault(err)
}

// Has says whether there is a table of a name.
func (a asking) Has(ctx context.Context, table string) (bool, error) {
	var n int
	err := a.Row(ctx, a.dialect.Tables(), table).Scan(&n)
	return n > 0, err
}

// Stmt is a statement that is ready. It ends with its database.
type Stmt struct {
	stmt    *sql.Stmt
	dialect Dialect
}

// Row asks for one row. Its Scan fails with ErrNoRow when there is none.
func (s *Stmt) Row(ctx context.Context, args ...any) Row {
	return row{s.stmt.QueryRowContext(ctx, args...), s.dialect}
}

// row is a row whose errors have their kinds.
type row struct {
	Row

	dialect Dialect
}

func (r row) Scan(to ...any) error { return r.dialect.Fault(r.Row.Scan(to...)) }

// again is a row that is asked for once more when the connection was cut.
type again struct {
	Row

	ask     func() Row
	dialect Dialect
}

func (r again) Scan(to ...any) error {
	err := r.Row.Scan(to...)
	for n := 0; r.dialect.Cut(err) && n < postgres.MostCuts; n++ {
		err = r.ask().Scan(to...)
	}
	return r.dialect.Fault(err)
}

// All reads every row by read, and returns the values in order.
func All[T any](rows iter.Seq2[Row, error], read func(Row) (T, error)) (out []T, err error) {
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		one, err := read(row)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}
