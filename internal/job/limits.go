package job

import (
	"context"
	"fmt"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/limit"
	"github.com/parley-hq/parley/internal/state"
)

// Limits bound what jobs may take. The platform says that it has such limits, and no values.
type Limits struct {
	Running   int   // jobs answered at once; default 2, since each may keep a core and the disk busy
	Open      int   // jobs of one client that wait or run at most; default 50
	Queued    int   // jobs of all clients that wait at most; default 1,000
	PerMinute int   // submissions of a client a minute; default 60
	Bytes     int64 // JSON that one job may find at most; default 1 TB
	Stored    int64 // bytes on the disk that the results of one client may take at most; default: half of what there is room for
}

func (l Limits) withDefaults() Limits {
	number := func(n *int, standard int) {
		if *n == 0 {
			*n = standard
		}
	}
	number(&l.Running, 2)
	number(&l.Open, 50)
	number(&l.Queued, 1000)
	number(&l.PerMinute, 60)
	if l.Bytes == 0 {
		l.Bytes = 1e12
	}
	return l
}

func (l Limits) negative() bool {
	return l.Running < 0 || l.Open < 0 || l.Queued < 0 || l.PerMinute < 0 || l.Bytes < 0 || l.Stored < 0
}

// Keys of limits, as the platform names its own, whose values nobody publishes; it counts submissions a second.
const (
	limitOpen      = "details.jobs.concurrent.access.max"
	limitPerMinute = "details.jobs.rate.per.minute"
	limitQueued    = "details.jobs.queued.max"        // ours
	limitBytes     = "absolute.request.bytes.max"     // of one job
	limitStored    = "details.jobs.results.bytes.max" // ours
)

// soon is when it is worth trying again what waits for jobs to end.
const soon = 10 * time.Second

// throttled says which limit a client has run into. Clients look for the beginning of the message, and some read the
// seconds out of it, as the Splunk add-on for Genesys Cloud does.
func throttled(key string, value int64, after time.Duration, what string) error {
	return &fault.Error{
		Kind: fault.Throttled, RetryAfter: after, Limit: &fault.Limit{Key: key, Namespace: "analytics.data.extraction", Value: int(value)},
		Message: fmt.Sprintf("Rate limit exceeded the maximum. Retry the request in [%d] seconds. %s", limit.Usage{Reset: after}.Seconds(), what),
	}
}

// asker is a *state.DB or a *state.Tx.
type asker interface {
	Row(ctx context.Context, query string, args ...any) state.Row
}

// admit refuses a job that a limit is in the way of.
func (l Limits) admit(ctx context.Context, db asker, e entry) error {
	var queued, open, stored, expires int64
	err := db.Row(ctx, `SELECT count(*) FILTER (WHERE state = 'QUEUED'),
			count(*) FILTER (WHERE state IN ('QUEUED', 'PENDING') AND organisation = ?1 AND client = ?2),
			coalesce(sum(stored) FILTER (WHERE organisation = ?1 AND client = ?2), 0),
			coalesce(min(expires) FILTER (WHERE state = 'FULFILLED' AND organisation = ?1 AND client = ?2), 0)
		FROM jobs WHERE state IN ('QUEUED', 'PENDING', 'FULFILLED')`, e.owner.Organization, e.owner.Client).
		Scan(&queued, &open, &stored, &expires)
	switch {
	case err != nil:
		return err
	case open >= int64(l.Open):
		return throttled(limitOpen, int64(l.Open), soon, "So many jobs of the client wait or run already; submit again when one of them is done")
	case queued >= int64(l.Queued):
		return throttled(limitQueued, int64(l.Queued), soon, "So many jobs are waiting already; submit again when some are done")
	case stored >= l.Stored:
		return throttled(limitStored, l.Stored, max(soon, moment(expires).Sub(e.status.SubmissionDate)),
			"The results of the client's jobs take all the room that it has; delete those that are not needed any more")
	}
	return nil
}
