package web

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/limit"
)

// What a page is made of is held in memory: a record of 20 MB takes some 200 MB while its page is made. So a few pages are made at a time,
// in turns that go round by client, and what is sent while its taker is slow is counted.
const (
	madeAtOnce  = 4
	heavyAtOnce = 3  // those of records, so that lists need not wait for them
	mostWaiting = 32 // of a client; a browser asks for a few pages at a time
	turnWithin  = 30 * time.Second
)

// Bounds of large answers that are being sent, in all and to one client. Each lasts as long as a page may take to be taken.
const (
	largeAnswer = 1 << 20 // bytes
	mostLarge   = 16
	mostLargeOf = 4
)

// light are the routes whose pages are made of little.
var light = map[string]bool{"GET /ui/jobs": true, "GET /parley/v1/jobs": true, "GET /ui/figures": true, "GET /parley/v1/figures": true}

// enter waits until what the visitor asked for may be made. It is left by leave, at the latest when the visit ends; who has entered may
// enter again.
func (v *visit) enter() error {
	if v.turn != nil {
		return nil
	}
	leave, err := wait(v.ctx(), v.web.turns, v, !light[v.r.Pattern])
	v.turn = leave
	return err
}

// leave lets the next one in: what was asked for is made.
func (v *visit) leave() {
	if v.turn != nil {
		v.turn()
		v.turn = nil
	}
}

// wait waits for a turn of a visitor.
func wait(ctx context.Context, turns *limit.Turns, v *visit, heavy bool) (leave func(), err error) {
	within, stop := context.WithTimeout(ctx, turnWithin)
	defer stop()
	leave, err = turns.Wait(within, v.who.Organization, string(v.who.ID), heavy)
	switch {
	case errors.Is(err, limit.ErrMany):
		return nil, &fault.Error{Kind: fault.Throttled, RetryAfter: 5 * time.Second, Message: fmt.Sprintf("You wait for %d pages already; ask for this one when some of them have come", mostWaiting)}
	case err != nil && ctx.Err() == nil:
		return nil, fault.New(fault.Unavailable, "So many pages are being made that this one had no turn within %v", turnWithin)
	}
	return leave, err
}

// takes counts a large answer until the visit ends, and lets the next one in, for nobody knows how long it takes to be taken.
func (v *visit) takes() error {
	v.leave()
	ended, err := v.web.large.enter(string(v.who.ID))
	if err != nil {
		return err
	}
	v.ended = append(v.ended, ended)
	return nil
}

// end ends a visit.
func (v *visit) end() {
	v.leave()
	for _, ended := range v.ended {
		ended()
	}
}

// crowd counts who does something, in all and of each client, up to bounds.
type crowd struct {
	most, mostOf int
	refusal      string

	mu  sync.Mutex
	all int
	of  map[string]int // by client
}

func newCrowd(most, mostOf int, refusal string) *crowd {
	return &crowd{most: most, mostOf: mostOf, refusal: refusal, of: map[string]int{}}
}

// enter counts one until it is left.
func (c *crowd) enter(who string) (leave func(), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all >= c.most || c.of[who] >= c.mostOf {
		return nil, fault.New(fault.Unavailable, "%s", c.refusal)
	}
	c.all++
	c.of[who]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.all--
		if c.of[who]--; c.of[who] == 0 {
			delete(c.of, who)
		}
	}, nil
}
