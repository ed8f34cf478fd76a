package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
)

func TestPermissionsByEndpoint(t *testing.T) {
	const missing = `"code":"missing.any.permissions","status":403`
	test(t, 3, nil, func(x *fixture) {
		path := x.fulfilled()
		x.client(access.Client{ID: "none", Organization: "org-1", Permissions: []access.Permission{"routing:queue:view"}}, "s")
		x.client(access.Client{ID: "own", Organization: "org-1", Permissions: []access.Permission{access.ViewOwnDetails}, UserID: "u-1"}, "s")
		for _, c := range []struct{ method, path, body, none, own string }{
			{"POST", details + "/query", wholeDay, missing, ""},
			{"GET", details + "?id=c-0001", "", missing, ""},
			{"POST", details + "/jobs", wholeDay, missing, ""},
			{"GET", path, "", missing, "not.found"},
			{"GET", path + "/results", "", missing, "not.found"},
			{"DELETE", path, "", missing, "not.found"},
			{"GET", "/parley/v1/jobs", "", missing, ""},
			{"GET", "/parley/v1/jobs/" + path[strings.LastIndex(path, "/")+1:], "", missing, "not.found"},
			{"GET", details + "/jobs/availability", "", `"code":"missing.permissions","status":403`, "[analytics:conversationDetail:view]"},
		} {
			for client, want := range map[string]string{"none": c.none, "own": c.own} {
				x.token = x.login(client, "s")
				w := x.do(x.request(c.method, c.path, c.body))
				if (want == "") != (w.Code < 300) || !strings.Contains(w.Body.String(), want) {
					t.Errorf("%s %s as %s: got %d %s, want %q", c.method, c.path, client, w.Code, w.Body, want)
				}
			}
		}
	})
}

func TestAConfinedClientSeesTheConversationsOfItsUser(t *testing.T) {
	test(t, 3, nil, func(x *fixture) {
		mine, err := wire.Record([]byte(strings.Replace(string(x.views.records[1].JSON), `"purpose":"acd"`, `"purpose":"agent","userId":"U-1"`, 1)))
		if err != nil {
			t.Fatal(err)
		}
		x.views.records[1] = mine
		x.client(access.Client{ID: "own", Organization: "org-1", Permissions: []access.Permission{access.ViewOwnDetails}, UserID: "u-1"}, "s")
		x.token = x.login("own", "s")
		if got := x.ask(http.StatusOK, "GET", details+"?id=c-0000,c-0001", ""); !strings.Contains(got, "c-0001") || strings.Contains(got, "c-0000") {
			t.Errorf("by ids: got %s", got)
		}
		x.ask(http.StatusNotFound, "GET", "/api/v2/analytics/conversations/c-0000/details", "")
		x.ask(http.StatusOK, "GET", "/api/v2/analytics/conversations/c-0001/details", "")
		for name, ask := range map[string]func(){
			"query": func() { x.ask(http.StatusOK, "POST", details+"/query", wholeDay) },
			"job":   func() { x.submit(); synctest.Wait() },
		} {
			x.views.asked = nil
			if ask(); len(x.views.asked) == 0 || len(x.views.asked[0].Filters) != 1 || x.views.asked[0].Filters[0].Predicates[0].Text != "u-1" {
				t.Errorf("%s: got %+v, want a filter for the user", name, x.views.asked)
			}
		}
	})
}

// Of a record that it must not see, a confined client learns nothing, whatever the record is like: each answer is that
// to an id which does not exist.
func TestAConfinedClientLearnsNothingOfOtherRecords(t *testing.T) {
	test(t, 3, nil, func(x *fixture) {
		misfit := func(r *conversation.Record, participants string) {
			r.JSON = []byte(`{"conversationId":"` + string(r.ID) + `","conversationStart":"2026-11-01T00:00:00.000Z","participants":` + participants + `}`)
		}
		misfit(&x.views.records[0], `"none"`)
		misfit(&x.views.records[1], `[{"userId":"u-1"}]`)
		misfit(&x.views.records[2], `[{"userId":"u-2"}]`)
		x.client(access.Client{ID: "own", Organization: "org-1", Permissions: []access.Permission{access.ViewOwnDetails}, UserID: "u-1"}, "s")
		x.token = x.login("own", "s")
		one := func(id string) string {
			w := x.do(x.request("GET", "/api/v2/analytics/conversations/"+id+"/details", ""))
			return fmt.Sprint(w.Code, " ", strings.ReplaceAll(w.Body.String(), w.Header()["ININ-Correlation-Id"][0], "<correlation id>"))
		}
		unknown := one("c-9999")
		for _, id := range []string{"c-0000", "c-0002"} {
			if got := one(id); got != unknown || !strings.HasPrefix(got, "404 ") {
				t.Errorf("%s: got %s\nwant what there is to say of an unknown id: %s", id, got, unknown)
			}
			if got := x.ask(http.StatusOK, "GET", details+"?id="+id, ""); got != "{}" {
				t.Errorf("only %s: got %s", id, got)
			}
		}
		if got := x.ask(http.StatusOK, "GET", details+"?id=c-0000,c-0001,c-0002,c-9999", ""); strings.Count(got, "conversationId") != 1 || !strings.Contains(got, "c-0001") {
			t.Errorf("several: got %s", got)
		}
	})
}

