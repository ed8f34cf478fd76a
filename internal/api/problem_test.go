package api

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

var update = flag.Bool("update", false, "write the golden files anew")

const knownJob = "known-job" // stands for the path of a fulfilled job

// TestProblems holds every refusal to its text on the wire, in testdata/problems.txt.
func TestProblems(t *testing.T) {
	long := `{"interval":"2026-11-01T00:00:00Z/2026-11-01T01:00:00Z","x":"` + strings.Repeat("x", 512_000) + `"}`
	one := `"interval":"2026-11-01T00:00:00Z/2026-11-02T00:00:00Z"`
	var got strings.Builder
	test(t, 3, nil, func(x *fixture) {
		path := x.fulfilled()
		for _, c := range []struct {
			name, method, target, body string
			change                     func(*http.Request)
		}{
			{"no token", "GET", details + "/jobs/availability", "", func(r *http.Request) { r.Header.Del("Authorization") }},
			{"bearer without token", "GET", details + "/jobs/availability", "", header("Authorization", "Bearer ")},
			{"basic in place of bearer", "GET", details + "/jobs/availability", "", header("Authorization", "Basic YTpi")},
			{"unknown token", "GET", details + "/jobs/availability", "", header("Authorization", "Bearer nonsense")},
			{"unknown path", "GET", "/api/v2/users/me/too", "", nil},
			{"a conversation by a route of the platform that is not here", "GET", "/api/v2/conversations/messages/c-0001", "", nil},
			{"a conversation as it is now, which an archive does not have", "GET", "/api/v2/conversations/c-0001", "", nil},
			{"route without token that is not here", "GET", "/api/v2/routing/utilization", "", func(r *http.Request) { r.Header.Del("Authorization") }},
			{"the user of a client", "GET", "/api/v2/users/me", "", nil},
			{"the user of nobody", "GET", "/api/v2/users/me", "", func(r *http.Request) { r.Header.Del("Authorization") }},
			{"path that needs cleaning", "GET", "//api/v2/analytics/conversations/details/jobs/availability", "", nil},
			{"trailing slash", "POST", details + "/query/", wholeDay, nil},
			{"a job without an id", "GET", details + "/jobs/", "", nil},
			{"results of a job without an id", "GET", details + "/jobs//results", "", nil},
			{"wrong method", "PUT", details + "/jobs/x", "", nil},
			{"get where post is meant", "GET", details + "/query", "", nil},
			{"get a token", "GET", "/oauth/token", "", nil},

			{"query without body", "POST", details + "/query", "", nil},
			{"query of blanks", "POST", details + "/query", " \n", nil},
			{"query of null", "POST", details + "/query", "null", nil},
			{"query of a list", "POST", details + "/query", "[]", nil},
			{"query cut short", "POST", details + "/query", `{"interval":"2026`, nil},
			{"query of two values", "POST", details + "/query", `{` + one + `}{}`, nil},
			{"query without interval", "POST", details + "/query", `{"order":"asc"}`, nil},
			{"interval of wrong type", "POST", details + "/query", `{"interval":7}`, nil},
			{"bad date", "POST", details + "/query", `{"interval":"yesterday/today"}`, nil},
			{"interval backwards", "POST", details + "/query", `{"interval":"2026-11-02/2026-11-01"}`, nil},
			{"interval too long", "POST", details + "/query", `{"interval":"2026-11-01T00:00:00Z/2026-11-09T00:00:00Z"}`, nil},
			{"empty filter", "POST", details + "/query", `{` + one + `,"segmentFilters":[{"type":"and"}]}`, nil},
			{"unknown metric", "POST", details + "/query", `{` + one + `,"resolutionFilters":[{"type":"and","predicates":[{"metric":"nNextContact","value":"1"}]}]}`, nil},
			{"misplaced dimension", "POST", details + "/query", `{` + one + `,"evaluationFilters":[{"type":"and","predicates":[{"dimension":"mediaType","value":"voice"}]}]}`, nil},
			{"several findings", "POST", details + "/query", `{"dateFrom":"2026-11-01","order":"up","segmentFilters":[{"type":"and","predicates":[{"dimension":"queueId","operator":"contains","value":"x"},{"dimension":"queueId"}]}]}`, nil},
			{"aggregation without dimension", "POST", details + "/query", `{` + one + `,"aggregations":[{"type":"termFrequency"}]}`, nil},
			{"unknown order", "POST", details + "/query", `{` + one + `,"order":"up"}`, nil},
			{"order cut within a letter", "POST", details + "/query", `{` + one + `,"order":"x` + strings.Repeat("ü", 60) + `"}`, nil},
			{"page size as text that is no number", "POST", details + "/query", `{` + one + `,"paging":{"pageSize":"all","pageNumber":1}}`, nil},
			{"page size of half a record", "POST", details + "/query", `{` + one + `,"paging":{"pageSize":0.5,"pageNumber":1}}`, nil},
			{"page size as text, too large", "POST", details + "/query", `{` + one + `,"paging":{"pageSize":"101","pageNumber":"1"}}`, nil},
			{"query with a byte order mark", "POST", details + "/query", "\ufeff{" + one + "}", nil},
			{"page size too large", "POST", details + "/query", `{` + one + `,"paging":{"pageSize":101,"pageNumber":1}}`, nil},
			{"page number zero", "POST", details + "/query", `{` + one + `,"paging":{"pageSize":10,"pageNumber":0}}`, nil},
			{"too deep", "POST", details + "/query", `{` + one + `,"paging":{"pageSize":100,"pageNumber":1001}}`, nil},
			{"not json by its type", "POST", details + "/query", wholeDay, header("Content-Type", "text/plain")},
			{"broken content type", "POST", details + "/query", wholeDay, header("Content-Type", "application/json; charset")},
			{"too large", "POST", details + "/query", long, nil},
			{"too large in chunks", "POST", details + "/query", long, chunked},

			{"job without body", "POST", details + "/jobs", "", nil},
			{"job without body in chunks", "POST", details + "/jobs", "", chunked},
			{"job with filters", "POST", details + "/jobs", `{` + one + `,"conversationFilters":[{"type":"and"}]}`, nil},
			{"job with aggregations", "POST", details + "/jobs", `{` + one + `,"aggregations":[{"dimension":"queueId"}]}`, nil},
			{"job with limit zero", "POST", details + "/jobs", `{` + one + `,"limit":0}`, nil},
			{"unknown job", "GET", details + "/jobs/3f2c1a52-0f6f-4f4e-9d4e-1f2a3b4c5d6e", "", nil},
			{"results of an unknown job", "GET", details + "/jobs/nonsense/results", "", nil},
			{"delete an unknown job", "DELETE", details + "/jobs/nonsense", "", nil},
			{"negative page size", "GET", knownJob + "/results?pageSize=-1", "", nil},
			{"page size over the limit", "GET", knownJob + "/results?pageSize=10001", "", nil},
			{"page size in words", "GET", knownJob + "/results?pageSize=all", "", nil},
			{"page size that is not even text", "GET", knownJob + "/results?pageSize=%ff%00%22", "", nil},
			{"page size beyond numbers", "GET", knownJob + "/results?pageSize=" + strings.Repeat("9", 100), "", nil},
			{"bad cursor", "GET", knownJob + "/results?cursor=nonsense", "", nil},
			{"broken query string", "GET", knownJob + "/results?cursor=%zz", "", nil},

			{"unknown conversation", "GET", "/api/v2/analytics/conversations/nonsense/details", "", nil},
			{"no ids", "GET", details, "", nil},
			{"empty ids", "GET", details + "?id=,&id=", "", nil},
			{"too many ids", "GET", details + "?id=" + ids(101), "", nil},
		} {
			r := x.request(c.method, strings.Replace(c.target, knownJob, path, 1), c.body)
			if c.change != nil {
				c.change(r)
			}
			w := x.do(r)
			fmt.Fprintf(&got, "# %s\n%s %s\n%s\n", c.name, c.method, clipTarget(c.target), shown(w))
		}
	})
	golden(t, "testdata/problems.txt", got.String())
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// chunked sends the body without its length.
func chunked(r *http.Request) { r.ContentLength, r.Body = -1, io.NopCloser(r.Body) }

func ids(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("c-%04d", i)
	}
	return strings.Join(list, ",")
}

