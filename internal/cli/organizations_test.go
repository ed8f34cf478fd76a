package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/test/unraced"
)

// organizations writes a parley.yaml of three organizations of one sandbox into the folder that it makes the current one.
func organizations(t *testing.T, bad string) {
	t.Helper()
	credentials(t)
	url := background(t, "sandbox", "--days", "3", "--per-day", "10", "--steady", "--seed", "7", "--now", "2026-11-08T12:00:00Z", "--rate-limit", "100000")
	for _, name := range []string{"GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET", "GENESYS_ENVIRONMENT"} {
		t.Setenv(name, "")
	}
	t.Setenv("ID", "id")
	t.Setenv("SECRET", "secret")
	t.Chdir(t.TempDir())
	text := "organizations:\n"
	for _, name := range []string{"acme", "beta", "gamma"} {
		secret := "SECRET"
		if name == bad {
			secret = "NOT_SET"
		}
		text += fmt.Sprintf("- {name: %s, base_url: %q, lake: %s, client_id: {env: ID}, client_secret: {env: %s}, extract: {from: 2026-11-06, to: 2026-11-08, poll: 1ms..10ms}}\n", name, url, name, secret)
	}
	write(t, "parley.yaml", text)
}

// listing is the last line of an extraction of several organizations.
type listing struct {
	Organizations []struct {
		Organization string `json:"organization"`
		By           string `json:"by"`
		LastBy       string `json:"last_by"`
		ExitCode     int    `json:"exit_code"`
		LastExitCode *int   `json:"last_exit_code"`
	} `json:"organizations"`
}

func lastLine(t *testing.T, out string) (last listing) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	return last
}

// One command extracts every organization of a file, and what is wrong with one keeps none of the others.
func TestExtractingSeveralOrganizations(t *testing.T) {
	organizations(t, "beta")
	code, stdout, stderr := parley(t, "extract", "--config", "parley.yaml", "--json", "--summary", "run.json")
	if code == 0 || !strings.Contains(stderr, "beta: ") || !strings.Contains(stderr, "NOT_SET") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	last := lastLine(t, stdout)
	if len(last.Organizations) != 3 || last.Organizations[0].ExitCode != 0 || last.Organizations[1].ExitCode != code || last.Organizations[2].ExitCode != 0 {
		t.Errorf("%+v, exit code %d", last, code)
	}
	for name, verdict := range map[string]string{"acme": "whole", "beta": "failed", "gamma": "whole"} {
		var out struct {
			Verdict      string `json:"verdict"`
			Organization string `json:"organization"`
		}
		if err := json.Unmarshal([]byte(read(t, "run."+name+".json")), &out); err != nil || out.Verdict != verdict || out.Organization != name {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
		if name != "beta" {
			must(t, "lake", "check", "--lake", name)
		}
	}
	if out := must(t, "extract", "--config", "parley.yaml", "--organization", "acme", "--json"); strings.Contains(out, "organizations") {
		t.Errorf("one of them: %s", out)
	}
}

// What is of one organization is refused of several, and so are credentials that would be everybody's.
func TestWhatSeveralOrganizationsCannotHave(t *testing.T) {
	organizations(t, "")
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"--lake", "acme"}, "--lake is about one organization"},
		{[]string{"--dry-run"}, "--dry-run is about one organization"},
		{[]string{"--again", "2026-11-06"}, "--again is about one organization"},
		{[]string{"--at-once", "0"}, "--at-once must lie between"},
		{[]string{"--every", "1h"}, "--every goes with --follow"},
	} {
		if code, _, stderr := parley(t, append([]string{"extract", "--config", "parley.yaml"}, c.args...)...); code != 2 || !strings.Contains(stderr, c.says) {
			t.Errorf("%q: exit code %d, %s", c.args, code, stderr)
		}
	}
	t.Setenv("GENESYS_CLIENT_ID", "id")
	if code, _, stderr := parley(t, "extract", "--config", "parley.yaml"); code != 2 || !strings.Contains(stderr, "GENESYS_CLIENT_ID is set") {
		t.Errorf("credentials for all: exit code %d, %s", code, stderr)
	}
	if code, _, stderr := parley(t, "status", "--config", filepath.Join(".", "parley.yaml")); code != 2 || !strings.Contains(stderr, "is in no Postgres") {
		t.Errorf("status: exit code %d, %s", code, stderr)
	}
}

// Over a Postgres it is shown who has done what.
func TestStatusOfSeveralOrganizations(t *testing.T) {
	unraced.Test(t)
	server, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	organizations(t, "gamma")
	t.Setenv("PARLEY_STATE", server.Database(t))
	before := lastLine(t, must(t, "status", "--config", "parley.yaml", "--json"))
	if len(before.Organizations) != 3 || before.Organizations[0].LastExitCode != nil {
		t.Errorf("before: %+v", before)
	}
	if code, _, _ := parley(t, "extract", "--config", "parley.yaml"); code == 0 {
		t.Error("the extraction of gamma cannot have gone well")
	}
	after := lastLine(t, must(t, "status", "--config", "parley.yaml", "--json"))
	for i, o := range after.Organizations {
		if o.By != "" || !strings.HasPrefix(o.LastBy, "process ") || o.LastExitCode == nil || (*o.LastExitCode == 0) != (i < 2) {
			t.Errorf("after: %+v", o)
		}
	}
	if out := must(t, "status", "--config", "parley.yaml"); !strings.Contains(out, "acme") || !strings.Contains(out, "process ") {
		t.Errorf("for people: %s", out)
	}
}

// A server takes the lakes of the file by which they were extracted.
func TestServingTheOrganizationsOfAFile(t *testing.T) {
	organizations(t, "")
	if _, _, stderr := parley(t, "serve", "--config", "parley.yaml", "--lake", "acme"); !strings.Contains(stderr, "none of the others can be") {
		t.Errorf("both flags: %s", stderr)
	}
	one := strings.SplitAfterN(read(t, "parley.yaml"), "\n", 3)
	write(t, "one.yaml", one[0]+one[1])
	if ready, err := http.Get(background(t, "serve", "--config", "one.yaml", "--state", "server") + "/readyz"); err != nil || ready.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("before the extraction: %v, %v", ready, err)
	} else if err := ready.Body.Close(); err != nil {
		t.Error(err)
	}
	must(t, "extract", "--config", "parley.yaml")
	t.Setenv("GENESYS_CLIENT_ID", "id")
	t.Setenv("GENESYS_CLIENT_SECRET", "secret")
	copied := must(t, "extract", "--base-url", background(t, "serve", "--config", "one.yaml"), "--lake", "copy", "--from", "2026-11-06", "--to", "2026-11-08", "--poll", "1ms..10ms", "--json")
	if !strings.Contains(copied, `"added":20`) {
		t.Error(copied)
	}
}
