package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/directory"
	"github.com/parley-hq/parley/test/schemas"
)

// someDirectory has 130 users, u000 to u129, of whom the first is deleted and the second inactive, and a few of the rest.
func someDirectory() *directory.Directory {
	entity := func(id, name string) directory.Entity { return directory.Entity{ID: id, Name: name, Division: "d1"} }
	d := &directory.Directory{
		Divisions: []directory.Division{{Entity: directory.Entity{ID: "d1", Name: "Home"}, Description: "All", Home: true}, {Entity: directory.Entity{ID: "d2", Name: "Claims West"}}},
		Queues: []directory.Queue{
			{
				Entity: entity("q2", "Claims | New"), Members: 7, AfterCall: time.Minute, Bullseye: 1, Flow: directory.Entity{ID: "f1", Name: "Music"},
				Media: []directory.Medium{{Name: "call", Alert: 8 * time.Second, Within: 20 * time.Second, Share: 0.8}},
			},
			{Entity: directory.Entity{ID: "q1", Name: "Sales", Division: "d2"}}, {Entity: entity("q3", "Billing")},
		},
		Codes:     []directory.Code{{Entity: entity("c2", "Alpha")}, {Entity: entity("c1", "Beta")}},
		Skills:    []directory.Skill{{Entity: entity("s1", "English")}, {Entity: entity("s2", "Spanish")}},
		Languages: []directory.Language{{Entity: entity("l1", "English - Written")}},
	}
	for i := range 130 {
		u := directory.User{Entity: entity(fmt.Sprintf("u%03d", i), fmt.Sprintf("User %03d", i)), State: directory.Active, Email: "u@example.com"}
		d.Users = append(d.Users, u)
	}
	d.Users[0].State, d.Users[1].State = directory.Deleted, directory.Inactive
	d.Users[2].Skills, d.Users[2].Languages, d.Users[2].Team = []string{"s2", "unknown"}, []string{"l1"}, entity("t1", "A team")
	d.Users[2].Title, d.Users[2].Department, d.Users[2].Extension = "Agent", "A team", "1355501"
	return d
}

// testLists runs f with a server that has lists of its first organization, asked by a client with every permission.
func testLists(t *testing.T, f func(*fixture)) {
	t.Helper()
	of := map[string]directory.Source{"org-1": func(context.Context) (*directory.Directory, error) { return someDirectory(), nil }}
	test(t, 0, func(c *Config) { c.Directories = of }, func(x *fixture) {
		x.client(access.Client{ID: "all", Organization: "org-1", Permissions: access.All()}, "s")
		x.token = x.login("all", "s")
		f(x)
	})
}

// listing is what is read of a page.
type listing struct {
	Entities    []struct{ ID string }
	PageSize    int
	PageNumber  int
	Total       int
	PageCount   int
	FirstURI    string
	PreviousURI string
	NextURI     string
	LastURI     string
	SelfURI     string
}

func (l listing) ids() (out []string) {
	for _, e := range l.Entities {
		out = append(out, e.ID)
	}
	return out
}

func (x *fixture) list(target string) (l listing) {
	x.t.Helper()
	if err := json.Unmarshal([]byte(x.ask(http.StatusOK, "GET", target, "")), &l, json.MatchCaseInsensitiveNames(true)); err != nil {
		x.t.Fatal(err)
	}
	return l
}

const (
	users     = "/api/v2/users"
	queues    = "/api/v2/routing/queues"
	codes     = "/api/v2/routing/wrapupcodes"
	skills    = "/api/v2/routing/skills"
	languages = "/api/v2/routing/languages"
	divisions = "/api/v2/authorization/divisions"
)

