// Package notification is how a simulated platform tells its clients that something has happened, so that they need not
// ask again and again. A client makes a channel, subscribes it to topics, and reads messages from the channel's websocket.
//
// A channel lasts for a day by the platform's clock. Its id is what lets somebody read from it: the websocket asks for no
// token, as on the platform. A message goes to those who are connected when it is published, and is kept for nobody else:
// who connects reads afterwards how things stand.
//
// Which topics there are, who may subscribe to them, and when something is published is left to others, as are the
// addresses under which all this is served.
package notification

import (
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

// Lasts is how long a channel lasts from when it was made or last subscribed to something: the platform's.
const Lasts = 24 * time.Hour

// Limits bound what clients can make a server hold; 0 means the default of each.
type Limits struct {
	Channels    int // a client; default 20, the platform's: one more takes the place of the one that was used least lately
	Topics      int // a channel; default 1,000, the platform's
	Held        int // messages that wait for a client to read; default 64. One that has more waiting is disconnected
	Connections int // of all clients; default 200
}

func (l *Limits) defaults() {
	for _, d := range []struct {
		limit *int
		value int
	}{{&l.Channels, 20}, {&l.Topics, 1000}, {&l.Held, 64}, {&l.Connections, 200}} {
		if *d.limit == 0 {
			*d.limit = d.value
		}
	}
}

// Config is what Channels need.
type Config struct {
	Now func() time.Time // the platform's clock, by which channels expire
	// Wait returns when that clock shows an instant, and what happened before is published.
	Wait      func(ctx context.Context, until time.Time) error
	Heartbeat time.Duration // by the clock of the machine; default 30 s, the platform's
	Patience  time.Duration // how long a client may take for one message; default 10 s
	Limits    Limits
	Log       *slog.Logger // default: silent
}

// Channel is what a client knows of one.
type Channel struct {
	ID      string
	Expires time.Time
}

// Channels are those of the clients of one organization. Safe for concurrent use.
type Channels struct {
	cfg Config

	mu        sync.Mutex
	channels  map[string]*channel
	uses      int64                    // counts uses of channels, to tell which was earlier
	open      int                      // connections, those among them that only begin
	reading   map[*connection]struct{} // those that have begun
	closed    bool                     // nobody connects any more
	connected sync.WaitGroup
}

type channel struct {
	id, owner string
	expires   time.Time
	used      int64
	topics    []string
	reader    *connection // nil: nobody is connected
}

// New makes channels; there are none yet.
func New(c Config) *Channels {
	c.Limits.defaults()
	if c.Heartbeat == 0 {
		c.Heartbeat = 30 * time.Second
	}
	if c.Patience == 0 {
		c.Patience = 10 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Channels{cfg: c, channels: map[string]*channel{}, reading: map[*connection]struct{}{}}
}

// Create makes a channel of a client. One that has as many as it may loses the one that was used least lately; those that
// nobody is connected to go first.
func (cs *Channels) Create(owner string) Channel {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.expire()
	for of := cs.of(owner); len(of) >= cs.cfg.Limits.Channels; of = of[1:] {
		cs.remove(of[0], errCrowded)
	}
	c := &channel{id: "sandbox-" + strings.ToLower(rand.Text()), owner: owner}
	cs.channels[c.id] = c
	cs.renew(c)
	return c.shown()
}

func (c *channel) shown() Channel { return Channel{c.id, c.expires} }

// renew has a channel last from now on.
func (cs *Channels) renew(c *channel) {
	c.expires = cs.cfg.Now().Add(Lasts)
	cs.use(c)
}

func (cs *Channels) use(c *channel) {
	cs.uses++
	c.used = cs.uses
}

// of are the channels of a client: those that nobody is connected to first, and of those the ones used earlier.
func (cs *Channels) of(owner string) (of []*channel) {
	for _, c := range cs.channels {
		if c.owner == owner {
			of = append(of, c)
		}
	}
	slices.SortFunc(of, func(a, b *channel) int {
		if (a.reader == nil) != (b.reader == nil) {
			if a.reader == nil {
				return -1
			}
			return 1
		}
		return int(a.used - b.used)
	})
	return of
}

// expire removes the channels whose time has come. Those that somebody is connected to watch their time themselves: when the
// clock is moved, what happened before they expired is told them first.
func (cs *Channels) expire() {
	now := cs.cfg.Now()
	for _, c := range cs.channels {
		if c.reader == nil && !c.expires.After(now) {
			delete(cs.channels, c.id)
		}
	}
}

// remove forgets a channel and disconnects who reads from it.
func (cs *Channels) remove(c *channel, why *ending) {
	delete(cs.channels, c.id)
	if c.reader != nil {
		c.reader.end(why)
	}
}

// List gives the channels of a client in the order in which they were used last.
func (cs *Channels) List(owner string) []Channel {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.expire()
	of := cs.of(owner)
	slices.SortFunc(of, func(a, b *channel) int { return int(a.used - b.used) })
	out := make([]Channel, len(of))
	for i, c := range of {
		out[i] = c.shown()
	}
	return out
}

// Find gives a channel of a client. It fails with fault.NotFound for one that is another's, or has expired, too.
func (cs *Channels) Find(owner, id string) (Channel, error) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c, err := cs.find(owner, id)
	if err != nil {
		return Channel{}, err
	}
	return c.shown(), nil
}

// Has says whether there is a channel, whoever's it is.
func (cs *Channels) Has(id string) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.channels[id] != nil
}

func (cs *Channels) find(owner, id string) (*channel, error) {
	cs.expire()
	if c := cs.channels[id]; c != nil && c.owner == owner {
		return c, nil
	}
	return nil, NotThere()
}

// NotThere is the error of a channel that is not there, for all who look for one.
func NotThere() error {
	return fault.New(fault.NotFound, "There is no such channel: it was never made, has expired, or belongs to another client. Make one by POST /api/v2/notifications/channels")
}

// Topics are those that a channel of a client is subscribed to, in the order in which that was done.
func (cs *Channels) Topics(owner, id string) ([]string, error) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c, err := cs.find(owner, id)
	if err != nil {
		return nil, err
	}
	return slices.Clone(c.topics), nil
}

// Subscribe adds topics to those of a channel of a client, or puts them in their place, and gives what it is subscribed to
// then. The channel lasts for a day from then on.
func (cs *Channels) Subscribe(owner, id string, topics []string, inPlace bool) ([]string, error) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c, err := cs.find(owner, id)
	if err != nil {
		return nil, err
	}
	var after []string
	if !inPlace {
		after = slices.Clone(c.topics)
	}
	for _, t := range topics {
		if !slices.Contains(after, t) {
			after = append(after, t)
		}
	}
	if most := cs.cfg.Limits.Topics; len(after) > most {
		return nil, fault.New(fault.Invalid, "A channel can be subscribed to %d topics at most", most)
	}
	c.topics = after
	cs.renew(c)
	return slices.Clone(after), nil
}

// Publish tells who is connected to a channel that is subscribed to a topic, and waits for nobody. It gives how many that
// are.
func (cs *Channels) Publish(topic string, body any) (told int, err error) {
	text, err := message(topic, body)
	if err != nil {
		return 0, err
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.expire()
	for _, c := range cs.channels {
		if c.reader != nil && slices.Contains(c.topics, topic) && c.reader.hold(text) {
			told++
		}
	}
	return told, nil
}
