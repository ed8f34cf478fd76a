package web

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/web/words"
)

// showing is something that the fill of a day can say.
type showing struct {
	name, title string
	legend      string // with the largest value of a year in it
	live        bool   // a platform's own data tells it too

	of func(ledger.Day) int64
}

// shows are what can be chosen. Without of one goes by when a day was read, and not by a number.
var shows = []showing{
	{"records", "How many records a day has", "the stronger, the more records: up to %s", true, func(d ledger.Day) int64 { return d.Records }},
	{"delta", "How many records the platform counts more than there are, or fewer", "the stronger, the more the platform counts differently: up to %s; without a fill it counts as many, or was not asked", false, differing},
	{"open", "How many conversations of a day have no end yet", "the stronger, the more conversations without an end: up to %s", true, func(d ledger.Day) int64 { return d.Open }},
	{"changes", "In how many places later versions changed the records of a day", "the stronger, the more places changed since: up to %s", false, func(d ledger.Day) int64 { return d.Changed }},
	{name: "read", title: "How long ago a day was read last", legend: "the stronger, the later read: from %s ago to %s ago"},
}

// differing is how far apart the platform's count of a day is from what there is of it.
func differing(d ledger.Day) int64 {
	if d.Delta == nil {
		return 0
	}
	return int64(math.Abs(float64(*d.Delta)))
}

// showingBy finds one by its name.
func showingBy(name string) (s showing, found bool) {
	if i := slices.IndexFunc(shows, func(s showing) bool { return s.name == name }); i >= 0 {
		return shows[i], true
	}
	return s, false
}

func showNames() (out []string) {
	for _, s := range shows {
		out = append(out, s.name)
	}
	return out
}

// showChoice is a way to show a year, with what it says.
type showChoice struct {
	choice

	Title string
}

// choices are the ways to show a year. Those of which a platform tells nothing are left out where its own data is shown.
func (c *calendar) choices() (out []showChoice) {
	for _, s := range shows {
		if s.live || !c.Live {
			out = append(out, showChoice{choice{s.name, fmt.Sprintf("/ui/calendar/%d?show=%s", c.Year, s.name), s.name == c.show.name}, s.title})
		}
	}
	return out
}

// fill is what the fill of days is measured by: the largest number of a day, and when days were read.
type fill struct {
	top           int64
	first, newest time.Time // readings; zero without any
}

// add counts a day in.
func (f *fill) add(d ledger.Day, by showing) {
	if by.of != nil {
		f.top = max(f.top, by.of(d))
	}
	at, ok := readAt(d)
	if !ok {
		return
	}
	if f.first.IsZero() || at.Before(f.first) {
		f.first = at
	}
	if at.After(f.newest) {
		f.newest = at
	}
}

// level is how strong the fill of a day is, from 0 to 5.
func (f *fill) level(d ledger.Day, by showing) int {
	if by.of != nil {
		return share(float64(by.of(d)), float64(f.top))
	}
	at, ok := readAt(d)
	if !ok {
		return 0
	}
	if f.together() {
		return len(ramp)
	}
	return max(1, share(float64(at.Sub(f.first)), float64(f.newest.Sub(f.first))))
}

// together says that all days were read at about the same time: one run has brought them.
func (f *fill) together() bool { return f.newest.Sub(f.first) < time.Hour }

// ramp are the steps of a fill, the palest first.
var ramp = [...]int{1, 2, 3, 4, 5}

// legend says what the fill of a day means.
func (f *fill) legend(by showing, now time.Time) string {
	switch {
	case by.of != nil:
		return fmt.Sprintf(by.legend, words.Count(f.top))
	case f.newest.IsZero():
		return "no day of this year was read"
	case f.together():
		return "all were read " + words.Since(f.newest, now) + " ago"
	}
	return fmt.Sprintf(by.legend, words.Since(f.first, now), words.Since(f.newest, now))
}

// readAt is when a day was read last, if it was.
func readAt(d ledger.Day) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, d.ReadAt)
	return at, err == nil
}

// share is a number as a part of another one: 0 of nothing, and from 1 to 5.
func share(n, of float64) int {
	if n <= 0 {
		return 0
	}
	return min(len(ramp), 1+int(float64(len(ramp))*n/(of*1.0001)))
}
