package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/runs"
	"github.com/parley-hq/parley/internal/web/words"
)

// runsBody is the page of all extractions.
type runsBody struct {
	Sentence string
	Name     string // of the lake, as a shell takes it
	Rows     []runRow
}

// runRow is an extraction in the list.
type runRow struct {
	ID, Short, Address, State, Begun, Age, Lasted, Days string
	Received, Added, Replaced, Whole                    string
}

func (v *visit) runs() ([]runs.Run, error) {
	return v.web.cfg.Data.Runs(v.ctx(), v.who.Organization)
}

func runsPage(v *visit) error {
	if v.web.cfg.Live {
		return fault.New(fault.NotFound, "Nothing is extracted into a sandbox, so that it has no runs; the server of a lake shows those into the lake")
	}
	follows, err := v.following("runs")
	if err != nil {
		return err
	}
	list, err := v.runs()
	if err != nil {
		return err
	}
	days, err := v.days()
	if err != nil {
		return err
	}
	now := v.web.cfg.Machine()
	b := runsBody{Sentence: runsSentence(list, now), Name: quoted(days.Name)}
	for _, r := range list {
		b.Rows = append(b.Rows, rowOfRun(r, now))
	}
	return v.show("runs", page{Title: "Runs", Here: "Runs", Body: b, Live: follows, JSON: "/parley/v1/runs", Command: "parley status --runs --lake " + quoted(days.Name)})
}

func runsSentence(list []runs.Run, now time.Time) string {
	if len(list) == 0 {
		return "No extraction has been run yet."
	}
	r := list[0]
	switch r.State(now) {
	case runs.Running:
		return "An extraction is running: " + progressOf(r) + "."
	case runs.Silent:
		return "An extraction has not been heard of for " + sinceRun(r.Seen, now) + "; the next one goes on with it."
	case runs.Stopped:
		return "The last extraction was interrupted " + sinceRun(r.Stopped, now) + " ago" + whyStopped(r) + ". The next one goes on with it."
	case runs.Lacks:
		return "The last extraction ended " + sinceRun(r.Ended, now) + " ago, and something is missing: " + r.Lacking + "."
	case runs.GivenUp:
		return "The last extraction was given up " + sinceRun(r.Ended, now) + " ago."
	case runs.Done:
	}
	return "The last extraction ended " + sinceRun(r.Ended, now) + " ago. It brought " + words.Amount(int(r.Added), "new conversation", "new conversations") + ", and " + changedText(r.Replaced) + "."
}

// sinceRun is how long ago something was of a run. It is told by the minute, which a page that is followed keeps up with.
func sinceRun(at, now time.Time) string {
	if now.Sub(at) < time.Minute {
		return "less than a minute"
	}
	return words.Since(at, now)
}

