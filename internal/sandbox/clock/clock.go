// Package clock is a clock that can be stopped, moved ahead and run faster or slower than the machine's.
package clock

import (
	"context"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

// MaxSpeed is how many times as fast as the machine's a clock may go.
const MaxSpeed = 10_000

// Setting says what a clock shows: at the machine's instant Since it showed At, and it goes Speed times as fast. So it
// shows the same in another process, and after a restart it has gone on meanwhile, as a platform does of which a client
// hears nothing.
type Setting struct {
	At    time.Time `json:"at"`
	Since time.Time `json:"since"`
	Speed float64   `json:"speed"` // 0 stands still
}

// Now is what a clock shows at an instant of the machine's. It never shows less than At: the machine's clock may be put
// back.
// It never shows more than the last instant either.
func (s Setting) Now(machine time.Time) time.Time {
	gone := float64(max(0, machine.Sub(s.Since))) * s.Speed
	if gone >= float64(last.Sub(s.At)) {
		return last
	}
	return s.At.Add(time.Duration(gone)).UTC()
}

// Change is what is done to a clock, all of it at once: it is moved, and goes on at the speed.
type Change struct {
	Set     time.Time     // to this instant; zero leaves it
	Advance time.Duration // by so much
	Speed   *float64      // nil leaves it
}

// Apply is the setting after a change at an instant of the machine's. It fails with fault.Invalid if the clock would go
// back, or its speed is none: whoever was told a time relies on it.
func (s Setting) Apply(c Change, machine time.Time) (Setting, error) {
	now := s.Now(machine)
	next := Setting{At: now, Since: machine, Speed: s.Speed}
	switch {
	case !c.Set.IsZero() && c.Advance != 0:
		return s, fault.Field("advance", "the clock can be set or advanced, not both at once")
	case !c.Set.IsZero():
		next.At = c.Set.UTC()
	default:
		next.At = now.Add(c.Advance)
	}
	if next.At.Before(now) {
		return s, fault.Field(c.field(), "the clock shows %s and cannot go back to %s: tokens, jobs and batches of the time between would be from the future; reset the sandbox instead", shown(now), shown(next.At))
	}
	if next.At.After(last) {
		return s, fault.Field(c.field(), "the clock can go to %s at most, not to %s", shown(last), shown(next.At))
	}
	if c.Speed != nil {
		next.Speed = *c.Speed
	}
	if err := next.checkSpeed(); err != nil {
		return s, err
	}
	return next, nil
}

// Check fails with fault.Invalid if no clock could have come to the setting.
func (s Setting) Check() error {
	if s.At.After(last) {
		return fault.Field("now", "the clock can go to %s at most, not to %s", shown(last), shown(s.At))
	}
	return s.checkSpeed()
}

func (s Setting) checkSpeed() error {
	if s.Speed >= 0 && s.Speed <= MaxSpeed { // NaN lies nowhere
		return nil
	}
	return fault.Field("speed", "the speed must lie between 0, which stands still, and %d, not be %v", MaxSpeed, s.Speed)
}

// last is how far a clock goes. Instants beyond it have no form that every client reads.
var last = time.Date(2199, 12, 31, 0, 0, 0, 0, time.UTC)

func (c Change) field() string {
	if c.Set.IsZero() {
		return "advance"
	}
	return "set"
}

func shown(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// Clock goes by its setting. Safe for concurrent use.
type Clock struct {
	machine func() time.Time

	mu      sync.Mutex
	setting Setting
	changed chan struct{} // closed, and made anew, when the setting changes
}

// New makes a clock. Machine is the machine's clock; nil means time.Now.
func New(s Setting, machine func() time.Time) *Clock {
	if machine == nil {
		machine = time.Now
	}
	return &Clock{machine: machine, setting: s, changed: make(chan struct{})}
}

// Now is what the clock shows, in UTC.
func (c *Clock) Now() time.Time { return c.Setting().Now(c.machine()) }

// Setting is by what the clock goes.
func (c *Clock) Setting() Setting {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.setting
}

// After is the setting after a change that begins now. The clock goes on as it did.
func (c *Clock) After(change Change) (Setting, error) { return c.Setting().Apply(change, c.machine()) }

// Set has the clock go by another setting, and wakes who waits for it.
func (c *Clock) Set(s Setting) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setting = s
	close(c.changed)
	c.changed = make(chan struct{})
}

// Wait returns when the clock shows an instant, or a later one, however it was moved meanwhile. It fails when ctx ends
// before.
func (c *Clock) Wait(ctx context.Context, until time.Time) error { return c.WaitOr(ctx, until, nil) }

// WaitOr is Wait that returns as well when something else has happened, for which a channel is closed.
func (c *Clock) WaitOr(ctx context.Context, until time.Time, happened <-chan struct{}) error {
	for {
		c.mu.Lock()
		setting, changed := c.setting, c.changed
		c.mu.Unlock()
		left := until.Sub(setting.Now(c.machine()))
		if left <= 0 {
			return nil
		}
		over, err := pause(ctx, left, setting.Speed, changed, happened)
		if over || err != nil {
			return err
		}
	}
}

// longest keeps what a clock that hardly moves would wait within what a timer can.
const longest = 24 * time.Hour

// pause lets platform time pass until so much may have, or the setting changes. It says whether something else has happened.
func pause(ctx context.Context, left time.Duration, speed float64, changed, happened <-chan struct{}) (over bool, err error) {
	var due <-chan time.Time
	if speed > 0 {
		timer := time.NewTimer(time.Duration(min(float64(longest), float64(left)/speed)) + 1)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-happened:
		return true, nil
	case <-changed:
	case <-due:
	}
	return false, nil
}
