// Package postgres is the control database in a Postgres, which several machines share: how it is opened, and what its SQL, its types
// and its errors are called. It knows no table.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/parley-hq/parley/internal/fault"
)

// connections is how many a process has at most: a Postgres has a hundred for all, unless it is told otherwise.
const connections = 8

// Scheme says whether an address is one of Postgres.
func Scheme(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

// Open opens the database at an address such as postgres://user@host/database. What the address leaves out comes from the
// environment and the files that Postgres's own programs read (PGPASSWORD, ~/.pgpass): a password had better not stand in it.
func Open(ctx context.Context, address string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil { // the error has the address, with its password
		return nil, fault.New(fault.Invalid, "this is no address of a Postgres; it is written postgres://user@host/database")
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(Fault(err), db.Close())
	}
	return db, nil
}
