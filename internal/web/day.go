package web

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/limit"
	"github.com/parley-hq/parley/internal/runs"
	"github.com/parley-hq/parley/internal/shelf"
	"github.com/parley-hq/parley/internal/web/drawing"
	"github.com/parley-hq/parley/internal/web/words"
)

// DayMore is what there is of a day beside what the list of days tells.
type DayMore struct {
	Hours   [24]int64  // conversations by the UTC hour of their start
	Before  *[24]int64 // the same, a week before; nil where the data has nothing of that day
	Changed []ChangedConversation
	Others  bool     // there are more that changed
	New     []string // members that this version does not know, by path, which a conversation of this day was the first to have
}

// ChangedConversation is one that came again with another content.
type ChangedConversation struct {
	ID      conversation.ID
	Places  int       // in the record
	FoundAt time.Time // the last of them
}

// Bounds of what a page lists of a day.
const (
	mostChanged = 20
	mostRuns    = 20
	mostNew     = 20
)

// dayBody is the page of a day.
type dayBody struct {
	ledger.Day

	Title    string
	Sentence string
	Before   string
	After    string
	Command  string
	Explore  string // address of its conversations
	Hours    *hourChart
	Runs     []dayRun
	Changed  []changedRow
	Others   bool
	New      []string
	NewCount int
	Name     string // of the lake, as a shell takes it
	Asked    string // the lake and its platform, as commands have them
	Next     string // the day after, as commands take it
	Live     bool

	ReadAt, Available, NextReading string // as people read them
}

// dayRun is an extraction that reads the day, or has read it.
type dayRun struct{ Short, Address, Begun, State, Class string }

// changedRow is a conversation that changed, in the list.
type changedRow struct{ ID, Address, Places, FoundAt string }

func dayPage(v *visit) error {
	days, d, err := v.day()
	if err != nil {
		return err
	}
	follows, err := v.following("calendar")
	if err != nil {
		return err
	}
	at := d.Day.Start()
	b := &dayBody{
		Day: d, Title: at.Format("Monday 2 January 2006"), Sentence: sentenceOf(d), Name: quoted(days.Name), Asked: lakeAndPlatform(days.Name, days.Platform), Next: (d.Day + 1).String(), Live: v.web.cfg.Live,
		ReadAt: readable(d.ReadAt), Available: readable(d.Available), NextReading: readable(d.NextReading),
		Before: at.AddDate(0, 0, -1).Format("2006-01-02"), After: at.AddDate(0, 0, 1).Format("2006-01-02"), Explore: "/ui/explore?from=" + d.Day.String(),
	}
	if d.Verdict == ledger.Gap && !v.web.cfg.Live { // what is provisional is read again when it is due, and not before
		b.Command = fmt.Sprintf("parley extract%s --from %s --to %s", lakeAndPlatform(days.Name, days.Platform), d.Day, d.Day+1)
	}
	if err := b.tell(v); err != nil {
		return err
	}
	p := page{Title: d.Day.String(), Here: "Calendar", Body: b, Live: follows, JSON: "/parley/v1/days/" + d.Day.String()}
	if !v.web.cfg.Live {
		p.Command = fmt.Sprintf("parley status --lake %s --all --from %s --to %s", quoted(days.Name), d.Day, d.Day+1)
	}
	return v.show("day", p)
}

// readable is an instant as people read it; empty if there is none.
func readable(text string) string {
	at, err := conversation.ParseTime(text)
	if err != nil {
		return ""
	}
	return words.Instant(at) + " UTC"
}

// daysKey tells apart what is kept of days: another reading has another content, and a minute later it is looked up again.
type daysKey struct {
	organization              string
	day                       conversation.Day
	records, changed, minutes int64
	readings                  int
}

// What is kept of days, in bytes: of one, and of all.
const (
	dayBytes  = 4 << 10
	daysBytes = 1 << 20
)

// countedAtOnce is how many days are counted at the same time, for whoever looks at them. Each is a question for every hour, and nobody may
// keep others from asking theirs.
const countedAtOnce = 2

// daysKept are those that were counted last. Safe for concurrent use.
type daysKept struct {
	kept *shelf.Shelf[daysKey, DayMore]
	turn *limit.Turns
}

