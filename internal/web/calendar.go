package web

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/runs"
	"github.com/parley-hq/parley/internal/web/words"
)

// calendar is the page of a year.
type calendar struct {
	Year      int
	Years     []int
	Shows     []showChoice
	Legend    string // of the fill of days
	Missing   int
	Settled   int
	Changing  int
	Records   int64
	Gaps      []gap
	More      int // gaps that are not listed
	Months    []month
	Available string
	Empty     bool
	None      bool   // of this year
	Until     string // the last day, if others have passed since
	Ago       string // how long ago that was, if it is long
	Bring     string // the command that brings the days since
	Name      string // of the lake, as a shell takes it
	Live      bool

	show    showing
	end     conversation.Day // the first one after the data
	fill    fill
	reading map[conversation.Day]bool // by a run that goes on
}

// choice is one of several that a page can be shown by.
type choice struct {
	Name    string
	Address string
	Now     bool
}

// gap is days of which the same is missing.
type gap struct {
	First, Last conversation.Day
	Text        string // of the days
	Reason      string
	Lacking     string // about how many conversations, if anybody knows
	Command     string

	lacking int64
	usual   bool // part of what is lacking is what is usual
}

// month is a table of a month.
type month struct {
	Name    string
	Missing int
	Records int64
	Weeks   [][]cell
}

// cell is a day in its week; one without a number is before the first or after the last.
type cell struct {
	Day     int
	Address string
	Class   string
	Label   string
}

func newestYear(v *visit) error {
	if _, confined := v.who.OnlyUser(); confined {
		return v.redirect("/ui/explore") // the calendar counts all conversations
	}
	days, err := v.days()
	if err != nil {
		return err
	}
	year := v.web.cfg.Now().UTC().Year()
	if n := len(days.Days); n > 0 {
		year = days.Days[n-1].Day.Start().Year()
	}
	return v.redirect("/ui/calendar/" + strconv.Itoa(year))
}

func (v *visit) days() (Days, error) { return v.web.cfg.Data.Days(v.ctx(), v.who.Organization) }

func calendarPage(v *visit) error {
	year, err := strconv.Atoi(v.r.PathValue("year"))
	if err != nil || year < 1 || year > 9999 {
		return fault.New(fault.NotFound, "There is no such year; write it as 2026")
	}
	show, ok := showingBy(cmp.Or(v.r.URL.Query().Get("show"), shows[0].name))
	if !ok {
		return fault.Field("show", "show is one of %s", strings.Join(showNames(), ", "))
	}
	follows, err := v.following("calendar")
	if err != nil {
		return err
	}
	days, err := v.days()
	if err != nil {
		return err
	}
	list, err := v.runs()
	if err != nil {
		return err
	}
	c := calendar{Year: year, Live: v.web.cfg.Live, show: show, reading: readingNow(list, v.web.cfg.Machine())}
	c.tell(days, v.web.cfg.Now())
	p := page{
		Title: "Calendar " + strconv.Itoa(year), Here: "Calendar", State: c.Available, Body: c, Live: follows,
		JSON: fmt.Sprintf("/parley/v1/days?from=%d-01-01&to=%d-01-01", year, year+1),
	}
	if !v.web.cfg.Live {
		p.Command = "parley status --lake " + quoted(days.Name)
	}
	return v.show("calendar", p)
}

// readingNow are the days that runs read now.
func readingNow(list []runs.Run, now time.Time) map[conversation.Day]bool {
	out := map[conversation.Day]bool{}
	for _, r := range list {
		if r.State(now) != runs.Running {
			continue
		}
		for i, s := range []byte(r.Days) {
			if runs.DayState(s) == runs.Reading {
				out[r.First+conversation.Day(i)] = true
			}
		}
	}
	return out
}

