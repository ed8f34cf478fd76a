// Package state is the control database: how its tables come to be, how they are asked and changed. What the tables mean
// is left to the packages that own them, and what differs between databases to a Dialect. Embedded it is one SQLite file, and
// shared by several machines a Postgres.
package state

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"

	"github.com/parley-hq/parley/internal/state/postgres"
	"github.com/parley-hq/parley/internal/state/sqlite"
)

// DB is a control database. Its errors have their kinds. Safe for concurrent use.
type DB struct {
	asking

	handle  *sql.DB
	schema  string         // of a Postgres, else empty
	reader  *sqlite.Reader // of one that may only be read, else nil
	writing chan struct{}  // has room for whoever writes, where the dialect lets one write at a time
	fences  []Fence        // of whoever writes
}

// Fence says whether the one who writes still may, in the transaction that is to write: when it says so, it is so until that ends.
type Fence func(context.Context, *Tx) error

// Open opens the control database at an address of Postgres, where its schema must be there, or in the file at a path, where it is made
// when it is not.
func Open(ctx context.Context, at string) (*DB, error) { return opened(ctx, at, postgres.Open) }

// Make is Open, and makes the schema when it is not there.
func Make(ctx context.Context, at string) (*DB, error) { return opened(ctx, at, postgres.Make) }

func opened(ctx context.Context, at string, shared func(context.Context, string) (*sql.DB, error)) (*DB, error) {
	if !postgres.Scheme(at) {
		handle, err := sqlite.Open(ctx, at)
		if err != nil {
			return nil, err
		}
		return on(handle, sqlite.Dialect{}), nil
	}
	schema, err := postgres.Schema(at)
	if err != nil {
		return nil, err
	}
	handle, err := shared(ctx, at)
	if err != nil {
		return nil, err
	}
	db := on(handle, postgres.Dialect{})
	db.schema = schema
	return db, nil
}

// OpenToRead opens the control database in the file at path, which this process may not write, for View. Any other use of
// it fails with refusal. It opens nothing yet.
func OpenToRead(path string, refusal error) *DB {
	db := on(sql.OpenDB(refused{refusal}), sqlite.Dialect{})
	db.reader = sqlite.NewReader(path)
	return db
}

func on(handle *sql.DB, d Dialect) *DB {
	return &DB{asking: asking{handle, d, true}, handle: handle, writing: make(chan struct{}, 1)}
}

// Over is the same database by another handle: as one that fails now and then, for tests.
func (db *DB) Over(handle *sql.DB) *DB {
	over := on(handle, db.dialect)
	over.schema = db.schema
	return over
}

// Fenced is the same database, for one who may lose the right to write to it: every transaction begins with the fence, after those
// that there are already, and changes nothing when it fails. Who has both need not close it.
func (db *DB) Fenced(fence Fence) *DB {
	fenced := *db
	fenced.fences = append(slices.Clip(db.fences), fence)
	return &fenced
}

// Shared says whether several machines may have the database open, and the name that it has among others of its server: its schema.
func (db *DB) Shared() (schema string, shared bool) { return db.schema, db.schema != "" }

// Handle is for the packages of one dialect, and for tests.
func (db *DB) Handle() *sql.DB { return db.handle }

// Common runs statements that make tables which all the control databases of one Postgres share, unless they are there. Their
// types are words in braces, as those of a Schema.
func (db *DB) Common(ctx context.Context, statements string) error {
	text, err := spelled(db.dialect, statements)
	if err != nil {
		return err
	}
	leave, err := db.line(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return db.dialect.Common(ctx, db.handle, text)
}

// Close closes the database.
func (db *DB) Close() error {
	err := db.handle.Close()
	if db.reader != nil {
		err = errors.Join(err, db.reader.Close())
	}
	return err
}

// ReadOnly says whether it was opened to read.
func (db *DB) ReadOnly() bool { return db.reader != nil }

// View lends the database to read, also one that may only be read. do may be called again when it fails, and must not
// call View.
func (db *DB) View(ctx context.Context, do func(*DB) error) error {
	if db.reader == nil {
		return do(db)
	}
	return db.reader.View(ctx, func(handle *sql.DB) error { return do(db.Over(handle)) })
}

// Exec runs a statement that changes rows, and counts them. It waits for a transaction that writes, as another one would.
func (db *DB) Exec(ctx context.Context, statement string, args ...any) (n int64, err error) {
	if len(db.fences) > 0 || !db.dialect.OneWriter() {
		err = db.Tx(ctx, func(tx *Tx) (err error) {
			n, err = tx.Exec(ctx, statement, args...)
			return err
		})
		return n, err
	}
	leave, err := db.line(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	return db.exec(ctx, statement, args)
}

// Scrub removes what was deleted from the files of the database, where it stands until something is written over it. It
// waits until nobody writes, and takes as long as to write the database anew.
func (db *DB) Scrub(ctx context.Context) error {
	leave, err := db.line(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return db.dialect.Scrub(ctx, db.handle)
}

// Tx lends a transaction: it commits when do returns nil and rolls back otherwise. Until then nobody else writes: do asks
// and changes by the transaction alone, and does not take long. Whether it is in is found out even when the connection is lost as it
// commits; where that cannot be, it is fault.InDoubt.
func (db *DB) Tx(ctx context.Context, do func(*Tx) error) error {
	leave, err := db.line(ctx)
	if err != nil {
		return err
	}
	defer leave()
	begun, commit, err := db.dialect.Begin(ctx, db.handle)
	if err != nil {
		return db.dialect.Fault(err)
	}
	if err := db.within(ctx, &Tx{asking{begun, db.dialect, false}, begun}, do); err != nil {
		return errors.Join(err, ignoreDone(begun.Rollback()))
	}
	return commit()
}

// within does what is to be done in a transaction, if it may be done.
func (db *DB) within(ctx context.Context, tx *Tx, do func(*Tx) error) error {
	for _, fence := range db.fences {
		if err := fence(ctx, tx); err != nil {
			return err
		}
	}
	return do(tx)
}

// line waits until nobody else in this process writes, or ctx ends. The next one may write when leave was called.
func (db *DB) line(ctx context.Context) (leave func(), err error) {
	if !db.dialect.OneWriter() {
		return func() {}, nil
	}
	select {
	case db.writing <- struct{}{}:
		return func() { <-db.writing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// refused stands for a database that may only be read.
type refused struct{ err error }

func (r refused) Connect(context.Context) (driver.Conn, error) { return nil, r.err }
func (r refused) Driver() driver.Driver                        { return r }
func (r refused) Open(string) (driver.Conn, error)             { return nil, r.err }