func TestListsAreReadPageByPage(t *testing.T) {
	testLists(t, func(x *fixture) {
		for _, size := range []string{"", "&pageSize=7", "&pageSize=128", "&pageSize=500"} {
			var seen []string
			next := users + "?sortOrder=ascending" + size
			for next != "" {
				l := x.list(next)
				seen = append(seen, l.ids()...)
				if l.Total != 128 || l.NextURI != "" && len(l.Entities) != l.PageSize || (l.NextURI == "") != (l.PageNumber == l.PageCount) || (l.PreviousURI == "") != (l.PageNumber == 1) {
					t.Fatalf("%s: got %+v", next, l)
				}
				next = l.NextURI
			}
			if len(seen) != 128 || !slices.IsSorted(seen) || seen[0] != "u002" {
				t.Errorf("%s: got %v", size, seen)
			}
		}
		l := x.list(users + "?pageSize=60&pageNumber=2&state=any&id=&expand=team&unknown=1")
		at := func(n int) string {
			return fmt.Sprintf("%s?expand=team&id=&pageNumber=%d&pageSize=60&state=any", users, n)
		}
		if l.SelfURI != at(2) || l.FirstURI != at(1) || l.PreviousURI != at(1) || l.NextURI != at(3) || l.LastURI != at(3) || l.PageCount != 3 || l.Total != 130 {
			t.Errorf("got %+v", l)
		}
		if l := x.list(users + "?pageNumber=9"); len(l.Entities) != 0 || l.Total != 128 || l.PageCount != 6 || l.NextURI != "" || !strings.Contains(l.PreviousURI, "pageNumber=6&") {
			t.Errorf("behind the end: got %+v", l)
		}
		if got := x.ask(http.StatusOK, "GET", queues+"?id=none", ""); !strings.HasPrefix(got, `{"entities":[],"pageSize":25,"pageNumber":1,"total":0,`) || !strings.HasSuffix(got, `"pageCount":0}`) {
			t.Errorf("nothing: got %s", got)
		}
	})
}

func TestWhatListsAreAskedFor(t *testing.T) {
	testLists(t, func(x *fixture) {
		for target, want := range map[string][]string{
			users + "?state=deleted":                            {"u000"},
			users + "?state=inactive":                           {"u001"},
			users + "?state=INACTIVE":                           {"u001"},
			users + "?id=u000&id=u001,u003,,%20u004&state=any":  {"u000", "u001", "u003", "u004"},
			users + "?id=u000,u003":                             {"u003"},
			users + "?id=u009,u005&sortOrder=DESC":              {"u009", "u005"},
			users + "?id=u009,u005&sortOrder=descending":        {"u009", "u005"},
			users + "?id=u009,u005&sortOrder=ASC":               {"u005", "u009"},
			users + "?jabberId=somebody":                        nil,
			users + "?id=u005&expand=skills&expand=team,groups": {"u005"},
			queues:                                                 {"q3", "q2", "q1"},
			queues + "?pageSize=0&pageNumber=0":                    {"q3", "q2", "q1"},
			queues + "?sortOrder=desc":                             {"q1", "q2", "q3"},
			queues + "?name=claims*":                               {"q2"},
			queues + "?name=*L*&sortOrder=asc":                     {"q3", "q2", "q1"},
			queues + "?name=*ing":                                  {"q3"},
			queues + "?name=Sale":                                  nil,
			queues + "?divisionId=d2":                              {"q1"},
			queues + "?divisionId=d2&divisionId=d1&id=q1,q3":       {"q3", "q1"},
			queues + "?hasPeer=false&expand=identityresolution":    {"q3", "q2", "q1"},
			queues + "?hasPeer=true":                               nil,
			queues + "?peerId=p":                                   nil,
			queues + "?cannedResponseLibraryId=l":                  nil,
			queues + "/divisionviews/all?pageSize=2&sortOrder=asc": {"q3", "q2"},
			codes + "?sortBy=id":                                   {"c2", "c1"}, // not looked at without a name
			codes + "?sortBy=id&name=*":                            {"c1", "c2"},
			codes + "?sortOrder=descending":                        {"c1", "c2"},
			codes + "?name=alpha&divisionId=d1":                    {"c2"},
			skills + "?name=span":                                  {"s2"},
			skills + "?id=s1":                                      {"s1"},
			languages + "?name=English&sortOrder=descending":       {"l1"},
			divisions + "?name=west":                               {"d2"},
			divisions + "?sortBy=id":                               {"d1", "d2"},
			divisions + "?id=d1&expand=whatever":                   {"d1"},
		} {
			if got := x.list(target).ids(); !slices.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", target, got, want)
			}
		}
		for target, want := range map[string]int{
			users + "?pageSize=1000000000": 500, queues + "?pageSize=101": 100, queues + "/divisionviews/all?pageSize=501": 500,
			skills + "?pageSize=100": 100, codes: 25, users + "?pageSize=1": 1,
		} {
			if got := x.list(target).PageSize; got != want {
				t.Errorf("%s: pages of %d, want %d", target, got, want)
			}
		}
	})
}

