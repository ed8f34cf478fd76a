package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/runs"
)

// A day tells its hours beside those of a week before, which runs read it, what changed and what was new in its records.
func TestADayIsTold(t *testing.T) {
	for _, personal := range []bool{false, true} {
		b := newBrowser(t)
		if personal {
			b = newBrowser(t, access.ViewPersonalData)
		}
		b.signIn()
		b.data.day = DayMore{
			Hours: [24]int64{9: 300, 10: 150}, Before: &[24]int64{9: 280, 11: 20}, New: []string{"participants[].strange"}, Others: true,
			Changed: []ChangedConversation{{ID: id, Places: 3, FoundAt: b.site.now}},
		}
		b.data.runs = []runs.Run{
			{ID: "0191-newest", First: day("2026-07-15"), End: day("2026-07-16"), Begun: b.site.now, Seen: b.site.now, Days: "r"},
			{ID: "0190-other", First: day("2026-07-01"), End: day("2026-07-02"), Begun: b.site.now, Ended: b.site.now, Days: "w"},
			{ID: "0189-before", First: day("2026-07-15"), End: day("2026-07-16"), Begun: b.site.now, Ended: b.site.now, Days: "."},
		}
		text := b.get("/ui/day/2026-07-15")
		for _, want := range []string{
			"<title>09:00 300, a week before 280</title>", `width="3.333%" height="50%"`, `<a href="/ui/day/2026-07-08">Wednesday 8 July</a>`,
			`href="/ui/runs/0191-newest">1-newest</a></td><td>16 Jul 08:00:00</td><td>is being read</td>`, "<td>did not become whole</td>",
			`href="/ui/conversation/` + id + `?tab=compare"`, "3 places", "parley changes --lake ./lake --from 2026-07-15 --to 2026-07-16", "1 member that this version does not know",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not there", want)
			}
		}
		if strings.Contains(text, "0190-other") {
			t.Error("a run of other days is listed")
		}
		if strings.Contains(text, "participants[].strange") != personal {
			t.Errorf("names of members that nobody knows are shown: %v", !personal)
		}
	}
}

// The same as JSON has the hours, which add up to the records.
func TestADayForPrograms(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	b.data.day = DayMore{Hours: [24]int64{0: 1, 23: 499}, Changed: []ChangedConversation{{ID: id, Places: 3, FoundAt: b.site.now}}}
	var got struct {
		Records int64   `json:"records"`
		Hours   []int64 `json:"hours"`
		Before  []int64 `json:"hours_week_before"`
		Changed []struct {
			ID string `json:"conversationId"`
		} `json:"changed"`
	}
	if err := json.Unmarshal([]byte(b.get("/parley/v1/days/2026-07-15")), &got); err != nil {
		t.Fatal(err)
	}
	if got.Records != 500 || len(got.Hours) != 24 || got.Hours[23] != 499 || got.Before != nil || len(got.Changed) != 1 || got.Changed[0].ID != id {
		t.Errorf("%+v", got)
	}
	if text := b.get("/ui/day/2026-07-15"); strings.Contains(text, "a week before") || !strings.Contains(text, "None of the runs") {
		t.Error("what is not there is shown")
	}
	b.site.now = b.site.now.Add(time.Minute)
	if b.data.day = (DayMore{}); !strings.Contains(b.get("/ui/day/2026-07-15"), "Nothing of this day") {
		t.Error("a day without hours does not say so")
	}
}

