package platform

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// Greeting is what the platform says beside an answer.
type Greeting struct {
	Available time.Time     // dataAvailabilityDate, as Coverage has it
	Clock     time.Time     // on the platform's clock, in whole seconds; zero if it does not say
	Ahead     time.Duration // of that clock to this machine's, to a second and what the answer took
	Took      time.Duration
	Allowed   int // requests a minute; 0 if it does not say
	Count     int // of those, by whomever, made in the window so far
}

// Greet asks what Coverage does, and reads what is said beside the answer.
func (c *Client) Greet(ctx context.Context) (g Greeting, err error) {
	var body wire.Availability
	var began time.Time
	what := call{method: http.MethodGet, path: wire.PathJobs + "/availability", head: func(h http.Header) error {
		now := time.Now()
		g.Took = now.Sub(began)
		if at, err := http.ParseTime(h.Get("Date")); err == nil {
			// It was said somewhere in between, and its second may be almost over.
			g.Clock, g.Ahead = at, at.Add(500*time.Millisecond).Sub(now.Add(-g.Took/2).Round(0))
		}
		g.Allowed, _ = strconv.Atoi(h.Get("Inin-Ratelimit-Allowed"))
		g.Count, _ = strconv.Atoi(h.Get("Inin-Ratelimit-Count"))
		return nil
	}}
	if !c.cfg.NoLogin { // a login takes its own time
		if _, err := c.bearer(ctx, nil); err != nil {
			return g, err
		}
	}
	began = time.Now()
	err = c.do(ctx, what, into(&body, func() (err error) {
		if g.Available, err = conversation.ParseTime(body.DataAvailabilityDate); err != nil {
			return fault.New(fault.Corrupt, "the platform's dataAvailabilityDate is no date")
		}
		return nil
	}))
	return g, err
}
