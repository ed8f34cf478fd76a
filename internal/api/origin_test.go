package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const page = "https://app.example.com"

// fromPage makes a request as the browser does for a page.
func (x *fixture) fromPage(origin, method, target, body string) *http.Request {
	r := x.request(method, target, body)
	r.Header.Set("Origin", origin)
	return r
}

func (x *fixture) preflight(origin, target string) *httptest.ResponseRecorder {
	r := x.fromPage(origin, "OPTIONS", target, "")
	r.Header.Del("Authorization") // a browser leaves it out
	r.Header.Set("Access-Control-Request-Method", "POST")
	r.Header.Set("Access-Control-Request-Headers", "authorization,content-type,purecloud-sdk")
	return x.do(r)
}

func TestAPageOfAnAllowedOriginMayAsk(t *testing.T) {
	for name, c := range map[string]struct {
		origins []string
		want    string
	}{"all": {[]string{"*"}, "*"}, "one of two": {[]string{"https://other.example.com", page}, page}} {
		t.Run(name, func(t *testing.T) {
			test(t, 3, func(c2 *Config) { c2.Origins = c.origins }, func(x *fixture) {
				w := x.preflight(page, details+"/query")
				h := w.Header()
				if w.Code != http.StatusNoContent || h.Get("Access-Control-Allow-Origin") != c.want || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "DELETE") ||
					h.Get("Access-Control-Allow-Headers") != "authorization,content-type,purecloud-sdk" || h.Get("Vary") != "Origin" {
					t.Errorf("preflight: got %d, %v", w.Code, h)
				}
				for _, r := range []*http.Request{
					x.fromPage(page, "POST", details+"/query", wholeDay), x.fromPage(page, "POST", details+"/query", "{"),
					x.fromPage(page, "GET", "/api/v2/routing/queues", ""), x.fromPage(page, "POST", "/oauth/token", "grant_type=x"),
				} {
					h := x.do(r).Header()
					if h.Get("Access-Control-Allow-Origin") != c.want || !strings.Contains(h.Get("Access-Control-Expose-Headers"), "ININ-Correlation-Id, ") {
						t.Errorf("%s %s: got %v", r.Method, r.URL, h)
					}
				}
			})
		})
	}
}

func TestNoOtherPageMayAsk(t *testing.T) {
	for name, c := range map[string]struct {
		origins        []string
		origin, target string
	}{
		"no origin is allowed": {nil, page, details + "/query"}, "another origin": {[]string{"https://other.example.com"}, page, details + "/query"},
		"the beginning of one": {[]string{page}, page + ".evil", details + "/query"}, "metrics": {[]string{"*"}, page, "/metrics"},
		"the list of jobs": {[]string{"*"}, page, "/parley/v1/jobs"}, "no page": {[]string{"*"}, "", details + "/query"},
	} {
		t.Run(name, func(t *testing.T) {
			test(t, 3, func(c2 *Config) { c2.Origins = c.origins }, func(x *fixture) {
				w := x.preflight(c.origin, c.target)
				if w.Code != http.StatusMethodNotAllowed {
					t.Errorf("preflight: got %d", w.Code)
				}
				for name := range w.Header() {
					if strings.HasPrefix(name, "Access-Control-") {
						t.Errorf("preflight: got %s", name)
					}
				}
			})
		})
	}
}

func TestOptionsThatIsNoPreflight(t *testing.T) {
	test(t, 3, func(c *Config) { c.Origins = []string{"*"} }, func(x *fixture) {
		if w := x.do(x.fromPage(page, "OPTIONS", details+"/query", "")); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("got %d", w.Code)
		}
	})
}
