package web

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/ledger"
)

// Each way to show a year says what the fill of a day means, and the largest value that it has.
func TestTheLegendOfACalendar(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	for i, hours := range []int{1, 2, 30, 60, 5} { // before now, when a day was read last
		b.data.days.Days[i].ReadAt = conversation.FormatTime(b.site.now.Add(-time.Duration(hours) * time.Hour))
	}
	for show, want := range map[string]string{
		"records": "settled; the stronger, the more records: up to 1,000</li>",
		"delta":   "the stronger, the more the platform counts differently: up to 7;",
		"open":    "the stronger, the more conversations without an end: up to 2</li>",
		"changes": "the stronger, the more places changed since: up to 3</li>",
		"read":    "the stronger, the later read: from 2 days ago to 2 h ago</li>",
	} {
		text := b.get("/ui/calendar/2026?show=" + show)
		if wants(t, text, want, `?show=`+show+`" aria-current="true" title="`); show != "records" && strings.Contains(text, "more records") {
			t.Errorf("%s has the legend of records too", show)
		}
	}
	text := b.get("/ui/calendar/2026?show=read")
	wants(t, text, `class="settled l5"`, `class="provisional l5 changed"`, ", read 5 h ago")
	b.data.days.Days[4].ReadAt = conversation.FormatTime(b.site.now.Add(-70 * time.Hour))
	if text := b.get("/ui/calendar/2026?show=read"); !strings.Contains(text, `class="provisional l1 changed"`) {
		t.Error("a day that was read before all others is not the palest")
	}
	for i := range b.data.days.Days {
		b.data.days.Days[i].ReadAt = conversation.FormatTime(b.site.now.Add(-time.Duration(i) * time.Minute))
	}
	wants(t, b.get("/ui/calendar/2026?show=read"), "settled; all were read 1 min ago</li>", `class="settled l5"`, `class="provisional l5 changed"`)
	b.web.cfg.Live = true
	if text := b.get("/ui/calendar/2026"); strings.Contains(text, "show=read") || !strings.Contains(text, "show=open") {
		t.Error("a platform does not show what it has of its own")
	}
}

// Data that ended long ago is said to have ended, and the days since are neither due nor never asked for.
func TestDataThatEndedLongAgo(t *testing.T) {
	b := newBrowser(t)
	b.data.days.Platform = "http://p"
	b.site.now = time.Date(2026, 8, 1, 8, 0, 0, 0, time.UTC)
	b.signIn()
	cells := func(class string) int { return strings.Count(b.get("/ui/calendar/2026"), `<td class="`+class+`"`) }
	wants(t, b.get("/ui/calendar/2026"), `The data ends with 15 July 2026, <span class="bad">16 days ago.</span>`, "<code>parley extract --lake ./lake --base-url http://p --from 2026-07-16 --to 2026-08-01</code>",
		"Saturday 1 August: not brought yet", "Sunday 2 August: not due yet", "Monday 1 June: never asked for")
	if n := cells("unbrought"); n != 17 {
		t.Errorf("%d days are not brought yet", n)
	}
	b.data.days.Days = []ledger.Day{{Day: day("2025-12-31"), Verdict: ledger.Settled}, {Day: day("2026-07-15"), Verdict: ledger.Settled, Records: 1}}
	wants(t, b.get("/ui/calendar/2026"), `Nothing is missing up to 15 July 2026, <span class="bad">16 days ago</span>.`)
	if text := b.get("/ui/calendar/2025"); strings.Contains(text, "days ago") || strings.Contains(text, "up to 15 July") {
		t.Error("a year that is over says where the next one ends")
	}
	b.site.now = time.Date(2026, 7, 17, 23, 0, 0, 0, time.UTC)
	if text := b.get("/ui/calendar/2026"); !strings.Contains(text, "Nothing is missing up to 15 July 2026.") || strings.Contains(text, "parley extract") {
		t.Error("data of two days ago is said to be old")
	}
	b.site.now = time.Date(2026, 8, 1, 8, 0, 0, 0, time.UTC)
	b.web.cfg.Live = true
	if text := b.get("/ui/calendar/2026"); regexp.MustCompile(`\d ago|brought yet`).MatchString(text) {
		t.Error("of a platform's own data it is said that it was not brought")
	}
}
