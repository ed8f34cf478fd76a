package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/runs"
)

func TestRunsAreShown(t *testing.T) {
	now := time.Date(2026, 7, 16, 8, 0, 0, 0, time.UTC)
	run := runs.Run{
		ID: "0190-run", Source: "acme", First: day("2026-07-10"), End: day("2026-07-14"), Begun: now.Add(-time.Minute), Seen: now.Add(-time.Second), Step: "extracting",
		Days: "-wr.", Received: 1234, Added: 1000, Replaced: 34, Rate: 321.5, Warnings: []string{"a <warning>"},
	}
	ended := run
	ended.Ended, ended.Days = now.Add(-30*time.Second), "-www"
	lacking := ended
	lacking.Lacking = "of 1 day nothing came"
	silent := run
	silent.Seen = now.Add(-2 * time.Hour)
	gone := run
	gone.Ended, gone.GivenUp = now.Add(-time.Hour), true
	for name, q := range map[string]struct {
		run        runs.Run
		list, page string
	}{
		"running": {run, "An extraction is running: 1 of 3 days are whole, and 1,234 records came so far.", "The extraction of 10 to 13 July is running"},
		"ended":   {ended, "The last extraction ended 30 s ago. It brought 1,000 new conversations, and 34 that had changed.", "took 30 s and made 3 days whole"},
		"lacking": {lacking, "something is missing: of 1 day nothing came", "of 1 day nothing came"},
		"silent":  {silent, "has not been heard of for 2 h", "it was interrupted, or waits for the platform"},
		"gone":    {gone, "was given up 1 h ago", "was interrupted and given up"},
	} {
		b := newBrowser(t)
		b.signIn()
		b.data.runs = []runs.Run{q.run}
		if page := b.get("/ui/runs"); !strings.Contains(page, q.list) || !strings.Contains(page, "/ui/runs/0190-run") {
			t.Errorf("%s: no %q in %s", name, q.list, page)
		}
		page := b.get("/ui/runs/0190-run")
		for _, want := range []string{q.page, "a &lt;warning&gt;", `href="/ui/day/2026-07-11" aria-label="Saturday 11 July 2026 is whole"`} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: no %q in %s", name, want, page)
			}
		}
		if text := b.get("/parley/v1/runs/0190-run"); !strings.Contains(text, `"received":1234`) {
			t.Errorf("%s as JSON: %s", name, text)
		}
	}
}

func TestRunsThatAreNotThere(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	if page := b.get("/ui/runs"); !strings.Contains(page, "No extraction has been run yet.") || !strings.Contains(page, "parley extract --lake ./lake") {
		t.Errorf("none: %s", page)
	}
	if text := b.get("/parley/v1/runs"); text != `{"runs":[]}` {
		t.Errorf("none as JSON: %s", text)
	}
	if status, page, _ := b.ask("GET", "/ui/runs/gone", ""); status != http.StatusNotFound || !strings.Contains(page, "There is no such run") {
		t.Errorf("gone: %d %s", status, page)
	}
}