func clipTarget(target string) string {
	if len(target) > 120 {
		return target[:120] + "…"
	}
	return target
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)

// shown writes an answer as the golden files have it: status, the headers that vary, body.
func shown(w *httptest.ResponseRecorder) string {
	var out strings.Builder
	fmt.Fprintln(&out, w.Code)
	for _, name := range []string{"Content-Type", "Allow", "Retry-After", "WWW-Authenticate"} {
		if value := w.Header().Get(name); value != "" {
			fmt.Fprintf(&out, "%s: %s\n", name, value)
		}
	}
	body := w.Body.String()
	if id := w.Header()["ININ-Correlation-Id"]; len(id) == 1 && uuids.MatchString(id[0]) {
		body = strings.ReplaceAll(body, id[0], "<correlation id>")
	}
	fmt.Fprintln(&out, body)
	return out.String()
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		if i >= len(gotLines) || i >= len(wantLines) || gotLines[i] != wantLines[i] {
			t.Fatalf("%s, line %d and on (-update writes it anew):\n got %q\nwant %q", path, i+1, gotLines[min(i, len(gotLines)):][:1], wantLines[min(i, len(wantLines)):][:1])
		}
	}
}

func TestABodylessPostCreatesNoJob(t *testing.T) {
	test(t, 0, nil, func(x *fixture) {
		for range 10 { // more than may wait
			x.ask(http.StatusBadRequest, "POST", details+"/jobs", "")
		}
		x.submit()
	})
}

