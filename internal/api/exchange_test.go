package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
)

func TestHeadersAreSpeltAsUpstreamDoes(t *testing.T) {
	x, server := onTheWire(t, 1)
	for _, path := range []string{details + "/jobs/availability", "/nowhere", "/healthz"} {
		raw := rawAnswer(t, server, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer "+x.token+"\r\n\r\n")
		head, _, _ := strings.Cut(raw, "\r\n\r\n")
		for _, want := range []string{
			"\r\nININ-Correlation-Id: ", "\r\ninin-ratelimit-allowed: 300\r\n", "\r\ninin-ratelimit-count: ", "\r\ninin-ratelimit-reset: 60",
			"\r\nCache-Control: no-cache, no-store, must-revalidate\r\n", "\r\nPragma: no-cache\r\n", "\r\nExpires: 0\r\n",
			"\r\nStrict-Transport-Security: ", "\r\nContent-Type: application/json\r\n", "\r\nContent-Length: ",
		} {
			if !strings.Contains(head, want) {
				t.Errorf("%s: no %q in\n%s", path, want, head)
			}
		}
	}
}

func TestPathsAreNeverRedirected(t *testing.T) {
	x, server := onTheWire(t, 1)
	for _, path := range []string{
		"//oauth/token", "/api//v2/analytics", details + "/", details + "/../details/query", "/./healthz", "/oauth/token/",
		details + "/jobs/a%2Fb/results", "/healthz%2F",
	} {
		raw := rawAnswer(t, server, "POST "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\nAuthorization: Bearer "+x.token+"\r\n\r\n")
		if !strings.HasPrefix(raw, "HTTP/1.1 404 ") && !strings.HasPrefix(raw, "HTTP/1.1 405 ") || !strings.Contains(raw, `"contextId":"`) {
			t.Errorf("%s: got %s", path, raw)
		}
	}
	if params, ok := match(details+"/jobs/{jobId}", segmentsOf(&url.URL{Path: details + "/jobs/a/b", RawPath: details + "/jobs/a%2Fb"})); !ok || params["jobId"] != "a/b" {
		t.Errorf("encoded slash: got %v, %v", params, ok)
	}
}

func TestHealth(t *testing.T) {
	test(t, 0, nil, func(x *fixture) {
		x.token = ""
		x.ask(http.StatusOK, "GET", "/healthz", "")
		x.ask(http.StatusOK, "HEAD", "/healthz", "")
		x.ask(http.StatusOK, "GET", "/readyz", "")
		x.views.err = fault.New(fault.NotFound, "no lake")
		x.ask(http.StatusOK, "GET", "/healthz", "")
		if got := x.ask(http.StatusServiceUnavailable, "GET", "/readyz", ""); !strings.Contains(got, `"service.unavailable"`) {
			t.Errorf("got %s", got)
		}
	})
}

// A server is ready as long as the data of any organization can be opened. Usually one is asked.
func TestReadyForTheOthers(t *testing.T) {
	away := &fakeViews{err: fault.New(fault.Unavailable, "the bucket is away")}
	test(t, 0, func(c *Config) {
		for n := range 20 {
			c.Views["away-"+strconv.Itoa(n)] = away
		}
		delete(c.Views, "org-2")
	}, func(x *fixture) {
		x.token = ""
		x.ask(http.StatusOK, "GET", "/readyz", "")
		asked := away.open.Load()
		x.ask(http.StatusOK, "GET", "/readyz", "")
		if away.open.Load() != asked {
			t.Error("data that is away was asked for though other data is there")
		}
		x.views.err = fault.New(fault.NotFound, "no lake")
		x.ask(http.StatusServiceUnavailable, "GET", "/readyz", "")
	})
}

func TestAccessLog(t *testing.T) {
	test(t, 3, nil, func(x *fixture) {
		path := x.fulfilled()
		before := len(x.log.String())
		w := x.do(x.request("GET", path+"/results?cursor=private", ""))
		var line map[string]any
		if err := json.Unmarshal([]byte(x.log.String()[before:]), &line); err != nil {
			t.Fatalf("want one line: %v", err)
		}
		for name, want := range map[string]any{
			"msg": "request", "request": w.Header()["ININ-Correlation-Id"][0], "client": "client-1", "method": "GET",
			"route": details + "/jobs/{jobId}/results", "status": 400.0, "bytes": float64(w.Body.Len()),
		} {
			if line[name] != want {
				t.Errorf("%s: got %v, want %v", name, line[name], want)
			}
		}
		x.do(x.request("GET", "/private?private", ""))
		if text := x.log.String(); strings.Contains(text, "private") || strings.Contains(text, x.token) || strings.Contains(text, "2026-11-01") {
			t.Errorf("the log holds more than ids: %s", text)
		}
	})
}

// A server that was told of the bare necessities alone.
func TestDefaults(t *testing.T) {
	c := newFixture(t, 3, nil).server.cfg
	s, err := New(Config{Views: c.Views, Jobs: c.Jobs, Access: c.Access, Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if got := s.cfg; got.RateLimit != 300 || got.MaxBody != 512_000 || got.QueryTimeout != 15*time.Second || got.Limits != query.PlatformLimits() {
		t.Errorf("got %+v", got)
	}
}

func TestConfigIsChecked(t *testing.T) {
	good := newFixture(t, 0, nil).server.cfg
	for name, spoil := range map[string]func(*Config){
		"no jobs": func(c *Config) { c.Jobs = nil }, "no clients": func(c *Config) { c.Access = nil },
		"no clock": func(c *Config) { c.Now = nil }, "negative": func(c *Config) { c.RateLimit = -1 },
		"negative body": func(c *Config) { c.MaxBody = -1 }, "negative time": func(c *Config) { c.QueryTimeout = -1 }, "nobody answered": func(c *Config) { c.Asking = -1 },
	} {
		c := good
		spoil(&c)
		if _, err := New(c); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := New(good); err != nil {
		t.Error(err)
	}
}
