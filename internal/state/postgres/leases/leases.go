// Package leases is locks in a Postgres, for processes on any number of machines: a lock is a row that its holder renews. One that is
// not renewed runs out by the database's clock, and may then be taken by another.
//
// A holder that slept does not know that it lost its lock. So whoever changes the control database under a lock does it with Hold in the same
// transaction: while that lasts, nobody takes the lock. And a lock that was lost is told as soon as it is seen.
package leases

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"os"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/state/postgres"
	"github.com/parley-hq/parley/internal/store"
)

// schema is one row for each lock that is held, and for the last holders of each that is not and was not forgotten. A lock that was given
// back, or ran out, has its row until somebody takes it again.
var schema = state.Schema{Owner: "leases", Steps: []string{`
	CREATE TABLE leases (
		epoch   {number},                           -- of the lease: no two ever have the same, later ones have greater ones
		name    {text} NOT NULL,
		shared  {boolean} NOT NULL,
		holder  {text} NOT NULL,                    -- for people
		since   TIMESTAMP WITH TIME ZONE NOT NULL,
		expires TIMESTAMP WITH TIME ZONE NOT NULL   -- -infinity once it was given back
	);
	CREATE INDEX leases_name ON leases (name)`,
}}

// Lifetime is how long a lease lasts that is not renewed: after that long, at most, others go on when its holder has died. A third of it
// passes between two renewals.
const Lifetime = 30 * time.Second

// Locks are the locks of one control database. Safe for concurrent use.
type Locks struct {
	db     *sql.DB
	holder string

	mu    sync.Mutex
	held  map[int64]*Lease
	awake bool // somebody renews what is held
}

var _ store.Locks = (*Locks)(nil)

// Open gives the locks of a control database in a Postgres, and makes their table when it is not there. They last no longer than the
// database is open.
func Open(ctx context.Context, db *state.DB) (*Locks, error) {
	if err := db.Migrate(ctx, schema); err != nil {
		return nil, err
	}
	return &Locks{db: db.Handle(), holder: holder(), held: map[int64]*Lease{}}, nil
}

// holder is this process, for people.
func holder() string {
	name := fmt.Sprint("process ", os.Getpid())
	if host, err := os.Hostname(); err == nil && host != "" {
		name += " on " + host
	}
	return name
}

// Holder is what others are told of who holds the locks: this process.
func (l *Locks) Holder() string { return l.holder }

// Lock implements store.Locks. What it gives is a *Lease.
func (l *Locks) Lock(ctx context.Context, at store.Location, o store.LockOptions) (store.Lock, error) {
	if err := at.Check(); err != nil {
		return nil, err
	}
	epoch, err := l.take(ctx, string(at), o)
	if err != nil {
		return nil, postgres.Fault(err)
	}
	lost, lose := context.WithCancelCause(context.Background()) //nolint:forbidigo // it ends with the lease
	lease := &Lease{locks: l, epoch: epoch, name: string(at), lost: lost, lose: lose}
	l.keep(lease)
	return lease, nil
}

// take enters a lease, and gives its epoch.
func (l *Locks) take(ctx context.Context, name string, o store.LockOptions) (epoch int64, err error) {
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.Rollback() }() // it has ended, or the failure was told
	// One at a time looks at a name. Each of the statements after it sees what those before it saw and what has come since: a lease that
	// was renewed while the first waited for it stays, and is found by the second.
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(1885434477, hashtext(current_schema() || '/' || $1))`, name); err != nil {
		return 0, err
	}
	gone, err := tx.ExecContext(ctx, `DELETE FROM leases WHERE name = $1 AND expires <= clock_timestamp()`, name)
	if err != nil {
		return 0, err
	}
	if err := excluded(ctx, tx, name, o, gone); err != nil {
		return 0, err
	}
	err = tx.QueryRowContext(ctx, `INSERT INTO leases (name, shared, holder, since, expires)
		VALUES ($1, $2, $3, clock_timestamp(), clock_timestamp() + $4::interval) RETURNING epoch`, name, o.Shared, l.holder, Lifetime.String()).Scan(&epoch)
	if err != nil {
		return 0, err
	}
	return epoch, tx.Commit()
}

// excluded fails when a lease may not be taken beside those that there are. gone are the rows of those that were.
func excluded(ctx context.Context, tx *sql.Tx, name string, o store.LockOptions, gone sql.Result) error {
	var by string
	var since time.Time
	err := tx.QueryRowContext(ctx, `SELECT holder, since FROM leases WHERE name = $1 AND NOT (shared AND $2) ORDER BY epoch LIMIT 1`, name, o.Shared).Scan(&by, &since)
	if err == nil {
		return &store.Held{By: by + ", since " + since.UTC().Format(time.RFC3339)}
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if !o.Existing {
		return nil
	}
	var beside int64
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM leases WHERE name = $1`, name).Scan(&beside); err != nil {
		return err
	}
	if n, err := gone.RowsAffected(); err != nil || n+beside > 0 {
		return err
	}
	return fault.New(fault.NotFound, "nobody has ever taken the lock %s", name)
}

// Locked implements store.Locks.
func (l *Locks) Locked(ctx context.Context, under store.Location) iter.Seq2[store.Location, error] {
	return func(yield func(store.Location, error) bool) {
		// All at once: whoever looks at one takes it, over a connection that a listing would not have given back.
		names, err := postgres.Texts(ctx, l.db, `SELECT DISTINCT name FROM leases ORDER BY 1`)
		if err != nil {
			yield("", postgres.Fault(err))
		}
		for _, name := range names {
			at := store.Location(name)
			if under.Join(at.Name()) == at && !yield(at, nil) {
				return
			}
		}
	}
}
