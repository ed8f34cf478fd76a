package cli

import (
	"strings"
	"testing"
)

// What extractions came to is kept, and shown by a command as by a page.
func TestRunsAreShown(t *testing.T) {
	credentials(t)
	t.Chdir(t.TempDir())
	must(t, "generate", "--lake", "empty", "--from", "2026-11-02", "--to", "2026-11-03", "--per-day", "5", "--seed", "1")
	if code, _, stderr := parley(t, "status", "--lake", "empty", "--runs"); code != 0 || !strings.Contains(stderr, "No extraction has been run yet.") {
		t.Errorf("before the first: exit code %d, %s", code, stderr)
	}
	url := background(t, "sandbox", "--days", "4", "--per-day", "10", "--now", "2026-11-08T12:00:00Z", "--speed", "0")
	for _, to := range []string{"2026-11-07", "2026-11-10"} { // the second one asks for days that are not there yet
		parley(t, "extract", "--base-url", url, "--from", "2026-11-05", "--to", to, "--lake", "lake", "--poll", "10ms..20ms")
	}
	out := must(t, "status", "--lake", "lake", "--runs")
	if !strings.Contains(out, "something is missing") || !strings.Contains(out, "done") || strings.Count(out, "\n") != 2 {
		t.Errorf("two runs: %s", out)
	}
	if out := must(t, "status", "--lake", "lake", "--runs", "--json"); !strings.Contains(out, `"days":"--w--"`) || !strings.Contains(out, `"days":"ww"`) {
		t.Errorf("as JSON: %s", out)
	}
}
