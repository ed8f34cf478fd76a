package scenario

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/api"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/rule"
)

func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAFileSaysWhatItSays(t *testing.T) {
	s := sandbox.Scenario{Seed: 1, Days: 9, PerDay: 300, Speed: 1}
	f, err := Read(written(t, `
# a comment
days: 3
start: 2026-11-08T12:00:00Z
speed: 0
lag: 5m
events:
  - at: 2026-11-08T13:00:00Z
    rewrite: {older: 24h, count: 2, patch: {externalTag: late}}
  - at: 2026-11-08T14:00:00Z
    batch: {halt: true}
faults:
  - {route: results, nth: 2, answer: {status: 429, retryAfter: 5s}}
`), &s)
	if err != nil {
		t.Fatal(err)
	}
	if s.Days != 3 || s.PerDay != 300 || s.Speed != 0 || !s.Start.Equal(time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)) || time.Duration(s.Lag) != 5*time.Minute ||
		len(s.Events) != 2 || string(s.Events[0].Rewrite.Patch) != `{"externalTag":"late"}` && string(s.Events[0].Rewrite.Patch) != `{"externalTag": "late"}` || !*s.Events[1].Batch.Halt {
		t.Errorf("got %+v", s)
	}
	if !f.Has("days") || f.Has("per_day") {
		t.Error("what the file has is wrong")
	}
}

func TestWhatIsWrongIsSaidByItsPlace(t *testing.T) {
	for text, want := range map[string]string{
		"dys: 3\n": "s.yaml:1:1: a scenario has no dys. Did you mean days?",
		"days: 3\nevents:\n  - at: 2026-11-08T13:00:00Z\n    rewrit: {older: 24h}\n": "s.yaml:4:5: a scenario has no rewrit. Did you mean rewrite?",
		"days: many\n": "s.yaml:1:1: the value of days is of another kind",
		"lag: soon\n":  `s.yaml:1:1: "soon" is no length of time`,
		"faults:\n  - route: results\n    nht: 2\n": "s.yaml:3:5: ",
		"a: &x [1]\nb: *x\n":                        "s.yaml:2:4: a scenario has no aliases",
		"days: [1\n":                                "s.yaml:",
		"days: 3\n\tseed: 1\n":                      "s.yaml:2:1: found character",
		"days: 1\ndays: 2\n":                        `s.yaml:2:1: mapping key "days" already defined`,
		"start: 2026-11-08\n":                       "s.yaml:1:1: the value of start is of another kind; write an instant, as 2026-11-08T12:00:00Z",
		"lag: 5\n":                                  "s.yaml:1:1: the value of lag is of another kind; write a length of time, as 90s, 5m or 72h",
		"days: 2\nseed:\n":                          "s.yaml:2:1: seed has no value; give it one, or leave it out",
		"- 1\n":                                     "is a list of members",
		"days: 1\n---\ndays: 2\n":                   "one document",
	} {
		_, err := Read(written(t, text), new(sandbox.Scenario))
		if fault.ExitCode(err) != 2 || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
	var s sandbox.Scenario
	f, err := Read(written(t, "days: 3\nper_day: 3\nstart: 2026-11-08T12:00:00Z\nevents:\n  - at: 2026-11-07T12:00:00Z\n    batch: {halt: true}\n"), &s)
	if err != nil {
		t.Fatal(err)
	}
	_, err = sandbox.Simulate(t.Context(), s, nil)
	if err = f.Where("", err); err == nil || !strings.Contains(err.Error(), "s.yaml:5:5: events come in their order") {
		t.Errorf("got %v", err)
	}
}

// A file that says nothing leaves all as it was: to decode it would make everything zero.
func TestAFileWithoutMembersChangesNothing(t *testing.T) {
	for _, text := range []string{"", "# nothing yet\n", "---\n"} {
		s := sandbox.Scenario{Days: 9, PerDay: 300}
		if _, err := Read(written(t, text), &s); err != nil || s.Days != 9 || s.PerDay != 300 {
			t.Errorf("%q: %+v, %v", text, s, err)
		}
	}
}

// The scenarios that are given as examples can be played to their end, rules and all.
func TestExamplesCanBePlayed(t *testing.T) {
	files, err := filepath.Glob("../../../examples/scenarios/*.yaml")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	for _, path := range files {
		var s sandbox.Scenario
		f, err := Read(path, &s)
		if err != nil {
			t.Error(err)
			continue
		}
		w, err := sandbox.Simulate(t.Context(), s, nil)
		if err != nil {
			t.Error(f.Where("", err))
			continue
		}
		if len(s.Events) > 0 {
			if err := w.MoveClock(t.Context(), to(s.Events[len(s.Events)-1].At)); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
		if _, err := w.GoingOn(t.Context()); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if s.Faults != nil {
			rules, err := rule.Decode(s.Faults)
			if err == nil {
				err = rule.New(rule.Config{Routes: api.Routes()}).Begins(rules)
			}
			if err != nil || len(rules) == 0 {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
}

// The schema for editors has the members of a scenario, and no others.
func TestTheSchemaIsThatOfAScenario(t *testing.T) {
	text, err := os.ReadFile("../../../docs/scenario.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		Properties map[string]struct {
			Items *struct {
				Properties map[string]any `json:"properties"`
			} `json:"items"`
		} `json:"properties"`
	}
	var schema object
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for name, p := range schema.Properties {
		have[name] = true
		if p.Items != nil {
			for inner := range p.Items.Properties {
				have[inner] = true
			}
		}
	}
	for _, name := range top() {
		if !have[name] {
			t.Errorf("the schema lacks %s", name)
		}
		delete(have, name)
	}
	for _, p := range ruleNames() {
		delete(have, p)
	}
	for name := range have {
		t.Errorf("a scenario has no %s", name)
	}
}

func TestAScenarioIsOfASizeThatPeopleWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "scenario.yaml")
	for size, large := range map[int]bool{maxFile: false, maxFile + 1: true} {
		text := "days: 3\n#" + strings.Repeat("x", size-len("days: 3\n#"))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var s sandbox.Scenario
		if _, err := Read(path, &s); errors.Is(err, fault.TooLarge) != large || !large && (err != nil || s.Days != 3) {
			t.Errorf("%d bytes: %+v, %v", size, s, err)
		}
	}
}
