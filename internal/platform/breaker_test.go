package platform_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/budget"
	"github.com/parley-hq/parley/internal/platform/platformtest"
)

// patient is a client with the waits that commands have.
func patient(f *platformtest.Fake, log *bytes.Buffer) *platform.Client {
	cfg := f.ClientConfig()
	cfg.Retry = platform.Retry{}
	cfg.Log = slog.New(slog.NewTextHandler(log, nil))
	return platform.New(cfg)
}

// together has so many ask at once, and gives their errors.
func together(ctx context.Context, c *platform.Client, n int) (errs []error) {
	var mu sync.Mutex
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			_, _, err := c.Coverage(ctx)
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
		})
	}
	group.Wait()
	return errs
}

func down(do platformtest.Misdeed) platformtest.Rule {
	return platformtest.Rule{Route: platformtest.Availability, First: 1, Last: platformtest.Always, Do: do}
}

// One request that is alone has all its tries, breaker or not.
func TestOneRequestHasAllItsTries(t *testing.T) {
	for name, do := range map[string]platformtest.Misdeed{"503": platformtest.Refuse(503, "service.unavailable", ""), "hung up": platformtest.HangUp} {
		synctest.Test(t, func(t *testing.T) {
			f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{down(do)}})
			began := time.Now()
			errs := together(t.Context(), patient(f, &bytes.Buffer{}), 1)
			if !errors.Is(errs[0], fault.Unavailable) || f.Calls(platformtest.Availability) != 6 {
				t.Errorf("%s: %d tries, %v", name, f.Calls(platformtest.Availability), errs[0])
			}
			if took := time.Since(began); took > 24*time.Second {
				t.Errorf("%s: took %v", name, took)
			}
		})
	}
}

// Of many requests to a platform that is down one at a time finds that out for all; each fails as it would, and not later
// than its last wait could be long.
func TestAPlatformThatIsDownIsSpared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{down(platformtest.Refuse(503, "service.unavailable", ""))}})
		var log bytes.Buffer
		c := patient(f, &log)
		began := time.Now()
		for _, err := range together(t.Context(), c, 40) {
			if !errors.Is(err, fault.Unavailable) || fault.ExitCode(err) != 6 {
				t.Errorf("got %v", err)
			}
		}
		if took := time.Since(began); took > 2*time.Minute {
			t.Errorf("took %v", took)
		}
		if n := f.Calls(platformtest.Availability); n > 40+12 {
			t.Errorf("%d requests, want those at the beginning and a few", n)
		}
		if n := c.Counts(); n.Breaker != platform.BreakerOpen || n.Trips != 1 || n.Failed != n.Requests || n.Requests != int64(f.Calls(platformtest.Availability)) {
			t.Errorf("counted %+v", n)
		}
		f.Behave()
		if errs := together(t.Context(), c, 3); errors.Join(errs...) != nil {
			t.Errorf("when it is back: %v", errs)
		}
		if n := c.Counts(); n.Breaker != platform.BreakerClosed || strings.Count(log.String(), "does not answer") != 1 || strings.Count(log.String(), "answers again") != 1 {
			t.Errorf("counted %+v; said %s", n, &log)
		}
	})
}

// An outage that ends in time is noticed by nobody.
func TestAnOutageThatEndsLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{down(platformtest.HangUp)}})
		time.AfterFunc(10*time.Second, func() { f.Behave() })
		for _, err := range together(t.Context(), patient(f, &bytes.Buffer{}), 40) {
			if err != nil {
				t.Errorf("got %v", err)
			}
		}
	})
}

