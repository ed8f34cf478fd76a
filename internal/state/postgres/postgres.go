// Package postgres is the control database in a Postgres, which several machines share: how it is opened, and what its SQL, its types
// and its errors are called. It knows no table. A Postgres has many control databases: each is a schema.
package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/parley-hq/parley/internal/fault"
)

// Open opens the schema at an address such as postgres://user@host/database?schema=acme. One that is not there is fault.NotFound: Make
// makes it.
func Open(ctx context.Context, address string) (*sql.DB, error) {
	db, schema, err := open(ctx, address)
	if err != nil {
		return nil, err
	}
	var n int
	err = db.QueryRowContext(ctx, `SELECT count(*) FROM pg_namespace WHERE nspname = $1`, schema).Scan(&n)
	if err == nil && n == 0 {
		err = fault.New(fault.NotFound, "the control database has no schema %s; give the --state that the lake was made with; a new lake gets its schema by the command that makes it", schema)
	}
	if err == nil {
		err = ready(ctx, db)
	}
	if err != nil {
		return nil, errors.Join(Fault(err), db.Close())
	}
	return db, nil
}

// ready makes what transactions need, where it is not there.
func ready(ctx context.Context, db *sql.DB) error {
	var there bool
	if err := db.QueryRowContext(ctx, `SELECT to_regclass(current_schema() || '.parley_transactions') IS NOT NULL`).Scan(&there); err != nil {
		return err
	}
	if there {
		_, err := db.ExecContext(ctx, forgotten)
		return err
	}
	return alone(ctx, db, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, transactions)
		return err
	})
}

// open opens a schema, which may not be there.
func open(ctx context.Context, address string) (db *sql.DB, schema string, err error) {
	rest, schema, err := split(address)
	if err != nil {
		return nil, "", err
	}
	p, err := pooled(rest)
	if err != nil {
		return nil, "", err
	}
	db = sql.OpenDB(&connector{Connector: stdlib.GetPoolConnector(p.Pool), pool: p, path: schema + ", " + Catalog})
	db.SetMaxIdleConns(0) // the pool keeps them, for everybody
	if err := db.PingContext(ctx); err != nil {
		return nil, "", errors.Join(Fault(err), db.Close())
	}
	return db, schema, nil
}

// connector takes connections out of a pool, for one schema.
type connector struct {
	driver.Connector

	pool   *pool
	path   string
	closed sync.Once
}

// Connect implements driver.Connector.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	return c.Connector.Connect(context.WithValue(ctx, searchPath{}, c.path))
}

// Close gives the pool back. sql.DB calls it when it is closed.
func (c *connector) Close() error {
	c.closed.Do(c.pool.release)
	return nil
}

// making is the advisory lock of whoever makes a schema, or what all schemas have in common.
const making = `SELECT pg_advisory_xact_lock(1885434476, 0)`

// Make makes the schema at an address, unless it is there, and opens it.
func Make(ctx context.Context, address string) (*sql.DB, error) {
	db, schema, err := open(ctx, address)
	if err != nil {
		return nil, err
	}
	err = makeSchemas(ctx, db, schema)
	if err == nil {
		err = ready(ctx, db)
	}
	if err != nil {
		return nil, errors.Join(Fault(err), db.Close())
	}
	return db, nil
}

// makeSchemas makes the schemas that are not there. Asked first, it does not need the right to make what is there.
func makeSchemas(ctx context.Context, db *sql.DB, schemas ...string) error {
	return alone(ctx, db, func(tx *sql.Tx) error {
		for _, schema := range append(schemas, Catalog) {
			var n int
			if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM pg_namespace WHERE nspname = $1`, schema).Scan(&n); err != nil {
				return err
			}
			if n > 0 {
				continue
			}
			if _, err := tx.ExecContext(ctx, `CREATE SCHEMA `+schema); err != nil {
				return err
			}
		}
		return nil
	})
}

// alone does what one at a time does in the whole database.
func alone(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // it has ended, or the failure was told
	if _, err := tx.ExecContext(ctx, making); err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}
