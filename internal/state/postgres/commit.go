package postgres

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wait"
)

// transactions has a row for the last transaction of each slot: whether one is in is asked by its row, which came in with it. Postgres's own
// pg_xact_status does not do: the number of a transaction that a crash has undone may be given to another one afterwards, which it would be
// taken for, and a server that has taken over from another may not know it.
const transactions = `CREATE TABLE IF NOT EXISTS parley_transactions (
	slot   TEXT COLLATE "C" PRIMARY KEY,
	number BIGINT NOT NULL,
	at     TIMESTAMP WITH TIME ZONE NOT NULL
)`

// writing waits until no other transaction writes to the schema, in any process: the advisory lock lasts until the transaction ends, or its
// connection does. Two schemas may have one lock, and then wait for one another.
const writing = `SELECT pg_advisory_xact_lock(1885434476, hashtext(current_schema()) | 1)`

// begin is writing, and enters the transaction.
const begin = `WITH alone AS MATERIALIZED (` + writing + `)
	INSERT INTO parley_transactions SELECT $1::text, $2::bigint, clock_timestamp() FROM alone
	ON CONFLICT (slot) DO UPDATE SET number = excluded.number, at = excluded.at`

// forgotten removes the rows of processes that have ended long since, so that nobody asks for them.
const forgotten = `DELETE FROM parley_transactions WHERE at < clock_timestamp() - interval '1 day'`

// slot is the row of one transaction after the other.
type slot struct {
	id     string
	number int64
}

// slots are those of this process that no transaction has. There are as many as there were transactions at a time.
var slots struct {
	mu   sync.Mutex
	free []*slot
}

func takeSlot() *slot {
	slots.mu.Lock()
	defer slots.mu.Unlock()
	if last := len(slots.free) - 1; last >= 0 {
		s := slots.free[last]
		slots.free = slots.free[:last]
		return s
	}
	return &slot{id: rand.Text()}
}

func (s *slot) giveBack() {
	slots.mu.Lock()
	defer slots.mu.Unlock()
	slots.free = append(slots.free, s)
}

// MostCuts is how often what changes nothing is asked once more, because the connection was cut: each that a pool has may be.
const MostCuts = 100

// Begin begins a transaction and waits until no other one writes to the schema.
func (d Dialect) Begin(ctx context.Context, db *sql.DB) (tx *sql.Tx, commit func() error, err error) {
	s := takeSlot()
	s.number++
	tx, err = s.begin(ctx, db)
	for n := 0; d.Cut(err) && n < MostCuts; n++ {
		tx, err = s.begin(ctx, db)
	}
	if err != nil {
		s.giveBack()
		return nil, nil, err
	}
	return tx, func() error {
		err := tx.Commit()
		if err != nil {
			err = s.outcome(ctx, db, err, patience)
		}
		if err == nil {
			s.giveBack()
		}
		return err
	}, nil
}

func (s *slot) begin(ctx context.Context, db *sql.DB) (*sql.Tx, error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, begin, s.id, s.number); err != nil {
		_ = tx.Rollback() // the failure was told
		return nil, err
	}
	return tx, nil
}

// patience is how long an outcome is asked for: a Postgres that was killed is back by then, and so is one that another has taken over from.
const patience = time.Minute

// outcome asks what has become of the transaction of a slot, whose end came back with an error: the connection may have gone after the
// server had committed it and before it could say so. nil: it is in.
func (s *slot) outcome(ctx context.Context, db *sql.DB, err error, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		in, unknown := s.in(ctx, db)
		switch {
		case unknown == nil && in:
			return nil
		case unknown == nil:
			return unchanged(err)
		case wait.For(ctx, pause) != nil:
			return fault.Because(fault.InDoubt, fmt.Errorf("%w; then %w", Fault(err), Fault(unknown)), "whether the control database was changed cannot be told now; run again")
		}
	}
}

// in says whether the transaction is in. It waits until that has ended: its server may not have noticed yet that nobody listens.
func (s *slot) in(ctx context.Context, db *sql.DB) (bool, error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback() }() // it has changed nothing
	if _, err := tx.ExecContext(ctx, writing); err != nil {
		return false, err
	}
	var n int
	err = tx.QueryRowContext(ctx, `SELECT count(*) FROM parley_transactions WHERE slot = $1 AND number = $2`, s.id, s.number).Scan(&n)
	return n > 0, err
}

// unchanged is the failure of a transaction that is not in.
func unchanged(err error) error {
	told := Fault(err)
	if _, kind := errors.AsType[*fault.Error](told); kind || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return told
	}
	return fault.Because(fault.Unavailable, err, "the control database could not be changed; run again")
}
