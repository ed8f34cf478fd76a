package sim

import (
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// The share of a day's conversations that start in each hour, UTC, in thousandths: two humps on working days, one flat
// one at weekends. Every day has the same number of conversations, so the weekday shapes the day and not its size.
var (
	workday = [24]int{4, 3, 3, 3, 5, 10, 22, 45, 78, 96, 98, 88, 70, 76, 86, 84, 72, 52, 36, 26, 18, 12, 8, 5}
	weekend = [24]int{8, 6, 5, 5, 6, 10, 18, 34, 56, 74, 84, 88, 84, 78, 74, 70, 66, 60, 52, 44, 34, 22, 14, 8}
)

// midnight is how many conversations a day must have for one to be sure to cross its end, and unended for one of them
// to be sure never to end. lost is one in how many never ends: its outside leg's end was not heard.
const (
	midnight = 50
	unended  = 200
	lost     = 2000
)

// arrival is the start of conversation n of the day. The first one of a busy day comes in the last minute.
func (c *Centre) arrival(d *dice, of conversation.Day, n int) instant {
	begin := instant(of.Start().UnixMilli())
	if c.crosses(n) {
		return begin + day - d.between(5*second, 50*second)
	}
	return begin + instant(hourOf(d, of))*hour + d.between(0, hour-1)
}

func hourOf(d *dice, of conversation.Day) int {
	shares := &workday
	if w := of.Start().Weekday(); w == time.Saturday || w == time.Sunday {
		shares = &weekend
	}
	at := d.below(1000)
	for h, share := range shares {
		if at -= share; at < 0 {
			return h
		}
	}
	return len(shares) - 1
}

func (c *Centre) crosses(n int) bool { return n == 0 && c.config.PerDay >= midnight }

func (c *Centre) loses(n int) bool { return n%lost == 1 && c.config.PerDay >= unended }
