package web

import (
	"strings"
	"testing"
	"time"
)

const (
	goesOn = `{"conversationId":"c-1","conversationStart":"2026-07-14T10:00:00.000Z","originatingDirection":"inbound","participants":[
		{"participantId":"p-1","purpose":"customer","sessions":[{"mediaType":"voice","direction":"inbound","segments":[{"segmentType":"interact","segmentStart":"2026-07-14T10:00:00.000Z"}]}]},
		{"participantId":"p-2","purpose":"agent","userId":"u-1","sessions":[{"mediaType":"voice","direction":"inbound","segments":[
			{"segmentType":"alert","segmentStart":"2026-07-14T10:00:00.000Z","segmentEnd":"2026-07-14T10:00:05.000Z"},
			{"segmentType":"interact","segmentStart":"2026-07-14T10:00:05.000Z"}]}]}]}`
	hasEnded = `"2026-07-14T10:00:00.000Z","conversationEnd":"2026-07-14T10:00:30.000Z","originatingDirection"`
)

// At a platform a conversation without an end goes on until now: what its page tells and draws follows the clock, and so do its readers. One
// that has ended, and one in a lake, is what its record says.
func TestAConversationThatGoesOnLastsUntilNow(t *testing.T) {
	for name, q := range map[string]struct {
		live          bool
		record        string
		before, after string // how long the talk is said to be
		follows       bool
	}{
		"at a platform": {true, goesOn, "34:55", "39:55", true},
		"ended":         {true, strings.Replace(goesOn, `"2026-07-14T10:00:00.000Z","originatingDirection"`, hasEnded, 1), "25 s", "25 s", false},
		"in a lake":     {false, goesOn, "0 ms", "0 ms", false},
	} {
		b := newBrowser(t)
		b.signIn()
		b.data.record, b.web.cfg.Live = q.record, q.live
		at := time.Date(2026, 7, 14, 10, 35, 4, 0, time.UTC)
		b.web.cfg.Now = func() time.Time { return at }
		look := func() (talk, version string) {
			page := b.get("/ui/conversation/c-1")
			_, after, _ := strings.Cut(page, "talk, ")
			talk, _, _ = strings.Cut(after, ",")
			_, after, _ = strings.Cut(page, "last=")
			version, _, _ = strings.Cut(after, `"`)
			if open := strings.Contains(page, `open" aria-label="Agent`) && strings.Contains(page, ", and goes on"); open != (name != "ended") {
				t.Errorf("%s: a bar is open: %t", name, open)
			}
			return talk, version
		}
		talk, version := look()
		at = at.Add(5 * time.Minute)
		b.web.cfg.Machine = func() time.Time { return at }
		later, newer := look()
		if talk != q.before || later != q.after {
			t.Errorf("%s: the talk lasts %q, and five minutes later %q; want %q and %q", name, talk, later, q.before, q.after)
		}
		if q.live && (version == "" || newer == "") || (version != newer) != q.follows {
			t.Errorf("%s: the page has the versions %q and %q", name, version, newer)
		}
	}
}
