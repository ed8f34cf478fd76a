package platform

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/wait"
)

// tripsAfter is how many requests in a row must get no answer, or one with a status of 500 and above, before others stop
// finding that out for themselves. The choice is ours: fewer than the tries of one request that is alone, so that it has
// all of them.
const tripsAfter = 5

// BreakerState is where a circuit breaker stands.
type BreakerState int

// The states of a circuit breaker.
const (
	BreakerClosed   BreakerState = iota // requests are sent
	BreakerHalfOpen                     // one is sent to see whether it is answered, and the others wait for what comes of it
	BreakerOpen                         // none is sent for a while
)

// breaker spares a platform that does not answer the requests that would fail too. It is open for a while, then lets one
// request through: is that answered, it closes; if not, it opens for twice as long. Who comes meanwhile waits for that
// request, and what it found counts as a try of theirs. So a request has as many tries as without a breaker. Safe for
// concurrent use.
type breaker struct {
	first, most time.Duration // how long it is open, at first and at most
	log         *slog.Logger

	mu     sync.Mutex
	failed int           // in a row
	open   time.Duration // how long it is open this time; 0 while it is closed
	since  time.Time     // when it was opened; it may have been tried since
	queue  int           // requests that wait until it may be tried
	why    string        // what the last failure was, for people
	until  time.Time     // when the next request may be sent to see
	probe  chan struct{} // closed when the request has ended that was sent to see; nil if none was
	found  error         // by the last one
	probed int64         // how many have failed
	opened int64         // times
}

// verdict is what became of a request that enter let through.
type verdict struct {
	known bool   // false: it was given up before it was answered
	err   error  // why the platform is not there, for those who ask something else; nil if it is
	why   string // the same, for people who look at the breaker
}

// enter lets a request through, at once or after a while. Its end is told to the function that it gives. An error is that
// of another request, which was sent in place of this one, or that of ctx.
func (b *breaker) enter(ctx context.Context) (end func(context.Context, verdict), err error) {
	for probed := int64(-1); ; {
		b.mu.Lock()
		if probed < 0 {
			probed = b.probed
		}
		if b.probed > probed { // since it came: another request was its try
			found := b.found
			b.mu.Unlock()
			return nil, found
		}
		if b.open == 0 {
			b.mu.Unlock()
			return func(ctx context.Context, v verdict) { b.end(ctx, nil, v) }, nil
		}
		if on := b.probe; on != nil {
			b.mu.Unlock()
			select {
			case <-on:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			continue
		}
		if d := time.Until(b.until); d > 0 {
			b.queue++
			b.mu.Unlock()
			err := wait.For(ctx, d)
			b.mu.Lock()
			b.queue--
			b.mu.Unlock()
			if err != nil {
				return nil, err
			}
			continue
		}
		mine := make(chan struct{})
		b.probe = mine
		b.mu.Unlock()
		return func(ctx context.Context, v verdict) { b.end(ctx, mine, v) }, nil
	}
}

// end takes note of what became of a request.
func (b *breaker) end(ctx context.Context, mine chan struct{}, v verdict) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if mine != nil {
		b.probe = nil
		close(mine)
	}
	switch {
	case !v.known:
	case v.err == nil:
		if b.open > 0 {
			b.log.InfoContext(ctx, "the platform answers again")
		}
		b.failed, b.open, b.why = 0, 0, ""
	case mine != nil:
		b.found, b.probed, b.why = v.err, b.probed+1, v.why
		b.openFor(min(2*b.open, b.most))
	default:
		if b.failed++; b.failed >= tripsAfter && b.open == 0 {
			b.opened++
			b.since, b.why = time.Now(), v.why
			b.openFor(min(b.first, b.most))
			b.log.WarnContext(ctx, "the platform does not answer; one request at a time tries whether it does again", "failures", b.failed, "err", v.err)
		}
	}
}

// openFor opens it, up to half as long again by chance: processes that lost the platform together do not come back
// together.
func (b *breaker) openFor(d time.Duration) {
	b.open = max(d, 1)
	b.until = time.Now().Add(b.open + rand.N(b.open/2+1))
}

// standing is where a breaker stands, and since when and why if it is not closed.
type standing struct {
	state       BreakerState
	opened      int64 // times
	since, next time.Time
	why         string
	awaited     bool // somebody waits to try at next
}

func (b *breaker) standing() standing {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := standing{state: BreakerClosed, opened: b.opened}
	if b.open == 0 {
		return s
	}
	s.state, s.since, s.next, s.why, s.awaited = BreakerOpen, b.since, b.until, b.why, b.queue > 0
	if b.probe != nil {
		s.state = BreakerHalfOpen
	}
	return s
}
