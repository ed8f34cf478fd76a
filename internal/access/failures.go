package access

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

// Limits of failed logins. They are ours: the platform's are not known.
const (
	maxFailures   = 10 // of one client within the window
	failureWindow = time.Minute
	maxCounted    = 1000 // clients whose failures are remembered
)

// attempt is what failures are counted by. Those with a secret that bears our seal count by themselves: to make one
// takes a copy of the database, and what strangers do without must not stand in the way of the right secret.
type attempt struct {
	client ClientID
	sealed bool
}

// failures remembers failed logins, of a bounded number of clients. Safe for concurrent use.
type failures struct {
	mu    sync.Mutex
	times map[attempt][]time.Time // ascending, at most maxFailures each
}

func newFailures() *failures { return &failures{times: map[attempt][]time.Time{}} }

// refusal is fault.Throttled when the attempt has failed too often in the window before now, else nil.
func (f *failures) refusal(a attempt, now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.full(a, now)
}

// add counts a failure, unless there were too many: then it gives the refusal. Refused ones are not counted, or whoever
// goes on trying would never be heard again.
func (f *failures) add(a attempt, now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.full(a, now); err != nil {
		return err
	}
	if _, there := f.times[a]; !there {
		f.makeRoom(now)
	}
	f.times[a] = append(f.times[a], now)
	return nil
}

func (f *failures) full(a attempt, now time.Time) error {
	times := slices.DeleteFunc(f.times[a], func(at time.Time) bool { return over(at, now) })
	if len(times) == 0 {
		delete(f.times, a)
		return nil
	}
	f.times[a] = times
	if len(times) < maxFailures {
		return nil
	}
	wait := times[0].Add(failureWindow).Sub(now)
	seconds := int((wait + time.Second - 1) / time.Second) // rounded up: asked again a moment too early, it fails again
	return &fault.Error{
		Kind: fault.Throttled, Code: "too.many.requests",
		Message:    "Rate limit exceeded the maximum. Retry the request in [" + strconv.Itoa(seconds) + "] seconds. Too many logins of this client failed",
		Limit:      &fault.Limit{Key: "oauth.failed.logins.per.minute", Namespace: "auth.api", Value: maxFailures},
		RetryAfter: time.Duration(seconds) * time.Second,
	}
}

// over says whether a failure is out of the window. One of the future is, too: the clock was set back.
func over(at, now time.Time) bool { return at.After(now) || !now.Before(at.Add(failureWindow)) }

// makeRoom lets one more attempt be counted: it forgets those out of the window, and if need be the one whose last
// failure is longest ago.
func (f *failures) makeRoom(now time.Time) {
	if len(f.times) < maxCounted {
		return
	}
	var oldest attempt
	var since time.Time
	for a, times := range f.times {
		last := times[len(times)-1]
		if over(last, now) {
			delete(f.times, a)
		} else if since.IsZero() || last.Before(since) {
			oldest, since = a, last
		}
	}
	if len(f.times) >= maxCounted {
		delete(f.times, oldest)
	}
}
