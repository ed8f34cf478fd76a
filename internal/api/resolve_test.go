package api_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/api"
	"github.com/parley-hq/parley/internal/directory"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/sandbox"
)

// names says what the members of records refer to, of those that a sandbox lists. Flows, groups, campaigns and edges are
// not listed.
var names = map[string]string{
	"userId": "user", "evaluatorId": "user", "selectedAgentId": "user", "screenMonitoredUserId": "user", "requestedRoutingUserIds": "user",
	"queueId": "queue", "wrapUpCode": "code", "requestedLanguageId": "language", "divisionIds": "division", "teamId": "team",
	"requestedRoutingSkillIds": "skill", "activeSkillIds": "skill", "removedSkillIds": "skill",
}

// Whatever the records of a sandbox name is found in its lists, those who have left among them.
func TestEveryIDOfASandboxsRecordsIsListed(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	world, err := sandbox.Simulate(t.Context(), sandbox.Scenario{Speed: 1, Seed: 7, Days: 20, PerDay: 40, Uneven: true, Start: now}, nil)
	if err != nil {
		t.Fatal(err)
	}
	server, err := api.New(api.Config{
		Views: map[string]engine.Views{"default": world}, Directories: map[string]directory.Source{"default": world.Directory()},
		Owner: &access.Client{Organization: "default"}, Now: world.Clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	p := platform{t, server.Handler()}
	found := map[string]map[string]bool{}
	for _, c := range p.conversations(`{"interval":"2026-11-01T00:00:00Z/2026-11-21T00:00:00Z","paging":{"pageSize":100000,"pageNumber":1}}`) {
		collect(found, "", c)
	}
	for _, kind := range []string{"user", "queue", "code", "division", "skill"} {
		if len(found[kind]) < 2 {
			t.Errorf("records name %d of %s", len(found[kind]), kind)
		}
	}
	states := map[string]int{}
	for id := range found["user"] {
		states[p.state(id)]++
	}
	t.Logf("users in 20 days: %v", states)
	if states["active"] == 0 || states["deleted"] == 0 || states[""] > 0 {
		t.Errorf("states of users in records: %v", states)
	}
	for kind, path := range map[string]string{"queue": "/api/v2/routing/queues/", "code": "/api/v2/routing/wrapupcodes/"} {
		for id := range found[kind] {
			if strings.HasPrefix(id, "ININ-") { // the platform's own words, which its list does not have
				continue
			}
			if status, body := p.ask("GET", path+url.PathEscape(id), ""); status != http.StatusOK {
				t.Errorf("%s %s: %d %s", kind, id, status, body)
			}
		}
	}
	for kind, path := range map[string]string{"skill": "/api/v2/routing/skills", "language": "/api/v2/routing/languages", "division": "/api/v2/authorization/divisions"} {
		listed := p.listed(path + "?pageSize=100")
		for id := range found[kind] {
			if !slices.Contains(listed, id) {
				t.Errorf("no %s %s is listed", kind, id)
			}
		}
	}
	if n := len(found["team"]); n > 0 {
		t.Errorf("records name %d teams, which users have by expand=team: look them up here", n)
	}
}

// collect notes the ids in a value, by what they refer to.
func collect(found map[string]map[string]bool, name string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			collect(found, name, inner)
		}
	case []any:
		for _, inner := range v {
			collect(found, name, inner)
		}
	case string:
		if kind := names[name]; kind != "" {
			if found[kind] == nil {
				found[kind] = map[string]bool{}
			}
			found[kind][v] = true
		}
	}
}

// platform is a server that is asked.
type platform struct {
	t       *testing.T
	handler http.Handler
}

func (p platform) ask(method, target, body string) (int, []byte) {
	p.t.Helper()
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, httptest.NewRequestWithContext(p.t.Context(), method, target, bytes.NewReader([]byte(body))))
	return w.Code, w.Body.Bytes()
}

func (p platform) conversations(query string) []any {
	p.t.Helper()
	var answer struct {
		Conversations []any `json:"conversations"`
	}
	if status, body := p.ask("POST", "/api/v2/analytics/conversations/details/query", query); status != http.StatusOK || json.Unmarshal(body, &answer) != nil {
		p.t.Fatalf("got %d: %.200s", status, body)
	}
	return answer.Conversations
}

// state is that of a user; empty if nobody knows the user.
func (p platform) state(id string) string {
	p.t.Helper()
	status, body := p.ask("GET", "/api/v2/users/"+id, "")
	if status == http.StatusNotFound {
		status, body = p.ask("GET", "/api/v2/users/"+id+"?state=deleted", "")
	}
	var user struct {
		ID    string `json:"id"`
		Name  string `json:"name"`
		State string `json:"state"`
	}
	if status != http.StatusOK || json.Unmarshal(body, &user) != nil || user.ID != id || user.Name == "" {
		p.t.Errorf("user %s: %d %s", id, status, body)
		return ""
	}
	return user.State
}

// listed are the ids on the one page of a list.
func (p platform) listed(target string) (ids []string) {
	p.t.Helper()
	var page struct {
		Entities []struct {
			ID string `json:"id"`
		} `json:"entities"`
		PageCount int `json:"pageCount"`
	}
	if status, body := p.ask("GET", target, ""); status != http.StatusOK || json.Unmarshal(body, &page) != nil || page.PageCount != 1 {
		p.t.Fatalf("%s: got %d: %.200s", target, status, body)
	}
	for _, e := range page.Entities {
		ids = append(ids, e.ID)
	}
	return ids
}
