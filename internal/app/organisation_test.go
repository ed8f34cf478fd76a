package app

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/lake"
)

// organisationAt asks a server which organisation it has.
func organisationAt(t *testing.T, s *Server, c Credentials) (id string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	var body struct{ ID, Name string }
	decode(t, ask(t, login(t, s.URL, c), "GET", s.URL+"/api/v2/organizations/me", ""), &body)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if body.Name == "" {
		t.Error("the organisation has no name")
	}
	return body.ID
}

// Whoever extracts keeps the id: it must outlive the server, and be another where the conversations are others.
func TestTheOrganisationOfASandboxFollowsFromWhatIsSimulated(t *testing.T) {
	client := NewCredentials()
	of := func(seed uint64, perDay int) string {
		s, err := NewSandbox(t.Context(), Listen{Addr: "127.0.0.1:0", Client: client, Log: slog.New(slog.DiscardHandler)},
			Simulation{Seed: seed, Days: 1, PerDay: perDay, Now: time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return organisationAt(t, s, client)
	}
	first := of(7, 2)
	if again := of(7, 2); again != first {
		t.Errorf("started again: got %s, want %s", again, first)
	}
	if of(8, 2) == first || of(7, 3) == first {
		t.Error("another simulation has the same organisation")
	}
}

func TestTheOrganisationOfALakeIsTheLakes(t *testing.T) {
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
			service, err := OpenService(t.Context(), Lakes{DefaultOrganisation: dir}, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			s, err := service.Serve(t.Context(), Listen{Addr: "127.0.0.1:0", Client: client, Log: slog.New(slog.DiscardHandler)}, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			ids[organisationAt(t, s, client)]++
			if err := service.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(ids) != 2 {
		t.Errorf("two lakes served twice each: got %v, want two ids", ids)
	}
}
