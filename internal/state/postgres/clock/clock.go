// Package clock tells the time as the control database in a Postgres has it, so that machines which share one agree about what has
// expired, however wrong their own clocks are, and whoever sets them.
package clock

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/state/postgres"
)

// Clock is a clock that was set by the database's. Between two looks at that it goes by how much time passes on this machine,
// which nobody sets. Safe for concurrent use.
type Clock struct {
	db *sql.DB

	mu     sync.Mutex
	there  time.Time // the time of the database
	here   time.Time // when that was, by the time that passes on this machine
	asking bool
}

// A machine may be suspended, and time passes faster on some than on others. patience is how long the database may take to answer.
const (
	every    = time.Minute
	patience = 5 * time.Second
)

// Of sets a clock by a control database in a Postgres. It goes on by itself once that is closed.
func Of(ctx context.Context, db *state.DB) (*Clock, error) {
	c := &Clock{db: db.Handle()}
	return c, c.set(ctx)
}

// Now is the time. It waits for nobody: once a minute it has the clock set anew beside.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	passed := time.Since(c.here)
	if passed > every && !c.asking {
		c.asking = true
		go c.again()
	}
	return c.there.Add(passed)
}

// again sets the clock. A database that does not answer is asked at the next look.
func (c *Clock) again() {
	ctx, done := context.WithTimeout(context.Background(), patience) //nolint:forbidigo // it belongs to no request
	defer done()
	_ = c.set(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asking = false
}

// set asks for the time. It was so late in the middle of the asking, more or less.
func (c *Clock) set(ctx context.Context) error {
	asked := time.Now()
	var micros int64
	if err := c.db.QueryRowContext(ctx, `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint`).Scan(&micros); err != nil {
		return postgres.Fault(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.there, c.here = time.UnixMicro(micros).UTC(), asked.Add(time.Since(asked)/2)
	return nil
}
