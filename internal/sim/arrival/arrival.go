// Package arrival says when conversations begin.
//
// They come as an inhomogeneous Poisson process: independently of one another, at a rate that follows the hour, the
// weekday and the season. This is what measurements of call centres find once the rate is known (Brown et al.,
// "Statistical Analysis of a Telephone Call Center: A Queueing-Science Perspective", Journal of the American Statistical
// Association 100, 2005). They find too that no day's rate is quite the expected one, so each day has a busyness of its
// own, lognormal (Avramidis, Deslauriers and L'Ecuyer, "Modeling Daily Arrivals to a Telephone Call Center", Management
// Science 50, 2004).
package arrival

import (
	"time"

	"github.com/parley-hq/parley/internal/sim/chance"
	"github.com/parley-hq/parley/internal/sim/organization"
	"github.com/parley-hq/parley/internal/sim/tick"
)

// Process is how conversations come.
type Process struct {
	Seed   uint64
	PerDay int // the average over a week that is neither busy nor quiet; 0 and less mean that nobody comes
	// Steady has exactly PerDay conversations start on each UTC day, as a Poisson process that happens to bring so many.
	Steady bool
}

// The share of a day's conversations that start in each hour, UTC, in thousandths: two humps on working days, one flat
// one at weekends.
var (
	workday = [24]int{4, 3, 3, 3, 5, 10, 22, 45, 78, 96, 98, 88, 70, 76, 86, 84, 72, 52, 36, 26, 18, 12, 8, 5}
	weekend = [24]int{8, 6, 5, 5, 6, 10, 18, 34, 56, 74, 84, 88, 84, 78, 74, 70, 66, 60, 52, 44, 34, 22, 14, 8}
)

// weekdays is how busy each is, from Sunday, in thousandths of the average; they add up to 7,000.
var weekdays = [7]int{460, 1310, 1210, 1160, 1120, 1080, 660}

// months is how busy each is, from January, in thousandths; they add up to 12,000. Contracts begin with the year.
var months = [12]int{1140, 1060, 1010, 980, 960, 940, 900, 900, 960, 1020, 1060, 1070}

// Midnight is how many conversations a day must have for one to be sure to come in its last minute.
const Midnight = 50

// what tells this package's dice from others' of the same seed.
const what = 0xa221

// Day is when the conversations of a UTC day begin, one after another, no two at once.
func (p Process) Day(day int64) []tick.Instant {
	if p.PerDay <= 0 {
		return nil
	}
	d := chance.Of(p.Seed, day, 0, what)
	gaps := p.gaps(&d, day)
	return p.spread(&d, day, gaps)
}

// gaps are the instants of the day on a clock of its own, which runs from 0 to 1 and is as fast as the rate is high.
func (p Process) gaps(d *chance.Dice, day int64) []float64 {
	if p.Steady {
		return steady(d, p.PerDay)
	}
	rate := p.Rate(day) * (1 + float64(0.08*d.Normal()))
	out := make([]float64, 0, int(1.2*rate)+8)
	for at := d.Exponential(); at < rate; at += d.Exponential() {
		out = append(out, at/rate)
	}
	return out
}

// steady is a Poisson process of n arrivals: n gaps of the exponential distribution and one more, made to fit.
func steady(d *chance.Dice, n int) []float64 {
	out := make([]float64, n)
	at := 0.0
	for i := range out {
		at += d.Exponential()
		out[i] = at
	}
	at += d.Exponential()
	for i := range out {
		out[i] /= at
	}
	return out
}

// Rate is how many conversations are expected on a day, its own busyness left aside.
func (p Process) Rate(day int64) float64 {
	t := time.Unix(day*86400, 0).UTC()
	rate := float64(p.PerDay) * float64(weekdays[organization.Weekday(day)]) / 1000 * float64(months[t.Month()-1]) / 1000
	if t.Month() == time.December && t.Day() == 25 || t.Month() == time.January && t.Day() == 1 {
		rate *= 0.35
	}
	return rate
}

// spread gives the instants on the real clock: the hour by its share, evenly within it.
func (p Process) spread(d *chance.Dice, day int64, gaps []float64) []tick.Instant {
	shares := &workday
	if w := organization.Weekday(day); w == 0 || w == 6 {
		shares = &weekend
	}
	out := make([]tick.Instant, len(gaps))
	begin, hour, before, last := tick.Instant(day)*tick.Day, 0, 0.0, tick.Instant(0)
	for i, g := range gaps {
		at := float64(g * 1000)
		for hour < 23 && at >= before+float64(shares[hour]) {
			before += float64(shares[hour])
			hour++
		}
		part := float64((at-before)/float64(shares[hour])) * float64(tick.Hour)
		out[i] = max(begin+tick.Instant(hour)*tick.Hour+min(tick.Instant(part), tick.Hour-1), last+1)
		last = out[i]
	}
	if len(out) >= Midnight {
		out[len(out)-1] = max(begin+tick.Day-d.Between(5*tick.Second, 50*tick.Second), last)
	}
	return out
}
