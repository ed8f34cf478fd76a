package organization

import (
	"github.com/parley-hq/parley/internal/sim/chance"
	"github.com/parley-hq/parley/internal/sim/tick"
)

// People come and go. A user of an organization is somebody's place: team, shift, station. Whoever has it leaves some day,
// and another comes the day after. Users are those who have the places on 1 November 2026, where the examples go from.
const described = 20758

// tenure is how long somebody stays, days: of a hundred, 66 leave in a year. Published rates of contact centres go from 30
// to well over 60; with a high one a few simulated days have somebody who left.
const tenure = 550

// On is the user who has the place on a day, the centre's.
func (u *User) On(day int64) *User { return u.holder(u.nth(day)) }

// nth is the how manieth has the place on a day, the user itself being number 0. Places change hands one after another:
// they are put along a tenure by the golden ratio, which leaves no wide gaps.
func (u *User) nth(day int64) int64 {
	since := day - described + int64(u.number)*618_034%1_000_000*tenure/1_000_000
	if since < 0 {
		return (since+1)/tenure - 1
	}
	return since / tenure
}

// Left is the first day on which the user is not there any more.
func (u *User) Left() int64 {
	return described - int64(u.number)*618_034%1_000_000*tenure/1_000_000 + (u.holding+1)*tenure
}

// holder is the n-th who has the place.
func (u *User) holder(n int64) *User {
	switch n {
	case u.holding:
		return u
	case 0:
		return u.place
	}
	d := chance.Of(u.seed, n, u.number, what+5)
	other := *u
	other.holding, other.ID = n, d.UUID()
	other.is(chance.Pick(&d, firstNames)+" "+chance.Pick(&d, lastNames), d.Digits(4))
	return &other
}

// Employed are those who have had a place on some day since one day, up to another.
func (o *Organization) Employed(since, until int64) (out []*User) {
	for _, u := range o.Users {
		for n := u.nth(since); n <= u.nth(until); n++ {
			out = append(out, u.holder(n))
		}
	}
	return out
}

// DayOf is the centre's day that holds an instant: from one quiet hour to the next.
func DayOf(at tick.Instant) int64 { return int64((at - Quiet) / tick.Day) }
