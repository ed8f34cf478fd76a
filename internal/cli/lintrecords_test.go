package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/test/unraced"
)

// call is a record of a call that breaks no rule, unless something is replaced in it.
const call = `{"conversationId":"00000000-0000-4000-8000-00000000000%d","conversationStart":"2026-11-01T10:00:00.000Z","conversationEnd":"2026-11-01T10:00:20.000Z",` +
	`"originatingDirection":"inbound","participants":[{"participantId":"p","purpose":"external","sessions":[{"sessionId":"s","direction":"inbound","mediaType":"voice",` +
	`"metrics":[{"emitDate":"2026-11-01T10:00:00.000Z","name":"nConnected","value":1},{"emitDate":"2026-11-01T10:00:20.000Z","name":"tConnected","value":20000}],` +
	`"segments":[{"segmentStart":"2026-11-01T10:00:00.000Z","segmentEnd":"2026-11-01T10:00:20.000Z","segmentType":"interact","disconnectType":"endpoint"}]}]}]}` + "\n"

func TestLintRecords(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	sound := fmt.Sprintf(call, 1)
	late := strings.Replace(fmt.Sprintf(call, 2), `"conversationStart":"2026-11-01T10:00:00.000Z"`, `"conversationStart":"2026-11-01T10:00:00.013Z"`, 1)
	broken := strings.Replace(fmt.Sprintf(call, 3), "20000", "19999", 1)
	good, bad := file("good.ndjson", sound+late), file("bad.json", broken)

	code, stdout, stderr := parley(t, "lint-records", good)
	if code != 0 || !strings.HasPrefix(stdout, "exception: started late\t1\t1\t00000000-0000-4000-8000-000000000002\t") ||
		stderr != "2 records checked: 0 findings, 1 known exception.\n" {
		t.Errorf("exit code %d: %q, %q", code, stdout, stderr)
	}
	code, stdout, stderr = parley(t, "lint-records", good, bad)
	if code != 2 || !strings.HasPrefix(stdout, "rule 7\t1\t1\t00000000-0000-4000-8000-000000000003\t") || !strings.Contains(stderr, "1 finding in 1 record") {
		t.Errorf("exit code %d: %q, %q", code, stdout, stderr)
	}
	code, stdout, _ = parleyIn(t, sound+broken+"{}", "lint-records", "--json", "-")
	var counts map[string]json.RawMessage
	if err := json.Unmarshal([]byte(stdout), &counts); err != nil || code != 2 {
		t.Fatalf("exit code %d: %q: %v", code, stdout, err)
	}
	for name, want := range map[string]string{"records": "2", "rejected": "1", "records_broken": "1", "findings": "1", "exceptions": "0"} {
		if string(counts[name]) != want {
			t.Errorf("%s is %s, want %s", name, counts[name], want)
		}
	}
	if !strings.Contains(string(counts["rules"]), `"findings":1,"records":1,"first_conversation":"00000000-0000-4000-8000-000000000003"`) ||
		!strings.Contains(string(counts["known_exceptions"]), `{"name":"started late",`) {
		t.Errorf("got %s", stdout)
	}
	_, stdout, _ = parleyIn(t, broken, "lint-records", "--json", "--list", "-")
	if want := `{"conversation":"00000000-0000-4000-8000-000000000003","rule":"rule 7","finding":"tConnected of session s is 19999, its ended interact segments last 20000"}` + "\n"; stdout != want {
		t.Errorf("got %s, want %s", stdout, want)
	}
	_, stdout, _ = parley(t, "lint-records", "--list", good)
	if want := "00000000-0000-4000-8000-000000000002\trule 8\tstarted late\tthe conversation starts 13 ms after its first segment\n"; stdout != want {
		t.Errorf("got %s, want %s", stdout, want)
	}
}

func TestLintRecordsOfALake(t *testing.T) {
	unraced.Test(t)
	lake := filepath.Join(t.TempDir(), "lake")
	must(t, "generate", "--lake", lake, "--from", "2026-11-02", "--to", "2026-11-04", "--per-day", "300", "--steady")
	code, stdout, stderr := parley(t, "lint-records", "--lake", lake, "--from", "2026-11-02", "--to", "2026-11-03")
	if code != 0 || !strings.Contains(stderr, "300 records checked: 0 findings") {
		t.Errorf("exit code %d: %q, %q", code, stdout, stderr)
	}
	for _, line := range []string{"", "--lake " + lake, "x --lake " + lake + " --from 2026-11-02 --to 2026-11-03", "--lake " + lake + " --from 2026-11-02 --to 2026-11-02", "--max-value-mib 0 -"} {
		if code, _, _ := parley(t, append([]string{"lint-records"}, strings.Fields(line)...)...); code != 2 {
			t.Errorf("%s: exit code %d, want 2", line, code)
		}
	}
	if code, _, _ := parley(t, "lint-records", filepath.Join(lake, "nowhere")); code != 5 {
		t.Errorf("a file that is not there: exit code %d, want 5", code)
	}
}
