// Package sim is a simulated contact centre: voice conversations as the platform would record them, with their
// participants, metrics, flows and attributes, every number of which obeys package arithmetic.
//
// Everything follows from the seed and the day. A day can be made without the days before it, again and again, and is
// the same each time. The centre makes conversations as they will be in the end; Cut shows one as it looked earlier.
//
// Nobody in it exists: telephone numbers are fictional 555-01xx numbers, mail addresses end in example.com.
package sim

import (
	"iter"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/conversation"
)

// Config says which centre to simulate.
type Config struct {
	Seed   uint64 // chooses queues, agents, flows and every conversation
	PerDay int    // conversations that start on each UTC day, exactly; 0 and less mean none
}

// Centre is a simulated contact centre. Safe for concurrent use.
type Centre struct {
	config Config
	catalogue
}

// New makes the centre of a configuration. It costs less than a millisecond.
func New(config Config) *Centre {
	return &Centre{config: config, catalogue: newCatalogue(config.Seed)}
}

// Day yields all conversations that start on a UTC day, in order of start and id, each as it will be in the end.
// Conversations share small values with one another; treat them as read only.
func (c *Centre) Day(of conversation.Day) iter.Seq[*conversation.Conversation] {
	return func(yield func(*conversation.Conversation) bool) {
		d := newDice()
		for _, a := range c.arrivals(d, of) {
			if !yield(c.conversation(d, of, a)) {
				return
			}
		}
	}
}

// arrived is a conversation before it is made: the n-th of its day.
type arrived struct {
	at instant
	id string
	n  int
}

// arrivals is the plan of a day in the order of the day.
func (c *Centre) arrivals(d *dice, of conversation.Day) []arrived {
	plan := make([]arrived, max(c.config.PerDay, 0))
	for n := range plan {
		plan[n] = c.arrive(d, of, n)
	}
	slices.SortFunc(plan, func(a, b arrived) int {
		if a.at != b.at {
			return int(a.at - b.at)
		}
		return strings.Compare(a.id, b.id)
	})
	return plan
}

// arrive throws the dice for start and id, the first throws of every conversation.
func (c *Centre) arrive(d *dice, of conversation.Day, n int) arrived {
	d.seed(c.config.Seed, int64(of), n)
	return arrived{at: c.arrival(d, of, n), id: d.uuid(), n: n}
}

// conversation makes one conversation of the plan.
func (c *Centre) conversation(d *dice, of conversation.Day, a arrived) *conversation.Conversation {
	c.arrive(d, of, a.n) // throw again, so that what follows is the same as at any other time
	k := newCall(c, d, a)
	switch {
	case c.crosses(a.n):
		k.answered()
	case c.loses(a.n):
		k.lost = true
		k.answered()
	default:
		k.play()
	}
	return k.finish()
}
