package sandbox

import (
	"slices"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// nightly is the batch that moves conversations to the lake behind the jobs, once in the morning. It is a view: what had
// begun when it began to read, as it was then.
type nightly struct {
	seed   uint64
	failed []conversation.Day // on whose morning it fails
	halts  []halt             // between which no batch came to its end
	back   []back
}

// halt is a time during which no batch comes to its end; one that lasts has no end. What ended as it began had ended.
type halt struct{ from, until time.Time }

// back is a dataAvailabilityDate that is shown in place of that of the batch, from an instant on until a later batch than
// the last of then has ended.
type back struct{ from, date time.Time }

// The batch of a day begins to read at four in the morning or up to a quarter of an hour later, and is through ten to
// thirty minutes after that. The platform's own, as seen in the sample of its documentation: 04:10:03.
const (
	earliest = 4 * time.Hour
	begins   = 15 * time.Minute
	shortest = 10 * time.Minute
	lasts    = 20 * time.Minute
)

// Latest is when, after midnight UTC, the batch that moves the day before has ended at the latest.
const Latest = earliest + begins + shortest + lasts

// read is when the batch of a day begins to read, to the second: what began before is moved.
func (n *nightly) read(d conversation.Day) time.Time {
	return d.Start().Add(earliest + time.Duration(n.mixed(d)%uint64(begins/time.Second))*time.Second)
}

// ends is when it is through.
func (n *nightly) ends(d conversation.Day) time.Time {
	return n.read(d).Add(shortest + time.Duration(n.mixed(d)>>32%uint64(lasts/time.Second))*time.Second)
}

// mixed is a number that follows from seed and day (splitmix64).
func (n *nightly) mixed(d conversation.Day) uint64 {
	z := n.seed + uint64(int64(d))*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// last is the day of the last batch that had ended well at an instant.
func (n *nightly) last(at time.Time) conversation.Day {
	day := conversation.DayOf(at)
	for n.ends(day).After(at) || n.fails(day) {
		day--
	}
	return day
}

// next is when the next batch ends well, unless something is done to it.
func (n *nightly) next(at time.Time) (time.Time, bool) {
	if i := len(n.halts) - 1; i >= 0 && n.halts[i].until.IsZero() {
		return time.Time{}, false
	}
	day := conversation.DayOf(at)
	for !n.ends(day).After(at) || n.fails(day) {
		day++
	}
	return n.ends(day), true
}

func (n *nightly) fails(day conversation.Day) bool {
	end := n.ends(day)
	return slices.Contains(n.failed, day) || slices.ContainsFunc(n.halts, func(h halt) bool {
		return end.After(h.from) && (h.until.IsZero() || !end.After(h.until))
	})
}

// available is the dataAvailabilityDate at an instant.
func (n *nightly) available(at time.Time) time.Time {
	last := n.last(at)
	for _, b := range slices.Backward(n.back) {
		if !b.from.After(at) && n.last(b.from) == last {
			return b.date
		}
	}
	return n.read(last)
}
