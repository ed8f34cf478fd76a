package platform_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/budget"
	"github.com/parley-hq/parley/internal/platform/platformtest"
)

// The breaker says since when it is open, why, and when it is tried again; then that somebody tries, and then nothing.
func TestHealthWhileThePlatformIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{down(platformtest.Refuse(503, "service.unavailable", ""))}})
		c := patient(f, &bytes.Buffer{})
		if h := c.Health(); h.Breaker != platform.BreakerClosed || !h.Since.IsZero() || h.Why != "" || h.Minute != 0 || h.PerMinute != 0 || h.Share != "" {
			t.Errorf("before anything: %+v", h)
		}
		began := time.Now()
		together(t.Context(), c, 40)
		h := c.Health()
		if h.Breaker != platform.BreakerOpen || h.Trips != 1 || h.Since.Before(began) || !h.Since.Before(time.Now()) || !h.Next.After(time.Now()) {
			t.Errorf("while it is down: %+v", h)
		}
		if !strings.HasSuffix(h.Why, "answers with 503") {
			t.Errorf("why: %q", h.Why)
		}
		f.Behave(platformtest.Rule{Route: platformtest.Availability, First: 1, Do: platformtest.Ignore})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan []error)
		go func() { ended <- together(ctx, c, 1) }()
		time.Sleep(time.Until(h.Next)) // of the bubble's clock
		synctest.Wait()
		if now := c.Health(); now.Breaker != platform.BreakerHalfOpen || !now.Since.Equal(h.Since) {
			t.Errorf("while it is tried: %+v", now)
		}
		stop()
		<-ended
		f.Behave()
		together(t.Context(), c, 1)
		if now := c.Health(); now.Breaker != platform.BreakerClosed || !now.Since.IsZero() || !now.Next.IsZero() || now.Why != "" || now.Trips != 1 {
			t.Errorf("when it is back: %+v", now)
		}
	})
}

// What was sent in the last minute is counted, and forgotten second by second.
func TestHealthCountsTheLastMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := patient(platformtest.New(t, platformtest.Config{}), &bytes.Buffer{})
		for i, step := range []struct {
			wait      time.Duration
			ask, want int
		}{
			{0, 3, 3}, {10 * time.Second, 2, 5}, {49 * time.Second, 0, 5}, {time.Second, 0, 2}, {9 * time.Second, 1, 3}, {time.Second, 0, 1}, {time.Hour, 4, 4},
		} {
			time.Sleep(step.wait)
			together(t.Context(), c, step.ask)
			if got := c.Health().Minute; got != step.want {
				t.Errorf("step %d: %d in the last minute, want %d", i, got, step.want)
			}
		}
	})
}

// What the platform asked to wait is counted from the moment that somebody waits; the budget is told with what the platform allows.
func TestHealthTellsOfLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{
			{Route: platformtest.Availability, First: 1, Last: 1, Do: platformtest.Throttle("Retry-After", 9)},
			{Route: platformtest.Availability, First: 2, Last: 2, Do: platformtest.Refuse(503, "service.unavailable", "", "Inin-Ratelimit-Allowed", "600")},
			{Route: platformtest.Availability, First: 4, Last: 4, Do: platformtest.Refuse(503, "service.unavailable", "",
				"Inin-Ratelimit-Allowed", "600", "Inin-Ratelimit-Count", "600", "Inin-Ratelimit-Reset", "20")},
		}})
		cfg := f.ClientConfig()
		cfg.Retry = platform.Retry{}
		cfg.Budget = budget.New(budget.Config{Client: "x", Share: budget.Percent(60)})
		c := platform.New(cfg)
		ended := make(chan []error)
		go func() { ended <- together(t.Context(), c, 1) }()
		synctest.Wait()
		if h := c.Health(); h.Throttled != 1 || h.AskedWait != 10*time.Second || h.PerMinute != 180 || h.Share != "60%" || h.Allowed != 0 {
			t.Errorf("while it waits: %+v", h)
		}
		<-ended
		if h := c.Health(); h.Throttled != 1 || h.AskedWait != 10*time.Second || h.PerMinute != 360 || h.Allowed != 600 || h.Retries != 2 || !h.Paused.IsZero() {
			t.Errorf("after it: %+v", h)
		}
		go func() { ended <- together(t.Context(), c, 1) }()
		synctest.Wait()
		if h := c.Health(); !h.Paused.Equal(time.Now().Add(21 * time.Second)) {
			t.Errorf("while the share is used up: %+v", h)
		}
		<-ended
		if h := c.Health(); !h.Paused.IsZero() {
			t.Errorf("after the pause: %+v", h)
		}
	})
}

// The breaker may be tried soon, and the one request that there is waits longer: then that is when it is tried.
func TestHealthKnowsWhenTheBreakerIsTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{down(platformtest.Refuse(503, "service.unavailable", ""))}})
		c := patient(f, &bytes.Buffer{})
		ended := make(chan []error)
		go func() { ended <- together(t.Context(), c, 1) }()
		for c.Health().Breaker == platform.BreakerClosed {
			time.Sleep(time.Second)
			synctest.Wait()
		}
		asked, next := f.Calls(platformtest.Availability), c.Health().Next
		time.Sleep(time.Until(next) - time.Millisecond)
		synctest.Wait()
		if n := f.Calls(platformtest.Availability); n != asked {
			t.Errorf("%d requests before it is tried", n-asked)
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if n := f.Calls(platformtest.Availability); n != asked+1 {
			t.Errorf("%d requests when it is tried", n-asked)
		}
		<-ended
	})
}
