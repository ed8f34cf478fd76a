package app

import (
	"log/slog"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/sandbox"
)

// organizationAt asks a server which organization it has.
func organizationAt(t *testing.T, s *Server, c Credentials) (id string) {
	t.Helper()
	at, stop, ended := running(t, s)
	var body struct{ ID, Name string }
	decode(t, ask(t, login(t, at, c), "GET", at+"/api/v2/organizations/me", ""), &body)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if body.Name == "" {
		t.Error("the organization has no name")
	}
	return body.ID
}

// Whoever extracts keeps the id: it must outlive the server, and be another where the conversations are others.
func TestTheOrganizationOfASandboxFollowsFromWhatIsSimulated(t *testing.T) {
	client := NewCredentials()
	of := func(seed uint64, perDay int) string {
		w, err := sandbox.Simulate(t.Context(), sandbox.Scenario{Speed: 1, Seed: seed, Days: 1, PerDay: perDay, Start: noon}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return organizationAt(t, NewSandbox(Listen{Addr: "127.0.0.1:0", Client: client, Log: slog.New(slog.DiscardHandler)}, w), client)
	}
	first := of(7, 2)
	if again := of(7, 2); again != first {
		t.Errorf("started again: got %s, want %s", again, first)
	}
	if of(8, 2) == first || of(7, 3) == first {
		t.Error("another simulation has the same organization")
	}
}

func TestTheOrganizationOfALakeIsTheLakes(t *testing.T) {
	client, ids := NewCredentials(), map[string]int{}
	dirs := []string{t.TempDir() + "/a", t.TempDir() + "/b"}
	for _, dir := range dirs {
		l, err := lake.Create(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			service, err := OpenService(t.Context(), Lakes{DefaultOrganization: dir}, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			s := service.Serve(Listen{Addr: "127.0.0.1:0", Client: client, Log: slog.New(slog.DiscardHandler)}, time.Now)
			ids[organizationAt(t, s, client)]++
			if err := service.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(ids) != 2 {
		t.Errorf("two lakes served twice each: got %v, want two ids", ids)
	}
}
