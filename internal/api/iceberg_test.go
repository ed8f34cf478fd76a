package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/fault"
)

// fakeTables have two tables, at the newest commit and at the tag then.
type fakeTables struct {
	err     error // comes in place of metadata
	opened  int
	closed  int
	version string
}

func (f *fakeTables) At(_ context.Context, name string) (TablesAt, error) {
	if name != "" && name != "then" {
		return nil, fault.New(fault.NotFound, "not by the words of the lake")
	}
	f.opened++
	return fakeTablesAt{f, name}, nil
}

type fakeTablesAt struct {
	*fakeTables

	at string
}

func (f fakeTablesAt) Names() []string { return []string{"a", "b", "c"} }

func (f fakeTablesAt) Version(_ context.Context, table string) (string, error) {
	return f.at + table + f.version, nil
}

func (f fakeTablesAt) Table(_ context.Context, table string, named bool) (string, []byte, error) {
	return "file:///ä b/" + table, fmt.Appendf(nil, `{"at":%q,"named":%v,"id":9007199254740993}`, f.at, named), f.err
}

func (f fakeTablesAt) Close() error {
	f.closed++
	return nil
}

// engines runs f with a server that has tables, of the first of its two organizations.
func engines(t *testing.T, f func(*fixture, *fakeTables)) {
	t.Helper()
	tables := &fakeTables{}
	test(t, 0, func(c *Config) { c.Tables = map[string]Tables{"org-1": tables} }, func(x *fixture) {
		f(x, tables)
		if tables.opened != tables.closed {
			t.Errorf("%d were opened, and %d closed", tables.opened, tables.closed)
		}
	})
}

// complaint gives status and type of an error in the model of the specification.
func complaint(t *testing.T, status int, text string) string {
	t.Helper()
	var body icebergError
	if err := json.Unmarshal([]byte(text), &body, json.RejectUnknownMembers(true)); err != nil || body.Error.Code != status || body.Error.Message == "" {
		t.Errorf("no error of the specification: %v: %s", err, text)
	}
	return fmt.Sprint(status, " ", body.Error.Type)
}

func TestEnginesAreToldWhatTheyCanAskFor(t *testing.T) {
	engines(t, func(x *fixture, _ *fakeTables) {
		var config struct {
			Defaults  map[string]string `json:"defaults"`
			Overrides map[string]string `json:"overrides"`
			Endpoints []string          `json:"endpoints"`
		}
		for warehouse, prefix := range map[string]string{"": "org-1", "org-1": "org-1", "org-1@then": "org-1@then"} {
			text := x.ask(http.StatusOK, "GET", "/iceberg/v1/config?warehouse="+warehouse, "")
			if err := json.Unmarshal([]byte(text), &config); err != nil || config.Overrides["prefix"] != prefix || config.Defaults == nil {
				t.Errorf("%s: %s, %v", warehouse, text, err)
			}
		}
		if len(config.Endpoints) != 6 {
			t.Errorf("got %q", config.Endpoints)
		}
		fill := strings.NewReplacer("/v1/", "/iceberg/v1/", "{prefix}", "org-1", "{namespace}", "parley", "{table}", "a")
		for _, e := range config.Endpoints {
			method, path, _ := strings.Cut(fill.Replace(e), " ")
			want := http.StatusOK
			if method == http.MethodHead {
				want = http.StatusNoContent
			}
			if got := x.ask(want, method, path, ""); (method == http.MethodHead) != (got == "") {
				t.Errorf("%s: %s", e, got)
			}
			if method != http.MethodGet && method != http.MethodHead {
				t.Errorf("writing is offered: %s", e)
			}
		}
	})
}

