// Package statetest is the suite that every dialect of the control database passes, and a control database that fails at
// one step, whichever a test says, as one on a broken disk does, and works again afterwards. Who writes to it is held to
// saying so, and to having done nothing.
package statetest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/parley-hq/parley/internal/state"
)

// ErrBroken is what a step fails with.
var ErrBroken = errors.New("the control database is broken")

// Open opens a control database, to be closed with the test.
func Open(t *testing.T, at string) *state.DB {
	t.Helper()
	db, err := state.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// Broken says which step of a database fails. A step is a statement that is prepared or run, a row that is read, a
// transaction that is begun or committed; also a row whose values are lost, which comes with NULL in their place.
type Broken struct {
	db     *state.DB
	handle *sql.DB

	mu   sync.Mutex
	left int    // steps up to the one that fails, itself included; 0: none fails any more
	met  string // the step that failed; empty: none did
}

// Break gives db as one that can fail. It is closed with the test, before db.
func Break(t *testing.T, db *state.DB) *Broken {
	t.Helper()
	b := &Broken{}
	b.handle = sql.OpenDB(connector{db.Handle(), b})
	b.db = db.Over(b.handle)
	t.Cleanup(func() {
		if err := b.db.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// DB is the database that fails.
func (b *Broken) DB() *state.DB { return b.db }

// versions is what Migrate asks of twice: it goes by the second answer, and may pass over a failure of the first.
const versions = "FROM schema_versions"

// Each has do done once for each of its steps, which fails that time, and then once more with none that does. Do must
// say that it failed, must keep no connection, and must have done nothing: still, which may be nil, looks that all is as
// it was, and then it is done again.
func (b *Broken) Each(t *testing.T, do func() error, still func()) {
	t.Helper()
	for n := 1; ; n++ {
		b.fail(n)
		err := do()
		met := b.fail(0)
		if open := b.handle.Stats().InUse; open > 0 {
			t.Errorf("step %d, %q: %d connections are not given back", n, met, open)
		}
		if met == "" {
			if err != nil {
				t.Errorf("with nothing that fails: %v", err)
			}
			return
		}
		if err == nil && strings.Contains(met, versions) {
			continue
		}
		if err == nil || !errors.Is(err, ErrBroken) && !strings.HasPrefix(met, lost) {
			t.Errorf("step %d, %q, failed, and what is said is: %v", n, met, err)
		}
		if still != nil {
			still()
		}
	}
}

// fail has the n-th step from now on fail, and gives the one that failed before.
func (b *Broken) fail(n int) (met string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	met, b.met, b.left = b.met, "", n
	return met
}

// step is asked before each step.
func (b *Broken) step(what string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left == 0 {
		return nil
	}
	if b.left--; b.left > 0 {
		return nil
	}
	b.met = what
	return ErrBroken
}

// connector takes connections out of another database.
type connector struct {
	db *sql.DB
	b  *Broken
}

func (c connector) Driver() driver.Driver { return c.db.Driver() }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	held, err := c.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	out := conn{held: held, b: c.b}
	return out, held.Raw(func(inner any) error {
		out.inner = inner.(inside) // nobody else uses it as long as it is held
		return nil
	})
}

// inside is what a connection of the control database can do.
type inside interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
}

type conn struct {
	inner inside
	held  *sql.Conn
	b     *Broken
}

func (c conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

func (c conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if err := c.b.step("prepare " + query); err != nil {
		return nil, err
	}
	s, err := c.inner.PrepareContext(ctx, query)
	return stmt{s, query, c.b}, err
}

func (c conn) Close() error { return c.held.Close() }

func (c conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

func (c conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if err := c.b.step("begin"); err != nil {
		return nil, err
	}
	t, err := c.inner.BeginTx(ctx, o)
	return tx{t, c.b}, err
}

func (c conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.b.step(query); err != nil {
		return nil, err
	}
	return c.inner.ExecContext(ctx, query, args)
}

func (c conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.b.step(query); err != nil {
		return nil, err
	}
	r, err := c.inner.QueryContext(ctx, query, args)
	return rows{r, query, c.b}, err
}

type tx struct {
	driver.Tx

	b *Broken
}

// Commit that fails has committed nothing.
func (t tx) Commit() error {
	if err := t.b.step("commit"); err != nil {
		return errors.Join(err, t.Rollback())
	}
	return t.Tx.Commit()
}

type stmt struct {
	driver.Stmt

	query string
	b     *Broken
}

func (s stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := s.b.step(s.query); err != nil {
		return nil, err
	}
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

func (s stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.b.step(s.query); err != nil {
		return nil, err
	}
	r, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	return rows{r, s.query, s.b}, err
}

type rows struct {
	driver.Rows

	query string
	b     *Broken
}

// lost is the beginning of steps that do not fail themselves: whoever reads the row has to notice.
const lost = "the values of "

func (r rows) Next(to []driver.Value) error {
	if err := r.b.step("a row of " + r.query); err != nil {
		return err
	}
	if err := r.Rows.Next(to); err != nil {
		return err
	}
	if r.b.step(lost+r.query) != nil {
		clear(to)
	}
	return nil
}
