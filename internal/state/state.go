// Package state is the control database: where it is, how it is opened and how its tables come to be. What the tables
// mean is left to the packages that own them. Embedded it is one SQLite file.
package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"syscall"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/private"
)

// idle is how many connections are kept: SQLite cannot give back the file of one that is closed while others are open.
const idle = 16

// Open opens the control database in the file at path and makes it when it is not there. WAL lets readers go on while
// a writer commits; synchronous FULL makes a commit outlive a power cut.
func Open(ctx context.Context, path string) (*sql.DB, error) {
	if err := touch(path); err != nil {
		return nil, err
	}
	return open(ctx, path, url.Values{"_pragma": {"journal_mode(WAL)", "busy_timeout(10000)", "synchronous(FULL)", "foreign_keys(1)", "cache_size(-16000)"}, "_txlock": {"immediate"}})
}

// touch makes the file, because SQLite would let everybody read it. SQLite gives the files beside it the same mode. One
// that is there is not opened: closing it again would end the locks that this process has on it.
func touch(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	f, err := private.Open(path, os.O_CREATE|os.O_EXCL|os.O_RDWR)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, syscall.ENOSPC):
		return fault.Because(fault.Full, err, "the control database cannot be made")
	case err != nil:
		return fault.Because(fault.OfPath(err), err, "the control database %s cannot be made or written; see who may write to its folder", path)
	}
	return f.Close()
}

func open(ctx context.Context, path string, query url.Values) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+query.Encode())
	if err != nil {
		return nil, Fault(err)
	}
	db.SetMaxIdleConns(idle)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(Fault(err), db.Close())
	}
	return db, nil
}

// Migrate brings the tables of one owner to the version len(steps) by running the steps that are missing, each once.
// A database that is further than the program knows is fault.Conflict: the program must be renewed, not the data.
func Migrate(ctx context.Context, db *sql.DB, owner string, steps []string) error {
	var version int
	err := db.QueryRowContext(ctx, `SELECT version FROM schema_versions WHERE owner = ?`, owner).Scan(&version)
	if err == nil && version == len(steps) {
		return nil // nothing to do, and so nobody to wait for
	}
	return Tx(ctx, db, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_versions (owner TEXT PRIMARY KEY, version INTEGER NOT NULL)`); err != nil {
			return err
		}
		var version int
		err := tx.QueryRowContext(ctx, `SELECT version FROM schema_versions WHERE owner = ?`, owner).Scan(&version)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err := newer(owner, version, len(steps)); err != nil {
			return err
		}
		for _, step := range steps[version:] {
			if _, err := tx.ExecContext(ctx, step); err != nil {
				return fmt.Errorf("migrate %s: %w", owner, err)
			}
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO schema_versions VALUES (?, ?) ON CONFLICT (owner) DO UPDATE SET version = excluded.version`, owner, len(steps))
		return err
	})
}

// Readable says whether the tables of one owner can be read by a program that knows their version len(steps): they must
// not be further. It changes nothing.
func Readable(ctx context.Context, db *sql.DB, owner string, steps []string) error {
	_, err := Version(ctx, db, owner, len(steps))
	return err
}

// Tx lends a transaction: it commits when do returns nil and rolls back otherwise.
func Tx(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return Fault(err)
	}
	if err := do(tx); err != nil {
		return errors.Join(Fault(err), ignoreDone(tx.Rollback()))
	}
	return Fault(tx.Commit())
}

// Changed says whether a statement changed any row.
func Changed(r sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	return n > 0, err
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}
