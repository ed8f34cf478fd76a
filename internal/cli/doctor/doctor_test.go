package doctor

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
	"github.com/parley-hq/parley/test/unraced"
)

// look runs the command against a platform, and gives its findings by name, its exit code and all that it printed.
func look(t *testing.T, f *platformtest.Fake, secret, dir string) (found map[string]Finding, code int, printed string) {
	t.Helper()
	server := httptest.NewServer(f)
	defer server.Close()
	var out, errs bytes.Buffer
	env := map[string]string{"GENESYS_CLIENT_ID": platformtest.ClientID, "GENESYS_CLIENT_SECRET": secret}
	o := &Options{Streams: &ui.Streams{Out: &out, Err: &errs}, Version: "test", Getenv: func(name string) string { return env[name] }, BaseURL: server.URL, Lake: dir, JSON: true}
	code = fault.ExitCode(Run(t.Context(), o))
	var body struct {
		Findings []Finding `json:"findings"`
	}
	if err := json.Unmarshal(out.Bytes(), &body); err != nil {
		t.Fatalf("%v: %s", err, &out)
	}
	found = map[string]Finding{}
	for _, x := range body.Findings {
		if before, twice := found[x.What]; twice && before.Level != OK {
			continue
		}
		found[x.What] = x
	}
	return found, code, out.String() + errs.String()
}

// healthy is a platform at which nothing is wrong.
func healthy(change func(*platformtest.Config)) platformtest.Config {
	now := time.Now().UTC()
	cfg := platformtest.Config{
		Records: [][]byte{platformtest.Record("c1", now.AddDate(0, 0, -2), time.Minute, "")}, Available: now.Add(-30 * time.Hour),
		Organization: platform.Organization{ID: "0b5a7fd0-0000-4000-8000-000000000009", Name: "Acme"},
	}
	if change != nil {
		change(&cfg)
	}
	return cfg
}

func rule(route platformtest.Route, do platformtest.Misdeed) func(*platformtest.Config) {
	return func(c *platformtest.Config) {
		c.Rules = []platformtest.Rule{{Route: route, First: 1, Last: platformtest.Always, Do: do}}
	}
}

// says answers as usual, with headers set.
func says(headers map[string]string) platformtest.Misdeed {
	return func(w http.ResponseWriter, r *http.Request, usual http.HandlerFunc) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		usual(w, r)
	}
}

func date(ahead time.Duration) map[string]string {
	return map[string]string{"Date": time.Now().Add(ahead).UTC().Format(http.TimeFormat)}
}

func TestEachThingThatCanBeWrong(t *testing.T) {
	unraced.Test(t)
	for _, c := range []struct {
		name   string
		change func(*platformtest.Config)
		secret string
		what   string
		level  Level
		code   int
		remedy string // a part of it
	}{
		{"nothing", nil, "", "data", OK, 0, ""},
		{"the secret", nil, "wrong-s3cret", "login", Problem, 4, "Client Credentials"},
		{"the login host", rule(platformtest.Token, platformtest.Refuse(503, "service.unavailable", "")), "", "login", Problem, 6, "proxy"},
		{"no permission", rule(platformtest.Availability, platformtest.Refuse(403, "missing.permission", "")), "", "permission", Problem, 4, permission},
		{"no permission for queries", rule(platformtest.Query, platformtest.Refuse(403, "missing.permission", "")), "", "permission", Problem, 4, permission},
		{"sees nothing", func(c *platformtest.Config) { c.Records = nil }, "", "permission", Warning, 0, "divisions"},
		{"no such platform", rule(platformtest.Availability, platformtest.Answer(404, "text/html", "?")), "", "permission", Problem, 5, "api.DOMAIN"},
		{"down", rule(platformtest.Availability, platformtest.HangUp), "", "permission", Problem, 6, "status page"},
		{"whose it is", func(c *platformtest.Config) { c.Organization = platform.Organization{} }, "", "organization", Warning, 0, "directory:organization:view"},
		{"a clock that is behind", rule(platformtest.Availability, says(date(time.Minute))), "", "clock", Warning, 0, "NTP"},
		{"a clock that is ahead", rule(platformtest.Availability, says(date(-time.Minute))), "", "clock", Warning, 0, "NTP"},
		{"a clock that is wrong", rule(platformtest.Availability, says(date(time.Hour))), "", "clock", Problem, 2, "NTP"},
		{"a limit that is used up", rule(platformtest.Availability, says(map[string]string{"inin-ratelimit-allowed": "300", "inin-ratelimit-count": "250"})), "", "limit", Warning, 0, "one of its own"},
		{"a limit that is not", rule(platformtest.Availability, says(map[string]string{"inin-ratelimit-allowed": "300", "inin-ratelimit-count": "240"})), "", "limit", OK, 0, ""},
		{"a batch that is late", func(c *platformtest.Config) { c.Available = time.Now().AddDate(0, 0, -4) }, "", "data", Warning, 0, "batch"},
		{"a date that has not come", func(c *platformtest.Config) { c.Available = time.Now().Add(time.Hour) }, "", "data", Warning, 0, "clock"},
	} {
		secret := platformtest.ClientSecret
		if c.secret != "" {
			secret = c.secret
		}
		found, code, printed := look(t, platformtest.New(t, healthy(c.change)), secret, "")
		got := found[c.what]
		if got.Level != c.level || code != c.code || !strings.Contains(got.Remedy, c.remedy) || (got.Level == OK) != (got.Remedy == "") {
			t.Errorf("%s: %+v, exit code %d; want %s, %d, %q", c.name, got, code, c.level, c.code, c.remedy)
		}
		if strings.Contains(printed, secret) || strings.Contains(printed, "token-1") {
			t.Errorf("%s: a secret is printed: %s", c.name, printed)
		}
		for what, f := range found {
			if what != c.what && f.Level != OK {
				t.Errorf("%s: also %+v", c.name, f)
			}
		}
	}
}

