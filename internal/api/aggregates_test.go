package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/mem"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/schemas"
)

const aggregatesPath = "/api/v2/analytics/conversations/aggregates/query"

// emitting are views of one conversation, which was offered to a queue.
type emitting struct{ store *mem.Store }

func (v emitting) Live(context.Context) (engine.Engine, error) {
	end := day.AddDate(1, 0, 0)
	return v.store.View(end, end), nil
}
func (v emitting) Settled(ctx context.Context) (engine.Engine, error) { return v.Live(ctx) }
func (v emitting) Available(context.Context) (time.Time, error)       { return day, nil }

func oneOffer(t *testing.T) func(*Config) {
	t.Helper()
	r, err := wire.Record([]byte(`{"conversationEnd":"2026-11-01T09:00:09.000Z","conversationId":"c","conversationStart":"2026-11-01T09:00:00.000Z","divisionIds":["d3","d1","d2"],"participants":[{"purpose":"acd","sessions":[` +
		`{"mediaType":"voice","metrics":[{"emitDate":"2026-11-01T09:00:01.000Z","name":"nOffered","value":1}],"segments":[{"queueId":"q","segmentStart":"2026-11-01T09:00:00.000Z"}]}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	s := mem.New(nil)
	if _, err := s.Add(r); err != nil {
		t.Fatal(err)
	}
	return func(c *Config) { c.Views["org-1"] = emitting{s} }
}

// member says that an answer has the members that the schema has, and no others.
func (x *fixture) member(schema, body string) {
	x.t.Helper()
	var members map[string]jsontext.Value
	if err := json.Unmarshal([]byte(body), &members); err != nil {
		x.t.Fatal(err)
	}
	for name := range members {
		if !slices.Contains(schemas.Members(x.t, "testdata/members.txt")[schema], name) {
			x.t.Errorf("%s has no %s", schema, name)
		}
	}
}

func TestAggregates(t *testing.T) {
	test(t, 0, oneOffer(t), func(x *fixture) {
		for body, want := range map[string]string{
			`{"interval":"2026-11-01/P1D","granularity":"PT1H","groupBy":["queueId"],"metrics":["nOffered"],"pageSize":10}`: `{"results":[{"group":{"queueId":"q"},"data":[{"interval":"2026-11-01T09:00:00.000Z/2026-11-01T10:00:00.000Z","metrics":[{"metric":"nOffered","stats":{"count":1}}]}]}]}`,
			`{"interval":"2026-11-01/P1D","groupBy":["queueId","mediaType"],"metrics":["nOffered"]}`:                        `{"results":[{"group":{"mediaType":"voice","queueId":"q"},"data":[{"interval":"2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z","metrics":[{"metric":"nOffered","stats":{"count":1}}]}]}]}`,
			`{"interval":"2026-11-02/P1D","metrics":["nOffered"]}`:                                                          `{"results":[]}`,
		} {
			got := x.ask(http.StatusOK, "POST", aggregatesPath, body)
			if got != want {
				t.Errorf("%s\n got %s\nwant %s", body, got, want)
			}
			x.member("ConversationAggregateQueryResponse", got)
		}
		got := x.ask(http.StatusBadRequest, "POST", aggregatesPath, `{"interval":"2026-11-01/P1D","metrics":["nOffers"]}`)
		for _, want := range []string{`"code":"invalid.value"`, `"fieldName":"metrics[0]"`, `Did you mean nOffered?`} {
			if !strings.Contains(got, want) {
				t.Errorf("an unknown metric: no %s in %s", want, got)
			}
		}
	})
}

// Figures are of every conversation: they need a permission of their own, and whoever sees no details may have it.
func TestAggregatesNeedTheirPermission(t *testing.T) {
	const body = `{"interval":"2026-11-01/P1D","metrics":["nOffered"]}`
	test(t, 0, oneOffer(t), func(x *fixture) {
		x.client(access.Client{ID: "details", Organization: "org-1", Permissions: []access.Permission{access.ViewDetails}}, "s")
		x.client(access.Client{ID: "figures", Organization: "org-1", Permissions: []access.Permission{access.ViewAggregates}}, "s")
		x.token = x.login("details", "s")
		if got := x.ask(http.StatusForbidden, "POST", aggregatesPath, body); !strings.Contains(got, "[analytics:conversationAggregate:view]") {
			t.Errorf("got %s", got)
		}
		x.token = x.login("figures", "s")
		if got := x.ask(http.StatusOK, "POST", aggregatesPath, body); !strings.Contains(got, `{"count":1}`) {
			t.Errorf("got %s", got)
		}
		x.ask(http.StatusForbidden, "POST", details+"/query", wholeDay)
	})
}

// The asynchronous form gives the same groups, page by page; its jobs are none of those for details.
func TestAggregatesAsJobs(t *testing.T) {
	const path = "/api/v2/analytics/conversations/aggregates/jobs"
	const body = `{"interval":"2026-11-01/P1D","groupBy":["queueId","divisionId"],"metrics":["nOffered"],"pageSize":2}`
	test(t, 0, oneOffer(t), func(x *fixture) {
		var submitted wire.Submitted
		if err := json.Unmarshal([]byte(x.ask(http.StatusAccepted, "POST", path, body)), &submitted); err != nil {
			t.Fatal(err)
		}
		job := path + "/" + string(submitted.JobID)
		synctest.Wait()
		if got := x.ask(http.StatusOK, "GET", job, ""); !strings.Contains(got, `"FULFILLED"`) {
			t.Fatalf("got %s", got)
		}
		group := func(division string) string {
			return `{"group":{"divisionId":"` + division + `","queueId":"q"},"data":[{"interval":"2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z","metrics":[{"metric":"nOffered","stats":{"count":1}}]}]}`
		}
		first := x.ask(http.StatusOK, "GET", job+"/results", "")
		x.member("ConversationAsyncAggregateQueryResponse", first)
		var page struct {
			Cursor string `json:"cursor"`
		}
		if err := json.Unmarshal([]byte(first), &page); err != nil || first != `{"results":[`+group("d1")+","+group("d2")+`],"cursor":"`+page.Cursor+`"}` {
			t.Errorf("the first page is %s", first)
		}
		if last := x.ask(http.StatusOK, "GET", job+"/results?cursor="+url.QueryEscape(page.Cursor), ""); last != `{"results":[`+group("d3")+`]}` {
			t.Errorf("the last page is %s", last)
		}
		x.ask(http.StatusBadRequest, "GET", job+"/results?cursor=x", "")
		x.ask(http.StatusNotFound, "GET", details+"/jobs/"+string(submitted.JobID), "")
		x.ask(http.StatusNotFound, "DELETE", details+"/jobs/"+string(submitted.JobID), "")
		x.ask(http.StatusNotFound, "GET", path+"/"+string(x.submit()), "")
		x.ask(http.StatusNoContent, "DELETE", job, "")
		x.ask(http.StatusNotFound, "GET", job+"/results", "")
		if got := x.ask(http.StatusBadRequest, "POST", path, strings.Replace(body, `"pageSize":2`, `"pageSize":10001`, 1)); !strings.Contains(got, `"fieldName":"pageSize"`) {
			t.Errorf("got %s", got)
		}
		x.client(access.Client{ID: "details", Organization: "org-1", Permissions: []access.Permission{access.ViewDetails}}, "s")
		x.token = x.login("details", "s")
		x.ask(http.StatusForbidden, "POST", path, body)
	})
}
