// Package limits counts what each client does in a minute in a Postgres, so that any number of processes hold it to one limit.
//
// A count is a row, and counting is one statement, by the database's clock. The table is unlogged: nothing waits for a disk, nothing is
// replicated, and after a crash or a failover every window begins anew.
package limits

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/limit"
	"github.com/parley-hq/parley/internal/state"
)

// A row is changed far more often than it is looked up: with room on its page the new version of it needs no entry in the index.
var schema = state.Schema{Owner: "limits", Steps: []string{`
	CREATE UNLOGGED TABLE limits (
		what   {text} NOT NULL,                   -- which limit
		client {text} NOT NULL,
		begun  TIMESTAMP WITH TIME ZONE NOT NULL, -- of the window
		count  {integer} NOT NULL,                -- one more than is allowed, once somebody was refused
		PRIMARY KEY (what, client)
	) WITH (fillfactor = 50)`,
}}

// take counts one of a client. The clock is read once the row is ours: many wait for it at a time, and the first of a window must not seem to
// come after the second.
const take = `INSERT INTO limits AS l (what, client, begun, count) VALUES ($1, $2, clock_timestamp(), 1)
	ON CONFLICT (what, client) DO UPDATE SET (begun, count) = (
		SELECT CASE WHEN ended THEN now ELSE l.begun END, CASE WHEN ended THEN 1 ELSE least(l.count, $3::bigint) + 1 END
		FROM (SELECT now, now >= l.begun + $4::interval OR now < l.begun AS ended FROM (SELECT clock_timestamp() AS now OFFSET 0) AS clock) AS looked)
	RETURNING count, (extract(epoch FROM begun + $4::interval - clock_timestamp()) * 1000000)::bigint`

const look = `SELECT count, (extract(epoch FROM begun + $3::interval - clock_timestamp()) * 1000000)::bigint FROM limits
	WHERE what = $1 AND client = $2 AND begun > clock_timestamp() - $3::interval AND begun <= clock_timestamp()`

// ended removes what no longer counts. Rows that somebody is just counting in are left to the next time.
const ended = `DELETE FROM limits WHERE (what, client) IN (
	SELECT what, client FROM limits WHERE begun <= clock_timestamp() - $1::interval OR begun > clock_timestamp() FOR UPDATE SKIP LOCKED)`

// surplus removes the clients whose windows began first, if there are more than there may be.
const surplus = `DELETE FROM limits WHERE (what, client) IN (
	SELECT what, client FROM limits WHERE what = $1 ORDER BY begun DESC OFFSET $2 FOR UPDATE SKIP LOCKED)`

// Limiter is a limit.Rate of all processes that have one of its name over the same control database.
type Limiter struct {
	db            *sql.DB
	log           *slog.Logger
	what          string
	allowed, most int

	// alone counts in this process while the database cannot be asked.
	alone *limit.Limiter

	mu      sync.Mutex
	refused map[string]time.Time // until when, by this process's clock: they need not be asked about
	purge   time.Time            // when rows that no longer count are removed again
	away    time.Time            // until when the database is not asked
}

var _ limit.Rate = (*Limiter)(nil)

// In makes limits in a control database in a Postgres, and their table where it is not there. They are no longer shared once that is closed.
func In(ctx context.Context, db *state.DB, log *slog.Logger) (limit.Maker, error) {
	if err := db.Migrate(ctx, schema); err != nil {
		return nil, err
	}
	return func(name string, allowed, most int) limit.Rate {
		return &Limiter{
			db: db.Handle(), log: log, what: name, allowed: allowed, most: most,
			alone: limit.NewBounded(allowed, most), refused: map[string]time.Time{},
		}
	}, nil
}

// Unused implements limit.Rate.
func (l *Limiter) Unused() limit.Usage { return l.alone.Unused() }

// Take implements limit.Rate. Who was refused is not asked about again before its window ends.
func (l *Limiter) Take(ctx context.Context, client string, now time.Time) limit.Usage {
	if left, yes := l.isRefused(client, now); yes {
		return l.over(left)
	}
	u, err := l.ask(ctx, now, func(ctx context.Context) (limit.Usage, error) {
		count, left, err := scan(l.db.QueryRowContext(ctx, take, l.what, client, l.allowed, limit.Window.String()))
		if err == nil && count == 1 {
			err = l.clear(ctx, now)
		}
		if err != nil || count > l.allowed {
			return l.over(left), err
		}
		return limit.Usage{Allowed: l.allowed, Count: count, Reset: left}, nil
	})
	if err != nil {
		return l.alone.Take(ctx, client, now)
	}
	if u.Over {
		l.refuse(client, now.Add(u.Reset))
	}
	return u
}

// Look implements limit.Rate.
func (l *Limiter) Look(ctx context.Context, client string, now time.Time) limit.Usage {
	u, err := l.ask(ctx, now, func(ctx context.Context) (limit.Usage, error) {
		count, left, err := scan(l.db.QueryRowContext(ctx, look, l.what, client, limit.Window.String()))
		if errors.Is(err, sql.ErrNoRows) {
			return l.Unused(), nil
		}
		return limit.Usage{Allowed: l.allowed, Count: min(count, l.allowed), Reset: left, Over: count >= l.allowed}, err
	})
	if err != nil {
		return l.alone.Look(ctx, client, now)
	}
	return u
}

func scan(row *sql.Row) (count int, left time.Duration, err error) {
	var micros int64
	err = row.Scan(&count, &micros)
	return count, max(0, time.Duration(micros)*time.Microsecond), err
}

func (l *Limiter) over(left time.Duration) limit.Usage {
	return limit.Usage{Allowed: l.allowed, Count: l.allowed, Reset: left, Over: true}
}

// A database that does not answer holds up requests for so long, and then none for longer.
const (
	patience = 2 * time.Second
	pause    = 5 * time.Second
)

var errAway = errors.New("the control database was away a moment ago")

// ask asks the database, unless it was away a moment ago.
func (l *Limiter) ask(ctx context.Context, now time.Time, question func(context.Context) (limit.Usage, error)) (limit.Usage, error) {
	if l.isAway(now) {
		return limit.Usage{}, errAway
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	u, err := question(bounded)
	if err != nil && ctx.Err() == nil {
		l.leave(now)
		l.log.WarnContext(ctx, "the control database cannot count; this process counts by itself", "limit", l.what, "error", err)
	}
	return u, err
}

func (l *Limiter) isAway(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := l.away.Sub(now)
	return left > 0 && left <= pause
}

func (l *Limiter) leave(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away = now.Add(pause)
}

// isRefused says for how long a client is refused still. More than a window is from before somebody set the clock back.
func (l *Limiter) isRefused(client string, now time.Time) (left time.Duration, yes bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	left = l.refused[client].Sub(now)
	return left, left > 0 && left <= limit.Window
}

func (l *Limiter) refuse(client string, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused[client] = until
}

// clear removes, as a window begins, what there is too much of, and once a window what no longer counts.
func (l *Limiter) clear(ctx context.Context, now time.Time) error {
	if l.isDue(now) {
		if _, err := l.db.ExecContext(ctx, ended, limit.Window.String()); err != nil {
			return err
		}
	}
	if l.most == 0 {
		return nil
	}
	_, err := l.db.ExecContext(ctx, surplus, l.what, l.most)
	return err
}

func (l *Limiter) isDue(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if left := l.purge.Sub(now); left > 0 && left <= limit.Window {
		return false
	}
	l.purge = now.Add(limit.Window)
	for client, until := range l.refused {
		if left := until.Sub(now); left <= 0 || left > limit.Window {
			delete(l.refused, client)
		}
	}
	return true
}
