package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

// Whoever is told to slow down is told for how long, also by an engine that does not know: until the window ends.
func TestRetryAfterOfAnEngine(t *testing.T) {
	test(t, 0, nil, func(x *fixture) {
		for want, err := range map[string]error{"60": fault.New(fault.Throttled, "x"), "2": &fault.Error{Kind: fault.Throttled, Message: "x", RetryAfter: 1001 * time.Millisecond}} {
			x.views.err = err
			if w := x.do(x.request("POST", details+"/query", wholeDay)); w.Code != 429 || w.Header().Get("Retry-After") != want {
				t.Errorf("got %d, %v, want Retry-After %s", w.Code, w.Header(), want)
			}
		}
	})
}

func TestRateLimit(t *testing.T) {
	test(t, 0, func(c *Config) { c.RateLimit = 3 }, func(x *fixture) {
		usage := func() string {
			w := x.do(x.request("GET", details+"/jobs/availability", ""))
			return fmt.Sprint(w.Code, w.Header()["inin-ratelimit-allowed"], w.Header()["inin-ratelimit-count"], w.Header()["inin-ratelimit-reset"], w.Header()["Retry-After"])
		}
		time.Sleep(17 * time.Second) // the window begins with the first request
		for i, want := range []string{"200 [3] [1] [60] []", "200 [3] [2] [50] []", "200 [3] [3] [40] []", "429 [3] [3] [30] [30]", "429 [3] [3] [20] [20]"} {
			if got := usage(); got != want {
				t.Errorf("request %d: got %s, want %s", i+1, got, want)
			}
			time.Sleep(10 * time.Second)
		}
		mine := x.token
		x.token = x.login("client-2", "secret-2")
		if got, want := usage(), "200 [3] [1] [60] []"; got != want {
			t.Errorf("another client: got %s, want %s", got, want)
		}
		x.token = mine
		time.Sleep(10*time.Second - time.Millisecond)
		if got, want := usage(), "429 [3] [3] [1] [1]"; got != want {
			t.Errorf("at the end of the window: got %s, want %s", got, want)
		}
		body := x.do(x.request("GET", details+"/jobs/availability", "")).Body.String()
		for _, want := range []string{
			`{"message":"Rate limit exceeded the maximum. Retry the request in [1] seconds","code":"too.many.requests","status":429,`,
			`"limit":{"key":"client.credentials.token.rate.per.minute","namespace":"platform.api","value":3}}`,
		} {
			if !strings.Contains(body, want) {
				t.Errorf("body: got %s, want %s in it", body, want)
			}
		}
		time.Sleep(time.Millisecond)
		if got, want := usage(), "200 [3] [1] [60] []"; got != want {
			t.Errorf("new window: got %s, want %s", got, want)
		}
		x.token = ""
		if got, want := usage(), "401 [3] [0] [60] []"; got != want {
			t.Errorf("nobody: got %s, want %s", got, want)
		}
	})
}
