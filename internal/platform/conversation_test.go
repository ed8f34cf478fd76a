package platform_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
)

func TestOneConversation(t *testing.T) {
	const record = `{"conversationId":"c 1","conversationStart":"2026-11-01T00:00:00.000Z","odd":1.50,"odd":2}`
	f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{
		{Route: platformtest.Details, First: 1, Do: platformtest.Say(record[:20])},
		{Route: platformtest.Details, First: 2, Do: platformtest.Say(record)},
		{Route: platformtest.Live, First: 1, Do: platformtest.Say(`{"id":"C 1","participants":[]}`)},
	}})
	if got, err := f.Client().Details(t.Context(), "c 1"); err != nil || string(got) != record || f.Calls(platformtest.Details) != 2 {
		t.Errorf("got %s, %v after %d calls", got, err, f.Calls(platformtest.Details))
	}
	if got, err := f.Client().Live(t.Context(), "c 1"); err != nil || !strings.HasPrefix(string(got), `{"id":"C 1"`) {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestConversationsThatAreNotGiven(t *testing.T) {
	for name, c := range map[string]struct {
		do      platformtest.Misdeed
		kind    error
		noRoute bool
	}{
		"not found":       {platformtest.Refuse(http.StatusNotFound, "conversation.error.conversation.not.found", "The conversation does not exist."), fault.NotFound, false},
		"no route":        {platformtest.Refuse(http.StatusNotFound, "route.not.found", "This server has no live conversations."), fault.NotFound, true},
		"no permission":   {platformtest.Refuse(http.StatusForbidden, "missing.permissions", "You are missing the following permission(s): conversation:communication:view"), fault.Forbidden, false},
		"too fast":        {platformtest.Throttle("Retry-After", 0), fault.Throttled, false},
		"of another":      {platformtest.Say(`{"id":"other","conversationId":"other"}`), fault.Corrupt, false},
		"of none":         {platformtest.Say(`{}`), fault.Corrupt, false},
		"no object":       {platformtest.Say(`["c1"]`), fault.Corrupt, false},
		"larger than any": {platformtest.Say(`{"id":"c1","x":"` + strings.Repeat("x", conversation.MaxRecordBytes) + `"}`), fault.Corrupt, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{
				{Route: platformtest.Live, First: 1, Last: platformtest.Always, Do: c.do}, {Route: platformtest.Details, First: 1, Last: platformtest.Always, Do: c.do},
			}})
			cfg := f.ClientConfig()
			cfg.Retry.Attempts = 1
			client := platform.New(cfg)
			for _, ask := range []func() ([]byte, error){
				func() ([]byte, error) { return client.Live(t.Context(), "c1") }, func() ([]byte, error) { return client.Details(t.Context(), "c1") },
			} {
				if got, err := ask(); !errors.Is(err, c.kind) || got != nil || platform.NoRoute(err) != c.noRoute || !strings.Contains(err.Error(), "c1") {
					t.Errorf("got %d bytes, %v", len(got), err)
				}
			}
		})
	}
}

func TestAJobForOneConversation(t *testing.T) {
	f := platformtest.New(t, platformtest.Config{})
	day, err := conversation.ParseDay("2026-11-08")
	if err != nil {
		t.Fatal(err)
	}
	if id, err := f.Client().SubmitFor(t.Context(), day, "c1"); err != nil || id != "job-1" {
		t.Fatalf("got %s, %v", id, err)
	}
	want := `{"interval":"2026-11-08T00:00:00.000Z/2026-11-09T00:00:00.000Z","startOfDayIntervalMatching":true,` +
		`"conversationFilters":[{"type":"and","predicates":[{"dimension":"conversationId","value":"c1"}]}]}`
	if got := f.Submissions()[0].Body; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
