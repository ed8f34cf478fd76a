package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wait"
)

// Reader reads a control database that this process may not write: it lies in a folder of somebody else's, or on a
// mount that is read only. SQLite in WAL mode cannot simply do that. It needs the shared memory beside the database,
// which it cannot make in such a folder. So there are two ways, and each use takes the one that is right at that moment:
//
//   - While somebody writes, or was killed while writing, the log and the shared memory are there. SQLite takes part in
//     their protocol, reading only, and sees what is committed.
//   - Otherwise the database, and the log if there is one, is copied to a private folder and read there. The copy is
//     taken again when one of the two files has changed, and is not taken for good when they changed while it was made.
//
// So a use never sees less than what was committed before it. Safe for concurrent use.
type Reader struct {
	path string
	mu   sync.RWMutex // held to read by whoever uses the handle, to write by whoever replaces it
	now  *handle      // nil until it is needed
}

// handle is a database that can be read: a copy, or the database itself.
type handle struct {
	db     *sql.DB
	copied bool
	of     mark // of the files when it was opened
}

// NewReader makes a reader of the control database in the file at path. It opens nothing yet.
func NewReader(path string) *Reader { return &Reader{path: path} }

// readTries is how often a use is begun anew because the database went from one way of being read to the other.
const readTries = 5

// View lends the database as it is at this moment. do only reads, may be called again when that has failed, and must
// not call View.
func (r *Reader) View(ctx context.Context, do func(*sql.DB) error) error {
	for try := 1; ; try++ {
		h, err := r.borrow(ctx)
		if err != nil {
			return err
		}
		err = do(h.db)
		r.mu.RUnlock()
		if try == readTries || !lost(err) {
			return err
		}
		r.forget(h)
	}
}

// lost says whether a query failed because the files that it needs have gone, as they do when the last writer ends.
func lost(err error) bool {
	driver, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	code := driver.Code() & 0xff
	return code == sqlite3.SQLITE_CANTOPEN || code == sqlite3.SQLITE_READONLY
}

// borrow gives a handle that is good now, with mu held to read.
func (r *Reader) borrow(ctx context.Context) (*handle, error) {
	for {
		r.mu.RLock()
		if r.now != nil && r.current(r.now) {
			return r.now, nil
		}
		r.mu.RUnlock()
		h, err := r.renew(ctx)
		if err != nil {
			return nil, err
		}
		r.mu.RLock()
		if r.now == h { // it is good, even if it cannot be told for how long
			return h, nil
		}
		r.mu.RUnlock()
	}
}

// current says whether a handle shows what the files say now. SQLite itself sees to that while it reads them, as long
// as they are the same files.
func (r *Reader) current(h *handle) bool {
	now, err := markOf(r.path)
	if err != nil {
		return false
	}
	if h.copied {
		return now == h.of
	}
	return now.db.inode == h.of.db.inode && now.wal.there && now.wal.inode == h.of.wal.inode
}

// renew replaces a handle that is not current. It waits until nobody uses the old one and closes it first: to open the
// file beside it, and close it again, would end SQLite's locks.
func (r *Reader) renew(ctx context.Context) (_ *handle, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now != nil && r.current(r.now) {
		return r.now, nil // somebody else was faster
	}
	if err := r.close(); err != nil {
		return nil, err
	}
	r.now, err = r.open(ctx)
	return r.now, err
}

// forget drops a handle that has failed.
func (r *Reader) forget(h *handle) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now == h {
		_ = r.close() // it has failed already
	}
}

// Close gives back what the reader holds.
func (r *Reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.close()
}

func (r *Reader) close() error {
	h := r.now
	r.now = nil
	if h == nil {
		return nil
	}
	return h.db.Close()
}

// open opens the database in the way that is right now.
func (r *Reader) open(ctx context.Context) (*handle, error) {
	now, err := markOf(r.path)
	if err != nil {
		return nil, err
	}
	if now.wal.there && !remote(r.path) {
		db, err := openBeside(ctx, r.path)
		if err == nil {
			return &handle{db: db, of: now}, nil
		}
		if !lost(err) {
			return nil, Fault(err)
		}
	}
	return r.copied(ctx)
}

// openBeside opens a database whose log and shared memory are there, to read only.
func openBeside(ctx context.Context, path string) (*sql.DB, error) {
	db, err := open(ctx, path, url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(10000)", "query_only(1)"}})
	if err != nil {
		return nil, err
	}
	if err := probe(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// probe reads something: opening alone touches no file.
func probe(ctx context.Context, db *sql.DB) error {
	var n int
	return db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&n)
}

// copyTries bounds the tries to copy a database that is being written to. A try fails when a checkpoint falls into it,
// which a writer makes every 1,000 pages.
const copyTries = 100

// copied opens a copy. The files of the copy lose their names at once: nothing stays, however this process ends.
func (r *Reader) copied(ctx context.Context) (*handle, error) {
	for range copyTries {
		h, err := r.copy(ctx)
		if h != nil || err != nil {
			return h, err
		}
		if err := wait.For(ctx, tick); err != nil {
			return nil, err
		}
	}
	return nil, fault.New(fault.Conflict, "the control database %s is written to all the time and cannot be copied; try again", r.path)
}

// copy tries to copy the database once, and gives nil when it changed meanwhile.
func (r *Reader) copy(ctx context.Context) (_ *handle, err error) {
	before, err := markOf(r.path)
	if err != nil {
		return nil, err
	}
	taken := time.Now()
	path, gone, err := duplicate(r.path, before.wal.there)
	if err != nil || path == "" {
		return nil, err
	}
	defer func() { err = errors.Join(err, gone()) }()
	after, err := markOf(r.path)
	if err != nil || !before.consistent(after, taken) {
		return nil, err
	}
	db, err := open(ctx, path, url.Values{"_pragma": {"query_only(1)"}})
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // a second one would not find the files
	if err := probe(ctx, db); err != nil {
		return nil, errors.Join(fmt.Errorf("a copy of the control database cannot be read: %w", Fault(err)), db.Close())
	}
	if !before.settled(taken) {
		before = mark{} // as good as any now, and not known to be so later
	}
	return &handle{db: db, copied: true, of: before}, nil
}