// Whoever tries for the others may be given up: another does it.
func TestTheOneThatTriesIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{down(platformtest.Refuse(500, "internal.server.error", ""))}})
		c := patient(f, &bytes.Buffer{})
		together(t.Context(), c, 1)
		f.Behave(platformtest.Rule{Route: platformtest.Availability, First: 1, Do: platformtest.Ignore})
		ctx, stop := context.WithCancel(t.Context())
		given := make(chan error)
		go func() { given <- together(ctx, c, 1)[0] }()
		time.Sleep(30 * time.Second) // the breaker has let it through
		if s := c.Counts().Breaker; s != platform.BreakerHalfOpen {
			t.Errorf("state %v", s)
		}
		others := make(chan []error)
		go func() { others <- together(t.Context(), c, 5) }()
		synctest.Wait()
		stop()
		if err := <-given; !errors.Is(err, context.Canceled) {
			t.Errorf("given up with %v", err)
		}
		if errs := <-others; errors.Join(errs...) != nil {
			t.Errorf("the others: %v", errs)
		}
	})
}

// 429 is no failure of the platform's.
func TestARefusalDoesNotOpenTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{down(platformtest.Throttle("Retry-After", 1))}})
		c := patient(f, &bytes.Buffer{})
		together(t.Context(), c, 10)
		if n := c.Counts(); n.Breaker != platform.BreakerClosed || n.Throttled != 60 || n.Failed != 0 || n.Retries != 50 {
			t.Errorf("counted %+v", n)
		}
	})
}

// A client keeps to its budget, tries that are repeated included, and stops before the platform refuses.
func TestAClientKeepsToItsBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		count, window := 0, time.Now()
		f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{down(func(w http.ResponseWriter, r *http.Request, usual http.HandlerFunc) {
			if time.Since(window) >= time.Minute {
				count, window = 0, time.Now()
			}
			count += 3 // others use the client too
			for name, n := range map[string]int{"inin-ratelimit-allowed": 30, "inin-ratelimit-count": count, "inin-ratelimit-reset": int((time.Minute - time.Since(window)) / time.Second)} {
				w.Header().Set(name, strconv.Itoa(n))
			}
			if count > 30 {
				platformtest.Throttle("Retry-After", 1)(w, r, usual)
				return
			}
			usual(w, r)
		})}})
		cfg := f.ClientConfig()
		cfg.Budget = budget.New(budget.Config{Client: cfg.ClientID, Share: budget.Percent(60), Dir: t.TempDir()})
		c := platform.New(cfg)
		began := time.Now()
		for range 50 {
			if _, _, err := c.Coverage(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		n := c.Counts()
		// Six a minute: 18 of 30 are the share, and of each three two are somebody else's.
		if took := time.Since(began); n.Throttled != 0 || took < 8*time.Minute || took > 10*time.Minute {
			t.Errorf("took %v, counted %+v", took, n)
		}
		if n.BudgetWaits == 0 || n.BudgetTime < 7*time.Minute {
			t.Errorf("counted %+v", n)
		}
	})
}

// It opens after five failures in a row, and not for fewer, or for some that were answered in between.
func TestWhenTheBreakerOpens(t *testing.T) {
	down := platformtest.Refuse(503, "service.unavailable", "")
	for name, c := range map[string]struct {
		requests int
		rules    []platformtest.Rule
		want     platform.BreakerState
	}{
		"five":                     {5, []platformtest.Rule{{Route: platformtest.Availability, First: 1, Last: 5, Do: down}}, platform.BreakerOpen},
		"four":                     {4, []platformtest.Rule{{Route: platformtest.Availability, First: 1, Last: 4, Do: down}}, platform.BreakerClosed},
		"four, an answer, another": {6, []platformtest.Rule{{Route: platformtest.Availability, First: 1, Last: 4, Do: down}, {Route: platformtest.Availability, First: 6, Do: down}}, platform.BreakerClosed},
		"of no use":                {9, []platformtest.Rule{{Route: platformtest.Availability, First: 1, Last: 9, Do: platformtest.Refuse(501, "not.implemented", "")}}, platform.BreakerClosed},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := platformtest.New(t, platformtest.Config{Rules: c.rules})
			cfg := f.ClientConfig()
			cfg.Retry = platform.Retry{Attempts: 1}
			client := platform.New(cfg)
			for range c.requests {
				_, _, _ = client.Coverage(t.Context()) // most fail
			}
			if got := client.Counts().Breaker; got != c.want {
				t.Errorf("%s: state %v", name, got)
			}
		})
	}
}
