package platform

import (
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

// Counts is what a client counts of itself. It says how often, and never what was asked.
type Counts struct {
	Requests    int64         // sent, whatever became of them; logins are not among them
	Failed      int64         // of those, without an answer or with a status of 500 and above
	Throttled   int64         // of those, answered with 429
	AskedWait   time.Duration // how long was waited, or is being waited, before requests are sent again that were answered so
	Retries     int64         // requests that were to be sent again
	Logins      int64         // tokens that were asked for
	BudgetWaits int64         // requests that waited for their slot in the budget
	BudgetTime  time.Duration // how long they waited
	Breaker     BreakerState
	Trips       int64 // times that the breaker opened
}

// counters are Counts while they are counted.
type counters struct {
	requests, failed, throttled, asked, retries, logins, waits, waited atomic.Int64

	allowed atomic.Int64 // requests a minute, by the last answer that said so
}

// Counts gives what was counted until now.
func (c *Client) Counts() Counts {
	n := Counts{
		Requests: c.counted.requests.Load(), Failed: c.counted.failed.Load(), Throttled: c.counted.throttled.Load(),
		AskedWait: time.Duration(c.counted.asked.Load()), Retries: c.counted.retries.Load(),
		Logins: c.counted.logins.Load(), BudgetWaits: c.counted.waits.Load(), BudgetTime: time.Duration(c.counted.waited.Load()),
	}
	at := c.breaker.standing()
	n.Breaker, n.Trips = at.state, at.opened
	return n
}

// slot counts what a request waited for its slot.
func (n *counters) slot(took time.Duration) {
	if took >= time.Millisecond { // less is what the lock of the file takes
		n.waits.Add(1)
		n.waited.Add(int64(took))
	}
}

// pause counts the wait before a request is sent again.
func (n *counters) pause(d time.Duration, because error) {
	n.retries.Add(1)
	if errors.Is(because, fault.Throttled) {
		n.asked.Add(int64(d))
	}
}

// answered counts a request by its answer, nil if there is none.
func (n *counters) answered(resp *http.Response) {
	n.requests.Add(1)
	switch {
	case resp == nil || isDown(resp.StatusCode):
		n.failed.Add(1)
	case resp.StatusCode == http.StatusTooManyRequests:
		n.throttled.Add(1)
	}
}

// isDown says whether a status is one of a platform that is failing as a whole. 501 is an answer like any other.
func isDown(status int) bool { return status >= 500 && status != http.StatusNotImplemented }
