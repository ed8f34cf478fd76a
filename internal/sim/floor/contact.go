package floor

import (
	"github.com/parley-hq/parley/internal/sim/chance"
	"github.com/parley-hq/parley/internal/sim/organization"
	"github.com/parley-hq/parley/internal/sim/tick"
)

// Kind is what a conversation is about to be. What becomes of it is for the floor to say.
type Kind int

// Kinds. The first ones never meet a person.
const (
	FlowEnds       Kind = iota // the flow ends the call
	CallerLeaves               // the caller leaves the flow
	FlowToFlow                 // a second flow takes the call over
	FlowToNumber               // the flow connects to a number outside
	FlowFails                  // the line breaks
	GroupVoicemail             // the flow connects to the mailbox of a group
	UserVoicemail              // the flow connects to the mailbox of a person
	ToUser                     // the flow connects to a person
	Queued                     // the flow hands the caller to a queue
	QueueVoicemail             // the caller speaks to a queue's mailbox, and is called back
	Internal                   // one person of the centre calls another
	Outbound                   // a person calls somebody outside
	ForQueue                   // an agent calls somebody outside, on behalf of a queue
	Preview                    // an agent sees whom a campaign wants to be called
	Predictive                 // a campaign calls, and an agent gets who answers
	Chat
	Message
	Email
	Expired // a callback in a mailbox queue that nobody serves
)

// shares say how often each kind comes, in thousandths. Calls come as often as at the contact centre that was measured,
// by 161 records of 2024, where most never leave the flow; it had hardly any digital media.
var shares = [...]struct {
	kind  Kind
	share int
}{
	{FlowEnds, 187}, {CallerLeaves, 290}, {FlowToFlow, 55}, {FlowToNumber, 12}, {FlowFails, 3}, {GroupVoicemail, 30}, {UserVoicemail, 9},
	{ToUser, 28}, {Queued, 240}, {QueueVoicemail, 8}, {Expired, 2}, {Internal, 64}, {Outbound, 12}, {ForQueue, 10}, {Preview, 4}, {Predictive, 8},
	{Chat, 8}, {Message, 16}, {Email, 14},
}

// Contact is a conversation before anybody has served it: all that follows from its number alone.
type Contact struct {
	Day   int64 // UTC
	N     int   // of its day
	At    tick.Instant
	Ready tick.Instant // when the flow, or whoever began it, is through
	Again tick.Instant // when the customer writes again, on the day after; 0 for never
	Kind  Kind
	Queue *organization.Queue // for which it is, or nil
	Last  bool                // it must cross midnight
	Lost  bool                // nobody hears how it ends
	Bot   bool                // which speaks with the customer until Ready
	dice  chance.Dice         // for what happens on the floor
}

// Number says which conversation of which day a contact is.
type Number struct {
	Day  int64
	N    int
	At   tick.Instant
	Last bool // it must cross midnight
	Lost bool // nobody hears how it ends
}

// what tells this package's dice from others' of the same seed. What came later has dice of its own.
const (
	what = 0xf100 + iota
	whatReplies
	whatBots
)

// NewContact throws what a conversation is about to be.
func NewContact(o *organization.Organization, seed uint64, n Number) Contact {
	c := Contact{Day: n.Day, N: n.N, At: n.At, Last: n.Last, Lost: n.Lost, dice: chance.Of(seed, n.Day, n.N, what)}
	d := &c.dice
	c.Ready = c.At + d.Lognormal(24*tick.Second, 0.7, tick.Second/2, 6*tick.Minute)
	if c.Kind = throw(d); n.Last || n.Lost {
		c.Kind, c.Ready = Queued, c.At+3*tick.Second
	}
	if c.meets(o, d, n.Last); c.Kind > Predictive && c.Kind != Expired {
		c.Ready = c.At + d.Between(300, 4*tick.Second)
	}
	c.replies(seed)
	c.meetsBot(seed)
	return c
}

func throw(d *chance.Dice) Kind {
	at := d.Below(1000)
	for _, s := range shares {
		if at -= s.share; at < 0 {
			return s.kind
		}
	}
	return FlowEnds
}

// meets picks the queue. When it is closed, the flow says so and ends the call.
func (c *Contact) meets(o *organization.Organization, d *chance.Dice, last bool) {
	switch c.Kind {
	case Queued, QueueVoicemail, ForQueue:
		c.Queue = voice(o, d)
	case Preview, Predictive:
		c.Queue = chance.Pick(d, o.Campaigns).Queue
	case Expired:
		c.Queue = o.Queues[3]
		return
	case Chat, Message, Email:
		c.Queue = o.DigitalTeam().Queues[c.Kind-Chat]
		c.writes(d)
	default:
		return
	}
	if last {
		c.Queue = latest(o)
	}
	if c.Kind != Email && !c.Queue.Team.Open(c.Ready) {
		c.Kind, c.Queue, c.Again = FlowEnds, nil, 0
	}
}

// writes says whether a customer comes back to a thread on the next day: one in eight does.
func (c *Contact) writes(d *chance.Dice) {
	if c.Kind == Message && d.Percent(12) {
		c.Again = tick.Instant(c.home()+1)*tick.Day + d.Between(9*tick.Hour, 18*tick.Hour)
	}
}

// replies says whether a customer answers the centre's email on the next day, which opens the thread again: one in seven
// does, we guess. Only one whose email was answered on the day on which it came.
func (c *Contact) replies(seed uint64) {
	if c.Kind != Email {
		return
	}
	d := chance.Of(seed, c.Day, c.N, whatReplies)
	if first, _ := c.Floors(); first == c.home() && d.Percent(14) {
		c.Again = tick.Instant(c.home()+1)*tick.Day + d.Between(9*tick.Hour, 18*tick.Hour)
	}
}

// meetsBot has a bot speak with the customer of one message in three first, we guess, until it hands over to the queue.
func (c *Contact) meetsBot(seed uint64) {
	d := chance.Of(seed, c.Day, c.N, whatBots)
	if c.Kind != Message || !d.Percent(33) {
		return
	}
	c.Bot = true
	c.Ready += d.Lognormal(45*tick.Second, 0.7, 5*tick.Second, 5*tick.Minute)
}

// voice is a queue for calls, as often as its share says.
func voice(o *organization.Organization, d *chance.Dice) *organization.Queue {
	at := d.Below(100)
	for _, q := range o.Queues {
		if at -= q.Share; at < 0 {
			return q
		}
	}
	return o.Queues[0]
}

// latest is the queue that closes last.
func latest(o *organization.Organization) *organization.Queue {
	out := o.Queues[0]
	for _, q := range o.Queues {
		if q.Team.Hours[1].Until > out.Team.Hours[1].Until {
			out = q
		}
	}
	return out
}

// home is the centre's day on which the contact begins.
func (c *Contact) home() int64 { return organization.DayOf(c.At) }

// Floors gives the centre's days on which the contact is served. An email that comes when all have gone is answered on
// the next day; one who writes again is served twice. second is 0 if there is no second day.
func (c *Contact) Floors() (first, second int64) {
	first = c.home()
	if c.Kind == Email && c.Ready >= c.Queue.Team.Closes(c.At) {
		first++
	}
	if c.Again > 0 {
		second = first + 1
	}
	return first, second
}

// Served says whether the contact needs somebody, if the floor has anybody.
func (c *Contact) Served() bool { return c.Kind >= ToUser && c.Kind != Expired }
