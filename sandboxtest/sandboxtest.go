// Package sandboxtest starts a simulated Genesys Cloud platform inside a Go test: conversations, the analytics API over
// them, a nightly batch, and what goes wrong with all of that. There is no process, no network beyond loopback, no account.
//
//	func TestDownload(t *testing.T) {
//		s := sandboxtest.New(t, sandboxtest.Days(3), sandboxtest.PerDay(100))
//		s.Fault(sandboxtest.Fault{Route: "results", Nth: 2, Times: 1, Answer: &sandboxtest.Answer{Status: 429}})
//		// point your program at s.URL, with s.ClientID and s.ClientSecret
//	}
//
// The clock stands still unless a test moves it, so that a test gives the same each time: the same seed, days and clock
// give the same conversations, byte for byte. Give your program that clock, Now, and Sleep to wait with. All that the
// platform counts by the clock stands still with it: who is over the rate of 300 requests a minute stays so until it moves.
//
// It is the sandbox of "parley sandbox", which docs/sandbox.md, docs/control.md and docs/faults.md describe.
package sandboxtest

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/served"
	"github.com/parley-hq/parley/internal/server"
)

// Sandbox is a platform that ends with its test. Safe for concurrent use. What fails in a method ends the test, so that
// methods are called by the test's goroutine.
type Sandbox struct {
	URL          string // of the API and of the login both, as http://127.0.0.1:41833
	ClientID     string // a client with all permissions
	ClientSecret string

	t       testing.TB
	sandbox *served.Sandbox
	server  *server.Server
}

// New starts a sandbox. Without options it has two days of fifty conversations, up to noon of 8 November 2026, where its clock
// stands still.
func New(t testing.TB, options ...Option) *Sandbox {
	t.Helper()
	c := config{
		begin: sandbox.Scenario{Seed: 1, Days: 2, PerDay: 50, Uneven: true, Start: time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)},
		listen: server.Listen{
			Addr: "127.0.0.1:0", Client: server.NewCredentials(), RateLimit: 300, Grace: grace, Origins: []string{"*"}, Log: slog.New(slog.DiscardHandler),
		},
	}
	for _, o := range options {
		if err := o(&c); err != nil {
			t.Fatalf("sandboxtest: %v", err)
		}
	}
	opened, err := served.Open(t.Context(), "", func(*sandbox.Scenario) (*sandbox.World, error) { return c.world(t.Context()) })
	if err != nil {
		t.Fatalf("sandboxtest: %v", c.placed(err))
	}
	s := &Sandbox{ClientID: c.listen.Client.ID, ClientSecret: c.listen.Client.Secret, t: t, sandbox: opened}
	s.server = opened.Serve(c.listen, served.Control{}, nil)
	s.run()
	return s
}

// grace is how long answers in flight may take when the test has ended: nobody waits for them any more.
const grace = time.Second

// run serves until the test ends.
func (s *Sandbox) run() {
	s.t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(s.t.Context()))
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- s.server.Run(ctx, func(url string) error { ready <- url; return nil })
	}()
	s.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			s.t.Errorf("sandboxtest: the server ended: %v", err)
		}
		if err := s.sandbox.Close(); err != nil {
			s.t.Errorf("sandboxtest: %v", err)
		}
	})
	select {
	case s.URL = <-ready:
	case err := <-ended:
		ended <- nil // for the cleanup
		s.t.Fatalf("sandboxtest: the server did not start: %v", err)
	}
}

// done ends the test if something failed.
func (s *Sandbox) done(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("sandboxtest: %v", err)
	}
}

// String says where it is. The secret is not in it.
func (s *Sandbox) String() string { return fmt.Sprintf("a sandbox at %s", s.URL) }
