package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/mem"
	"github.com/parley-hq/parley/internal/wire"
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
	r, err := wire.Record([]byte(`{"conversationEnd":"2026-11-01T09:00:09.000Z","conversationId":"c","conversationStart":"2026-11-01T09:00:00.000Z","participants":[{"purpose":"acd","sessions":[` +
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

func TestAggregates(t *testing.T) {
	test(t, 0, oneOffer(t), func(x *fixture) {
		for body, want := range map[string]string{
			`{"interval":"2026-11-01/P1D","granularity":"PT1H","groupBy":["queueId"],"metrics":["nOffered"],"pageSize":10}`: `{"results":[{"group":{"queueId":"q"},"data":[{"interval":"2026-11-01T09:00:00.000Z/2026-11-01T10:00:00.000Z","metrics":[{"metric":"nOffered","stats":{"count":1}}]}]}]}`,
			`{"interval":"2026-11-01/P1D","groupBy":["queueId","mediaType"],"metrics":["nOffered"]}`:                        `{"results":[{"group":{"mediaType":"voice","queueId":"q"},"data":[{"interval":"2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z","metrics":[{"metric":"nOffered","stats":{"count":1}}]}]}]}`,
			`{"interval":"2026-11-02/P1D","metrics":["nOffered"]}`:                                                          `{"results":[]}`,
		} {
			if got := x.ask(http.StatusOK, "POST", aggregatesPath, body); got != want {
				t.Errorf("%s\n got %s\nwant %s", body, got, want)
			}
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
