package hostile

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-hq/parley/internal/platform/platformtest"
)

// Chance stands before a platform and does harm to one request in so many. Safe for concurrent use.
type Chance struct {
	Platform http.Handler
	OneIn    int
	Rand     *rand.Rand

	mu   sync.Mutex
	done atomic.Int64
}

// Harm is how many requests have been answered by a misdeed.
func (c *Chance) Harm() int64 { return c.done.Load() }

// ServeHTTP answers as the platform does, or not.
func (c *Chance) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	harm, which := c.Rand.IntN(c.OneIn) == 0, c.Rand.IntN(len(mixed))
	c.mu.Unlock()
	if !harm {
		c.Platform.ServeHTTP(w, r)
		return
	}
	c.done.Add(1)
	mixed[which](w, r, c.Platform.ServeHTTP)
}

// mixed are misdeeds that any request can meet, and that are over with the answer. A page that would be taken for good is
// not among them: nobody can tell it from the truth.
var mixed = []platformtest.Misdeed{
	platformtest.HangUp, platformtest.Cut, Drip(time.Millisecond / 4), BreakGzip, Alter(Shorten),
	platformtest.Say(""), platformtest.Say("{}"), platformtest.Say("[]"),
	Answer(http.StatusOK, "text/html", "<html>please log in</html>"),
	Answer(http.StatusBadGateway, "text/html", "<html>bad gateway</html>"),
	platformtest.Refuse(http.StatusInternalServerError, "internal.server.error", ""),
	platformtest.Refuse(http.StatusServiceUnavailable, "service.unavailable", "", "Retry-After", "0"),
	platformtest.Throttle("Retry-After", 0), RetryAt(http.StatusTooManyRequests, time.Second), Echo(http.StatusServiceUnavailable),
	Bomb(`{"conversations":[{"conversationId":"`, "x", 1<<10),
}