// byTheClock is what pages say of runs that changes although nothing new is heard of them: what became of each, and how long ago the newest
// one was heard of.
func byTheClock(list []runs.Run, now time.Time) (out []string) {
	for i, r := range list {
		if i == 0 {
			out = append(out, sinceRun(latest(r.Seen, r.Ended), now))
		}
		out = append(out, string(r.State(now)))
	}
	return out
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// whyStopped is why a run was left, unless it was told to stop.
func whyStopped(r runs.Run) string {
	if r.Why == "" {
		return ""
	}
	return ", because of this: " + strings.TrimSuffix(r.Why, ".")
}

func changedText(n int64) string {
	if n == 0 {
		return "none that had changed"
	}
	return words.Count(n) + " that had changed"
}

// progressOf is how far a run is.
func progressOf(r runs.Run) string {
	whole, all := r.Count(runs.Whole), len(r.Days)-r.Count(runs.Before)
	came := "nothing"
	if r.Received > 0 {
		came = words.Amount(int(r.Received), "record", "records")
	}
	are := "are"
	if whole == 1 {
		are = "is"
	}
	return fmt.Sprintf("%d of %s %s whole, and %s came so far", whole, words.Amount(all, "day", "days"), are, came)
}

func rowOfRun(r runs.Run, now time.Time) runRow {
	end := r.Ended
	if end.IsZero() {
		end = r.Seen
	}
	return runRow{
		ID: r.ID, Short: shortRun(r.ID), Address: "/ui/runs/" + url.PathEscape(r.ID), State: string(r.State(now)), Begun: r.Begun.UTC().Format("2 Jan 15:04:05"),
		Age: sinceRun(r.Begun, now) + " ago", Lasted: account.Length(max(end.Sub(r.Begun), 0)).String(), Days: r.First.String() + " to " + (r.End - 1).String(),
		Received: words.Count(r.Received), Added: words.Count(r.Added), Replaced: words.Count(r.Replaced), Whole: strconv.Itoa(r.Count(runs.Whole)),
	}
}

// shortRun is the end of a run's id, for people: such ids begin with the time, and those of one minute alike.
func shortRun(id string) string { return id[max(0, len(id)-8):] }

// runBody is the page of one extraction.
type runBody struct {
	ID       string
	Sentence string
	Lacking  string
	Warnings []string
	Facts    []fact
	Upstream *upstreamTold // nil of runs that did not enter it
	Days     []runDay
	More     int // days that are not drawn
	Command  string
}

// upstreamTold is how an extraction gets on with the platform.
type upstreamTold struct {
	runs.Told

	Past  bool // it has ended, or nothing is heard of it
	Meter *meter
	Open  bool // the breaker is not closed
}

// meter is a number beside what it may be at most. Its parts are shares of the whole width.
type meter struct {
	Used, Limit float64
	Full        bool
}

func upstreamOf(r runs.Run, now time.Time) *upstreamTold {
	if r.Upstream == nil {
		return nil
	}
	told := &upstreamTold{Told: r.Told(now), Past: r.State(now) != runs.Running, Open: r.Upstream.Breaker.State != runs.Closed && r.Ended.IsZero()}
	if r.Ended.IsZero() {
		told.Meter = meterOf(*r.Upstream)
	}
	return told
}

// meterOf draws the requests of the last minute beside the limit, in the width of what the platform allows, or of whatever is more.
func meterOf(u runs.Upstream) *meter {
	limit := u.Limit()
	if limit == 0 {
		return nil
	}
	whole := float64(max(limit, u.Allowed, u.Minute))
	return &meter{Used: float64(u.Minute) / whole, Limit: float64(limit) / whole, Full: u.Minute >= limit}
}

// runDay is a day of an extraction, as a cell.
type runDay struct{ Text, Class, Label, Address string }

// mostRunDays is how many days of a run are drawn, the last ones.
const mostRunDays = 400

var dayWords = map[runs.DayState][2]string{
	runs.Before: {"before", "is not read by this run"}, runs.Waiting: {"notdue", "waits"}, runs.Reading: {"reading", "is being read"},
	runs.Read: {"provisional l3", "was read, and waits for its commit"}, runs.Whole: {"settled l4", "is whole"},
}

func (v *visit) run() (r runs.Run, err error) {
	list, err := v.runs()
	if err != nil {
		return r, err
	}
	i := slices.IndexFunc(list, func(r runs.Run) bool { return r.ID == v.r.PathValue("id") })
	if i < 0 {
		return r, fault.New(fault.NotFound, "There is no such run, or it was so long ago that nothing is known of it any more")
	}
	return list[i], nil
}

func runPage(v *visit) error {
	follows, err := v.following("run/" + v.r.PathValue("id"))
	if err != nil {
		return err
	}
	r, err := v.run()
	if err != nil {
		return err
	}
	days, err := v.days()
	if err != nil {
		return err
	}
	b := runOf(r, v.web.cfg.Machine())
	if r.Ended.IsZero() {
		b.Command = "parley extract" + lakeAndPlatform(days.Name, days.Platform) + " --from " + r.First.String() + " --to " + r.End.String()
		if r.Again != "" {
			b.Command += " --again " + r.Again
		}
	}
	return v.show("run", page{Title: "Run " + shortRun(r.ID), Here: "Runs", Body: b, Live: follows, JSON: "/parley/v1/runs/" + r.ID, Command: "parley status --runs --lake " + quoted(days.Name)})
}

func runOf(r runs.Run, now time.Time) runBody {
	b := runBody{ID: r.ID, Sentence: runSentence(r, now), Lacking: r.Lacking, Warnings: r.Warnings, Upstream: upstreamOf(r, now)}
	row := rowOfRun(r, now)
	add := func(name, value, more string) { b.Facts = append(b.Facts, fact{Name: name, Value: value, More: more}) }
	add("state", row.State, r.Step)
	add("begun", row.Begun, row.Age)
	add("lasted", row.Lasted, "")
	came := ""
	if r.Bytes > 0 { // of those that are in the lake
		came = words.Size(int(r.Bytes))
	}
	add("records received", row.Received, came)
	if r.Rate > 0 && r.State(now) == runs.Running {
		add("a second, on average", words.Count(int64(r.Rate)), "records")
	}
	add("new", row.Added, "")
	add("changed", row.Replaced, "")
	add("unchanged", words.Count(r.Unchanged), "")
	pages := ""
	if r.Pages > 0 {
		pages = words.Amount(int(r.Pages), "page", "pages")
	}
	add("jobs", words.Count(r.Jobs), pages)
	add("commits", words.Count(r.Commits), "")
	first := max(0, len(r.Days)-mostRunDays)
	b.More = first
	for i, s := range []byte(r.Days)[first:] {
		at := r.First + conversation.Day(first+i)
		word := dayWords[runs.DayState(s)]
		b.Days = append(b.Days, runDay{strconv.Itoa(at.Start().Day()), word[0], at.Start().Format("Monday 2 January 2006") + " " + word[1], "/ui/day/" + at.String()})
	}
	return b
}

func runSentence(r runs.Run, now time.Time) string {
	days := daysText(r.First, r.End-1)
	switch r.State(now) {
	case runs.Running:
		if r.Upstream != nil && r.Upstream.Breaker.State == runs.Open {
			return "The extraction of " + days + " waits, because the platform fails: " + progressOf(r) + "."
		}
		return "The extraction of " + days + " is running: " + progressOf(r) + "."
	case runs.Silent:
		return "Nothing was heard of this extraction of " + days + " for " + sinceRun(r.Seen, now) + ": it was interrupted."
	case runs.Stopped:
		return "This extraction of " + days + " was interrupted " + sinceRun(r.Stopped, now) + " ago" + whyStopped(r) + ": " + progressOf(r) + "."
	case runs.GivenUp:
		return "This extraction of " + days + " was interrupted and given up, for one of other days; what it had made whole stays."
	case runs.Done, runs.Lacks:
	}
	return "The extraction of " + days + " took " + account.Length(r.Ended.Sub(r.Begun)).String() + " and made " + words.Amount(r.Count(runs.Whole), "day", "days") + " whole."
}

func runsJSON(v *visit) error {
	list, err := v.runs()
	if err != nil {
		return err
	}
	v.sendJSON(http.StatusOK, map[string]any{"runs": append([]runs.Run{}, list...)})
	return nil
}

func runJSON(v *visit) error {
	r, err := v.run()
	if err != nil {
		return err
	}
	v.sendJSON(http.StatusOK, r)
	return nil
}
