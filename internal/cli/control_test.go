package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/sandbox/control"
	"github.com/parley-hq/parley/test/program"
	"github.com/parley-hq/parley/test/unraced"
)

// playing is a sandbox of a scenario, kept in a folder, and what controls it.
func playing(t *testing.T, flags ...string) func(args ...string) (int, string, string) {
	t.Helper()
	url := background(t, append([]string{"sandbox", "--rate-limit", "100000"}, flags...)...)
	return func(args ...string) (int, string, string) {
		return parley(t, append(append([]string{"sandbox"}, args...), "--base-url", url)...)
	}
}

func TestASandboxIsControlledFromTheCommandLine(t *testing.T) {
	sandbox := playing(t, "--seed", "7", "--days", "5", "--per-day", "40", "--steady", "--now", "2026-11-08T12:00:00Z", "--speed", "0", "--data", t.TempDir())
	said := func(args ...string) string {
		t.Helper()
		code, out, errs := sandbox(args...)
		if code != 0 {
			t.Fatalf("%v: exit code %d: %s", args, code, errs)
		}
		return out
	}
	clock := func(args ...string) (c control.Clock) {
		t.Helper()
		if err := json.Unmarshal([]byte(said(append(args, "--json")...)), &c); err != nil {
			t.Fatal(err)
		}
		return c
	}
	if out := said("clock"); !strings.Contains(out, "2026-11-08T12:00:00.000Z, standing still") || !strings.Contains(out, "dataAvailabilityDate  2026-11-08T04:") {
		t.Errorf("the clock says %s", out)
	}
	state := filepath.Join(t.TempDir(), "state.json")
	said("save", state)
	if c := clock("clock", "--until-batch"); !strings.HasPrefix(c.Available, "2026-11-09T04:") {
		t.Errorf("after a batch: %+v", c)
	}
	if c := clock("clock", "--advance", "90m", "--speed", "0"); !strings.HasPrefix(c.Now, "2026-11-09T0") {
		t.Errorf("after an hour and a half: %+v", c)
	}
	if ids := strings.Fields(said("rewrite", "--older", "72h", "--count", "3")); len(ids) != 3 {
		t.Errorf("rewritten: %v", ids)
	}
	said("drift", "--at", "/surprise", "--value", "[1.50]", "--every", "2")
	if c := clock("batch", "--halt"); c.NextBatch != "" {
		t.Errorf("halted: %+v", c)
	}
	if c := clock("batch", "--resume"); c.NextBatch == "" {
		t.Errorf("resumed: %+v", c)
	}
	if c := clock("batch", "--back", "2026-11-07T04:10:00Z"); c.Available != "2026-11-07T04:10:00.000Z" {
		t.Errorf("gone back: %+v", c)
	}
	if c := clock("reset"); c.Now != "2026-11-08T12:00:00.000Z" {
		t.Errorf("after a reset: %+v", c)
	}
	if c := clock("load", state); c.Now != "2026-11-08T12:00:00.000Z" || c.NextBatch == "" {
		t.Errorf("loaded: %+v", c)
	}
	unknown := filepath.Join(t.TempDir(), "unknown.json")
	if err := os.WriteFile(unknown, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"clock --set 2020-01-01": "cannot go back", "clock --set soon": "set: ", "batch": "--fail, --halt", "rewrite": "conversation, or older",
		"batch --halt --resume": "opposites", "load " + os.DevNull: "no saved state", "clock --freeze --speed 3": "give one of them",
		"clock --advance 1d": "--advance 1d is no length of time; write it as 90s, 5m or 72h; see", "clock --speed x": "--speed x is no number",
		"rewrite --count x": "--count x is no whole number", "drift --at x --value 1": "pointer", "drift --at /x --value hologram": "--value hologram is no JSON; a text stands in quotes",
		"rewrite --older 1h --patch {": "--patch { is no JSON", "load " + unknown: unknown + ": this is no saved state",
		"rewrite --conversation none": "does not exist",
	} {
		code, _, errs := sandbox(strings.Fields(args)...)
		if wrong := code != 2 && code != 5; wrong || !strings.Contains(errs, want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%s: exit code %d, says %q, want %q", args, code, errs, want)
		}
	}
}

// A record that changed since a day was extracted is there when the day is extracted again: late changes can be tried.
func TestLateChangesReachAnExtraction(t *testing.T) {
	unraced.Test(t)
	credentials(t)
	dir := t.TempDir()
	script := filepath.Join(dir, "s.yaml")
	if err := os.WriteFile(script, []byte(`
seed: 7
days: 4
per_day: 30
start: 2026-11-08T12:00:00Z
speed: 0
events:
  - at: 2026-11-08T13:00:00Z
    rewrite: {older: 48h, count: 4, patch: {externalTag: changed late}}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	url := background(t, "sandbox", "--scenario", script, "--rate-limit", "100000")
	extract := func(more ...string) {
		must(t, append([]string{"extract", "--base-url", url, "--from", "2026-11-05", "--to", "2026-11-08", "--lake", filepath.Join(dir, "lake"), "--poll", "1ms..2ms"}, more...)...)
	}
	changed := func() (n int) {
		for _, day := range program.Read(t, filepath.Join(dir, "lake")).Records {
			n += strings.Count(strings.Join(day, ""), `"externalTag":"changed late"`)
		}
		return n
	}
	extract()
	if n := changed(); n != 0 {
		t.Fatalf("%d records had changed before", n)
	}
	must(t, "sandbox", "clock", "--until-batch", "--base-url", url)
	extract("--again", "2026-11-05..2026-11-07")
	if n := changed(); n != 4 {
		t.Errorf("%d records have changed, want 4", n)
	}
}

func TestAScenarioWithATypoIsToldByLine(t *testing.T) {
	script := filepath.Join(t.TempDir(), "s.yaml")
	for text, want := range map[string]string{
		"days: 3\nevnts: []\n": "s.yaml:2:1: a scenario has no evnts. Did you mean events?",
		"per_day: 1\nfaults:\n  - {route: query, delay: 1s}\n  - {name: a b, route: results, delay: 1s}\n": "s.yaml:4:6: rule 2: name: a b is no name",
	} {
		if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		code, _, errs := parley(t, "sandbox", "--scenario", script, "--addr", "127.0.0.1:0")
		if code != 2 || !strings.Contains(errs, want) {
			t.Errorf("exit code %d, says %q", code, errs)
		}
	}
}
