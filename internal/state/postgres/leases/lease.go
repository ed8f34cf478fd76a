package leases

import (
	"context"
	"errors"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/state/postgres"
)

// Lease is a lock that is held, as long as it is renewed.
type Lease struct {
	locks *Locks
	epoch int64
	name  string
	lost  context.Context //nolint:containedctx // it is the lease's life, and not a call's
	lose  context.CancelCauseFunc
}

// errGiven is why a lease is no more that its holder has given back.
var errGiven = fault.New(fault.Conflict, "the lock was given back")

// Epoch is the number of the lease: no other one in the control database has it, and later ones have greater ones.
func (l *Lease) Epoch() int64 { return l.epoch }

// Context is a context that ends with ctx, and when the lease is seen to be lost: its cause then is fault.Conflict.
func (l *Lease) Context(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(l.lost, func() { cancel(context.Cause(l.lost)) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// Check asks the control database whether the lease is still held. One that was lost is fault.Conflict.
func (l *Lease) Check(ctx context.Context) error {
	var n int
	err := l.locks.db.QueryRowContext(ctx, `SELECT count(*) FROM leases WHERE epoch = $1 AND expires > '-infinity'`, l.epoch).Scan(&n)
	if err != nil {
		return postgres.Fault(err)
	}
	if n == 0 {
		return l.gone()
	}
	return nil
}

// Hold looks, in a transaction, whether the lease is still held, and keeps it so until the transaction ends: who wants to take it waits. A
// lease that has run out, and that nobody has taken, is still held. One that was lost is fault.Conflict. It is a state.Fence.
func (l *Lease) Hold(ctx context.Context, tx *state.Tx) error {
	var epoch int64
	err := tx.Row(ctx, `SELECT epoch FROM leases WHERE epoch = ? AND expires > '-infinity' FOR KEY SHARE`, l.epoch).Scan(&epoch)
	if errors.Is(err, state.ErrNoRow) {
		return l.gone()
	}
	return err
}

// gone notes that the lease is no more, and says why.
func (l *Lease) gone() error {
	l.lose(fault.New(fault.Conflict, "this process was stopped for longer than %v, or did not reach the control database, and another one has taken its place (lock %s); "+
		"what it had not committed is not in; run again", Lifetime, l.name))
	l.locks.drop(l)
	return context.Cause(l.lost)
}

// Close implements store.Lock. Giving back what was lost does nothing.
func (l *Lease) Close() error {
	return l.end(`UPDATE leases SET expires = '-infinity' WHERE epoch = $1`, l.epoch)
}

// Forget implements store.Lock.
func (l *Lease) Forget() error {
	return l.end(`DELETE FROM leases WHERE name = $2 AND EXISTS (SELECT FROM leases WHERE epoch = $1 AND expires > '-infinity')`, l.epoch, l.name)
}

// end gives the lease back once. Where the control database cannot be reached it runs out by itself.
func (l *Lease) end(statement string, args ...any) error {
	if l.lost.Err() != nil {
		return nil
	}
	l.lose(errGiven)
	l.locks.drop(l)
	ctx, cancel := context.WithTimeout(context.Background(), Lifetime/3) //nolint:forbidigo // it must be done whatever became of the work
	defer cancel()
	_, err := l.locks.db.ExecContext(ctx, statement, args...)
	return postgres.Fault(err)
}

// renewal is how much time passes between two renewals.
const renewal = Lifetime / 3

// keep has a lease renewed until it is given back or lost.
func (l *Locks) keep(lease *Lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held[lease.epoch] = lease
	if !l.awake {
		l.awake = true
		go l.heartbeat()
	}
}

func (l *Locks) drop(lease *Lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.held, lease.epoch)
}

// heartbeat renews what is held, and ends when nothing is.
func (l *Locks) heartbeat() {
	beat := time.NewTicker(renewal)
	defer beat.Stop()
	for range beat.C {
		epochs := l.epochs()
		if epochs == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), renewal) //nolint:forbidigo // it goes on as long as something is held
		_ = l.Renew(ctx)                                                  // whether a lease was lost is not known then; the next one may
		cancel()
	}
}

// epochs are those of the leases that are held. When there are none, nobody is left to renew them.
func (l *Locks) epochs() (out []int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for epoch := range l.held {
		out = append(out, epoch)
	}
	l.awake = len(out) > 0
	return out
}

// Renew renews now what is held, as is done time and again while it is, and tells those that were lost so.
func (l *Locks) Renew(ctx context.Context) error {
	l.mu.Lock()
	held := make(map[int64]*Lease, len(l.held))
	epochs := make([]int64, 0, len(l.held))
	for epoch, lease := range l.held {
		held[epoch] = lease
		epochs = append(epochs, epoch)
	}
	l.mu.Unlock()
	rows, err := l.db.QueryContext(ctx, `UPDATE leases SET expires = clock_timestamp() + $2::interval WHERE epoch = ANY($1) AND expires > '-infinity' RETURNING epoch`,
		epochs, Lifetime.String())
	if err != nil {
		return postgres.Fault(err)
	}
	defer rows.Close()
	for rows.Next() {
		var epoch int64
		if err := rows.Scan(&epoch); err != nil {
			return postgres.Fault(err)
		}
		delete(held, epoch)
	}
	if err := rows.Err(); err != nil {
		return postgres.Fault(err)
	}
	for _, lease := range held {
		_ = lease.gone()
	}
	return nil
}
