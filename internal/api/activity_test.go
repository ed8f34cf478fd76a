package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/mem"
	"github.com/parley-hq/parley/internal/wire"
)

// goingOn are views of what goes on at noon: one waits, another has waited longer, one talks after a hold that is over, one rings;
// and of two that count nowhere, one that is over and an agent's after-call work.
func goingOn(t *testing.T) func(*Config) {
	t.Helper()
	session := func(purpose, user, segments string) string {
		return `{"purpose":"` + purpose + `","userId":"` + user + `","sessions":[{"mediaType":"voice","sessionId":"s","segments":[` + segments + `]}]}`
	}
	open := func(typ, queue, at string) string {
		return `{"queueId":"` + queue + `","segmentStart":"2026-11-01T` + at + `.000Z","segmentType":"` + typ + `"}`
	}
	closed := func(typ, queue, at string) string {
		return strings.TrimSuffix(open(typ, queue, at), "}") + `,"segmentEnd":"2026-11-01T11:00:00.000Z"}`
	}
	s := mem.New(nil)
	for id, participants := range map[string]string{
		"c1":   session("customer", "", open("interact", "q1", "11:58:00")) + "," + session("acd", "", open("interact", "q1", "11:59:00")),
		"c2":   session("acd", "", open("interact", "q1", "11:57:00")) + "," + session("agent", "ann", open("alert", "q1", "11:59:30")),
		"c3":   session("acd", "", closed("interact", "q2", "10:00:00")) + "," + session("agent", "bob", closed("hold", "q2", "10:59:00")+","+open("interact", "", "11:00:00")),
		"c4":   session("agent", "cid", open("wrapup", "q1", "11:00:00")),
		"over": session("acd", "", open("interact", "q1", "10:00:00")),
	} {
		end := ""
		if id == "over" {
			end = `"conversationEnd":"2026-11-01T11:00:00.000Z",`
		}
		r, err := wire.Record([]byte(`{` + end + `"conversationId":"` + id + `","conversationStart":"2026-11-01T09:00:00.000Z","participants":[` + participants + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	return func(c *Config) { c.Views = map[string]engine.Views{"org-1": emitting{s}, "org-2": c.Views["org-2"]} }
}

func TestActivity(t *testing.T) {
	test(t, 0, goingOn(t), func(x *fixture) {
		const all = `"metrics":[{"metric":"oWaiting"},{"metric":"oAlerting"},{"metric":"oInteracting"},{"metric":"oLongestWaiting"},{"metric":"oLongestInteracting"}]`
		q1 := `{"group":{"queueId":"q1"},"data":[{"metric":"oWaiting","count":2},{"metric":"oAlerting","count":1},{"metric":"oLongestWaiting","calculatedMetricValue":1793534220000}]}`
		q2 := `{"group":{"queueId":"q2"},"data":[{"metric":"oInteracting","count":1},{"metric":"oLongestInteracting","calculatedMetricValue":1793530800000}]}`
		for _, c := range []struct{ parameters, body, want string }{
			{"", all + `,"groupBy":["queueId"]`, `{"results":[` + q1 + "," + q2 + `]}`},
			{"", all + `,"groupBy":["queueId"],"order":"desc"`, `{"results":[` + q2 + "," + q1 + `]}`},
			{"?pageSize=1&pageNumber=2", all + `,"groupBy":["queueId"]`, `{"results":[` + q2 + `]}`},
			{"?pageSize=1&pageNumber=3", all + `,"groupBy":["queueId"]`, `{"results":[]}`},
			{"", `"metrics":[{"metric":"oAlerting","details":true}],"groupBy":["mediaType"],"filter":{"type":"and","predicates":[{"dimension":"queueId","value":"Q1"}]}`,
				`{"results":[{"group":{"mediaType":"voice"},"data":[{"metric":"oAlerting","entityIds":["c2"],"count":1}],"entities":[{"activityDate":"2026-11-01T11:59:30.000Z","metric":"oAlerting","conversationId":"c2","mediaType":"voice","queueId":"q1","sessionId":"s","userId":"ann"}]}],"entityIdDimension":"conversationId"}`},
		} {
			got := x.ask(http.StatusOK, "POST", activityPath+c.parameters, "{"+c.body+"}")
			if got != c.want {
				t.Errorf("%s\n got %s\nwant %s", c.body, got, c.want)
			}
			x.member("ConversationActivityResponse", got)
		}
		x.ask(http.StatusBadRequest, "POST", activityPath+"?pageSize=x", "{"+all+`,"groupBy":["queueId"]}`)
	})
}

// Who has nothing but records of the past says so; who knows of the present asks for its permission.
func TestActivityWhereThereIsNone(t *testing.T) {
	const body = `{"metrics":[{"metric":"oWaiting"}],"groupBy":["queueId"]}`
	test(t, 0, nil, func(x *fixture) {
		if got := x.ask(http.StatusNotFound, "POST", activityPath, body); !strings.Contains(got, "a lake has what was") || !strings.Contains(got, "route.not.found") {
			t.Errorf("got %s", got)
		}
	})
	change := goingOn(t)
	test(t, 0, func(c *Config) { change(c); c.Live = map[string]Live{"org-1": nil} }, func(x *fixture) {
		if got := x.ask(http.StatusForbidden, "POST", activityPath, body); !strings.Contains(got, "[analytics:queueObservation:view]") {
			t.Errorf("got %s", got)
		}
		x.client(access.Client{ID: "board", Organization: "org-1", Permissions: []access.Permission{access.ViewActivity}}, "s")
		x.token = x.login("board", "s")
		x.ask(http.StatusOK, "POST", activityPath, body)
	})
}
