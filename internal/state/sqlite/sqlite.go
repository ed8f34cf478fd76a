// Package sqlite is the control database as one SQLite file: how it is opened, read where it may not be written, and what
// its SQL, its types and its errors are called. It knows no table.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/private"
)

// idle is how many connections are kept: SQLite cannot give back the file of one that is closed while others are open.
const idle = 16

// idleTime is how long one that waits is kept. It has a quarter of a megabyte and more, and a process may have a thousand databases open.
const idleTime = time.Minute

// Open opens the database in the file at path and makes it when it is not there. WAL lets readers go on while a writer
// commits; synchronous FULL makes a commit outlive a power cut.
func Open(ctx context.Context, path string) (*sql.DB, error) {
	if err := touch(path); err != nil {
		return nil, err
	}
	db, err := open(ctx, path, url.Values{"_pragma": {"journal_mode(WAL)", "busy_timeout(10000)", "synchronous(FULL)", "foreign_keys(1)", "cache_size(-16000)"}, "_txlock": {"immediate"}})
	if err == nil {
		db.SetConnMaxIdleTime(idleTime)
	}
	return db, err
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
	case fault.IsFull(err):
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
