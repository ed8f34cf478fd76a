package organization

import (
	"slices"
	"strconv"
	"strings"

	"github.com/parley-hq/parley/internal/sim/chance"
	"github.com/parley-hq/parley/internal/sim/tick"
)

// User is a person of the centre.
type User struct {
	Entity
	Email, Title       string
	Division           string
	Skills, Languages  []string // ids
	Queues             []*Queue // of which the user is a member
	Team               *Team    // nil for those who serve no queue
	Senior             bool     // serves the special queues too
	Address, Extension string   // of the station
	Mail               string   // address without host, by which routing and mailbox know the person
	Edge, Line         string   // the station's edge and its standing connection

	number  int          // of the place
	holding int64        // the how manieth has it
	place   *User        // the one whom the organization has there, number 0
	starts  tick.Instant // of the shift, after midnight
	off     [7]bool      // by weekday from Sunday
	seed    uint64
}

// newMember makes the n-th member of a team. Every other one is senior. Shifts begin one after another, so that the last
// ends when the queues have closed.
func (o *Organization) newMember(d *chance.Dice, t *Team, n int) *User {
	u := o.newUser(d, t.Division, "Agent")
	u.Team, u.Senior = t, n%2 == 0
	hours := t.Hours[1]
	span := max(0, hours.Until+15*tick.Minute-hours.From-shift)
	u.starts = hours.From + span*starts[n%len(starts)]/11/(15*tick.Minute)*(15*tick.Minute)
	for w := range u.off {
		u.off[w] = t.Hours[w].Until == 0
	}
	u.rests(n)
	for _, q := range t.Queues {
		if !q.Special || u.Senior {
			u.Queues = append(u.Queues, q)
			u.Skills = append(u.Skills, q.Skills...)
		}
	}
	u.Skills = once(u.Skills)
	u.Languages = []string{o.Languages[english].ID}
	if slices.Contains(u.Skills, o.Skills[spanish].ID) {
		u.Languages = append(u.Languages, o.Languages[spanish].ID)
	}
	return u
}

// The languages, which are skills as well.
const (
	english = iota
	spanish
)

// once leaves out what came before.
func once(of []string) (out []string) {
	for _, v := range of {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// starts are when members begin, in elevenths of the span from the earliest shift to the latest. A quarter works late: few
// callers come then, but one agent who is ill must not leave them alone.
var starts = [...]tick.Instant{0, 11, 4, 6, 11, 2, 8, 3, 11, 5, 1, 9}

// rests gives days off: most have the weekend; three in seven work then, and rest in the week.
func (u *User) rests(n int) {
	if n/2%7 < 4 {
		u.off[0], u.off[6] = true, true
		return
	}
	first := 1 + n%4
	u.off[first], u.off[first+1] = true, true
}

// addOthers makes those who serve no queue: staff, who call and are called, and supervisors.
func (o *Organization) addOthers(d *chance.Dice, perDay int) {
	for n := range 16 + perDay/130 {
		u := o.newUser(d, o.Divisions[n%len(o.Divisions)].ID, chance.Pick(d, staffTitles))
		u.starts = 6*tick.Hour + tick.Instant(n%17)*30*tick.Minute
		u.rests(2 * n)
		o.Staff = append(o.Staff, u)
	}
	for n := range 3 + perDay/2500 {
		u := o.newUser(d, o.Divisions[n%len(o.Divisions)].ID, "Supervisor")
		u.starts = 7*tick.Hour + tick.Instant(n%3)*4*tick.Hour
		u.rests(8 * n)
		o.Supervisors = append(o.Supervisors, u)
	}
}

func (o *Organization) newUser(d *chance.Dice, division, title string) *User {
	n := len(o.Users)
	first, last := firstNames[n%len(firstNames)], lastNames[(n*7+n/len(firstNames))%len(lastNames)]
	name := first + " " + last
	if again := n / (len(firstNames) * len(lastNames)); again > 0 {
		name += " " + strconv.Itoa(again+1)
	}
	address := "sip:" + d.Hex(24) + "+" + o.Host + ".orgspan.com"
	if d.Percent(60) {
		address += ";tgrp=" + d.UUID() + ";trunk-context=" + o.Host
	}
	u := &User{
		Entity: Entity{ID: d.UUID()}, Title: title, Division: division,
		Address: address + "@localhost", Extension: "tel:13" + d.Digits(5),
		Edge: chance.Pick(d, o.Edges), Line: d.UUID(), number: n, seed: o.seed,
	}
	u.place = u
	u.is(name, "")
	o.Users = append(o.Users, u)
	return u
}

// is gives the user a name, and a mail address that ends like this.
func (u *User) is(name, end string) {
	handle := strings.ToLower(strings.ReplaceAll(name, " ", ".")) + end
	u.Name, u.Email, u.Mail = name, handle+"@example.com", "sip:"+handle+"%40example.com"
}

// shift is how long a shift is.
const shift = 8*tick.Hour + 30*tick.Minute

// Works gives the stretches of a day, the centre's, in which the user works: a shift between its breaks, or nothing on
// a day off. One day in thirty somebody is ill, and every quarter away for a week.
func (u *User) Works(day int64) []Span {
	if u.off[Weekday(day)] || u.away(day) {
		return nil
	}
	d := chance.Of(u.seed, day, u.number, what+1)
	begin := tick.Instant(day)*tick.Day + u.starts + d.Between(0, 4*tick.Minute)
	at := [...]tick.Instant{2 * tick.Hour, 4 * tick.Hour, 6*tick.Hour + 30*tick.Minute}
	long := [...]tick.Instant{15 * tick.Minute, 30 * tick.Minute, 15 * tick.Minute}
	out := make([]Span, 0, 4)
	from := begin
	for i := range at {
		rest := begin + at[i] + d.Between(-30*tick.Minute, 30*tick.Minute)
		out = append(out, Span{from, rest})
		from = rest + long[i] + d.Between(0, 3*tick.Minute)
	}
	return append(out, Span{from, begin + shift})
}

// away says whether the user is ill, or on leave.
func (u *User) away(day int64) bool {
	week := chance.Of(u.seed, day/7, u.number, what+2)
	ill := chance.Of(u.seed, day, u.number, what+3)
	return week.Below(13) == 0 || ill.Below(30) == 0
}
