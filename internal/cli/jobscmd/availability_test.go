package jobscmd

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/platform/platformtest"
	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/clock"
	"github.com/parley-hq/parley/internal/sandbox/rule"
	"github.com/parley-hq/parley/internal/sandbox/served"
	"github.com/parley-hq/parley/internal/wire"
)

// still is a sandbox whose clock stands at noon, and a server of it.
func still(t *testing.T) (s *served.Sandbox, base string) {
	t.Helper()
	s, err := served.Open(t.Context(), "", func(*sandbox.Scenario) (*sandbox.World, error) {
		return sandbox.Simulate(t.Context(), sandbox.Scenario{Seed: 7, Days: 2, PerDay: 5, Start: time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, started(t, s.Serve(listen(t), served.Control{}, nil))
}

// advance moves the clock on by less than a day, which is how long a channel lasts.
func advance(t *testing.T, s *served.Sandbox) {
	t.Helper()
	if err := s.World.MoveClock(t.Context(), clock.Change{Advance: 23 * time.Hour}); err != nil {
		t.Fatal(err)
	}
}

func available(t *testing.T, s *served.Sandbox) string {
	t.Helper()
	at, err := s.World.Available(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return wire.Date(at)
}

// result is what a command prints and says.
type result struct {
	stdout, stderr string
	err            error
}

// begin runs a command beside the test.
func begin(t *testing.T, args ...string) <-chan result {
	t.Helper()
	done := make(chan result, 1)
	go func() {
		stdout, stderr, err := run(t, "", args...)
		done <- result{stdout, stderr, err}
	}()
	return done
}

func TestAvailabilityIsShown(t *testing.T) {
	s, base := still(t)
	if got, want := must(t, "availability", "--base-url", base), available(t, s)+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := must(t, "availability", "--base-url", base, "--json"), `{"dataAvailabilityDate":"`+available(t, s)+"\"}\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	// What is waited for may be there already.
	if got, want := must(t, "availability", "--base-url", base, "--wait", "--after", "2026-11-08"), available(t, s)+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// between stands before a server, and does something before or after it answers a request, the first being 1.
type between struct {
	http.Handler

	mu       sync.Mutex
	requests int
	at       int
	after    bool
	do       func()
}

func (b *between) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	b.requests++
	now := b.requests == b.at
	b.mu.Unlock()
	if now && !b.after {
		b.do()
	}
	if now && b.after {
		w = &begun{w, b.do}
	}
	b.Handler.ServeHTTP(w, r)
}

// begun does something when an answer begins, before its client sees that.
type begun struct {
	http.ResponseWriter

	do func()
}

func (b *begun) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// Hijack comes in place of WriteHeader where the answer begins a websocket.
func (b *begun) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	b.do()
	return http.NewResponseController(b.ResponseWriter).Hijack()
}

func (b *begun) WriteHeader(status int) {
	b.do()
	b.ResponseWriter.WriteHeader(status)
}

// The batch ends at any moment: before the command asks for the first time, while it makes its channel, subscribes and connects, or
// later. It is missed at none, though the next question would be an hour away.
func TestNoBatchIsMissed(t *testing.T) {
	const requests = 6 // login, question, channel, subscription, websocket, question
	for at := range 2 * requests {
		s, base := still(t)
		to, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		b := &between{Handler: httputil.NewSingleHostReverseProxy(to), at: 1 + at/2, after: at%2 == 1, do: func() { advance(t, s) }} // a channel lasts for a day
		proxy := httptest.NewServer(b)
		out, errs, err := run(t, "", "availability", "--base-url", proxy.URL, "--wait", "--after", "2026-11-09T01:00:00Z", "--poll", "1h..1h")
		proxy.Close()
		if err != nil || out != available(t, s)+"\n" || errs != "" {
			t.Errorf("the batch ends at request %d, after its answer: %v; got %q, %q, %v", b.at, b.after, out, errs, err)
		}
		if b.at == requests && b.requests < requests {
			t.Errorf("there were %d requests", b.requests)
		}
	}
}

// counted has a sandbox count the questions for the date.
func counted(t *testing.T, s *served.Sandbox) (questions func() int) {
	t.Helper()
	if _, err := s.Faults().AddAll([]rule.Rule{{Name: "count", Route: "availability", Nth: 1_000_000, Close: rule.Before}}); err != nil {
		t.Fatal(err)
	}
	return func() int {
		for _, r := range s.Faults().List() {
			if r.Name == "count" {
				return r.Matched
			}
		}
		return 0
	}
}

// dayByDay moves the clock on each time that a command has asked, until it ends.
func dayByDay(t *testing.T, s *served.Sandbox, questions func() int, done <-chan result) result {
	t.Helper()
	for seen := 1; ; runtime.Gosched() {
		select {
		case r := <-done:
			return r
		default:
		}
		if now := questions(); now > seen {
			seen = now
			advance(t, s)
		}
	}
}

func TestAvailabilityIsWaitedFor(t *testing.T) {
	s, base := still(t)
	questions := counted(t, s)
	done := begin(t, "availability", "--base-url", base, "--wait", "--after", "2026-11-12T01:00:00Z", "--poll", "1h..1h")
	if r := dayByDay(t, s, questions, done); r.err != nil || r.stdout < "2026-11-12T01" {
		t.Errorf("got %+v, %v", r, r.err)
	}
}

func TestAvailabilityIsAskedForWhereNobodyTells(t *testing.T) {
	f := platformtest.Config{Available: time.Date(2026, 11, 8, 4, 0, 0, 0, time.UTC)}
	credentials(t, platformtest.ClientID, platformtest.ClientSecret)
	platform := platformtest.New(t, f)
	server := httptest.NewServer(platform)
	defer server.Close()
	base := server.URL
	done := begin(t, "availability", "--base-url", base, "--wait", "--poll", "1ms..2ms")
	for platform.Calls(platformtest.Availability) < 5 {
		select {
		case r := <-done:
			t.Fatalf("it does not wait: %+v", r)
		default:
			runtime.Gosched()
		}
	}
	platform.SetAvailable(f.Available.Add(time.Second))
	r := <-done
	if r.err != nil || r.stdout != "2026-11-08T04:00:01.000Z\n" {
		t.Errorf("got %+v", r)
	}
	if want := "The server tells nobody, and is asked every 1ms to 2ms: listen to the platform's notifications: "; !strings.HasPrefix(r.stderr, want) || strings.Count(r.stderr, "\n") != 1 {
		t.Errorf("it says %q, want %q", r.stderr, want)
	}
}

func TestAWebsocketThatBreaksIsConnectedAgain(t *testing.T) {
	s, base := still(t)
	to, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	var questions, connected atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Upgrade") != "":
			if connected.Add(1) == 1 {
				panic(http.ErrAbortHandler) // the connection ends without an answer
			}
		case r.URL.Path == wire.PathJobs+"/availability" && questions.Add(1) > 1:
			// Before the command goes on: a channel lasts for a day from when it was made or renewed, and must not meet two of these.
			w = &begun{w, func() { advance(t, s) }}
		}
		proxy.ServeHTTP(w, r)
	}))
	defer server.Close()
	stdout, stderr, err := run(t, "", "availability", "--base-url", server.URL, "--wait", "--after", "2026-11-11T01:00:00Z", "--poll", "10ms..1h")
	if err != nil || stdout < "2026-11-11" {
		t.Errorf("got %q, %v", stdout, err)
	}
	if !strings.HasPrefix(stderr, "Nothing is heard for now, and the server is asked: ") || !strings.Contains(stderr, "cannot be reached") || strings.Contains(stderr, "/channels/") {
		t.Errorf("it says %q", stderr)
	}
	if n := connected.Load(); n != 2 {
		t.Errorf("it connected %d times, want 2", n)
	}
}

