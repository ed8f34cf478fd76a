package served

import (
	"log/slog"
	"testing"

	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/server/servertest"
)

// Whoever extracts keeps the id: it must outlive the server, and be another where the conversations are others.
func TestTheOrganizationOfASandboxFollowsFromWhatIsSimulated(t *testing.T) {
	client := server.NewCredentials()
	of := func(seed uint64, perDay int) string {
		w, err := sandbox.Simulate(t.Context(), sandbox.Scenario{Speed: 1, Seed: seed, Days: 1, PerDay: perDay, Start: noon}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return servertest.Organization(t, New(server.Listen{Addr: "127.0.0.1:0", Client: client, Log: slog.New(slog.DiscardHandler)}, w), client)
	}
	first := of(7, 2)
	if again := of(7, 2); again != first {
		t.Errorf("started again: got %s, want %s", again, first)
	}
	if of(8, 2) == first || of(7, 3) == first {
		t.Error("another simulation has the same organization")
	}
}
