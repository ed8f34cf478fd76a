// Package sim is a simulated contact centre: conversations of every medium as the platform would record them, with their
// participants, metrics, flows and attributes, every number of which obeys package arithmetic.
//
// Everything follows from the seed, the size and the day. A day can be made without the days before it, again and again,
// and is the same each time, on any machine. The centre makes conversations as they will be in the end; Cut shows one as
// it looked earlier.
//
// Who works there is said by package organization, when conversations begin by package arrival, and what becomes of them
// by package floor. This package writes it down as the platform would.
package sim

import (
	"iter"
	"sync"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sim/arrival"
	"github.com/parley-hq/parley/internal/sim/chance"
	"github.com/parley-hq/parley/internal/sim/floor"
	"github.com/parley-hq/parley/internal/sim/organization"
)

// Config says which centre to simulate.
type Config struct {
	Seed   uint64 // chooses queues, agents, flows and every conversation
	PerDay int    // conversations that start on each UTC day, exactly or, if Uneven, on average; 0 and less mean none
	// Uneven has the weekday, the season and chance decide how many conversations a day has. Otherwise only the hours
	// are uneven.
	Uneven bool
}

// Centre is a simulated contact centre. Safe for concurrent use.
type Centre struct {
	Organization *organization.Organization
	config       Config
	arrivals     arrival.Process

	mu     sync.Mutex
	played []played // the last first
}

// New makes the centre of a configuration. It costs a millisecond, or more where thousands work.
func New(config Config) *Centre {
	return &Centre{
		Organization: organization.New(config.Seed, max(config.PerDay, 0)), config: config,
		arrivals: arrival.Process{Seed: config.Seed, PerDay: config.PerDay, Steady: !config.Uneven},
	}
}

// Count is how many conversations start on a UTC day.
func (c *Centre) Count(of conversation.Day) int { return len(c.arrivals.Day(int64(of))) }

// Day yields all conversations that start on a UTC day, in order of start, each as it will be in the end. Conversations
// share small values with one another; treat them as read only.
func (c *Centre) Day(of conversation.Day) iter.Seq[*conversation.Conversation] {
	return func(yield func(*conversation.Conversation) bool) {
		for _, contact := range c.contacts(int64(of)) {
			if !yield(c.conversation(&contact)) {
				return
			}
		}
	}
}

// contacts are the conversations of a UTC day before anybody has served them.
func (c *Centre) contacts(day int64) []floor.Contact {
	at := c.arrivals.Day(day)
	out := make([]floor.Contact, len(at))
	for n := range at {
		out[n] = floor.NewContact(c.Organization, c.config.Seed, floor.Number{
			Day: day, N: n, At: at[n], Last: n == len(at)-1 && len(at) >= arrival.Midnight, Lost: n%lost == unended/2 && len(at) >= unended,
		})
	}
	return out
}

// what tells this package's dice from others' of the same seed. Whatever the simulation learns to do throws dice of its
// own: those that fell before fall as they did.
const (
	what = 0x51 + iota
	whatSupervisorsDo
	whatSurveysAsk
	whatBotsSay
	whatVoiceBotsSay
	whatRepliesSay
)

// dice are a conversation's, for one thing.
func (c *Centre) dice(of *floor.Contact, what uint64) dice {
	return chance.Of(c.config.Seed, of.Day, of.N, what)
}

// conversation makes one conversation.
func (c *Centre) conversation(contact *floor.Contact) *conversation.Conversation {
	d := c.dice(contact, what)
	k := newCall(c, &d, contact)
	k.play()
	out := k.finish()
	k.afterwards(out)
	return out
}

// unended is how many conversations a day must have for one of them to be sure never to end; lost is one in how many
// never ends: its outside leg's end was not heard.
const (
	unended = 200
	lost    = 2000
)

// played is a day of the centre that was simulated, or is being simulated.
type played struct {
	day   int64
	floor func() *floor.Day
}

// kept is how many days of the centre are kept: days are asked for in order, sometimes several at once, and each needs
// three.
const kept = 8

// floor is a day of the centre. Whoever asks while it is being simulated waits for it.
func (c *Centre) floor(day int64) *floor.Day {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, p := range c.played {
		if p.day == day {
			copy(c.played[1:i+1], c.played[:i])
			c.played[0] = p
			return c.unlocked(p)
		}
	}
	p := played{day, sync.OnceValue(func() *floor.Day { return c.play(day) })}
	c.played = append([]played{p}, c.played[:min(len(c.played), kept-1)]...)
	return c.unlocked(p)
}

// unlocked simulates without keeping others from what was simulated before.
func (c *Centre) unlocked(p played) *floor.Day {
	c.mu.Unlock()
	defer c.mu.Lock()
	return p.floor()
}

// play simulates a day of the centre. Two days before it, somebody may have begun who writes again on it.
func (c *Centre) play(day int64) *floor.Day {
	var contacts []floor.Contact
	for d := day - 2; d <= day+1; d++ {
		for _, k := range c.contacts(d) {
			if first, second := k.Floors(); k.Served() && (first == day || second == day) {
				contacts = append(contacts, k)
			}
		}
	}
	return floor.Play(c.Organization, day, contacts)
}

// plans are what became of a contact: nil where nobody was needed, and a second time if the customer wrote again.
func (c *Centre) plans(contact *floor.Contact) (first, again *floor.Plan) {
	if !contact.Served() {
		return nil, nil
	}
	day, next := contact.Floors()
	first = c.floor(day).Plan(contact, false)
	if next != 0 {
		again = c.floor(next).Plan(contact, true)
	}
	return first, again
}
