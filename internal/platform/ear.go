package platform

import (
	"context"
	"errors"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wait"
	"github.com/parley-hq/parley/internal/wire"
)

// Hearer is what an Ear needs of a Listener.
type Hearer interface {
	Connect(ctx context.Context) error
	Renew(ctx context.Context) error
	Wait(ctx context.Context, most time.Duration) error
	Close()
}

// Ear waits until the data behind jobs goes further. It listens as well as it can, and says where it cannot; it never
// relies on a message alone: it asks when one has come, when the connection was lost and is there again, and each time that
// the longest pause is over. Not for concurrent use.
type Ear struct {
	Hearer Hearer
	// Ask asks up to when the data is complete.
	Ask         func(ctx context.Context) (time.Time, error)
	First, Most time.Duration                    // pause between questions where nothing is heard; it doubles
	Note        func(format string, args ...any) // told what a person may want to know
	Waiting     func(until time.Time)            // told of each answer that is not enough; may be nil
	Limit       string                           // where the longest time to wait comes from, for the message: " (--timeout)"

	opened bool
	deaf   bool          // there is nothing to hear, now or later
	next   time.Duration // how long to wait before asking, if nothing is heard
	lost   time.Duration // how long to wait before listening again
}

// The first and the longest pause before it connects again, when a connection was lost.
const (
	firstAgain = time.Second
	mostAgain  = time.Minute
)

// leastAsked is how long a question may take, with all that it is tried again, when hardly any time is left.
const leastAsked = 10 * time.Second

// Await waits until the data is complete up to after. now is up to where it was when it was asked last. When that does not
// come about within most it fails with fault.Unavailable; it gives the last answer in any case. A server that cannot be
// reached meanwhile is asked again.
func (e *Ear) Await(ctx context.Context, now, after time.Time, most time.Duration) (time.Time, error) {
	if !now.Before(after) {
		return now, nil
	}
	e.next = e.First
	begun, left := time.Now(), most
	for {
		// It listens before it asks: of what happens in between a message comes.
		if err := e.open(ctx, left); err != nil {
			return now, err
		}
		var err error
		if now, err = e.ask(ctx, now, left); err != nil || !now.Before(after) {
			return now, err
		}
		if left = most - time.Since(begun); left <= 0 {
			return now, fault.New(fault.Unavailable, "the data behind jobs is complete up to %s, and after %v%s not further", wire.Date(now), most, e.Limit)
		}
		if e.Waiting != nil {
			e.Waiting(now)
		}
		if err := e.wait(ctx, left); err != nil {
			return now, err
		}
	}
}

// open connects if it is not connected, and else has the channel last longer. That it cannot is no failure: then it asks.
func (e *Ear) open(ctx context.Context, left time.Duration) error {
	within, done := context.WithTimeout(ctx, max(left, leastAsked))
	defer done()
	if e.deaf || e.opened && e.Hearer.Renew(within) == nil {
		return nil
	}
	err := e.Hearer.Connect(within)
	e.opened = false
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		e.opened, e.next = true, e.First
		return nil
	}
	e.deaf = errors.Is(err, fault.NotFound) || errors.Is(err, fault.Invalid) || errors.Is(err, fault.Forbidden)
	if e.deaf {
		e.Note("The server tells nobody, and is asked every %v to %v: %v\n", e.First, e.Most, err)
	} else {
		e.Note("Nothing is heard for now, and the server is asked: %v\n", err)
	}
	return nil
}

// ask asks how far the data goes. That the server cannot be asked for now is no failure either: then it is as far as it was.
func (e *Ear) ask(ctx context.Context, was time.Time, left time.Duration) (time.Time, error) {
	within, done := context.WithTimeout(ctx, max(left, leastAsked))
	defer done()
	until, err := e.Ask(within)
	if err == nil || ctx.Err() != nil || within.Err() == nil && !errors.Is(err, fault.Unavailable) && !errors.Is(err, fault.Throttled) {
		return until, err
	}
	e.opened = false // it is asked again soon, and not when something is heard
	e.Note("The server cannot be asked for now, and is asked again: %v\n", err)
	return was, nil
}

// wait waits until it is time to ask.
func (e *Ear) wait(ctx context.Context, left time.Duration) error {
	if !e.opened {
		pause := min(e.next, left)
		e.next = min(2*e.next, e.Most)
		return wait.For(ctx, pause)
	}
	begun := time.Now()
	err := e.Hearer.Wait(ctx, min(e.Most, left))
	if err == nil || ctx.Err() != nil {
		return err
	}
	e.opened = false
	if time.Since(begun) > mostAgain {
		e.lost = 0
	}
	e.lost = min(max(2*e.lost, firstAgain), mostAgain)
	e.Note("Connecting again in %v: %v\n", e.lost, err)
	return wait.For(ctx, min(e.lost, left))
}