func TestWhatListsRefuse(t *testing.T) {
	many := func(n int) string {
		ids := make([]string, n)
		for i := range ids {
			ids[i] = fmt.Sprintf("x%d", i)
		}
		return strings.Join(ids, ",")
	}
	testLists(t, func(x *fixture) {
		for target, want := range map[string]string{
			users + "?pageSize=-1":                        "pageSize invalid.query.param.value Value [-1] is not valid for parameter [pageSize]. Allowable values are: 1 to 2147483647",
			users + "?pageSize=1e9":                       "pageSize invalid.query.param.value Value [1e9] is not valid for parameter [pageSize]. Allowable values are: 1 to 2147483647",
			queues + "?pageNumber=99999999999999999999":   "pageNumber invalid.query.param.value Value [99999999999999999999] is not valid for parameter [pageNumber]. Allowable values are: 1 to 2147483647",
			skills + "?pageNumber=two":                    "pageNumber invalid.query.param.value Value [two] is not valid for parameter [pageNumber]. Allowable values are: 1 to 2147483647",
			users + "?state=gone":                         "state invalid.query.param.value Value [gone] is not valid for parameter [state]. Allowable values are: active, inactive, deleted, any",
			users + "/u002?state=any":                     "state invalid.query.param.value Value [any] is not valid for parameter [state]. Allowable values are: active, deleted",
			users + "?sortOrder=up":                       "sortOrder invalid.query.param.value Value [up] is not valid for parameter [sortOrder]. Allowable values are: ascending, descending",
			queues + "?sortOrder=descending":              "sortOrder invalid.query.param.value Value [descending] is not valid for parameter [sortOrder]. Allowable values are: asc, desc",
			queues + "?expand=members":                    "expand invalid.query.param.value Value [members] is not valid for parameter [expand]. Allowable values are: identityresolution",
			queues + "/q1?expand=members":                 "expand invalid.query.param.value Value [members] is not valid for parameter [expand]. Allowable values are: identityresolution",
			queues + "?hasPeer=yes":                       "hasPeer invalid.query.param.value Value [yes] is not valid for parameter [hasPeer]. Allowable values are: true, false",
			codes + "?name=*&sortBy=date":                 "sortBy invalid.query.param.value Value [date] is not valid for parameter [sortBy]. Allowable values are: name, id",
			divisions + "?objectCount=1":                  "objectCount invalid.query.param.value Value [1] is not valid for parameter [objectCount]. Allowable values are: true, false",
			users + "?id=" + many(101):                    "id max.user.ids Only 100 users can be requested at a time.",
			queues + "?id=" + many(501):                   "id bad.request Only 500 queues can be requested at a time.",
			queues + "?divisionId=" + many(501):           "divisionId bad.request at most 500 divisions can be asked for at a time",
			users + "?jabberId=j&id=u002":                 "jabberId bad.request jabberId cannot be used with id",
			users + "?id=%zz":                             " bad.request The query string is malformed; values must be URL-encoded",
			users + "?state=" + strings.Repeat("é", 1000): "state invalid.query.param.value Value [" + strings.Repeat("é", 64) + "…] is not valid for parameter [state]. Allowable values are: active, inactive, deleted, any",
		} {
			if got := x.problem(http.StatusBadRequest, target); got != want {
				t.Errorf("%s: got %s\nwant %s", target, got, want)
			}
		}
		if got := x.problem(http.StatusBadRequest, users+"/u002?expand=skills,shoes"); !strings.HasPrefix(got, "expand invalid.query.param.value Value [shoes] is not valid for parameter [expand]. Allowable values are: routingStatus, ") {
			t.Errorf("got %s", got)
		}
		x.list(users + "?id=" + many(100) + ",x0") // one comes twice
		x.list(queues + "?id=" + many(500))
		for target, want := range map[string]string{
			users + "/nobody":              "userId general.resource.not.found Unable to find a user with that userId",
			users + "/u000":                "userId general.resource.not.found Unable to find a user with that userId",
			users + "/u002?state=deleted":  "userId general.resource.not.found Unable to find a user with that userId",
			queues + "/none":               "queueId not.found The requested resource was not found.",
			codes + "/none":                "codeId not.found The requested resource was not found.",
			"/api/v2/routing/skills/s1":    " route.not.found " + noSuchRoute,
			queues + "/divisionviews/some": " route.not.found " + noSuchRoute,
		} {
			if got := x.problem(http.StatusNotFound, target); got != want {
				t.Errorf("%s: got %s\nwant %s", target, got, want)
			}
		}
		if w := x.do(x.request("POST", users, "{}")); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("POST: got %d", w.Code)
		}
	})
}

// problem is the field, the code and the message of an error.
func (x *fixture) problem(status int, target string) string {
	x.t.Helper()
	var p struct {
		Message string
		Code    string
		Details []struct{ FieldName string }
	}
	if err := json.Unmarshal([]byte(x.ask(status, "GET", target, "")), &p, json.MatchCaseInsensitiveNames(true)); err != nil {
		x.t.Fatal(err)
	}
	field := ""
	if len(p.Details) > 0 {
		field = p.Details[0].FieldName
	}
	return field + " " + p.Code + " " + p.Message
}