// A platform that is out of reach for a while is asked again: the day that is waited for comes all the same.
func TestWaitingOutlivesAnOutage(t *testing.T) {
	s, base := still(t)
	to, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	proxy, questions := httputil.NewSingleHostReverseProxy(to), 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == wire.PathJobs+"/availability" {
			switch questions++; questions {
			case 2:
				http.Error(w, "away", http.StatusBadGateway)
				return
			case 3:
				http.Error(w, "slower", http.StatusTooManyRequests)
				advance(t, s)
				return
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	defer server.Close()
	out, errs, err := run(t, "", "availability", "--base-url", server.URL, "--wait", "--poll", "1ms..1ms", "--retries", "0")
	if err != nil || out != available(t, s)+"\n" || strings.Count(errs, "The server cannot be asked for now") != 2 {
		t.Errorf("got %q, %q, %v", out, errs, err)
	}
}

func TestWaitingForTheAvailabilityEnds(t *testing.T) {
	_, base := still(t)
	_, _, err := run(t, "", "availability", "--base-url", base, "--wait", "--timeout", "50ms")
	if !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "(--timeout)") {
		t.Errorf("got %v", err)
	}
	for _, args := range [][]string{{"--after", "2026-11-08"}, {"--wait", "--after", "tomorrow"}, {"--wait", "--poll", "x"}, {"--wait", "--timeout", "-1s"}, {"more"}} {
		if _, _, err := run(t, "", append([]string{"availability", "--base-url", base}, args...)...); err == nil || errors.Is(err, fault.Unavailable) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// An archive has no notifications, and says so; its folder is asked as it is.
func TestAvailabilityOfALake(t *testing.T) {
	dir := simulated(t)
	base := answering(t, dir, job.Limits{})
	for _, where := range [][]string{{"--base-url", base}, {"--lake", dir}} {
		if got := must(t, append([]string{"availability"}, where...)...); got != "2026-11-07T00:00:00.000Z\n" {
			t.Errorf("%v: got %q", where, got)
		}
		_, stderr, err := run(t, "", append([]string{"availability", "--wait", "--timeout", "1ms"}, where...)...)
		if !errors.Is(err, fault.Unavailable) || !strings.Contains(stderr, "This server has no notifications") {
			t.Errorf("%v: %v, and it says %q", where, err, stderr)
		}
	}
}
