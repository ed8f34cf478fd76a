package served

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/requests"
	"github.com/parley-hq/parley/internal/sandbox/rule"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/server/servertest"
)

// newSandbox is one that ends with the test, and its server.
func newSandbox(t *testing.T, client server.Credentials) (*server.Server, *rule.Set) {
	t.Helper()
	s, err := Open(t.Context(), "", func(*sandbox.Scenario) (*sandbox.World, error) {
		return sandbox.Simulate(t.Context(), sandbox.Scenario{Seed: 7, Days: 2, PerDay: 10, Start: noon, Speed: 1}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.Serve(server.Listen{Addr: "127.0.0.1:0", Client: client, RateLimit: 100_000, Grace: time.Minute, Log: slog.New(slog.DiscardHandler)}, Control{}, nil), s.Faults()
}

// answered asks as ask does, whatever the answer is.
func answered(t *testing.T, token, method, at, body string) (status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, at, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	all, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(all)
}

func TestFaultsOfASandbox(t *testing.T) {
	client := server.Credentials{ID: "me", Secret: "hush"}
	on, _ := newSandbox(t, client)
	at, _, _ := servertest.Running(t, on)
	for _, text := range []string{
		`[{"name":"busy","route":"me","client":"me","times":1,"answer":{"status":429,"retryAfter":"2s"}},{"name":"no login","route":"token","times":1,"close":"before"}]`,
		`[{"name":"busy","route":"me","client":"me","times":1,"answer":{"status":429,"retryAfter":"2s"}},{"name":"slow","route":"token","client":"me","times":1,"delay":"1ms"}]`,
	} {
		want := map[bool]int{true: http.StatusBadRequest, false: http.StatusCreated}[strings.Contains(text, "no login")]
		if status, answer := answered(t, "", "POST", at+rule.Path, text); status != want {
			t.Fatalf("%s: %d %s", text, status, answer)
		}
	}
	token := servertest.Login(t, at, client)
	for _, want := range []int{http.StatusTooManyRequests, http.StatusBadRequest} {
		if status, answer := answered(t, token, "GET", at+"/api/v2/users/me?name=secret", ""); status != want {
			t.Errorf("got %d %s, want %d", status, answer, want)
		}
	}
	_, list := answered(t, "", "GET", at+requests.Path+"?since=1&wait=5s", "")
	for _, part := range []string{
		`{"number":2,"at":"2026-11-08T12:00:0`, `"path":"/api/v2/users/me","query":["name"],"client":"me","status":429,`, `"rule":"busy"}`, `"status":400`, `"last":3}`,
	} {
		if !strings.Contains(list, part) {
			t.Errorf("the requests are %s, want %s in them", list, part)
		}
	}
	if _, all := answered(t, "", "GET", at+rule.Path, ""); !strings.Contains(all, `"name":"busy"`) || !strings.Contains(all, `"matched":2,"fired":1`) {
		t.Errorf("the faults are %s", all)
	}
	if status, _ := answered(t, token, "GET", at+"/_sandbox/faults//x", ""); status == http.StatusOK {
		t.Errorf("an unknown path: %d", status)
	}
}

// Whoever waits for a fault keeps no server from stopping.
func TestStoppingEndsFaults(t *testing.T) {
	client := server.Credentials{ID: "me", Secret: "hush"}
	on, faults := newSandbox(t, client)
	if _, err := faults.AddAll([]rule.Rule{{Route: "me", Delay: rule.Duration(time.Hour)}}); err != nil {
		t.Fatal(err)
	}
	at, stop, ended := servertest.Running(t, on)
	token := servertest.Login(t, at, client)
	late, waiting := make(chan int, 1), make(chan int, 1)
	go func() {
		status, _ := answered(t, token, "GET", at+"/api/v2/users/me", "")
		late <- status
	}()
	go func() {
		status, _ := answered(t, token, "GET", at+requests.Path+"?since=1&wait=1m", "")
		waiting <- status
	}()
	for faults.List()[0].Fired == 0 {
		answered(t, "", "GET", at+"/healthz", "") // until the request has come
	}
	begun := time.Now()
	stop()
	if err := <-ended; err != nil || time.Since(begun) > 30*time.Second {
		t.Errorf("the server ended after %v, %v", time.Since(begun), err)
	}
	// What came in before the end is answered; what came too late is not.
	if status := <-late; status != http.StatusBadRequest {
		t.Errorf("who was kept waiting got %d", status)
	}
	<-waiting
}

func TestControlIsForThisMachine(t *testing.T) {
	on, _ := newSandbox(t, server.Credentials{ID: "me", Secret: "hush"})
	h := on.Front.Before(http.NotFoundHandler())
	for from, want := range map[string]int{
		"127.0.0.1:7": http.StatusOK, "[::1]:7": http.StatusOK, "[::ffff:127.0.0.9]:7": http.StatusOK,
		"192.0.2.1:7": http.StatusForbidden, "[2001:db8::1]:7": http.StatusForbidden, "": http.StatusForbidden,
	} {
		for _, path := range []string{rule.Path, requests.Path} {
			r := httptest.NewRequestWithContext(t.Context(), "GET", path, http.NoBody)
			r.RemoteAddr, r.Host = from, "127.0.0.1:8080"
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, r); w.Code != want {
				t.Errorf("%s from %q: %d, want %d", path, from, w.Code, want)
			}
		}
	}
}

// A rule takes hold of routes by the names that they have on this server.
func TestRoutesHaveNames(t *testing.T) {
	_, faults := newSandbox(t, server.Credentials{ID: "me", Secret: "hush"})
	for _, route := range []string{
		"token", "submit", "status", "results", "delete", "availability", "jobs", "query", "details", "organization", "me",
		"conversations", "conversation", "attributes", "search", "users", "queues", "wrapupcodes", "skills", "divisions",
	} {
		if _, err := faults.Add(rule.Rule{Route: route, Close: rule.Before}); err != nil {
			t.Errorf("%s: %v", route, err)
		}
	}
}

// A rule, and what came of it, is there after a restart; a reset removes it.
func TestFaultsOutliveTheProcess(t *testing.T) {
	dir, world := t.TempDir(), func(*sandbox.Scenario) (*sandbox.World, error) {
		return sandbox.Simulate(t.Context(), sandbox.Scenario{Seed: 7, Days: 2, PerDay: 10, Start: noon}, nil)
	}
	client := server.Credentials{ID: "me", Secret: "hush"}
	for round := range 2 {
		s, err := Open(t.Context(), dir, world)
		if err != nil {
			t.Fatal(err)
		}
		at, stop, ended := servertest.Running(t, s.Serve(server.Listen{Addr: "127.0.0.1:0", Client: client, Grace: time.Minute, Log: slog.New(slog.DiscardHandler)}, Control{}, nil))
		token := servertest.Login(t, at, client)
		if round == 0 {
			if status, text := answered(t, "", "POST", at+rule.Path, `{"name":"busy","route":"me","times":3,"answer":{"status":503}}`); status != http.StatusCreated {
				t.Fatalf("%d %s", status, text)
			}
		}
		want := []int{503, 503, 503, 400}[2*round : 2*round+2]
		for _, w := range want {
			if status, text := answered(t, token, "GET", at+"/api/v2/users/me", ""); status != w {
				t.Errorf("round %d: %d %s, want %d", round, status, text, w)
			}
		}
		if round == 1 {
			if status, text := answered(t, "", "POST", at+"/_sandbox/reset", "{}"); status != http.StatusOK || len(s.Faults().List()) != 0 {
				t.Errorf("after a reset: %d %s, %v", status, text, s.Faults().List())
			}
		}
		stop()
		if err := errors.Join(<-ended, s.Close()); err != nil {
			t.Fatal(err)
		}
	}
}
