// Package follow extracts whenever the platform has something new, until it is stopped.
//
// It runs an extraction, waits until the platform says that its data is complete further than it was, and runs the next.
// A run that fails for now is tried again, later and later; one that will always fail ends it, for a person to look at.
package follow

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wait"
)

// Follower says what is done, and how often.
type Follower struct {
	// Extract runs one extraction of all that is due.
	Extract func(ctx context.Context) (extract.Summary, error)
	// Upkeep is done after each run that came to its end; nil for nothing. That it fails stops nothing.
	Upkeep func(ctx context.Context) error
	// Await waits until the platform's data is complete further than up to now, and no longer than most, when it fails with
	// fault.Unavailable.
	Await func(ctx context.Context, now time.Time, most time.Duration) error
	// Every is the longest time between two runs, whether or not the platform tells of anything.
	Every time.Duration
	// First and Most are the pause after a run that failed for now; it doubles.
	First, Most time.Duration
	// Told is told of each run when it has ended.
	Told func(extract.Summary, error)
	// Note is told what a person may want to know.
	Note func(format string, args ...any)
}

// hopeless are the kinds of failures of the first run that no later one mends by itself: something is set up wrongly. Later
// on they may be of a night, and whoever watches is told of them.
var hopeless = []error{fault.Invalid, fault.Unauthorized, fault.Forbidden, fault.ReadOnly}

// Run goes on until ctx ends, when it returns nil, or until a run fails that will always fail.
func (f *Follower) Run(ctx context.Context) error {
	pause := f.First
	for first := true; ; first = false {
		s, err := f.Extract(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // it was asked to stop, and what it staged is taken up by the next
		}
		f.Told(s, err)
		for _, kind := range hopeless {
			if first && errors.Is(err, kind) {
				return err
			}
		}
		if err != nil && !errors.Is(err, fault.Incomplete) {
			f.Note("The next try is in %v.\n", pause)
			if wait.For(ctx, pause+rand.N(pause/4+1)) != nil {
				return nil //nolint:nilerr // it was asked to stop
			}
			pause = min(2*pause, f.Most)
			continue
		}
		pause = f.First
		f.upkeep(ctx)
		if f.rest(ctx, s) != nil {
			return nil //nolint:nilerr // it was asked to stop
		}
	}
}

func (f *Follower) upkeep(ctx context.Context) {
	if f.Upkeep == nil {
		return
	}
	if err := f.Upkeep(ctx); err != nil && ctx.Err() == nil {
		f.Note("The upkeep of the lake failed, and is done again after the next run: %v\n", err)
	}
}

// rest waits until there is reason to run again. It fails when ctx ends.
func (f *Follower) rest(ctx context.Context, s extract.Summary) error {
	available, err := conversation.ParseTime(s.Available)
	if err != nil { // of a run that did not come as far as to ask
		return wait.For(ctx, f.Every)
	}
	if err := f.Await(ctx, available, f.Every); err != nil && ctx.Err() == nil && !errors.Is(err, fault.Unavailable) {
		f.Note("The platform cannot be waited for, and is asked again in %v: %v\n", f.First, err)
		return wait.For(ctx, f.First)
	}
	return ctx.Err()
}
