package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/access"
)

// route is one thing that can be asked for.
type route struct {
	method  string
	pattern string // {name} stands for one segment that is not empty
	handle  func(*exchange) error
	// anyOf are the permissions of which a client needs one (facts.md sections 5 and 7). A route without any is open:
	// answered without a token, and not counted.
	anyOf []access.Permission
}

// table is all routes, each with who calls it. Of two that match, the first is meant.
func (s *Server) table() []route {
	const details = "/api/v2/analytics/conversations/details"
	view := []access.Permission{access.ViewDetails, access.ViewOwnDetails}
	return []route{
		// Every client, before anything else, and again when its token has expired.
		{"POST", "/oauth/token", s.issueToken, nil},
		// The extractor and other programs: submit, ask until it is done, read page by page, delete.
		{"POST", details + "/jobs", s.submitJob, view},
		// Schedulers, to see whether the day they want has arrived.
		{"GET", details + "/jobs/availability", s.availability, []access.Permission{access.ViewDetails}},
		{"GET", details + "/jobs/{jobId}", s.jobStatus, view},
		{"DELETE", details + "/jobs/{jobId}", s.deleteJob, view},
		{"GET", details + "/jobs/{jobId}/results", s.jobResults, view},
		// Integrations and dashboards, every few seconds or minutes; the extractor, for totalHits.
		{"POST", details + "/query", s.queryDetails, view},
		// Integrations that were told ids by somebody else.
		{"GET", details, s.detailsByIDs, view},
		{"GET", "/api/v2/analytics/conversations/{conversationId}/details", s.detailsByID, view},
		// People who look after jobs, through "parley jobs list". The platform has no such list; the path says whose it is.
		{"GET", "/parley/v1/jobs", s.listJobs, view},
		// Whatever keeps the process running, and watches it.
		{"GET", "/healthz", s.healthy, nil},
		{"GET", "/readyz", s.ready, nil},
		{"GET", "/metrics", s.measured, nil},
	}
}

// find gives the route of a request and the values of its {names}; if there is none, the methods that the path knows.
// It works on the path as it was sent: a path that would need cleaning is an unknown one, because some clients do not
// follow a redirect and others repeat it as a GET (clients.md).
func (s *Server) find(r *http.Request) (*route, map[string]string, []string) {
	segments := segmentsOf(r.URL)
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet // net/http leaves the body out
	}
	var allowed []string
	for i := range s.routes {
		params, ok := match(s.routes[i].pattern, segments)
		if ok && s.routes[i].method == method {
			return &s.routes[i], params, nil
		}
		if ok {
			allowed = append(allowed, s.routes[i].method)
		}
	}
	slices.Sort(allowed)
	return nil, nil, allowed
}

func segmentsOf(u *url.URL) []string {
	segments := strings.Split(u.EscapedPath(), "/")
	for i, s := range segments {
		if plain, err := url.PathUnescape(s); err == nil {
			segments[i] = plain
		}
	}
	return segments
}

func match(pattern string, segments []string) (map[string]string, bool) {
	want := strings.Split(pattern, "/")
	if len(want) != len(segments) {
		return nil, false
	}
	params := map[string]string{}
	for i, w := range want {
		if name, ok := strings.CutPrefix(w, "{"); ok && segments[i] != "" {
			params[strings.TrimSuffix(name, "}")] = segments[i]
		} else if w != segments[i] {
			return nil, false
		}
	}
	return params, true
}
