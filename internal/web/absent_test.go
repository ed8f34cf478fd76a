package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/wire"
)

// nothing is an API that finds nothing.
func nothing(w http.ResponseWriter, r *http.Request) {
	text := `{"conversations":[],"totalHits":0}`
	if r.URL.Path == wire.PathAggregates {
		text = `{"results":[]}`
	}
	_, _ = w.Write([]byte(text))
}

// Of days that the data never had nothing is claimed: what is said is that they are not there, why, and what brings them.
func TestDaysThatTheDataDoesNotHave(t *testing.T) {
	b := newBrowser(t, access.ViewPersonalData)
	b.signIn()
	b.data.api = nothing
	for query, want := range map[string][]string{
		"from=2026-06-30&to=2026-07-01": {"<h1>The lake does not have Tuesday 30 June 2026.</h1>", "The lake was never asked for Tuesday 30 June 2026:<br><code>parley extract --lake ./lake --from 2026-06-30 --to 2026-07-01</code>"},
		"from=2025-12-28&to=2025-12-31": {"<h1>The lake does not have 28 to 30 December 2025.</h1>", "never asked for 28 to 30 December 2025:<br><code>"},
		"from=2026-07-16&to=2026-07-19": {"<h1>The lake does not have 16 to 18 July 2026.</h1>", "16 to 18 July 2026 are not there yet.</p>"},
		"from=2026-07-13&to=2026-07-15": {"<h1>The lake does not have 13 to 14 July 2026.</h1>"},
		"from=2026-07-10&to=2026-07-13": {"never asked for 10 to 11 July 2026:<br><code>parley extract --lake ./lake --from 2026-07-10 --to 2026-07-12</code>"},
	} {
		for _, page := range []string{"/ui/explore?", "/ui/figures?"} {
			wants(t, b.get(page+query), want...)
		}
	}
	wants(t, b.get("/ui/explore?from=2026-07-10&to=2026-07-13"), "No conversation of 3 days is like this.")
	wants(t, b.get("/ui/figures?from=2026-07-10&to=2026-07-13"), "In 3 days no conversation came into a queue.")
	if text := b.get("/ui/explore?from=2026-07-12&to=2026-07-13"); strings.Contains(text, "not there yet") || strings.Contains(text, "never asked") {
		t.Error("of a day that is there it is said that it is not")
	}
	b.site.now = b.site.now.AddDate(0, 0, 9)
	b.signIn() // the session has ended meanwhile
	wants(t, b.get("/ui/explore?from=2026-07-23&to=2026-07-28"), "23 to 24 July 2026 have not been brought yet:<br><code>parley extract --lake ./lake --from 2026-07-23 --to 2026-07-25</code>", "25 to 27 July 2026 are not there yet.")
}

// What is found is told as ever, whatever the list of days lacks.
func TestWhatIsFoundIsNotDenied(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	wants(t, b.get("/ui/explore?from=2026-06-30&to=2026-07-01"), "1,204 conversations of Tuesday 30 June 2026", "The lake was never asked for Tuesday 30 June 2026")
	wants(t, b.get("/ui/figures?from=2026-06-30&to=2026-07-01"), "1,590 offered conversations", "The lake was never asked for Tuesday 30 June 2026")
	text := b.get("/ui/explore?figure=offered&queue=queue-1&from=2026-07-12T00:00:00Z&to=2026-07-13T00:00:00Z")
	if strings.Contains(text, "never asked") {
		t.Error("of a number it is said that days before it were not asked for")
	}
}

// A sandbox has no lake, and no command that brings anything.
func TestDaysThatASandboxDoesNotHave(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	b.data.api, b.web.cfg.Live = nothing, true
	b.data.days = Days{Available: b.data.days.Available, Days: b.data.days.Days[1:]}
	for query, want := range map[string][]string{
		"from=2026-06-30&to=2026-07-01": {"<h1>The platform does not have Tuesday 30 June 2026.</h1>", "The data of the platform begins with Sunday 12 July 2026.</p>"},
		"from=2026-07-18&to=2026-07-19": {"<h1>The platform does not have Saturday 18 July 2026.</h1>", "Saturday 18 July 2026 is not there yet.</p>"},
	} {
		for _, page := range []string{"/ui/explore?", "/ui/figures?"} {
			text := b.get(page + query)
			if wants(t, text, want...); strings.Contains(text, "parley extract") {
				t.Errorf("%s%s has a command", page, query)
			}
		}
	}
}

// The commands of a sandbox ask it, and no lake.
func TestComparingAtASandbox(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	b.web.cfg.Live = true
	for range mostChanges + 1 {
		b.data.changes = append(b.data.changes, Change{b.site.now, "/conversationEnd", `"before"`, `"after"`})
	}
	text := b.get("/ui/conversation/" + id + "?tab=compare")
	wants(t, text, "parley compare "+id+" --base-url "+b.url, "There are more, which are not shown.", `/compare">as JSON</a>`)
	if strings.Contains(text, "--lake") || strings.Contains(text, "parley changes") || strings.Contains(text, "parley get") {
		t.Error("a command asks a lake, or something else")
	}
	b.data.changes = nil
	wants(t, b.get("/ui/conversation/"+id+"?tab=compare"), "The platform keeps no versions")
}
