package organization

import (
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/sim/chance"
	"github.com/parley-hq/parley/internal/sim/tick"
)

// sunday is 1 November 2026.
const sunday = 20758

func entities[T any](from []T, entity func(T) Entity) (out []Entity) {
	for _, v := range from {
		out = append(out, entity(v))
	}
	return out
}

func TestWhatThereIsHasIDsAndNames(t *testing.T) {
	for _, perDay := range []int{0, 300, 200_000} {
		o := New(12, perDay)
		for what, list := range map[string][]Entity{
			"queues": entities(o.Queues, func(q *Queue) Entity { return q.Entity }), "users": entities(o.Users, func(u *User) Entity { return u.Entity }),
			"flows": entities(o.Flows, func(f *Flow) Entity { return f.Entity }), "campaigns": entities(o.Campaigns, func(c *Campaign) Entity { return c.Entity }),
			"codes": o.WrapUpCodes, "divisions": o.Divisions, "skills": o.Skills, "languages": o.Languages, "groups": o.Groups,
		} {
			ids, names := make(map[string]bool), make(map[string]bool)
			for _, e := range list {
				ids[e.ID], names[e.Name] = true, true
			}
			if len(list) == 0 || len(ids) != len(list) || len(names) != len(list) {
				t.Errorf("%d a day: %d %s have %d ids and %d names", perDay, len(list), what, len(ids), len(names))
			}
		}
	}
}

func TestQueuesHaveSomeOfTheCodes(t *testing.T) {
	o := New(13, 300)
	for _, q := range o.Queues {
		if n := len(q.Codes); n < 3 || n > len(o.WrapUpCodes)/2 || slices.Contains(q.Codes, DefaultWrapUpCode) {
			t.Errorf("%s has %d of %d codes", q.Name, n, len(o.WrapUpCodes))
		}
		if q.Target <= q.Short || len(q.Skills) == 0 {
			t.Errorf("%s has no service level or no skill: %+v", q.Name, q)
		}
	}
}

// Everybody has gone by the quiet hour, and whoever serves late works when the queues close.
func TestShiftsLieWithinTheCentresDay(t *testing.T) {
	for _, perDay := range []int{0, 5000} {
		o := New(14, perDay)
		days, late := 0, map[int64]int{}
		for day := int64(sunday); day < sunday+28; day++ {
			for _, u := range o.Users {
				spans := u.Works(day)
				if spans == nil {
					continue
				}
				days++
				begin := tick.Instant(day) * tick.Day
				for i, s := range spans {
					if s.From >= s.Until || i > 0 && s.From <= spans[i-1].Until {
						t.Errorf("%s works %v", u.Name, spans)
					}
				}
				first, last := spans[0].From, spans[len(spans)-1].Until
				if first < begin+Quiet || last > begin+tick.Day+Quiet || last-first > 9*tick.Hour {
					t.Errorf("%s works from %v until %v", u.Name, first, last)
				}
				if u.Team == o.Teams[3] && last > begin+o.Teams[3].Hours[1].Until {
					late[day]++
				}
			}
		}
		if share := float64(days) / float64(28*len(o.Users)); share < 0.55 || share > 0.72 {
			t.Errorf("%d a day: on a day %.2f of all work", perDay, share)
		}
		if perDay > 0 && len(late) < 26 {
			t.Errorf("on %d of 28 days somebody works until the last queue closes", len(late))
		}
	}
}

func TestQueuesOpenAndClose(t *testing.T) {
	o := New(15, 300)
	at := func(day int64, hour tick.Instant) tick.Instant { return tick.Instant(day)*tick.Day + hour*tick.Hour }
	for name, c := range map[string]struct {
		team int
		at   tick.Instant
		open bool
	}{
		"service, Monday": {0, at(sunday+1, 8), true}, "service, at night": {0, at(sunday+1, 5), false}, "service, Sunday": {0, at(sunday, 9), true},
		"claims, Sunday": {1, at(sunday, 9), false}, "pharmacy after midnight": {3, at(sunday+2, 1), true}, "pharmacy, closed": {3, at(sunday+2, 2), false},
	} {
		if got := o.Teams[c.team].Open(c.at); got != c.open {
			t.Errorf("%s: open is %v", name, got)
		}
	}
	if got := o.Teams[3].Closes(at(sunday+2, 1)); got != at(sunday+2, 2) {
		t.Errorf("closes %v", got)
	}
}

func TestACallerIsOnePerson(t *testing.T) {
	o, d := New(16, 300), chance.Of(1, 2, 3, 4)
	known, again := map[string]Caller{}, 0
	for range 20_000 {
		c := o.Caller(&d)
		if before, ok := known[c.Number]; ok {
			again++
			if before != c {
				t.Errorf("%s is %s and %s", c.Number, before.Name, c.Name)
			}
		}
		known[c.Number] = c
		if len(c.Number) != len("+12255550105") || c.Number[5:10] != "55501" || c.Number[3:5] == "11" || !strings.HasSuffix(c.Mail, "@example.com") {
			t.Errorf("%+v", c)
		}
	}
	if again < 2000 {
		t.Errorf("%d of 20,000 callers call again", again)
	}
}