func TestInternalErrorsStayInside(t *testing.T) {
	for name, c := range map[string]struct {
		spoil  func(*fakeViews)
		status int
		code   string
	}{
		"unexpected": {func(v *fakeViews) { v.err = fmt.Errorf("secret of the engine") }, 500, "internal.server.error"},
		"corrupt":    {func(v *fakeViews) { v.err = fault.New(fault.Corrupt, "secret of the lake") }, 500, "internal.server.error"},
		"panic":      {func(v *fakeViews) { v.panics = true }, 500, "internal.server.error"},
		"full":       {func(v *fakeViews) { v.err = fmt.Errorf("secret: %w", fault.Full) }, 503, "service.unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			test(t, 3, nil, func(x *fixture) {
				c.spoil(x.views)
				got := x.ask(c.status, "POST", details+"/query", wholeDay)
				if strings.Contains(got, "secret") || !strings.Contains(got, `"code":"`+c.code+`"`) || !strings.Contains(got, standard[c.code]) {
					t.Errorf("got %s", got)
				}
				if !strings.Contains(x.log.String(), "secret") {
					t.Error("the cause is not in the log")
				}
			})
		})
	}
}

func TestAQueryThatTakesTooLongIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newFixture(t, 3, nil)
		for target, body := range map[string]string{details + "/query": wholeDay, details + "?id=c-0001": ""} {
			x.views.stuck = make(chan struct{})
			method := "POST"
			if body == "" {
				method = "GET"
			}
			begun := time.Now()
			got := x.ask(http.StatusGatewayTimeout, method, target, body)
			if took := time.Since(begun); took != 15*time.Second {
				t.Errorf("%s: took %v", target, took)
			}
			if !strings.Contains(got, `"code":"request.timeout"`) || !strings.Contains(got, `"message":"The request timed out. `) || !strings.Contains(got, `"status":504`) {
				t.Errorf("%s: got %s", target, got)
			}
			if x.views.open.Load() != 0 {
				t.Error("the view was left open")
			}
		}
	})
}

func TestACancelledRequestCancelsTheEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newFixture(t, 3, nil)
		x.views.stuck = make(chan struct{})
		r := x.request("POST", details+"/query", wholeDay)
		ctx, cancel := context.WithCancel(r.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			x.do(r.WithContext(ctx))
		}()
		<-x.views.stuck
		cancel()
		<-done
		if x.views.open.Load() != 0 {
			t.Error("the view was left open")
		}
		if strings.Contains(x.log.String(), "ERROR") {
			t.Errorf("a client that leaves is logged as an error: %s", x.log)
		}
	})
}