func TestWhatIsSaidOfEach(t *testing.T) {
	const division = `"division":{"id":"d1","name":"Home","selfUri":"/api/v2/authorization/divisions/d1"}`
	const user = `{"id":"u002","name":"User 002",` + division + `,"department":"A team","email":"u@example.com",` +
		`"primaryContactInfo":[{"address":"u@example.com","mediaType":"EMAIL","type":"PRIMARY"}],` +
		`"addresses":[{"display":"1355501","mediaType":"PHONE","type":"WORK","extension":"1355501"}],` +
		`"state":"active","title":"Agent","username":"u@example.com","version":1,`
	testLists(t, func(x *fixture) {
		for target, want := range map[string]string{
			users + "/u002": user + `"acdAutoAnswer":false,"selfUri":"/api/v2/users/u002"}`,
			users + "/u002?expand=languages,geolocation&expand=team&expand=skills": user + `"team":{"id":"t1","name":"A team","selfUri":"/api/v2/teams/t1"},` +
				`"skills":[{"id":"s2","name":"Spanish","proficiency":5,"state":"active","skillUri":"/api/v2/routing/skills/s2"}],` +
				`"languages":[{"id":"l1","name":"English - Written","proficiency":5,"state":"active","languageUri":"/api/v2/routing/languages/l1"}],` +
				`"acdAutoAnswer":false,"selfUri":"/api/v2/users/u002"}`,
			queues + "/q2": `{"id":"q2","name":"Claims | New",` + division + `,"memberCount":7,"userMemberCount":7,"joinedMemberCount":7,` +
				`"mediaSettings":{"call":{"enableAutoAnswer":false,"alertingTimeoutSeconds":8,"serviceLevel":{"percentage":0.8,"durationMs":20000}}},` +
				`"bullseye":{"rings":[{}]},"scoringMethod":"TimestampAndPriority","acwSettings":{"wrapupPrompt":"MANDATORY_TIMEOUT","timeoutMs":60000},` +
				`"skillEvaluationMethod":"BEST","queueFlow":{"id":"f1","name":"Music","selfUri":"/api/v2/flows/f1"},"autoAnswerOnly":false,"selfUri":"/api/v2/routing/queues/q2"}`,
			codes + "/c1": `{"id":"c1","name":"Beta",` + division + `,"selfUri":"/api/v2/routing/wrapupcodes/c1"}`,
		} {
			if got := x.ask(http.StatusOK, "GET", target, ""); got != want {
				t.Errorf("%s: got %s\nwant %s", target, got, want)
			}
		}
		for target, want := range map[string]string{
			divisions + "?objectCount=true&id=d1": `[{"id":"d1","name":"Home","description":"All","homeDivision":true,"objectCounts":{"QUEUE":2,"USER":129},"selfUri":"/api/v2/authorization/divisions/d1"}]`,
			divisions + "?id=d2":                  `[{"id":"d2","name":"Claims West","description":"","homeDivision":false,"selfUri":"/api/v2/authorization/divisions/d2"}]`,
			skills + "?id=s1":                     `[{"id":"s1","name":"English","state":"active","selfUri":"/api/v2/routing/skills/s1"}]`,
			languages:                             `[{"id":"l1","name":"English - Written","state":"active","selfUri":"/api/v2/routing/languages/l1"}]`,
		} {
			if got := x.ask(http.StatusOK, "GET", target, ""); !strings.HasPrefix(got, `{"entities":`+want+`,"pageSize":25,`) {
				t.Errorf("%s: got %s\nwant %s", target, got, want)
			}
		}
		x.ask(http.StatusOK, "GET", users+"/u000?state=deleted", "")
		x.ask(http.StatusOK, "GET", users+"/u001", "")
	})
}

func TestPermissionsOfLists(t *testing.T) {
	testLists(t, func(x *fixture) {
		for path, permission := range map[string]access.Permission{
			users: "", users + "/u002": "", languages: "", divisions: "",
			queues: "routing:queue:view", queues + "/q1": "routing:queue:view", queues + "/divisionviews/all": "routing:queue:search",
			codes: "routing:wrapupCode:view", codes + "/c1": "routing:wrapupCode:view", skills: "routing:skill:view",
		} {
			// Nothing of conversations is shown, so nobody needs their permission, and nobody is confined.
			id := access.ClientID(url.QueryEscape(path))
			x.client(access.Client{ID: id, Organization: "org-1", Permissions: []access.Permission{"some:other:view"}}, "s")
			x.token = x.login(string(id), "s")
			if permission == "" {
				x.ask(http.StatusOK, "GET", path, "")
				continue
			}
			want := " missing.permissions Unable to perform the requested action. You are missing the following permission(s): [" + string(permission) + "]"
			if got := x.problem(http.StatusForbidden, path); got != want {
				t.Errorf("%s: got %s\nwant %s", path, got, want)
			}
			x.client(access.Client{ID: id, Organization: "org-1", Permissions: []access.Permission{permission}}, "s")
			x.token = x.login(string(id), "s")
			x.ask(http.StatusOK, "GET", path, "")
			x.ask(http.StatusForbidden, "POST", details+"/query", wholeDay)
		}
		x.token = ""
		x.ask(http.StatusUnauthorized, "GET", users, "")
	})
}

