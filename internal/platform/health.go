package platform

import (
	"sync"
	"time"
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
	if b := c.cfg.Budget; b != nil {
		h.PerMinute, h.Share, h.Paused = b.PerMinute(), b.Share().String(), b.PausedUntil()
	}
	return h
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