// tell fills in what there is of a year.
func (c *calendar) tell(d Days, now time.Time) {
	c.Empty, c.Name, c.Shows = len(d.Days) == 0, quoted(d.Name), c.choices()
	if !d.Available.IsZero() {
		c.Available = "complete to " + d.Available.UTC().Format("2006-01-02 15:04") + " UTC"
	}
	by := map[conversation.Day]ledger.Day{}
	years := map[int]bool{c.Year: true}
	for _, day := range d.Days {
		y := day.Day.Start().Year()
		years[y] = true
		if y == c.Year {
			by[day.Day] = day
			c.add(day)
		}
	}
	c.Years = slices.Sorted(maps.Keys(years))
	c.None = len(by) == 0
	c.Legend = c.fill.legend(c.show, now)
	c.ends(d, now)
	c.Gaps, c.More = gapsOf(d, c.Year)
	for m := time.January; m <= time.December; m++ {
		c.Months = append(c.Months, c.month(m, by, now))
	}
}

// old is how long ago the data of a lake may end before it is said: a platform has a day whole some hours after it.
const old = 48 * time.Hour

// ends says where the data ends, in the year in which it does.
func (c *calendar) ends(d Days, now time.Time) {
	if c.Empty {
		return
	}
	last := d.Days[len(d.Days)-1].Day
	c.end = last + 1
	if last.Start().Year() != c.Year || !last.End().AddDate(0, 0, 1).Before(now) {
		return
	}
	c.Until = last.Start().Format("2 January 2006")
	if now.Sub(last.End()) > old && !c.Live {
		c.Ago = words.Since(last.End(), now) + " ago"
		c.Bring = fmt.Sprintf("parley extract%s --from %s --to %s", lakeAndPlatform(d.Name, d.Platform), c.end, conversation.DayOf(now))
	}
}

func (c *calendar) add(d ledger.Day) {
	switch d.Verdict {
	case ledger.Gap:
		c.Missing++
	case ledger.Provisional:
		c.Changing++
	case ledger.Settled:
		c.Settled++
	}
	c.Records += d.Records
	c.fill.add(d, c.show)
}

// mostGaps is how many gaps are listed one by one.
const mostGaps = 12

// gapsOf lists the gaps of a year, the newest first.
func gapsOf(d Days, year int) (out []gap, more int) {
	for _, day := range slices.Backward(d.Days) {
		if day.Verdict != ledger.Gap || day.Day.Start().Year() != year {
			continue
		}
		if last := len(out) - 1; last < 0 || out[last].Reason != day.Reason || out[last].First != day.Day+1 {
			out = append(out, gap{First: day.Day, Last: day.Day, Reason: day.Reason})
		}
		g := &out[len(out)-1]
		g.First = day.Day
		n, usual := lackingOf(d, day)
		g.lacking, g.usual = g.lacking+n, g.usual || usual
	}
	for i := range out {
		out[i].Text = daysText(out[i].First, out[i].Last)
		out[i].Lacking = out[i].lacks()
		out[i].Command = fmt.Sprintf("parley extract%s --from %s --to %s", lakeAndPlatform(d.Name, d.Platform), out[i].First, out[i].Last+1)
	}
	if len(out) > mostGaps {
		out, more = out[:mostGaps], len(out)-mostGaps
	}
	return out, more
}

// weeksBack is how far back a day is looked for that tells what is usual.
const weeksBack = 4

// lackingOf is how many conversations of a day are lacking: what the platform counts more or, where it was not asked, what the same day of
// a week before has more, which is only usual. 0 where nobody knows.
func lackingOf(d Days, day ledger.Day) (n int64, usual bool) {
	if day.Delta != nil {
		return max(*day.Delta, 0), false
	}
	for weeks := range weeksBack {
		before := day.Day - 7*conversation.Day(weeks+1)
		i, found := slices.BinarySearchFunc(d.Days, before, func(d ledger.Day, at conversation.Day) int { return cmp.Compare(d.Day, at) })
		if found && d.Days[i].Verdict != ledger.Gap {
			return max(d.Days[i].Records-day.Records, 0), true
		}
	}
	return 0, false
}