// Where there are no lists everybody is told so, in a way that does not read as if one user or queue did not exist.
func TestAnArchiveHasNoLists(t *testing.T) {
	paths := []string{
		users, users + "/u002", queues, queues + "/q1", queues + "/divisionviews/all", codes, codes + "/c1", skills, languages, divisions,
	}
	test(t, 0, nil, func(x *fixture) {
		for _, path := range paths {
			if got, want := x.problem(http.StatusNotFound, path), " route.not.found "+noLists; got != want {
				t.Errorf("%s: got %s", path, got)
			}
		}
		x.ask(http.StatusBadRequest, "GET", users+"/me", "")
		x.client(access.Client{ID: "elsewhere", Organization: "org-3"}, "s")
		x.token = x.login("elsewhere", "s")
		x.ask(http.StatusForbidden, "GET", users, "")
	})
	testLists(t, func(x *fixture) {
		x.token = x.login("client-2", "secret-2") // whose organization has none
		if got, want := x.problem(http.StatusNotFound, users), " route.not.found "+noLists; got != want {
			t.Errorf("got %s", got)
		}
	})
}

// Lists that cannot be read are those of before, and the log says why.
func TestListsThatCannotBeRead(t *testing.T) {
	of := map[string]directory.Source{"org-1": func(context.Context) (*directory.Directory, error) {
		return someDirectory(), errors.New("the names are damaged")
	}}
	test(t, 0, func(c *Config) { c.Directories = of }, func(x *fixture) {
		x.client(access.Client{ID: "all", Organization: "org-1", Permissions: access.All()}, "s")
		x.token = x.login("all", "s")
		x.ask(http.StatusOK, "GET", queues+"/q1", "")
		if !strings.Contains(x.log.String(), "the names are damaged") {
			t.Errorf("the log says %s", x.log)
		}
	})
}

// Lists that come while the server runs are answered from then on.
func TestListsThatComeLater(t *testing.T) {
	var d *directory.Directory
	of := map[string]directory.Source{"org-1": func(context.Context) (*directory.Directory, error) { return d, nil }}
	test(t, 0, func(c *Config) { c.Directories = of }, func(x *fixture) {
		x.client(access.Client{ID: "all", Organization: "org-1", Permissions: access.All()}, "s")
		x.token = x.login("all", "s")
		if got, want := x.problem(http.StatusNotFound, queues+"/q1"), " route.not.found "+noLists; got != want {
			t.Errorf("got %s", got)
		}
		d = someDirectory()
		x.ask(http.StatusOK, "GET", queues+"/q1", "")
	})
}

// Members are those of the platform's schemas, in lists and alone.
func TestListsAgreeWithTheSchemas(t *testing.T) {
	known := schemas.Members(t, "testdata/members.txt")
	testLists(t, func(x *fixture) {
		for path, schema := range map[string]string{
			users + "?expand=team,skills,languages&id=u002": "User", queues + "?id=q2": "Queue", queues + "/divisionviews/all": "Queue", codes: "WrapupCode",
			skills: "RoutingSkill", languages: "Language", divisions + "?objectCount=true": "AuthzDivision",
		} {
			var page struct {
				Entities []map[string]jsontext.Value `json:"entities"`
				Rest     map[string]jsontext.Value   `json:",inline"`
			}
			if err := json.Unmarshal([]byte(x.ask(http.StatusOK, "GET", path, "")), &page); err != nil {
				t.Fatal(err)
			}
			for name := range page.Rest {
				if !slices.Contains(known["UserEntityListing"], name) {
					t.Errorf("%s: %s is no member of a listing", path, name)
				}
			}
			for _, e := range page.Entities {
				for name, value := range e {
					if !slices.Contains(known[schema], name) || value.Kind() == 'n' {
						t.Errorf("%s: %s is no member of %s, or null", path, name, schema)
					}
				}
			}
		}
	})
}
