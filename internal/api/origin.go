package api

import (
	"net/http"
	"slices"
	"strings"
)

// Pages of other origins may ask what clients ask: the browser is told so, and with the JavaScript SDK a page can use
// the API as on the platform. Source: Fetch Standard, CORS protocol.

// preflight is the question by which a browser finds out beforehand whether a page may ask.
var preflight = route{method: "OPTIONS", pattern: "preflight"}

// exposed are the headers that a page may read, beside those that every page may.
const exposed = "ININ-Correlation-Id, inin-ratelimit-allowed, inin-ratelimit-count, inin-ratelimit-reset, Retry-After, Warning, Parley-Missing-Days"

// origin is the one to which the answer may be shown: that of the page, if it is among those allowed, and "" if not.
func (x *exchange) origin() string {
	origins, page := x.server.cfg.Origins, x.r.Header.Get("Origin")
	switch {
	case page == "" || !ofClients(x.r.URL.EscapedPath()):
		return ""
	case slices.Contains(origins, "*"):
		return "*"
	case slices.Contains(origins, page):
		return page
	}
	return ""
}

// ofClients says whether a path is one that clients ask: what looks after the process is nothing for pages.
func ofClients(path string) bool {
	return strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/oauth/")
}

// allowOrigin has the browser show the answer to the page that asked, an error too.
func (x *exchange) allowOrigin() {
	if len(x.server.cfg.Origins) == 0 {
		return
	}
	h := x.out.Header()
	h.Add("Vary", "Origin")
	if origin := x.origin(); origin != "" {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", exposed)
	}
}

func (x *exchange) isPreflight() bool {
	return x.r.Method == http.MethodOptions && x.r.Header.Get("Access-Control-Request-Method") != "" && x.origin() != ""
}

// answerPreflight lets the page send whatever it likes: what is wrong with it is better told in an answer, which the
// page can read, than by a browser that refuses to send it. The headers are repeated since * does not mean Authorization.
func (x *exchange) answerPreflight() error {
	h := x.out.Header()
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
	if headers := x.r.Header.Get("Access-Control-Request-Headers"); headers != "" {
		h.Set("Access-Control-Allow-Headers", headers)
	}
	h.Set("Access-Control-Max-Age", "600")
	x.out.WriteHeader(http.StatusNoContent)
	return nil
}
