package floor

import (
	"github.com/parley-hq/parley/internal/sim/chance"
	"github.com/parley-hq/parley/internal/sim/organization"
	"github.com/parley-hq/parley/internal/sim/tick"
)

// Plan is what became of a contact on the floor.
type Plan struct {
	Kind     Kind     // another than the contact's when those whom it needed were not there
	Visits   []*Visit // to queues, in the order in which they began
	Call     *Call    // between people, without a queue
	Campaign *organization.Campaign

	contact *Contact
	dice    chance.Dice
}

// Outcome is how a visit to a queue ended.
type Outcome int

// Outcomes.
const (
	Abandoned   Outcome = iota // the customer left
	Answered                   // an agent answered
	FlowedOut                  // the queue closed
	CalledBack                 // the customer would rather be called back: the next visit is that
	NeverServed                // a callback that nobody took
)

// Visit is a wait in a queue.
type Visit struct {
	Queue   *organization.Queue
	Medium  string
	Booked  tick.Instant // when the customer chose to be called back at Enter; 0 if as soon as somebody can
	Enter   tick.Instant // when the wait begins
	Left    tick.Instant // when it ends
	How     Outcome
	Offers  []Offer  // those who did not take it
	Served  *Service // who did
	Consult bool     // it is an agent who waits, and the customer does not
}

// Offer is a conversation that an agent did not take.
type Offer struct {
	User      *organization.User
	At, Until tick.Instant
	Left      bool         // the customer had left
	After     tick.Instant // until when the agent wrote it up all the same; 0 for not
}

// Ending is how a talk ended.
type Ending int

// Endings.
const (
	HungUp        Ending = iota
	Blind                // the agent passed the customer to another queue, whose visit is the next one
	ConsultedOver        // the agent spoke to another queue's agent first, and passed the customer on
	ConsultedBack        // the agent spoke to another queue's agent, and went on
	Conference           // the agent asked somebody outside to join
	Secure               // the customer entered a card number meanwhile
	Skipped              // the agent saw whom to call, and did not
	Unanswered           // the one who was to be called did not answer
)

// Service is an agent's work on one conversation.
type Service struct {
	User    *organization.User
	Alert   tick.Instant // rings, or shows itself
	From    tick.Instant // answered
	Until   tick.Instant // talk over
	Done    tick.Instant // after-call work over; equal to Until if there was none
	Ending  Ending
	At      tick.Instant // when the consult, the conference or the secure flow began
	Consult *Visit       // of which consult
	Monitor *Monitor
	Called  *Call // the call that was made, of callbacks and previews
}

// Monitor is a supervisor who listens.
type Monitor struct {
	User        *organization.User
	From, Until tick.Instant
}

// Call is a call from a person of the centre.
type Call struct {
	From, To *organization.User // To is nil for a call outside
	Dials    tick.Instant
	Rings    tick.Instant
	Answered tick.Instant // when it was answered, by the person or by the mailbox; 0 if nobody did
	Until    tick.Instant
	Mailbox  bool // nobody answered, and the caller spoke to the mailbox
	Busy     bool // of To, who speaks to somebody else
	Done     tick.Instant
}
