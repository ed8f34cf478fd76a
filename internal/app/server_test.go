package app

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/sandbox"
)

// A page is larger than what the connection holds, so that the server is still writing it when it is asked to stop.
func TestStoppingFinishesThePagesInFlight(t *testing.T) {
	client := NewCredentials()
	w, err := sandbox.Simulate(t.Context(), sandbox.Scenario{Speed: 1, Seed: 7, Days: 2, PerDay: 4000, Start: noon}, nil)
	if err != nil {
		t.Fatal(err)
	}
	at, stop, ended := running(t, NewSandbox(Listen{Addr: "127.0.0.1:0", Client: client, RateLimit: 100_000, Grace: time.Minute, Log: slog.New(slog.DiscardHandler)}, w))
	token := login(t, at, client)
	jobs := at + "/api/v2/analytics/conversations/details/jobs"
	var job struct {
		JobID string `json:"jobId"`
		State string `json:"state"`
	}
	decode(t, ask(t, token, "POST", jobs, `{"interval":"2026-11-07/2026-11-08"}`), &job)
	for job.State != "FULFILLED" {
		decode(t, ask(t, token, "GET", jobs+"/"+job.JobID, ""), &job)
		if job.State == "FAILED" {
			t.Fatal("the job has failed")
		}
	}
	body := ask(t, token, "GET", jobs+"/"+job.JobID+"/results?pageSize=10000", "")
	defer body.Close()
	begin := make([]byte, 100_000)
	if _, err := io.ReadFull(body, begin); err != nil {
		t.Fatal(err)
	}
	stop()
	select {
	case err := <-ended:
		t.Fatalf("the server ended before its page: %v", err)
	case <-closed(t.Context(), at):
	}
	rest, err := io.ReadAll(bufio.NewReader(body))
	if err != nil {
		t.Fatalf("the page broke off: %v", err)
	}
	var page struct {
		Conversations []json.RawMessage `json:"conversations"`
	}
	if err := json.Unmarshal(slices.Concat(begin, rest), &page); err != nil || len(page.Conversations) < 4000 {
		t.Errorf("got %d conversations, %v, want the whole page", len(page.Conversations), err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

var noon = time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)

// running runs a server until stop is called, or the test ends.
func running(t *testing.T, s *Server) (at string, stop func(), ended <-chan error) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	urls, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- s.Run(ctx, func(url string) error { urls <- url; return nil }) }()
	select {
	case at = <-urls:
	case err := <-done:
		t.Fatalf("the server did not start: %v", err)
	}
	return at, stop, done
}

// closed is closed when nobody answers at a URL any more.
func closed(ctx context.Context, at string) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		for ctx.Err() == nil {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"/healthz", nil)
			if err != nil {
				return
			}
			answer, err := client.Do(r)
			if err != nil {
				return
			}
			_ = answer.Body.Close()
		}
	}()
	return done
}

func login(t *testing.T, at string, c Credentials) string {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ID}, "client_secret": {c.Secret}}
	var token struct {
		Text string `json:"access_token"`
	}
	decode(t, ask(t, "", "POST", at+"/oauth/token", form.Encode()), &token)
	return token.Text
}

func ask(t *testing.T, token, method, at, body string) io.ReadCloser {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, at, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Header.Set("Accept-Encoding", "identity")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode >= 300 {
		t.Fatalf("%s %s: %s", method, r.URL.Path, answer.Status)
	}
	return answer.Body
}

func decode(t *testing.T, body io.ReadCloser, to any) {
	t.Helper()
	defer body.Close()
	if err := json.NewDecoder(body).Decode(to); err != nil {
		t.Fatal(err)
	}
}