func newDaysKept() daysKept {
	return daysKept{shelf.New[daysKey, DayMore](daysBytes), limit.NewTurns(countedAtOnce, countedAtOnce, mostWaiting)}
}

// dayMore is what there is of a day beside what the list tells.
func (v *visit) dayMore(d ledger.Day) (DayMore, error) {
	w := v.web
	key := daysKey{v.who.Organization, d.Day, d.Records, d.Changed, w.cfg.Machine().Unix() / 60, d.Readings}
	return w.days.kept.Get(key, func() (DayMore, int64, error) {
		leave, err := wait(v.ctx(), w.days.turn, v, false)
		if err != nil {
			return DayMore{}, 0, err
		}
		defer leave()
		m, err := w.days.kept.Get(key, func() (DayMore, int64, error) { // somebody may have counted it meanwhile
			m, err := w.cfg.Data.Day(v.ctx(), v.who.Organization, d.Day, mostChanged)
			return m, dayBytes, err
		})
		return m, dayBytes, err
	})
}

// tell fills in what the list of days does not tell.
func (b *dayBody) tell(v *visit) error {
	more, err := v.dayMore(b.Day)
	if err != nil {
		return err
	}
	b.Hours = hoursOf(more, b.Day.Day)
	for _, c := range more.Changed {
		b.Changed = append(b.Changed, changedRow{string(c.ID), drawing.Address(string(c.ID)) + "?tab=compare", words.Amount(c.Places, "place", "places"), words.Instant(c.FoundAt)})
	}
	b.Others, b.NewCount = more.Others, len(more.New)
	if !v.masked() { // nobody knows what names of members tell that nobody knows
		b.New = more.New[:min(mostNew, len(more.New))]
	}
	list, err := v.runs()
	if err != nil {
		return err
	}
	b.Runs = runsOfDay(list, b.Day.Day, v.web.cfg.Machine())
	return nil
}

// runsOfDay are the extractions that read a day, the newest first.
func runsOfDay(list []runs.Run, day conversation.Day, now time.Time) (out []dayRun) {
	for _, r := range list {
		s := stateOf(r, day)
		if s == runs.Before {
			continue
		}
		if len(out) == mostRuns {
			break
		}
		row, word := rowOfRun(r, now), dayWords[s]
		text := word[1]
		if !r.Ended.IsZero() && s != runs.Whole {
			text = "did not become whole"
		}
		out = append(out, dayRun{row.Short, row.Address, row.Begun, text, word[0]})
	}
	return out
}

// stateOf is how far a run is with a day; Before if it does not read it.
func stateOf(r runs.Run, day conversation.Day) runs.DayState {
	if n := int(day - r.First); n >= 0 && n < len(r.Days) {
		return runs.DayState(r.Days[n])
	}
	return runs.Before
}

// hourChart is how many conversations began in each hour.
type hourChart struct {
	Bars    []hourBar
	Label   string
	Usual   string // the day that is drawn beside it; empty if there is none
	Address string // of that day
}

// hourBar is an hour of the chart. Places are from 0 to 1, from the left and from above.
type hourBar struct {
	X, W, Y, H float64
	UsualY     float64 // where the line of the day a week before lies; 1 without one
	Right      float64 // where the bar ends
	Text       string  // at the axis, if there is any
	Label      string

	Hour, Count, Usual string
}

// hoursOf draws the hours of a day, nil if neither it nor the day a week before has any.
func hoursOf(m DayMore, day conversation.Day) *hourChart {
	top := slices.Max(m.Hours[:])
	if m.Before != nil {
		top = max(top, slices.Max(m.Before[:]))
	}
	if top == 0 {
		return nil
	}
	out := &hourChart{Label: "Conversations by the hour (UTC) in which they began"}
	if m.Before != nil {
		before := day - 7
		out.Usual, out.Address = before.Start().Format("Monday 2 January"), "/ui/day/"+before.String()
		out.Label += ", beside those of " + out.Usual
	}
	for hour, n := range m.Hours {
		out.Bars = append(out.Bars, hourBarOf(hour, n, m.Before, float64(top)))
	}
	return out
}

