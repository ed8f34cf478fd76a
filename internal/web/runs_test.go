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
	left := run
	left.Stopped = now.Add(-time.Second)
	failed := left
	failed.Stopped, failed.Why = now.Add(-2*time.Minute), "The platform cannot be reached."
	gone := run
	gone.Ended, gone.GivenUp = now.Add(-time.Hour), true
	for name, q := range map[string]struct {
		run        runs.Run
		list, page string
	}{
		"running": {run, "An extraction is running: 1 of 3 days is whole, and 1,234 records came so far.", "The extraction of 10 to 13 July is running"},
		"ended":   {ended, "The last extraction ended less than a minute ago. It brought 1,000 new conversations, and 34 that had changed.", "took 30 s and made 3 days whole"},
		"lacking": {lacking, "something is missing: of 1 day nothing came", "of 1 day nothing came"},
		"silent":  {silent, "has not been heard of for 2 h", "of 10 to 13 July for 2 h: it was interrupted."},
		"left":    {left, "was interrupted less than a minute ago. The next one", "of 10 to 13 July was interrupted less than a minute ago: 1 of 3 days is whole"},
		"failed":  {failed, "was interrupted 2 min ago, because of this: The platform cannot be reached. The next one", "of this: The platform cannot be reached: 1 of 3 days is whole"},
		"gone":    {gone, "was given up 1 h ago", "was interrupted and given up"},
	} {
		q.run.Jobs, q.run.Pages = 2, 1
		b := newBrowser(t)
		b.signIn()
		b.data.runs = []runs.Run{q.run}
		if page := b.get("/ui/runs"); !strings.Contains(page, q.list) || !strings.Contains(page, "/ui/runs/0190-run") {
			t.Errorf("%s: no %q in %s", name, q.list, page)
		}
		page := b.get("/ui/runs/0190-run")
		for _, want := range []string{q.page, "a &lt;warning&gt;", "<dd>2 <small>1 page</small></dd>", `href="/ui/day/2026-07-11" aria-label="Saturday 11 July 2026 is whole"`} {
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

// The page of a run says how it gets on with the platform: now, when it was heard of last, or in all; of older runs nothing is known.
func TestHowARunGetsOnWithThePlatform(t *testing.T) {
	now := time.Date(2026, 7, 16, 8, 0, 0, 0, time.UTC)
	run := runs.Run{ID: "0190-run", First: day("2026-07-10"), End: day("2026-07-14"), Begun: now.Add(-time.Minute), Seen: now.Add(-time.Second), Days: "-wr."}
	with := func(change func(*runs.Run)) runs.Run {
		r := run
		r.Upstream = &runs.Upstream{Minute: 142, PerMinute: 180, Share: "60%", Allowed: 300, Requests: 900, Breaker: runs.Breaker{State: runs.Closed}}
		change(&r)
		return r
	}
	const title, drawn = "Requests to the platform", `<svg class="meter`
	for name, q := range map[string]struct {
		run       runs.Run
		want, not []string
	}{
		"older": {run, nil, []string{title, drawn}},
		"fine": {
			with(func(*runs.Run) {}),
			[]string{title, "142 of 180 requests in a minute", `<svg class="meter" aria-hidden="true">`, `class="may" width="60%"`, `class="used" width="47.333%"`, "The breaker is closed"}, []string{`class="warn"`},
		},
		"full": {with(func(r *runs.Run) { r.Upstream.Minute, r.Upstream.PerMinute, r.Upstream.Share = 400, 300, "100%" }), []string{`<svg class="meter full"`, `class="may" width="75%"`, `class="used" width="100%"`}, nil},
		"open": {
			with(func(r *runs.Run) {
				r.Upstream.Breaker = runs.Breaker{State: runs.Open, Trips: 1, Since: now.Add(-12 * time.Second), Next: now.Add(8 * time.Second), Why: "<b>host</b> answers with 503"}
			}),
			[]string{`<p class="warn">The breaker is open since 07:59:48 UTC, 12 s ago: &lt;b&gt;host&lt;/b&gt; answers with 503. No request is sent until 08:00:08 UTC`}, nil,
		},
		"silent": {with(func(r *runs.Run) { r.Seen = now.Add(-time.Hour) }), []string{"142 of 180 requests in a minute before 07:00:00 UTC", drawn, "At 07:00:00 UTC the breaker was closed."}, []string{"is closed"}},
		"ended":  {with(func(r *runs.Run) { r.Ended = now }), []string{"900 requests were sent", "The breaker never opened."}, []string{drawn, "in a minute"}},
		"no limit is known": {
			with(func(r *runs.Run) { r.Upstream.PerMinute, r.Upstream.Allowed = 0, 0 }), []string{"142 requests in a minute", "There is no budget"}, []string{drawn},
		},
	} {
		b := newBrowser(t)
		b.signIn()
		b.data.runs = []runs.Run{q.run}
		page := b.get("/ui/runs/0190-run")
		for _, want := range q.want {
			if !strings.Contains(page, want) {
				t.Errorf("%s: no %q in %s", name, want, page)
			}
		}
		for _, not := range q.not {
			if strings.Contains(page, not) {
				t.Errorf("%s: %q in %s", name, not, page)
			}
		}
		if text := b.get("/parley/v1/runs/0190-run"); strings.Contains(text, `"requests_last_minute":142`) == (q.run.Upstream == nil || q.run.Upstream.Minute != 142) {
			t.Errorf("%s as JSON: %s", name, text)
		}
	}
}

// Pages of runs say how long ago something was, and that nothing is heard of a run any more: they follow the clock too, and not each second.
func TestRunsAreFollowedByTheClock(t *testing.T) {
	at := time.Date(2026, 7, 16, 8, 0, 0, 0, time.UTC)
	ended := []runs.Run{{ID: "b", Begun: at.Add(-time.Minute), Seen: at, Ended: at}, {ID: "a", Begun: at.Add(-time.Hour), Seen: at, Ended: at}}
	silent := []runs.Run{{ID: "b", Begun: at.Add(-time.Minute), Seen: at, Upstream: &runs.Upstream{}}}
	for name, q := range map[string]struct {
		list  []runs.Run
		after []time.Duration
		want  []string
	}{
		"ended":  {ended, []time.Duration{0, 59 * time.Second, time.Minute, 3 * time.Minute}, []string{"less than a minute done done", "less than a minute done done", "1 min done done", "3 min done done"}},
		"silent": {silent, []time.Duration{0, 61 * time.Second}, []string{"less than a minute running", "1 min silent"}},
		"none":   {nil, []time.Duration{0}, []string{""}},
	} {
		for i, d := range q.after {
			if got := strings.Join(byTheClock(q.list, at.Add(d)), " "); got != q.want[i] {
				t.Errorf("%s, after %v: %q, want %q", name, d, got, q.want[i])
			}
		}
	}
}