// lacks says how much is lacking.
func (g *gap) lacks() string {
	n := words.Amount(int(g.lacking), "conversation", "conversations")
	switch {
	case g.lacking == 0:
		return ""
	case g.usual:
		return "About " + n + ", by the same days of weeks before."
	}
	return "The platform counts " + n + " more."
}

// daysText is a day, or the first and the last of several.
func daysText(first, last conversation.Day) string {
	a, b := first.Start(), last.Start()
	switch {
	case first == last:
		return a.Format("2 January")
	case a.Month() == b.Month():
		return a.Format("2") + " to " + b.Format("2 January")
	}
	return a.Format("2 January") + " to " + b.Format("2 January")
}

func (c *calendar) month(m time.Month, by map[conversation.Day]ledger.Day, now time.Time) month {
	out := month{Name: m.String()}
	first := time.Date(c.Year, m, 1, 0, 0, 0, 0, time.UTC)
	week := blanks((int(first.Weekday()) + 6) % 7)
	for at := first; at.Month() == m; at = at.AddDate(0, 0, 1) {
		d, known := by[conversation.DayOf(at)]
		if known {
			out.Records += d.Records
			if d.Verdict == ledger.Gap {
				out.Missing++
			}
		}
		if week = append(week, c.cell(at, d, known, now)); len(week) == 7 {
			out.Weeks, week = append(out.Weeks, week), nil
		}
	}
	if len(week) > 0 {
		out.Weeks = append(out.Weeks, append(week, blanks(7-len(week))...))
	}
	return out
}

// blanks are days of a week that are in another month.
func blanks(n int) []cell { return slices.Repeat([]cell{{}}, n) }

// cell is a day of the calendar, with whether it is being read.
func (c *calendar) cell(at time.Time, d ledger.Day, known bool, now time.Time) cell {
	out := c.held(at, d, known, now)
	if c.reading[conversation.DayOf(at)] {
		out.Class += " reading"
		out.Label += ", is being read"
	}
	return out
}

// held is a day by what the data has of it. What it is has a shape and a word, and not only a colour.
func (c *calendar) held(at time.Time, d ledger.Day, known bool, now time.Time) cell {
	out := cell{Day: at.Day(), Address: "/ui/day/" + at.Format("2006-01-02"), Label: at.Format("Monday 2 January")}
	switch {
	case !known && at.After(now):
		out.Class, out.Label = "notdue", out.Label+": not due yet"
		return out
	case !known && !c.Empty && !c.Live && conversation.DayOf(at) >= c.end:
		out.Class, out.Label = "unbrought", out.Label+": not brought yet"
		return out
	case !known && c.Live:
		out.Class, out.Label = "before", out.Label+": before the data begins"
		return out
	case !known:
		out.Class, out.Label = "before", out.Label+": never asked for"
		return out
	case d.Verdict == ledger.Gap:
		out.Class, out.Label = "gap", out.Label+": missing, "+d.Reason
		return out
	}
	out.Class = fmt.Sprintf("%s l%d", d.Verdict, c.fill.level(d, c.show))
	out.Label += ": " + string(d.Verdict) + ", " + words.Count(d.Records) + " records"
	if n := differing(d); n != 0 {
		out.Label += ", " + words.Count(n) + map[bool]string{true: " more", false: " fewer"}[*d.Delta > 0] + " on the platform"
	}
	if d.Changed > 0 {
		out.Class += " changed"
		out.Label += ", " + words.Amount(int(d.Changed), "place", "places") + " changed since"
	}
	if d.Open > 0 {
		out.Label += ", " + words.Count(d.Open) + " without an end"
	}
	if at, ok := readAt(d); ok && c.show.of == nil {
		out.Label += ", read " + words.Since(at, now) + " ago"
	}
	return out
}