func TestEnginesFindTables(t *testing.T) {
	engines(t, func(x *fixture, _ *fakeTables) {
		for path, want := range map[string]string{
			"org-1/namespaces":                                      `{"next-page-token":null,"namespaces":[["parley"]]}`,
			"org-1/namespaces?parent=parley":                        `{"next-page-token":null,"namespaces":[]}`,
			"org-1/namespaces?parent=":                              `{"next-page-token":null,"namespaces":[["parley"]]}`,
			"org-1/namespaces?pageToken=&pageSize=1":                `{"next-page-token":null,"namespaces":[["parley"]]}`,
			"org-1/namespaces/parley":                               `{"namespace":["parley"],"properties":{}}`,
			"org-1/namespaces/parley/tables?pageToken=&pageSize=2":  `{"next-page-token":"b","identifiers":[{"namespace":["parley"],"name":"a"},{"namespace":["parley"],"name":"b"}]}`,
			"org-1/namespaces/parley/tables?pageToken=b&pageSize=2": `{"next-page-token":null,"identifiers":[{"namespace":["parley"],"name":"c"}]}`,
			"org-1/namespaces/parley/tables?pageToken=z":            `{"next-page-token":null,"identifiers":[]}`,
			"org-1/namespaces/parley/tables/b":                      `{"metadata-location":"file:///ä b/b","metadata":{"at":"","named":false,"id":9007199254740993},"config":{}}`,
			"org-1/namespaces/parley/tables/b?snapshots=all":        `{"metadata-location":"file:///ä b/b","metadata":{"at":"","named":false,"id":9007199254740993},"config":{}}`,
			"org-1@then/namespaces/parley/tables/b?snapshots=refs":  `{"metadata-location":"file:///ä b/b","metadata":{"at":"then","named":true,"id":9007199254740993},"config":{}}`,
			"org-1%40then/namespaces/parley/tables/%61":             `{"metadata-location":"file:///ä b/a","metadata":{"at":"then","named":false,"id":9007199254740993},"config":{}}`,
		} {
			if got := x.ask(http.StatusOK, "GET", "/iceberg/v1/"+path, ""); got != want {
				t.Errorf("%s:\ngot  %s\nwant %s", path, got, want)
			}
		}
		// Without a token of a page, all comes at once, whatever the size.
		if got := x.ask(http.StatusOK, "GET", "/iceberg/v1/org-1/namespaces/parley/tables?pageSize=1", ""); strings.Count(got, `"name"`) != 3 || !strings.Contains(got, `"next-page-token":null`) {
			t.Errorf("without a token: %s", got)
		}
	})
}

func TestEnginesAreRefusedByTheSpecification(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	engines(t, func(x *fixture, tables *fakeTables) {
		for _, c := range []struct{ method, path, want string }{
			{"GET", "config?warehouse=org-2", "404 NotFoundException"},
			{"GET", "config?warehouse=org-1@", "404 NotFoundException"},
			{"GET", "config?warehouse=org-1@" + long, "404 NotFoundException"},
			{"GET", "config?warehouse=%zz", "400 BadRequestException"},
			{"GET", "org-2/namespaces", "404 NotFoundException"},
			{"GET", "org-1@now/namespaces", "404 NotFoundException"},
			{"GET", "namespaces", "404 NotFoundException"},
			{"GET", "org-1/namespaces?parent=other", "404 NoSuchNamespaceException"},
			{"GET", "org-1/namespaces?parent=parley%1Fmore", "404 NoSuchNamespaceException"},
			{"GET", "org-1/namespaces?pageSize=0", "400 BadRequestException"},
			{"GET", "org-1/namespaces?pageSize=1e9", "400 BadRequestException"},
			{"GET", "org-1/namespaces/other", "404 NoSuchNamespaceException"},
			{"GET", "org-1/namespaces/" + long, "404 NoSuchNamespaceException"},
			{"GET", "org-1/namespaces/parley" + strings.Repeat("%1Fa", 10_000), "404 NoSuchNamespaceException"},
			{"GET", "org-1/namespaces/other/tables", "404 NoSuchNamespaceException"},
			{"GET", "org-1/namespaces/parley/tables/none", "404 NoSuchTableException"},
			{"GET", "org-1/namespaces/parley/tables/" + long, "404 NoSuchTableException"},
			{"GET", "org-1/namespaces/parley/tables/..%2Fa", "404 NoSuchTableException"},
			{"GET", "org-1/namespaces/parley/tables/%00", "404 NoSuchTableException"},
			{"GET", "org-1/namespaces/parley/tables/../a", "404 NotFoundException"},
			{"GET", "org-1/namespaces/parley/tables/a?snapshots=none", "400 BadRequestException"},
			{"GET", "org-1/namespaces/parley/tables/a/credentials", "404 NotFoundException"},
			{"GET", "org-1/namespaces/parley/views", "404 NotFoundException"},
			{"POST", "oauth/tokens", "404 NotFoundException"},
			{"POST", "org-1/namespaces", "405 UnsupportedOperationException"},
			{"DELETE", "org-1/namespaces/parley", "405 UnsupportedOperationException"},
			{"POST", "org-1/namespaces/parley/tables", "405 UnsupportedOperationException"},
			{"POST", "org-1/namespaces/parley/tables/a", "405 UnsupportedOperationException"},
			{"DELETE", "org-1/namespaces/parley/tables/a?purgeRequested=true", "405 UnsupportedOperationException"},
			{"POST", "org-1/namespaces/parley/tables/a/metrics", "405 UnsupportedOperationException"},
			{"POST", "org-1/namespaces/parley/register", "405 UnsupportedOperationException"},
			{"POST", "org-1/transactions/commit", "405 UnsupportedOperationException"},
			{"PUT", "anything", "405 UnsupportedOperationException"},
		} {
			w := x.do(x.request(c.method, "/iceberg/v1/"+c.path, ""))
			if got := complaint(t, w.Code, w.Body.String()); got != c.want || w.Body.Len() > 400 {
				t.Errorf("%s %.60s: got %s in %d bytes, want %s", c.method, c.path, got, w.Body.Len(), c.want)
			}
			if (w.Header().Get("Allow") == "GET, HEAD") != (w.Code == http.StatusMethodNotAllowed) {
				t.Errorf("%s %.60s: Allow is %q", c.method, c.path, w.Header().Get("Allow"))
			}
		}
		tables.err = fault.New(fault.Unavailable, "the lake was moved")
		w := x.do(x.request("GET", "/iceberg/v1/org-1/namespaces/parley/tables/a", ""))
		if got := complaint(t, w.Code, w.Body.String()); got != "503 ServiceUnavailableException" || w.Header().Get("ETag") != "" {
			t.Errorf("got %s", got)
		}
	})
}

