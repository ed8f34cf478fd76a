package rule

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

// anyRoute is the name of all routes of the platform.
const anyRoute = "any"

// The routes that rules about jobs know.
const (
	submitRoute  = "POST " + wire.PathJobs
	statusRoute  = "GET " + wire.PathJobs + "/{}"
	resultsRoute = "GET " + wire.PathJobs + "/{}/results"
	deleteRoute  = "DELETE " + wire.PathJobs + "/{}"
	listRoute    = "GET " + wire.PathList
	askedRoute   = "GET " + wire.PathList + "/{}"
	tokenRoute   = "POST /oauth/token"
	queryRoute   = "POST " + wire.PathQuery
)

// named are the names of routes, each with the routes that it stands for, in the order in which they are listed. A
// server need not have all of them.
var named = []struct {
	name   string
	routes []string
}{
	{"token", []string{tokenRoute}},
	{"submit", []string{submitRoute}},
	{"status", []string{statusRoute}},
	{"results", []string{resultsRoute}},
	{"delete", []string{deleteRoute}},
	{"availability", []string{"GET " + wire.PathJobs + "/availability"}},
	{"jobs", []string{listRoute}},
	{"query", []string{queryRoute}},
	{"details", []string{"GET /api/v2/analytics/conversations/details", "GET /api/v2/analytics/conversations/{}/details"}},
	{"report-status", []string{"GET " + wire.PathReports + "/{}"}},
	{"report-results", []string{"GET " + wire.PathReports + "/{}/results"}},
	{"report-delete", []string{"DELETE " + wire.PathReports + "/{}"}},
	{"organization", []string{"GET /api/v2/organizations/me"}},
	{"me", []string{"GET /api/v2/users/me"}},
	{"conversations", []string{"GET /api/v2/conversations"}},
	{"conversation", []string{"GET /api/v2/conversations/{}"}},
	{"attributes", []string{"PATCH /api/v2/conversations/{}/participants/{}/attributes"}},
	{"search", []string{"POST /api/v2/conversations/participants/attributes/search"}},
	{"users", []string{"GET /api/v2/users", "GET /api/v2/users/{}"}},
	{"queues", []string{"GET /api/v2/routing/queues", "GET /api/v2/routing/queues/{}"}},
	{"wrapupcodes", []string{"GET /api/v2/routing/wrapupcodes", "GET /api/v2/routing/wrapupcodes/{}"}},
	{"skills", []string{"GET /api/v2/routing/skills", "GET /api/v2/routing/skills/{}"}},
	{"divisions", []string{"GET /api/v2/authorization/divisions", "GET /api/v2/authorization/divisions/{}"}},
	{"channels", []string{"GET /api/v2/notifications/channels", "POST /api/v2/notifications/channels"}},
	{"subscriptions", []string{
		"GET /api/v2/notifications/channels/{}/subscriptions", "POST /api/v2/notifications/channels/{}/subscriptions",
		"PUT /api/v2/notifications/channels/{}/subscriptions", "DELETE /api/v2/notifications/channels/{}/subscriptions",
	}},
}

// RouteNames are the names of routes that rules know, "any" among them.
func RouteNames() (names []string) {
	for _, n := range named {
		names = append(names, n.name)
	}
	return append(names, anyRoute)
}

// routes are those of a server, as "METHOD /path/{}". Of two that match, the first is meant.
type routes []string

// newRoutes takes routes as a server writes them: "GET /path/{id}".
func newRoutes(of []string) routes {
	out := make(routes, len(of))
	for i, r := range of {
		out[i] = shape(r)
	}
	return out
}

// shape is a route without the names of what varies in it.
func shape(route string) string {
	segments := strings.Split(route, "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = "{}"
		}
	}
	return strings.Join(segments, "/")
}

// find gives the route of a request, with what stands in the places that vary; "" if there is none.
func (rs routes) find(r *http.Request) (route string, values []string) {
	at := asked(r)
	for _, route := range rs {
		if values, ok := fits(route, at); ok {
			return route, values
		}
	}
	return "", nil
}