func hourBarOf(hour int, n int64, before *[24]int64, top float64) hourBar {
	const wide = 1. / 24
	b := hourBar{X: (float64(hour) + .1) * wide, W: .8 * wide, Right: (float64(hour) + .9) * wide, Y: 1 - float64(n)/top, H: float64(n) / top, UsualY: 1}
	b.Hour, b.Count = fmt.Sprintf("%02d:00", hour), words.Count(n)
	b.Label = b.Hour + " " + b.Count
	if before != nil {
		b.UsualY, b.Usual = 1-float64(before[hour])/top, words.Count(before[hour])
		b.Label += ", a week before " + b.Usual
	}
	if hour%6 == 0 {
		b.Text = fmt.Sprintf("%02d", hour)
	}
	return b
}

// sentenceOf says how far a day is.
func sentenceOf(d ledger.Day) string {
	n := words.Count(d.Records) + " conversations"
	if d.Records == 1 {
		n = "1 conversation"
	}
	switch d.Verdict {
	case ledger.Gap:
		return "Something of this day is missing: " + d.Reason + ". The lake has " + n + "."
	case ledger.Provisional:
		return n + " so far; the day is read again, as records change for weeks."
	case ledger.Settled:
		return n + ", and the day is settled."
	}
	return n + "."
}

// day is the day of the address.
func (v *visit) day() (Days, ledger.Day, error) {
	at, err := conversation.ParseDay(v.r.PathValue("day"))
	if err != nil {
		return Days{}, ledger.Day{}, fault.New(fault.NotFound, "There is no such day; write it as 2026-07-14")
	}
	days, err := v.days()
	if err != nil {
		return days, ledger.Day{}, err
	}
	i, found := slices.BinarySearchFunc(days.Days, at, func(d ledger.Day, at conversation.Day) int { return d.Day.Start().Compare(at.Start()) })
	if !found && v.web.cfg.Live {
		return days, ledger.Day{}, fault.New(fault.NotFound, "The platform has nothing of %s", at)
	}
	if !found && !days.Available.IsZero() && at.End().After(days.Available) {
		return days, ledger.Day{}, fault.New(fault.NotFound, "The platform does not have %s whole yet: its data is complete up to %s UTC", at, words.Instant(days.Available))
	}
	if !found {
		return days, ledger.Day{}, fault.New(fault.NotFound, "The lake was never asked for %s; parley extract%s --from %s --to %s brings it", at, lakeAndPlatform(days.Name, days.Platform), at, at+1)
	}
	return days, days.Days[i], nil
}

// dayJSON gives a day to programs.
func dayJSON(v *visit) error {
	_, d, err := v.day()
	if err != nil {
		return err
	}
	more, err := v.dayMore(d)
	if err != nil {
		return err
	}
	type changed struct {
		ID      conversation.ID `json:"conversationId"`
		Places  int             `json:"places"`
		FoundAt string          `json:"found_at"`
	}
	out := struct {
		ledger.Day

		Hours       [24]int64  `json:"hours"`
		WeekBefore  *[24]int64 `json:"hours_week_before,omitempty"`
		Changed     []changed  `json:"changed"`
		MoreChanged bool       `json:"more_changed"`
		New         int        `json:"unknown_members"`
	}{d, more.Hours, more.Before, []changed{}, more.Others, len(more.New)}
	for _, c := range more.Changed {
		out.Changed = append(out.Changed, changed{c.ID, c.Places, conversation.FormatTime(c.FoundAt)})
	}
	v.sendJSON(http.StatusOK, out)
	return nil
}

// daysJSON gives the days from one to before another.
func daysJSON(v *visit) error {
	days, err := v.days()
	if err != nil {
		return err
	}
	q := v.r.URL.Query()
	out := []ledger.Day{}
	for _, d := range days.Days {
		if text := d.Day.String(); (q.Get("from") == "" || text >= q.Get("from")) && (q.Get("to") == "" || text < q.Get("to")) {
			out = append(out, d)
		}
	}
	v.sendJSON(http.StatusOK, map[string]any{"days": out})
	return nil
}