func TestOnlyWhoMaySeeAllIsShownTables(t *testing.T) {
	engines(t, func(x *fixture, tables *fakeTables) {
		x.client(access.Client{ID: "none", Organization: "org-1", Permissions: []access.Permission{"routing:queue:view"}}, "s")
		x.client(access.Client{ID: "own", Organization: "org-1", Permissions: []access.Permission{access.ViewOwnDetails}, UserID: "u-1"}, "s")
		tokens := map[string]string{"": "401 NotAuthorizedException", "forged": "401 NotAuthorizedException"}
		tokens[x.login("none", "s")] = "403 ForbiddenException"
		tokens[x.login("own", "s")] = "403 ForbiddenException"
		tokens[x.login("client-2", "secret-2")] = "404 NotFoundException" // there is no lake of its organization
		for token, want := range tokens {
			x.token = token
			for _, path := range []string{"config", "org-1/namespaces", "org-1/namespaces/parley", "org-1/namespaces/parley/tables", "org-1/namespaces/parley/tables/a"} {
				w := x.do(x.request("GET", "/iceberg/v1/"+path, ""))
				if got := complaint(t, w.Code, w.Body.String()); got != want {
					t.Errorf("%s: got %s, want %s", path, got, want)
				}
			}
		}
		if tables.opened != 0 {
			t.Errorf("the tables were opened %d times", tables.opened)
		}
	})
}

func TestATableThatIsTheSameIsNotSentAgain(t *testing.T) {
	engines(t, func(x *fixture, tables *fakeTables) {
		load := func(path, tag string) (int, string) {
			r := x.request("GET", "/iceberg/v1/"+path, "")
			if tag != "" {
				r.Header.Set("If-None-Match", tag)
			}
			w := x.do(r)
			if (w.Code == http.StatusNotModified) != (w.Body.Len() == 0) || w.Code == http.StatusNotModified && w.Header().Get("Content-Length") != "" {
				t.Errorf("%s: %d with %q", path, w.Code, w.Body)
			}
			return w.Code, w.Header().Get("ETag")
		}
		_, tag := load("org-1/namespaces/parley/tables/a", "")
		if code, again := load("org-1/namespaces/parley/tables/a", tag); code != http.StatusNotModified || again != tag || tag == "" {
			t.Errorf("the same: %d, %s after %s", code, again, tag)
		}
		for given, want := range map[string]int{"W/" + tag: http.StatusNotModified, `"x", ` + tag: http.StatusNotModified, `"x"`: http.StatusOK, "*": http.StatusOK} {
			if code, _ := load("org-1/namespaces/parley/tables/a", given); code != want {
				t.Errorf("If-None-Match: %s: %d, want %d", given, code, want)
			}
		}
		seen := []string{tag}
		for _, path := range []string{"org-1/namespaces/parley/tables/b", "org-1@then/namespaces/parley/tables/a", "org-1/namespaces/parley/tables/a?snapshots=refs"} {
			code, other := load(path, tag)
			if seen = append(seen, other); code != http.StatusOK {
				t.Errorf("%s: %d", path, code)
			}
		}
		tables.version = "2"
		code, changed := load("org-1/namespaces/parley/tables/a", tag)
		seen = append(seen, changed)
		slices.Sort(seen)
		if code != http.StatusOK || len(slices.Compact(seen)) != 5 {
			t.Errorf("changed: %d; %q", code, seen)
		}
	})
}

func TestAServerWithoutALakeHasNothingForEngines(t *testing.T) {
	test(t, 0, nil, func(x *fixture) {
		for _, method := range []string{"GET", "POST"} {
			if got := x.ask(http.StatusNotFound, method, "/iceberg/v1/config", ""); !strings.Contains(got, "route.not.found") {
				t.Errorf("%s: %s", method, got)
			}
		}
	})
}
