package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
)

// ownersTest runs f with a fixture whose server belongs to an owner, who has no token.
func ownersTest(t *testing.T, n int, organization string, change func(*Config), f func(*fixture)) {
	t.Helper()
	test(t, n, nil, func(x *fixture) {
		c := x.server.cfg
		c.Access, c.RateLimit = nil, 1
		c.Owner = &access.Client{ID: "the owner", Organization: organization}
		if change != nil {
			change(&c)
		}
		s, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		x.handler, x.token = s.Handler(), ""
		f(x)
	})
}

func TestTheOwnerAsksWithoutATokenAndWithoutLimits(t *testing.T) {
	const query = details + "/query"
	ownersTest(t, 250, "org-1", nil, func(x *fixture) {
		for range 5 { // more than the rate
			x.ask(http.StatusOK, "GET", details+"?id=c-0001", "")
		}
		x.ask(http.StatusOK, "POST", query, `{"interval":"2000-01-01/2100-01-01"}`)
		x.ask(http.StatusOK, "POST", query, `{"interval":"2026-11-01/P1D"`+strings.Repeat(" ", 600_000)+`}`)
		long := x.ask(http.StatusOK, "POST", query, `{"interval":"2026-11-01/P1D","paging":{"pageSize":1000000,"pageNumber":1},"aggregations":[{"dimension":"queueId"}]}`)
		if strings.Count(long, `"conversationId"`) != 250 || strings.Contains(long, "attributes") {
			t.Errorf("a long page has %d records", strings.Count(long, `"conversationId"`))
		}
		for _, q := range x.views.asked {
			if len(q.Filters) > 0 {
				t.Errorf("the owner does not see everything: %+v", q)
			}
		}
		if path := x.fulfilled(); !strings.Contains(x.ask(http.StatusOK, "GET", path+"/results", ""), `"c-0249"`) {
			t.Error("a job of the owner has not found all")
		}
		if got := x.ask(http.StatusOK, "GET", "/parley/v1/jobs", ""); !strings.Contains(got, `"clientId":"the owner"`) {
			t.Errorf("jobs: %s", got)
		}
		x.ask(http.StatusNotFound, "POST", "/oauth/token", "grant_type=client_credentials")
	})
}

// The owner's page, which streams, is the page that a client gets, for whom it is held.
func TestAPageThatStreamsIsThePage(t *testing.T) {
	const body = `{"interval":"2026-11-01/P1D","paging":{"pageSize":100,"pageNumber":1},"aggregations":[{"dimension":"queueId"}]}`
	for _, n := range []int{0, 1, 80} {
		var held, streamed string
		test(t, n, nil, func(x *fixture) { held = x.ask(http.StatusOK, "POST", details+"/query", body) })
		ownersTest(t, n, "org-1", nil, func(x *fixture) { streamed = x.ask(http.StatusOK, "POST", details+"/query", body) })
		if held != streamed || !strings.HasSuffix(held, fmt.Sprintf(`"totalHits":%d}`, n)) {
			t.Errorf("got %s\nand %s", held, streamed)
		}
	}
}

// A job may be submitted to a folder whose data another process has.
func TestTheOwnerSubmitsJobsForOthersToAnswer(t *testing.T) {
	ownersTest(t, 1, "org-3", nil, func(x *fixture) {
		if got := x.ask(http.StatusAccepted, "GET", details+"/jobs/"+string(x.submit()), ""); !strings.Contains(got, "QUEUED") {
			t.Errorf("got %s", got)
		}
	})
}

func TestAnOwnerMayHaveNoJobs(t *testing.T) {
	none := func(c *Config) { c.Jobs = nil }
	ownersTest(t, 1, "org-1", none, func(x *fixture) {
		x.ask(http.StatusOK, "POST", details+"/query", wholeDay)
		x.ask(http.StatusNotFound, "GET", details+"/jobs/x", "")
		x.ask(http.StatusNotFound, "GET", "/parley/v1/jobs", "")
	})
	if _, err := New(Config{Now: nil, Owner: &access.Client{}}); !errors.Is(err, fault.Invalid) {
		t.Errorf("without a clock: %v", err)
	}
}

// The header about missing days is bounded for proxies on the way, of which the owner has none.
func TestTheOwnerIsToldOfAllMissingDays(t *testing.T) {
	var days []string
	for i := range maxRuns + 20 {
		days = append(days, fmt.Sprintf("2026-%02d-%02d", 1+i/14, 1+2*(i%14)))
	}
	all := strings.Join(days, ",")
	gapped := func(c *Config) {
		c.Views = map[string]engine.Views{"org-1": &gappedViews{fakeViews: &fakeViews{}, days: mustDays(t, all)}}
	}
	ownersTest(t, 1, "org-1", gapped, func(x *fixture) {
		w := x.do(x.request("POST", details+"/query", `{"interval":"2026-01-01/2027-01-01"}`))
		if got := w.Header().Get(missingHeader); got != all {
			t.Errorf("got %s\nwant %s", got, all)
		}
	})
}

// told is a response whose other end is in this process.
type told struct {
	*httptest.ResponseRecorder

	err error
}

func (w *told) Fail(err error) { w.err = err }

// What outsiders may not know of a failure, the owner is told: before the answer, and in the middle of it.
func TestTheOwnerIsToldWhatFailed(t *testing.T) {
	ownersTest(t, 1000, "org-1", nil, func(x *fixture) {
		x.views.err = fault.Because(fault.Corrupt, io.ErrUnexpectedEOF, "a file is damaged")
		w := &told{ResponseRecorder: httptest.NewRecorder()}
		x.handler.ServeHTTP(w, x.request("POST", details+"/query", wholeDay))
		if !errors.Is(w.err, x.views.err) || w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "damaged") {
			t.Errorf("told %v, answered %d %s", w.err, w.Code, w.Body)
		}
		x.views.err, x.views.breaks = nil, fault.New(fault.Corrupt, "the last file is damaged")
		w = &told{ResponseRecorder: httptest.NewRecorder()}
		func() {
			defer func() {
				if p := recover(); p != http.ErrAbortHandler { //nolint:errorlint // as net/http does
					t.Errorf("the answer was not broken off: %v", p)
				}
			}()
			x.handler.ServeHTTP(w, x.request("POST", details+"/query", `{"interval":"2026-11-01/P1D","paging":{"pageSize":1000,"pageNumber":1}}`))
		}()
		if !errors.Is(w.err, x.views.breaks) || !strings.Contains(w.Body.String(), "c-0999") || strings.Contains(w.Body.String(), "totalHits") {
			t.Errorf("told %v, answered %d bytes", w.err, w.Body.Len())
		}
	})
}
