package platform_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
)

// Eight at a time, and a token is good for fifty calls: nobody notices.
func TestATokenForFiftyCalls(t *testing.T) {
	f := platformtest.New(t, platformtest.Config{TokenCalls: 50})
	cfg := f.ClientConfig()
	cfg.Retry.Attempts = 1
	c := platform.New(cfg)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				if _, _, err := c.Coverage(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if n := f.Calls(platformtest.Token); n != 16 {
		t.Errorf("%d logins for 800 calls", n)
	}
	if n := c.Counts(); n.Logins != 16 || n.Requests != int64(f.Calls(platformtest.Availability)) || n.Failed+n.Throttled+n.Retries != 0 {
		t.Errorf("counted %+v", n)
	}
}

// over is a transport that does something before a request is sent.
type over struct {
	http.RoundTripper

	before func()
}

func (o over) RoundTrip(r *http.Request) (*http.Response, error) {
	o.before()
	return o.RoundTripper.RoundTrip(r)
}

// The token that others have renewed may be used up by them before we send anything with it.
func TestATokenIsUsedUpByOthers(t *testing.T) {
	f := platformtest.New(t, platformtest.Config{TokenCalls: 1})
	cfg := f.ClientConfig()
	cfg.Retry.Attempts = 1
	var c *platform.Client
	calls := 0
	ask := func() {
		if _, _, err := c.Coverage(t.Context()); err != nil {
			t.Error(err)
		}
	}
	cfg.Transport = over{f, func() {
		if calls++; calls == 3 { // login, call, and now the second call, which is refused: another one takes the next token first
			ask()
		}
	}}
	c = platform.New(cfg)
	ask()
	ask()
	if n := f.Calls(platformtest.Token); n != 3 {
		t.Errorf("%d logins for 3 calls", n)
	}
}

// A token that says when it expires is renewed before: no call is refused for it.
func TestATokenIsRenewedBeforeItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := platformtest.New(t, platformtest.Config{TokenTime: 5 * time.Minute})
		c, calls := f.Client(), 0
		for range 100 {
			if _, _, err := c.Coverage(t.Context()); err != nil {
				t.Fatal(err)
			}
			calls++
			time.Sleep(20 * time.Second)
		}
		// 100 calls in 2000 s, of which a token is used for 280: the first call after nine tenths of its time renews it.
		if got := f.Calls(platformtest.Availability); got != calls || f.Calls(platformtest.Token) != 8 {
			t.Errorf("%d calls for %d, %d logins", got, calls, f.Calls(platformtest.Token))
		}
	})
}

// The login host may be away while the token is good.
func TestARenewalThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := platformtest.New(t, platformtest.Config{
			TokenTime: 5 * time.Minute,
			Rules:     []platformtest.Rule{{Route: platformtest.Token, First: 2, Last: 3, Do: platformtest.Refuse(503, "service.unavailable", "")}},
		})
		var log bytes.Buffer
		cfg := f.ClientConfig()
		cfg.Retry.Attempts, cfg.Log = 1, slog.New(slog.NewTextHandler(&log, nil))
		c := platform.New(cfg)
		for range 299 {
			if _, _, err := c.Coverage(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if n := f.Calls(platformtest.Token); n != 4 || f.Calls(platformtest.Availability) != 299 {
			t.Errorf("%d logins, %d calls", n, f.Calls(platformtest.Availability))
		}
		if n := strings.Count(log.String(), "could not be renewed"); n != 2 || strings.Contains(log.String(), "token-") {
			t.Errorf("said %d times: %s", n, &log)
		}
	})
}

// A login that hangs holds up those who wait for it, and nobody who has given up.
func TestOneLoginForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{{Route: platformtest.Token, First: 1, Do: platformtest.Trickle(1, time.Second)}}})
		c := f.Client()
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				if _, _, err := c.Coverage(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		began := time.Now()
		if _, _, err := c.Coverage(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("given up after %v: %v", time.Since(began), err)
		}
		group.Wait()
		if n := f.Calls(platformtest.Token); n != 1 {
			t.Errorf("%d logins", n)
		}
	})
}