// Missing days say how many conversations that is: what the platform counts more, or else what is usual on such days.
func TestGapsSayWhatIsLacking(t *testing.T) {
	more, fewer := int64(5270), int64(-3)
	days := Days{Days: []ledger.Day{
		{Day: day("2026-06-08"), Verdict: ledger.Settled, Records: 900},
		{Day: day("2026-06-09"), Verdict: ledger.Settled, Records: 800},
		{Day: day("2026-06-15"), Verdict: ledger.Gap, Reason: "not read"},
		{Day: day("2026-06-16"), Verdict: ledger.Gap, Reason: "not read", Records: 100},
		{Day: day("2026-06-20"), Verdict: ledger.Gap, Reason: "not read"},
		{Day: day("2026-06-22"), Verdict: ledger.Gap, Reason: "half", Records: 10, Delta: &more},
		{Day: day("2026-06-25"), Verdict: ledger.Gap, Reason: "odd", Delta: &fewer},
		{Day: day("2026-07-06"), Verdict: ledger.Gap, Reason: "late"},
		{Day: day("2026-07-13"), Verdict: ledger.Gap, Reason: "later"},
	}}
	gaps, _ := gapsOf(days, 2026)
	var got []string
	for _, g := range gaps {
		got = append(got, g.Text+": "+g.Lacking)
	}
	want := []string{
		"13 July: ", "6 July: About 900 conversations, by the same days of weeks before.", "25 June: ", "22 June: The platform counts 5,270 conversations more.", "20 June: ",
		"15 to 16 June: About 1,600 conversations, by the same days of weeks before.",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// A day that a run reads now is marked, for those who see the calendar and for those who hear it.
func TestDaysThatAreReadNow(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	b.data.runs = []runs.Run{{ID: "0191", First: day("2026-07-14"), End: day("2026-07-16"), Begun: b.site.now, Seen: b.site.now, Days: "r."}}
	const marked = `missing, it has not been extracted, is being read`
	if text := b.get("/ui/calendar/2026"); strings.Count(text, marked) != 2 || strings.Count(text, ` reading"><a`) != 1 { // a label and a title
		t.Error("the day that is read is not marked, or others are")
	}
	b.data.runs[0].Seen = b.site.now.Add(-time.Hour)
	if text := b.get("/ui/calendar/2026"); strings.Contains(text, marked) {
		t.Error("a run that is silent reads a day")
	}
}

// Bars of hours stand on the ground, next to each other.
func TestHours(t *testing.T) {
	if hoursOf(DayMore{}, 1) != nil || hoursOf(DayMore{Before: &[24]int64{}}, 1) != nil {
		t.Error("nothing is drawn")
	}
	c := hoursOf(DayMore{Hours: [24]int64{0: 5, 1: 10}}, conversation.Day(20000))
	for i, b := range c.Bars {
		if i > 0 && b.X <= c.Bars[i-1].Right || b.X < 0 || b.Right > 1 || b.Y+b.H != 1 {
			t.Errorf("bar %d lies at %v to %v, %v high", i, b.X, b.Right, b.H)
		}
	}
	if c.Bars[0].H != .5 || c.Bars[1].H != 1 || c.Usual != "" {
		t.Errorf("%+v", c.Bars[:2])
	}
}

// A day is counted once for all who look at it at about the same time, and again when there is another reading of it. Two days are counted
// at once: whoever asks for many waits.
func TestDaysAreCountedForAll(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	look := func(path string) { b.get("/ui/day/" + path) }
	look("2026-07-15")
	look("2026-07-15")
	b.get("/parley/v1/days/2026-07-15")
	if n := b.data.counted.Load(); n != 1 {
		t.Errorf("a day was counted %d times", n)
	}
	b.data.days.Days[4].Readings++
	look("2026-07-15")
	if n := b.data.counted.Load(); n != 2 {
		t.Errorf("after another reading: %d times", n)
	}
	b.data.counting, b.data.free = make(chan struct{}, 4), make(chan struct{})
	var all sync.WaitGroup
	for _, path := range []string{"2026-07-12", "2026-07-13", "2026-07-14", "2025-12-31"} {
		all.Go(func() { look(path) })
	}
	<-b.data.counting
	<-b.data.counting
	if n := b.data.counted.Load(); n != 2+countedAtOnce {
		t.Errorf("%d days are counted at once", n-2)
	}
	close(b.data.free)
	all.Wait()
	if n := b.data.counted.Load(); n != 6 {
		t.Errorf("%d countings", n)
	}
}

// A command is not given for a day that it could not bring.
func TestADayThatIsNotDue(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	at := b.data.days.Available
	if at.IsZero() {
		t.Fatal("nothing is available")
	}
	for days, want := range map[int]string{0: "The platform does not have ", 40: "its data is complete up to "} {
		status, text, _ := b.ask("GET", "/ui/day/"+at.AddDate(0, 0, days).Format("2006-01-02"), "")
		if status != http.StatusNotFound || !strings.Contains(text, want) || strings.Contains(text, "parley extract") {
			t.Errorf("%d days on: %d %s", days, status, text)
		}
	}
}
