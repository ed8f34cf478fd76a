package cli

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/runs"
	"github.com/parley-hq/parley/internal/wait"
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

// A lake that was asked only for what is not due yet has no days, and nothing is wrong with it.
func TestALakeWhoseFirstDayIsNotDue(t *testing.T) {
	credentials(t)
	t.Chdir(t.TempDir())
	url := background(t, "sandbox", "--days", "4", "--per-day", "10", "--now", "2026-11-08T12:00:00Z", "--speed", "0")
	parley(t, "extract", "--base-url", url, "--from", "2026-11-13", "--to", "2026-11-14", "--lake", "lake", "--poll", "10ms..20ms")
	if out := must(t, "status", "--lake", "lake"); !strings.Contains(out, "gaps                     0 days") {
		t.Errorf("its state is %s", out)
	}
	if code, _, stderr := parley(t, "status", "--lake", "lake", "--to", "2026-11-10"); code != 2 || !strings.Contains(stderr, "the end 2026-11-10 must lie after the start 2026-11-13") {
		t.Errorf("an end before the first day: %d %s", code, stderr)
	}
	get := visitor(t, background(t, "serve", "--page", "--lake", "lake"))
	for path, want := range map[string]string{
		"/ui/calendar/2026": "There are no days yet.", "/ui/explore": "There are no days yet", "/ui/figures": "There are no days yet.", "/ui/runs": "something is missing",
	} {
		if text := get(path); !strings.Contains(text, want) || path == "/ui/explore" && !strings.Contains(text, "--base-url "+url) {
			t.Errorf("%s has no %q: %s", path, want, text)
		}
	}
}

// While the platform does not answer, people see it: the run says that the breaker is open, since when and why, and when it is over, how
// often that was.
func TestARunSaysThatThePlatformDoesNotAnswer(t *testing.T) {
	credentials(t)
	t.Chdir(t.TempDir())
	url := background(t, "sandbox", "--days", "4", "--per-day", "10", "--now", "2026-11-08T12:00:00Z", "--speed", "0")
	write(t, "down.json", `{"name":"down","route":"status","answer":{"status":503}}`)
	must(t, "sandbox", "faults", "add", "--base-url", url, "-f", "down.json")
	ended := make(chan int, 1)
	go func() {
		ended <- Run(context.Background(), []string{
			"extract", "--base-url", url, "--from", "2026-11-05", "--to", "2026-11-06", "--lake", "lake", "--poll", "1ms..2ms", "--retry-wait", "40ms", "--retries", "1000", "--budget", "60%",
		}, &ui.Streams{Out: io.Discard, Err: io.Discard})
	}()
	open := waitForRun(t, func(r runs.Run) bool { return r.Upstream.Breaker.State == runs.Open })
	if u := open.Upstream; u.Failed < 5 || u.Minute < 5 || u.PerMinute != u.Allowed*6/10 || u.Share != "60%" || u.Breaker.Trips != 1 || !strings.HasSuffix(u.Breaker.Why, "answers with 503") {
		t.Errorf("while it is down: %+v", u)
	}
	if code, _, stderr := parley(t, "status", "--lake", "lake", "--runs"); code != 0 || !strings.Contains(stderr, "The breaker ") || !strings.Contains(stderr, "The budget is 60%") {
		t.Errorf("as text: %d %s", code, stderr)
	}
	must(t, "sandbox", "faults", "clear", "--base-url", url)
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
	last := waitForRun(t, func(r runs.Run) bool { return !r.Ended.IsZero() })
	if b := last.Upstream.Breaker; b.State != runs.Closed || b.Trips != 1 || b.Why != "" {
		t.Errorf("when it is over: %+v", b)
	}
}

// waitForRun waits for what the one run tells.
func waitForRun(t *testing.T, until func(runs.Run) bool) runs.Run {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	for {
		var list struct {
			Runs []runs.Run `json:"runs"`
		}
		if code, out, _ := parley(t, "status", "--lake", "lake", "--runs", "--json"); code == 0 {
			if err := json.Unmarshal([]byte(out), &list); err != nil {
				t.Fatal(err)
			}
		}
		if len(list.Runs) == 1 && list.Runs[0].Upstream != nil && until(list.Runs[0]) {
			return list.Runs[0]
		}
		if err := wait.For(ctx, 20*time.Millisecond); err != nil {
			t.Fatalf("the run tells %+v", list.Runs)
		}
	}
}
