package duck

import (
	"context"
	"database/sql"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/fault"
)

// patience is how long a statement that was interrupted may take to end. DuckDB looks for an interruption between the
// steps of an answer, and not at all while it makes its plan.
const patience = 2 * time.Second

// maxDeaf is how many statements may be running that nobody waits for any more. Each keeps a core busy.
const maxDeaf = 3

// watch counts the statements that were given up and have not ended yet. Safe for concurrent use.
type watch struct{ deaf atomic.Int64 }

// fit says why no question can be answered now, if none can.
func (w *watch) fit() error {
	if w.deaf.Load() < maxDeaf {
		return nil
	}
	return &fault.Error{
		Kind: fault.Unavailable, RetryAfter: 10 * time.Second,
		Message: "The server is busy with questions that cannot be stopped; ask again later",
	}
}

// heard makes a call into DuckDB and waits for it: until it ends, or for a while after ctx has ended. A call that is
// deaf to that is given up, with its connection; it is counted until it ends after all, and what it gives then goes to
// late.
func heard[T any](ctx context.Context, w *watch, call func() (T, error), late func(T)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() { // waited for below, but for a call that is given up: nothing in this process can end that one
		var a answer
		defer func() {
			if p := recover(); p != nil { // elsewhere it would end one request, here the process
				a.err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
			done <- a
		}()
		a.value, a.err = call()
	}()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case a := <-done:
		return a.value, a.err
	case <-timer.C:
	}
	w.deaf.Add(1)
	go func() {
		defer w.deaf.Add(-1)
		if a := <-done; a.err == nil {
			late(a.value)
		}
	}()
	var none T
	return none, ctx.Err()
}

// Ask implements answers.Source.
func (d *DB) Ask(ctx context.Context, statement sqltext.Text) (*sql.Rows, error) {
	rows, err := heard(ctx, &d.watch, func() (*sql.Rows, error) {
		return d.db.QueryContext(ctx, statement.SQL, statement.Args...)
	}, func(rows *sql.Rows) { _ = rows.Close() })
	return rows, asFault(ctx, err)
}

// Failed implements answers.Source.
func (d *DB) Failed(ctx context.Context, err error) error { return asFault(ctx, err) }

// exec runs a statement without rows. If it succeeds when nobody waits for it any more, undo is called.
func (d *DB) exec(ctx context.Context, statement sqltext.Text, undo func()) error {
	_, err := heard(ctx, &d.watch, func() (sql.Result, error) {
		return d.db.ExecContext(ctx, statement.SQL, statement.Args...)
	}, func(sql.Result) { undo() })
	return asFault(ctx, err)
}