func TestALakeIsLookedAt(t *testing.T) {
	unraced.Test(t)
	dir := filepath.Join(t.TempDir(), "lake")
	look := func(want map[string]Level, code int) map[string]Finding {
		t.Helper()
		found, got, printed := look(t, platformtest.New(t, healthy(nil)), platformtest.ClientSecret, dir)
		for what, level := range want {
			if found[what].Level != level {
				t.Errorf("%s: %+v, want %s; %s", what, found[what], level, printed)
			}
		}
		if got != code {
			t.Errorf("exit code %d, want %d: %s", got, code, printed)
		}
		return found
	}
	if found := look(map[string]Level{"lake": OK}, 0); !strings.Contains(found["disk"].Says, "free") {
		t.Errorf("the disk, which may be full: %+v", found["disk"])
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Fatalf("looking made the lake: %v", err)
	}
	l, err := lake.Create(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	look(map[string]Level{"lake": OK, "writer": OK, "source": OK}, 0)
	// Of which conversations, or rows, the lake is: its source is the same.
	some := extract.Identity{ID: healthy(nil).Organization.ID, Filter: "sha256:1", Report: "sha256:2"}
	if err := extract.Claim(t.Context(), l.Control(), some); err != nil {
		t.Fatal(err)
	}
	look(map[string]Level{"source": OK}, 0)
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	look(map[string]Level{"lake": OK, "writer": Warning}, 0)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "lake.json"), []byte(`{"format":99,"warehouse":"x"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if found := look(map[string]Level{"lake": Problem}, 7); !strings.Contains(found["lake"].Says, "newer parley") {
		t.Errorf("got %+v", found["lake"])
	}
	dir = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	look(map[string]Level{"lake": Problem}, 2)
}

// What is to be done about a lake that does not open is about what keeps it from opening.
func TestWhatOpensALake(t *testing.T) {
	for kind, says := range map[error]string{
		fault.Corrupt: "lake check", fault.Unauthorized: "PGPASSWORD", fault.NotFound: "--state", fault.Unavailable: "reachable", fault.Conflict: "lake check",
	} {
		if got := unopened(fault.New(kind, "x")); !strings.Contains(got, says) {
			t.Errorf("%v: got %q", kind, got)
		}
	}
}

func TestRoomOnTheDisk(t *testing.T) {
	for _, c := range []struct {
		free  int64
		full  bool
		level Level
		code  int
	}{{little, false, OK, 0}, {little - 1, false, Warning, 0}, {tooFull, false, Warning, 0}, {tooFull - 1, false, Problem, 9}, {100 * little, true, Problem, 9}} {
		var found findings
		room(&found, c.free, c.full)
		if got := found[0]; got.Level != c.level || fault.ExitCode(outcome(found)) != c.code {
			t.Errorf("%d bytes: %+v, exit code %d", c.free, got, fault.ExitCode(outcome(found)))
		}
	}
}

func TestTheExitCodeIsThatOfTheFirstProblem(t *testing.T) {
	var found findings
	found.ok("a", "fine")
	found.warn("b", "not so", "do this")
	found.problem("c", fault.New(fault.Unavailable, "gone"), "do that")
	found.problem("d", fault.New(fault.Full, "full"), "do more")
	if err := outcome(found); fault.ExitCode(err) != 6 || !strings.Contains(err.Error(), "2 problems") {
		t.Errorf("got %v", err)
	}
	if err := outcome(found[:2]); err != nil {
		t.Errorf("got %v", err)
	}
}

// For a person it is a table, and each remedy stands below what it is for.
func TestWhatAPersonIsShown(t *testing.T) {
	var out bytes.Buffer
	o := &Options{Streams: &ui.Streams{Out: &out}}
	if err := o.print(findings{{What: "disk", Level: Warning, Says: "3 GB are free", Remedy: "free some"}}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Split(strings.TrimSpace(out.String()), "\n"); !slices.Equal(got, []string{"disk\twarning\t3 GB are free", "\t\t→ free some"}) {
		t.Errorf("got %q", got)
	}
}
