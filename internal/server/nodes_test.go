package server_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/server/servertest"
	"github.com/parley-hq/parley/internal/state"
)

var postgres *postgrestest.Server

func TestMain(m *testing.M) { postgrestest.Main(m, &postgres) }

// nodes starts three servers over one control database, and gives their addresses with the credentials of a client of all. Each has a
// clock of its own, if these are given.
func nodes(t *testing.T, listen server.Listen, clocks ...func() time.Time) (at []string, client server.Credentials) {
	t.Helper()
	address, err := state.InSchema(postgres.Database(t), "parley_server")
	if err != nil {
		t.Fatal(err)
	}
	if clocks == nil {
		clocks = []func() time.Time{time.Now, time.Now, time.Now}
	}
	for _, now := range clocks {
		home, err := server.OpenShared(t.Context(), address, func(context.Context, string) (server.Lake, error) {
			return server.Lake{}, fault.New(fault.Unavailable, "no lake")
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := home.Close(); err != nil {
				t.Error(err)
			}
		})
		if client.ID == "" {
			clients, err := access.Open(t.Context(), home.DB, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			c, secret, err := clients.Add(t.Context(), access.Client{Name: "test", Organization: server.DefaultOrganization})
			if err != nil {
				t.Fatal(err)
			}
			client = server.Credentials{ID: string(c.ID), Secret: secret}
		}
		url, stop, ended := servertest.Running(t, server.New(listen, server.Backend{
			Now: now, Home: home,
		}))
		t.Cleanup(func() {
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
		at = append(at, url)
	}
	return at, client
}

// answer asks a node, and gives the status and headers of its answer.
func answer(t *testing.T, method, at, token, body string) (int, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, at, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	} else {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return 0, nil
	}
	if err := got.Body.Close(); err != nil {
		t.Error(err)
	}
	return got.StatusCode, got.Header
}

func listening() server.Listen {
	return server.Listen{Addr: "127.0.0.1:0", RateLimit: 7, Log: slog.New(slog.DiscardHandler)}
}

// A client that asks three nodes at once gets as much as of one, by a token of one of them, and each tells it how much is left.
func TestARateIsTheClientsAtEveryNode(t *testing.T) {
	at, client := nodes(t, listening())
	token := servertest.Login(t, at[0], client)
	var all sync.WaitGroup
	var passed, throttled atomic.Int64
	for i := range 30 {
		all.Go(func() {
			status, h := answer(t, "GET", at[i%len(at)]+"/api/v2/analytics/conversations/details/jobs/availability", token, "")
			if h.Get("Inin-Ratelimit-Allowed") != "7" || h.Get("Inin-Ratelimit-Count") < "1" {
				t.Errorf("node %d: headers %v", i%len(at), h)
			}
			if status == http.StatusTooManyRequests {
				throttled.Add(1)
			} else {
				passed.Add(1)
			}
		})
	}
	all.Wait()
	if passed.Load() != 7 || throttled.Load() != 23 {
		t.Errorf("%d passed, %d were refused; want 7 and 23", passed.Load(), throttled.Load())
	}
	for _, node := range at {
		status, h := answer(t, "GET", node+"/api/v2/analytics/conversations/details/jobs/availability", token, "")
		if status != http.StatusTooManyRequests || h.Get("Inin-Ratelimit-Count") != "7" || h.Get("Retry-After") == "" {
			t.Errorf("afterwards: %d, %v", status, h)
		}
	}
}

// A client that all nodes are given is one: a token of each is good at all.
func TestAClientThatAllNodesAreGiven(t *testing.T) {
	listen := listening()
	listen.Client = server.Credentials{ID: "given", Secret: "correct-horse"}
	at, _ := nodes(t, listen)
	for _, from := range at {
		token := servertest.Login(t, from, listen.Client)
		for _, to := range at {
			if status, _ := answer(t, "GET", to+"/api/v2/analytics/conversations/details/jobs/no-such-job", token, ""); status == http.StatusUnauthorized {
				t.Errorf("a token of %s is none at %s", from, to)
			}
		}
	}
}

// Whoever guesses a secret has ten tries a minute, and not ten at each node. The right one is let in at all of them.
func TestFailedLoginsAreCountedOverNodes(t *testing.T) {
	at, client := nodes(t, listening())
	wrong := url.Values{"grant_type": {"client_credentials"}, "client_id": {client.ID}, "client_secret": {"wrong"}}.Encode()
	failed := 0
	for i := range 20 {
		if status, _ := answer(t, "POST", at[i%len(at)]+"/oauth/token", "", wrong); status != http.StatusTooManyRequests {
			failed++
		}
	}
	if failed != 10 {
		t.Errorf("%d tries were answered, want 10", failed)
	}
	for _, node := range at {
		servertest.Login(t, node, client)
	}
}

// A node whose clock is days ahead, or behind, takes a token of another for what it is, and gives one that is good there.
func TestClocksOfNodesDiffer(t *testing.T) {
	ahead := func() time.Time { return time.Now().AddDate(0, 0, 3) }
	behind := func() time.Time { return time.Now().AddDate(0, 0, -3) }
	at, client := nodes(t, listening(), time.Now, ahead, behind)
	for i, issuer := range at {
		token := servertest.Login(t, issuer, client)
		for j, node := range at {
			status, _ := answer(t, "DELETE", node+"/api/v2/analytics/conversations/details/jobs/none", token, "")
			if status == http.StatusUnauthorized {
				t.Errorf("node %d does not take a token of node %d", j, i)
			}
		}
	}
}
