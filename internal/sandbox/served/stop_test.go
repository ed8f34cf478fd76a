package served

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/server/servertest"
)

// A page is larger than what the connection holds, so that the server is still writing it when it is asked to stop.
func TestStoppingFinishesThePagesInFlight(t *testing.T) {
	client := server.NewCredentials()
	w, err := sandbox.Simulate(t.Context(), sandbox.Scenario{Speed: 1, Seed: 7, Days: 2, PerDay: 4000, Start: noon}, nil)
	if err != nil {
		t.Fatal(err)
	}
	at, stop, ended := servertest.Running(t, New(server.Listen{Addr: "127.0.0.1:0", Client: client, RateLimit: 100_000, Grace: time.Minute, Log: slog.New(slog.DiscardHandler)}, w))
	token := servertest.Login(t, at, client)
	jobs := at + "/api/v2/analytics/conversations/details/jobs"
	var job struct {
		JobID string `json:"jobId"`
		State string `json:"state"`
	}
	servertest.Decode(t, servertest.Ask(t, token, "POST", jobs, `{"interval":"2026-11-07/2026-11-08"}`), &job)
	for job.State != "FULFILLED" {
		servertest.Decode(t, servertest.Ask(t, token, "GET", jobs+"/"+job.JobID, ""), &job)
		if job.State == "FAILED" {
			t.Fatal("the job has failed")
		}
	}
	body := servertest.Ask(t, token, "GET", jobs+"/"+job.JobID+"/results?pageSize=10000", "")
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