func TestAnOrganizationWithoutData(t *testing.T) {
	test(t, 3, nil, func(x *fixture) {
		x.client(access.Client{ID: "elsewhere", Organization: "org-3"}, "s")
		x.token = x.login("elsewhere", "s")
		if got := x.ask(http.StatusForbidden, "POST", details+"/query", wholeDay); !strings.Contains(got, "no data of the client's organization") {
			t.Errorf("got %s", got)
		}
	})
}

func TestMetricsAndReadiness(t *testing.T) {
	test(t, 3, func(c *Config) { c.RateLimit = 9 }, func(x *fixture) {
		x.fulfilled()
		for range 9 {
			x.do(x.request("GET", details+"/jobs/availability", ""))
		}
		x.do(x.request("BREW", "/tea", ""))
		x.token = ""
		text := x.ask(http.StatusOK, "GET", "/metrics", "")
		for _, want := range []string{
			`parley_requests_total{method="POST",route="/api/v2/analytics/conversations/details/jobs",status="202"} 1`,
			`parley_requests_total{method="any",route="unknown",status="404"} 1`,
			`parley_limit_hits_total{limit="client.credentials.token.rate.per.minute"} 2`,
			`parley_jobs{state="FULFILLED"} 1`, `parley_jobs{state="QUEUED"} 0`, `parley_job_queue_age_seconds 0`,
			`parley_records_total{what="written"} 3`, `parley_jobs_ended_total{state="FULFILLED"} 1`,
			`parley_engine_seconds_count{kind="job"} 1`, `go_goroutines`, `process_open_fds`,
		} {
			if !strings.Contains(text, want) {
				t.Errorf("metrics: %s is missing", want)
			}
		}
		if strings.Contains(text, "client-1") {
			t.Error("metrics name a client")
		}
		x.ask(http.StatusOK, "GET", "/readyz", "")
		x.server.Stopping()
		x.ask(http.StatusServiceUnavailable, "GET", "/readyz", "")
		x.ask(http.StatusOK, "GET", "/healthz", "")
	})
}

func TestPreferredCoding(t *testing.T) {
	for accept, want := range map[string]coding{
		"": "", "identity": "", "gzip": gzipCoding, "gzip, deflate": gzipCoding, "gzip, deflate, br, zstd": zstdCoding, "zstd;q=0, gzip": gzipCoding,
		"zstd;q=0.5, gzip;q=0.9": gzipCoding, "br": "", "br, gzip;q=0.5": gzipCoding, "zstd;q=0": "", "gzip;q=0.5, zstd;q=0.6": zstdCoding, "GZIP;q=0.5,ZSTD;q=0.5": zstdCoding, "gzip;q=x": "", "*": "",
	} {
		if got := preferred([]string{accept}); got != want {
			t.Errorf("%q: got %q, want %q", accept, got, want)
		}
	}
}

// Whoever stands before the server says who asks: no token is needed, and permissions hold as everywhere.
func TestAKnownClientAsks(t *testing.T) {
	test(t, 3, nil, func(x *fixture) {
		for name, q := range map[string]struct {
			client access.Client
			status int
		}{
			"who may see": {access.Client{ID: "page", Organization: "org-1", Permissions: access.Usual()}, http.StatusOK},
			"who may not": {access.Client{ID: "page", Organization: "org-1", Permissions: []access.Permission{access.ViewAggregates}}, http.StatusForbidden},
			"a stranger":  {access.Client{ID: "page", Organization: "elsewhere", Permissions: access.Usual()}, http.StatusForbidden},
		} {
			out := httptest.NewRecorder()
			x.server.As(q.client).ServeHTTP(out, httptest.NewRequest(http.MethodGet, details+"/jobs/availability", nil))
			if out.Code != q.status {
				t.Errorf("%s: got %d: %s", name, out.Code, out.Body)
			}
		}
	})
}

// A known client is given a conversation as it came. Everybody else has it without attributes, as the platform gives it.
func TestAKnownClientIsGivenAttributes(t *testing.T) {
	test(t, 3, nil, func(x *fixture) {
		const path = "/api/v2/analytics/conversations/c-0001/details"
		out := httptest.NewRecorder()
		x.server.As(access.Client{ID: "page", Organization: "org-1", Permissions: access.Usual()}).ServeHTTP(out, httptest.NewRequest(http.MethodGet, path, nil))
		if whole := out.Body.String(); out.Code != http.StatusOK || !strings.Contains(whole, `"attributes":{"k":"v"}`) {
			t.Errorf("a known client: %d %s", out.Code, whole)
		}
		if text := x.ask(http.StatusOK, "GET", path, ""); !strings.Contains(text, "c-0001") || strings.Contains(text, "attributes") {
			t.Errorf("a client: %s", text)
		}
	})
}
