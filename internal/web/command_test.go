package web

import (
	"html"
	"net/url"
	"strings"
	"testing"
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
