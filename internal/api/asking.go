package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/confined"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/limit"
	"github.com/parley-hq/parley/internal/meter"
	"github.com/parley-hq/parley/internal/query"
)

// heavyFrom is how long a question must be expected to take to count as heavy. Lighter ones do not wait for it.
const heavyFrom = time.Second

// maxWaiting is how many synchronous requests of one client may wait for their turn. Every client gives up after 16 s.
const maxWaiting = 50

// limitWaiting is the key of that limit, ours.
const limitWaiting = "details.query.waiting.max"

// effort is how much a question asks, as far as the request shows: days, and passes over the data of a day.
type effort struct {
	what string // weights of one sort can be compared
	size float64
}

// ofIDs looks ids up in everything.
var ofIDs = effort{"ids", 1}

func weigh(q query.Detail) effort {
	passes := 1 + len(q.Aggregations)
	for _, f := range q.Filters {
		passes += f.Comparisons()
	}
	return effort{"query", float64(passes) * max(1, q.Interval.Duration().Hours()/24)}
}

// live lends a view of everything up to the moment that the client may see, for as long as a synchronous request may
// take. Few are answered at once, because each takes memory and all cores; the others wait for their turn
// (limit.Turns), and their time begins when it comes.
func (x *exchange) live(w effort, ask func(context.Context, engine.Engine) error) error {
	user, only := x.client.OnlyUser()
	return x.liveTo(user, only, w, ask)
}

// liveTo is live, of all conversations or only those of a user.
func (x *exchange) liveTo(user string, only bool, w effort, ask func(context.Context, engine.Engine) error) (err error) {
	s, ctx := x.server, x.r.Context()
	views, err := x.views()
	if err != nil {
		return err
	}
	kind := x.client.Organization + " " + w.what
	leave, err := s.turns.Wait(ctx, x.client.Organization, string(x.client.ID), s.pace.Guess(kind, w.size) >= heavyFrom)
	if errors.Is(err, limit.ErrMany) {
		return tooManyWait()
	}
	if err != nil {
		return err
	}
	defer leave()
	begun := time.Now()
	defer func() {
		took := time.Since(begun)
		s.cfg.Meter.Engine(meter.Query, took)
		s.pace.Learn(kind, w.size, took)
	}()
	limited, cancel := context.WithTimeout(ctx, s.cfg.QueryTimeout)
	defer cancel()
	defer func() {
		// Whatever an engine makes of it: its time was over, and the client is still there.
		if err != nil && errors.Is(limited.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
			err = fault.Because(context.DeadlineExceeded, err, "The request timed out. It took longer than %v: ask for a shorter interval, or submit an asynchronous job.", s.cfg.QueryTimeout)
		}
	}()
	view, err := views.Live(limited)
	if err != nil {
		return err
	}
	if only {
		view = confined.To(user, view)
	}
	defer func() {
		if err := view.Close(); err != nil {
			s.cfg.Log.ErrorContext(ctx, "close a view", "err", err)
		}
	}()
	return ask(limited, view)
}

// tooManyWait refuses a request of a client of whom many wait. Clients look for the beginning of the message, see
// overRate.
func tooManyWait() error {
	const seconds = 5
	return &fault.Error{
		Kind: fault.Throttled, RetryAfter: seconds * time.Second, Limit: &fault.Limit{Key: limitWaiting, Namespace: "analytics", Value: maxWaiting},
		Message: fmt.Sprintf("Rate limit exceeded the maximum. %d requests of the client are waiting for an answer already. Retry the request in [%d] seconds", maxWaiting, seconds),
	}
}

// answering says why questions are not answered any more, if they are not: whoever has a turn ends in bounded time.
func (s *Server) answering() error {
	if s.turns.Stuck() > 2*s.cfg.QueryTimeout {
		return fault.New(fault.Unavailable, "No question has been answered for long")
	}
	return nil
}
