package platform

import (
	"context"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/wait"
)

// Health is how a client gets on with the platform at a moment, for people to look at.
type Health struct {
	Counts

	Minute    int       // requests that were sent in the last minute
	PerMinute int       // requests a minute that the budget lets through; 0 if there is none
	Share     string    // of what the platform allows, as --budget says it; empty if there is no budget
	Allowed   int       // requests a minute that the platform allows, by its answers; 0 if they do not say
	Paused    time.Time // until when the budget lets nothing through; zero if it does
	Since     time.Time // when the breaker opened; zero if it is closed, as are the next two
	Next      time.Time // when a request tries whether the platform answers again
	Why       string    // what the last failure was
}

// Health says how the client gets on.
func (c *Client) Health() Health {
	at := c.breaker.standing()
	h := Health{
		Counts: c.Counts(), Minute: c.lately.count(time.Now()), Allowed: int(c.counted.allowed.Load()),
		Since: at.since, Next: at.next, Why: c.cleanEnds(at.why, maxText),
	}
	h.Breaker, h.Trips = at.state, at.opened // as they were at the same moment
	if first := c.resting.first(); at.state == BreakerOpen && !at.awaited && first.After(at.next) {
		h.Next = first // it may be tried before, and nobody does
	}
	if b := c.cfg.Budget; b != nil {
		h.PerMinute, h.Share, h.Paused = b.PerMinute(), b.Share().String(), b.PausedUntil()
	}
	return h
}

// resting are the requests that wait before they are sent again. Safe for concurrent use.
type resting struct {
	mu    sync.Mutex
	until map[*time.Time]struct{}
}

// rest waits so long, as wait.For does.
func (r *resting) rest(ctx context.Context, d time.Duration) error {
	at := time.Now().Add(d)
	r.mu.Lock()
	if r.until == nil {
		r.until = map[*time.Time]struct{}{}
	}
	r.until[&at] = struct{}{}
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.until, &at)
	}()
	return wait.For(ctx, d)
}

// first is when the first of them is sent again; zero if there is none.
func (r *resting) first() (at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for until := range r.until {
		if at.IsZero() || until.Before(at) {
			at = *until
		}
	}
	return at
}

// lately counts what was sent in the last minute, second by second. Safe for concurrent use.
type lately struct {
	mu     sync.Mutex
	counts [60]int
	last   int64 // the second, since 1970, of the newest count
}

// sent counts a request.
func (l *lately) sent(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(now.Unix())
	l.counts[l.last%60]++
}

// count is how many were sent in the minute before now.
func (l *lately) count(now time.Time) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(now.Unix())
	for _, sent := range l.counts {
		n += sent
	}
	return n
}

// forget drops what is older than a minute. A clock that was set back counts in the newest second until it has caught up.
func (l *lately) forget(second int64) {
	if second-l.last >= int64(len(l.counts)) {
		l.counts, l.last = [60]int{}, second
	}
	for l.last < second {
		l.last++
		l.counts[l.last%60] = 0
	}
}
