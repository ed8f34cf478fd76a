package served

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/rule"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/server/servertest"
	"github.com/parley-hq/parley/internal/wire"
)

// noPages are pages of which nobody asks for any.
type noPages struct{ http.Handler }

func (noPages) Handles(*http.Request) bool { return false }
func (noPages) Stopping()                  {}
func (noPages) Link(context.Context, string, []access.Permission) (string, error) {
	return "", nil
}

// What a page submits may be held by a fault, pages see what is held, and no other fault is for them.
func TestPagesSeeFaultsOfJobs(t *testing.T) {
	s, err := Open(t.Context(), "", func(*sandbox.Scenario) (*sandbox.World, error) {
		return sandbox.Simulate(t.Context(), sandbox.Scenario{Seed: 7, Days: 2, PerDay: 10, Start: noon, Speed: 0}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	var given server.PagesOf
	pages := func(*sandbox.World, http.Handler, *slog.Logger) func(context.Context, server.PagesOf) (server.Pages, error) {
		return func(_ context.Context, of server.PagesOf) (server.Pages, error) { given = of; return noPages{}, nil }
	}
	on := s.Serve(server.Listen{Addr: "127.0.0.1:0", Client: server.Credentials{ID: "me", Secret: "hush"}, Log: slog.New(slog.DiscardHandler)}, Control{}, pages)
	servertest.Running(t, on)
	for _, text := range []string{`{"name":"held","client":"me","job":{"fault":"stuck-queued"}}`, `{"name":"busy","route":"any","answer":{"status":429}}`} {
		rules, err := rule.Decode([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Faults().Add(rules[0]); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(method, path, body string) string {
		r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		given.Ask(access.Client{ID: "me", Organization: server.DefaultOrganization, Permissions: access.Usual()}).ServeHTTP(w, r)
		return w.Body.String()
	}
	if text := ask("POST", wire.PathJobs, `{"interval":"2026-11-06/2026-11-07"}`); !strings.Contains(text, "jobId") {
		t.Fatalf("a page submits a job, and is told %s", text)
	}
	if l := s.Faults().List(); l[0].Jobs != 1 || l[1].Matched != 0 {
		t.Errorf("the rules are %+v", l)
	}
	if text := ask("GET", wire.PathList, ""); !strings.Contains(text, "QUEUED") {
		t.Errorf("a page is told of the jobs %s", text)
	}
}
