package served

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/server/servertest"
)

// The client that a kept sandbox makes for itself may do what that of a passing one may: see the lists of what it simulates,
// search attributes.
func TestTheClientOfAKeptSandboxMayDoEverything(t *testing.T) {
	now := time.Date(2026, 11, 10, 12, 0, 0, 0, time.UTC)
	s, err := Open(t.Context(), t.TempDir(), func(*sandbox.Scenario) (*sandbox.World, error) {
		return sandbox.Simulate(t.Context(), sandbox.Scenario{Seed: 7, Days: 2, PerDay: 20, Start: now}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	made, err := s.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server, enough := s.Serve(server.Listen{Addr: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)}, Control{}, nil), errors.New("enough")
	err = server.While(t.Context(), func(_ context.Context, at string) error {
		token := servertest.Login(t, at, made)
		const window = `{"query":[{"type":"DATE_RANGE","fields":["startTime"],"startValue":"2026-11-09","endValue":"2026-11-10"}]}`
		var queues struct{ Total int }
		servertest.Decode(t, servertest.Ask(t, token, "GET", at+"/api/v2/routing/queues", ""), &queues)
		var found struct{ Results []struct{} }
		servertest.Decode(t, servertest.Ask(t, token, "POST", at+"/api/v2/conversations/participants/attributes/search", window), &found)
		if queues.Total == 0 || len(found.Results) == 0 {
			t.Errorf("%d queues, %d conversations with attributes", queues.Total, len(found.Results))
		}
		return enough
	})
	if !errors.Is(err, enough) {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
