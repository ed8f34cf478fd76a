package access

import (
	"context"
	"strconv"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/limit"
)

// Limits of failed logins. They are ours: the platform's are not known.
const (
	maxFailures = 10   // of one client within a window
	maxCounted  = 1000 // clients whose failures are remembered
)

// attempt is what failures are counted by. Those with a secret that bears our seal count by themselves: to make one
// takes a copy of the database, and what strangers do without must not stand in the way of the right secret.
type attempt struct {
	client ClientID
	sealed bool
}

// failures remembers failed logins, of a bounded number of clients. Safe for concurrent use.
type failures struct {
	sealed, others limit.Rate
}

func newFailures(in limit.Maker) *failures {
	return &failures{in("failed logins with a seal", maxFailures, maxCounted), in("failed logins", maxFailures, maxCounted)}
}

func (f *failures) of(a attempt) limit.Rate {
	if a.sealed {
		return f.sealed
	}
	return f.others
}

// refusal is fault.Throttled when the attempt has failed too often in its window, else nil.
func (f *failures) refusal(ctx context.Context, a attempt, now time.Time) error {
	return refusal(f.of(a).Look(ctx, string(a.client), now))
}

// add counts a failure, unless there were too many: then it gives the refusal. Refused ones are not counted, or whoever
// goes on trying would never be heard again.
func (f *failures) add(ctx context.Context, a attempt, now time.Time) error {
	return refusal(f.of(a).Take(ctx, string(a.client), now))
}

func refusal(u limit.Usage) error {
	if !u.Over {
		return nil
	}
	return &fault.Error{
		Kind: fault.Throttled, Code: "too.many.requests",
		Message:    "Rate limit exceeded the maximum. Retry the request in [" + strconv.Itoa(u.Seconds()) + "] seconds. Too many logins of this client failed",
		Limit:      &fault.Limit{Key: "oauth.failed.logins.per.minute", Namespace: "auth.api", Value: u.Allowed},
		RetryAfter: time.Duration(u.Seconds()) * time.Second, // rounded up: asked again a moment too early, it fails again
	}
}
