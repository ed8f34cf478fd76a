package api

import (
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/access"
)

func TestAsker(t *testing.T) {
	test(t, 1, nil, func(x *fixture) {
		long := "client_id=me&x=" + strings.Repeat("x", longestLogin)
		for name, c := range map[string]struct {
			path, authorization, body string
			want                      access.ClientID
		}{
			"a token":             {details, "Bearer " + x.token, "", "client-1"},
			"an unknown token":    {details, "Bearer x", "", ""},
			"none":                {details, "", "client_id=client-1", ""},
			"a login":             {"/oauth/token", "", "grant_type=client_credentials&client_id=client-1&client_secret=secret-1", "client-1"},
			"a wrong login":       {"/oauth/token", "", "client_id=client-9", "client-9"},
			"a login in a header": {"/oauth/token", "Basic Y2xpZW50LTI6c2VjcmV0LTI=", "grant_type=client_credentials", "client-2"},
			"no form":             {"/oauth/token", "", "%zz", ""},
			"a long login":        {"/oauth/token", "", long, "me"},
		} {
			r := httptest.NewRequestWithContext(x.t.Context(), "POST", c.path, strings.NewReader(c.body))
			r.Header.Set("Authorization", c.authorization)
			if got, body := x.server.Asker(r), readAll(x.t, r.Body); got != c.want || body != c.body {
				x.t.Errorf("%s: got %q; %d bytes of %d are left", name, got, len(body), len(c.body))
			}
		}
	})
}

// Whoever answers in place of the server sets the headers that it sets.
func TestPrepare(t *testing.T) {
	test(t, 1, func(c *Config) { c.Origins = []string{"*"} }, func(x *fixture) {
		r := x.request("GET", "/api/v2/users/me", "")
		r.Header.Set("Origin", "http://page")
		own, prepared := x.do(r), httptest.NewRecorder()
		x.server.Prepare(prepared, r)
		want := slices.Sorted(maps.Keys(own.Header()))
		want = slices.DeleteFunc(want, func(name string) bool { return name == "Content-Type" || name == "Content-Length" })
		if got := slices.Sorted(maps.Keys(prepared.Header())); !slices.Equal(got, want) {
			x.t.Errorf("got %v, want %v", got, want)
		}
		if prepared.Header().Get("Access-Control-Allow-Origin") != "*" || len(prepared.Header()["ININ-Correlation-Id"]) != 1 {
			x.t.Errorf("got %v", prepared.Header())
		}
	})
}
