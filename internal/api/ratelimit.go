package api

import (
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

// rateWindow is the time in which a client's requests are counted. It begins with the first request after the last
// window has ended, as the platform's headers suggest (facts.md section 4: one request, 61 seconds left).
const rateWindow = time.Minute

// limiter counts the requests of each client. A refused request is not counted. Safe for concurrent use.
type limiter struct {
	allowed int // requests a window
	mu      sync.Mutex
	windows map[string]window // by client id
}

type window struct {
	start time.Time
	count int
}

// usage is what a client has used of its window, this request included.
type usage struct {
	allowed int
	count   int
	reset   int // seconds until the window ends, rounded up
	over    bool
}

func newLimiter(allowed int) *limiter {
	return &limiter{allowed: allowed, windows: map[string]window{}}
}

// unused is the usage of a client that is not known.
func (l *limiter) unused() usage {
	return usage{allowed: l.allowed, reset: int(rateWindow / time.Second)}
}

// take counts a request.
func (l *limiter) take(client string, now time.Time) usage {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.windows[client]
	if passed := now.Sub(w.start); passed < 0 || passed >= rateWindow { // less than zero: somebody set the clock back
		w = window{start: now}
	}
	over := w.count >= l.allowed
	if !over {
		w.count++
	}
	l.windows[client] = w
	left := w.start.Add(rateWindow).Sub(now)
	return usage{allowed: l.allowed, count: w.count, reset: int((left + time.Second - 1) / time.Second), over: over}
}

// refused is the error of a request that is over the limit, nil for any other. Clients look for the beginning of its
// message (facts.md section 3).
func (u usage) refused() error {
	if !u.over {
		return nil
	}
	f := fault.New(fault.Throttled, "Rate limit exceeded the maximum. Retry the request in [%d] seconds", u.reset)
	f.Limit = &fault.Limit{Key: "client.credentials.token.rate.per.minute", Namespace: "platform.api", Value: u.allowed}
	return f
}
