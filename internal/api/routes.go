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
	needs   needs
}

// needs is what a request must show.
type needs struct {
	token         bool                // without, anybody is answered, and not counted
	anyOf         []access.Permission // of which a client needs one, if there are any
	conversations bool                // they are what is asked for: a client may be confined to some
}

var (
	nothing = needs{}
	token   = needs{token: true}
	// view is what suffices for whatever is confined to what the client may see.
	view = needs{token: true, anyOf: []access.Permission{access.ViewDetails, access.ViewOwnDetails}, conversations: true}
	// viewAll is for what tells of everything.
	viewAll = needs{token: true, anyOf: []access.Permission{access.ViewDetails}, conversations: true}
)

// lacks says whether a route is one of what the server does not have.
func (c *Config) lacks(r route) bool {
	jobs, reports := strings.Contains(r.pattern, "/jobs"), strings.Contains(r.pattern, "/report-queries")
	switch {
	case c.Jobs == nil && (jobs || reports), c.Strict && reports:
		return true
	}
	return c.Access == nil && r.pattern == "/oauth/token" || c.Tables == nil && strings.HasPrefix(r.pattern, icebergRoot)
}

// table is all routes, each with who calls it. Of two that match, the first is meant.
func (s *Server) table() []route {
	const details = "/api/v2/analytics/conversations/details"
	return append([]route{
		// Every client, before anything else, and again when its token has expired.
		{"POST", "/oauth/token", s.issueToken, nothing},
		// The extractor and other programs: submit, ask until it is done, read page by page, delete.
		{"POST", details + "/jobs", s.submitJob, view},
		// Schedulers, to see whether the day they want has arrived.
		{"GET", details + "/jobs/availability", s.availability, viewAll},
		{"GET", details + "/jobs/{jobId}", s.jobStatus, view},
		{"DELETE", details + "/jobs/{jobId}", s.deleteJob, view},
		{"GET", details + "/jobs/{jobId}/results", s.jobResults, view},
		// Integrations and dashboards, every few seconds or minutes; the extractor, for totalHits.
		// What a client needs for that, its body says.
		{"POST", details + "/query", s.queryDetails, token},
		// Integrations that were told ids by somebody else.
		{"GET", details, s.detailsByIDs, view},
		{"GET", "/api/v2/analytics/conversations/{conversationId}/details", s.detailsByID, view},
		// Extractors, to know whose conversations they get, and people who try whether a login works.
		{"GET", "/api/v2/organizations/me", s.organizationOfClient, token},
		{"GET", "/api/v2/users/me", s.userOfClient, token},
		// People who look after jobs, through "parley jobs list". The platform has no such list; the path says whose it is.
		{"GET", "/parley/v1/jobs", s.listJobs, view},
		{"GET", "/parley/v1/jobs/{jobId}", s.askedJob, view},
		// Whatever keeps the process running, and watches it.
		{"GET", "/healthz", s.healthy, nothing},
		{"GET", "/readyz", s.ready, nothing},
		{"GET", "/metrics", s.measured, nothing},
	}, slices.Concat(s.aggregateRoutes(), s.reportRoutes(), s.lists(), s.liveRoutes(), s.notificationRoutes(), s.icebergRoutes())...)
}

// Routes lists what a server can be asked for, as "METHOD /path/{name}". Of two that match, the first is meant.
func Routes() []string {
	table := new(Server).table()
	out := make([]string, len(table))
	for i, r := range table {
		out[i] = r.method + " " + r.pattern
	}
	return out
}

// find gives the route of a request and the values of its {names}; if there is none, the methods that the path knows.
// It works on the path as it was sent: a path that would need cleaning is an unknown one, because some clients do not
// follow a redirect and others repeat it as a GET.
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