// asked writes what a request asks for as a route is written.
func asked(r *http.Request) string {
	if r.Method == http.MethodHead {
		return http.MethodGet + " " + r.URL.EscapedPath()
	}
	return r.Method + " " + r.URL.EscapedPath()
}

// fits says whether a request, or a route that is more special, is one of a route.
func fits(route, at string) (values []string, ok bool) {
	want, have := strings.Split(route, "/"), strings.Split(at, "/")
	if len(want) != len(have) {
		return nil, false
	}
	for i, w := range want {
		switch {
		case w == "{}" && have[i] != "":
			plain, err := url.PathUnescape(have[i])
			if err != nil {
				plain = have[i]
			}
			values = append(values, plain)
		case w != have[i]:
			return nil, false
		}
	}
	return values, true
}

// names are those that mean something here.
func (rs routes) names() (names []string) {
	for _, n := range named {
		if slices.ContainsFunc(n.routes, func(r string) bool { return slices.Contains(rs, r) }) {
			names = append(names, n.name)
		}
	}
	return append(names, anyRoute)
}

// target is which requests a rule is about.
type target struct {
	any    bool
	routes []string // of the server
	path   string   // "METHOD /path" with values in some places of a route; empty if every value will do
}

// target reads the route of a rule. It fails with fault.Invalid.
func (rs routes) target(text string) (target, error) {
	if text == anyRoute {
		return target{any: true}, nil
	}
	if strings.ContainsAny(text, "/ ") {
		return rs.path(text)
	}
	for _, n := range named {
		if n.name == text {
			have := slices.DeleteFunc(slices.Clone(n.routes), func(r string) bool { return !slices.Contains(rs, r) })
			if len(have) > 0 {
				return target{routes: have}, nil
			}
		}
	}
	names := rs.names()
	if s := query.Suggest(text, names); s != "" {
		return target{}, fault.Field("route", "route: there is no route %s. Did you mean %s?", fault.Clip(text), s)
	}
	return target{}, fault.Field("route", `route: there is no route %s; write one of %s, or "METHOD /path/{id}"`, fault.Clip(text), strings.Join(names, ", "))
}

// path reads a route that is written as method and path.
func (rs routes) path(text string) (target, error) {
	method, path, ok := strings.Cut(text, " ")
	if !ok || !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " ?#") || method == "" || method != strings.ToUpper(method) {
		return target{}, fault.Field("route", `route: %s is no route; write a method and a path without a query, as "GET %s/{jobId}"`, fault.Clip(text), wire.PathJobs)
	}
	at := shape(text)
	for _, route := range rs {
		if _, fits := fits(route, at); !fits {
			continue
		}
		if route == at {
			at = ""
		}
		return target{routes: []string{route}, path: at}, nil
	}
	if s := query.Suggest(at, rs); s != "" {
		return target{}, fault.Field("route", "route: this server has no route %s. Did you mean %s?", fault.Clip(text), s)
	}
	return target{}, fault.Field("route", "route: this server has no route %s, so that nothing could come of the rule", fault.Clip(text))
}

// takes says whether a request on a route is meant.
func (t target) takes(r *http.Request, route string) bool {
	switch {
	case t.any: // and no question of a browser beforehand, which no program sees
		return (strings.HasPrefix(r.URL.Path, "/api/") || r.URL.Path == "/oauth/token") && r.Method != http.MethodOptions
	case !slices.Contains(t.routes, route):
		return false
	case t.path == "":
		return true
	}
	_, fits := fits(t.path, asked(r))
	return fits
}

// covers says whether each request that another target takes is taken by this one too.
func (t target) covers(other target) bool {
	switch {
	case t.any:
		return true
	case other.any || t.path != "" && t.path != other.path:
		return false
	}
	return !slices.ContainsFunc(other.routes, func(r string) bool { return !slices.Contains(t.routes, r) })
}
