// Package account tells what happened in a conversation, as a person asks it: who called whom, was it inbound or outbound,
// who answered, why did they call, how long did each phase take, how did it end.
//
// The record says few of these things. Each value that is derived has the rule by which it was, and what in the record it
// rests on, as its Why. What the record contradicts or leads readers to believe wrongly is told as a Doubt, never smoothed
// over. Words:
//
//	party    whoever takes part: a participant of the record
//	leg      a session of a party
//	handler  an agent, or a user outside of queues
//	phase    what a leg is doing in a segment, in the words of people: ringing, talk, hold
//	visit    the stay of a conversation in a queue
//	pass     a handler hands on: a transfer, a consult, a conference
//
// It asks nobody. Names that the record does not have come by Options.Names.
package account

import (
	"time"

	"github.com/parley-hq/parley/internal/axis"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/nearest"
)

// Noun is what an id is of, for those who look up its name.
type Noun string

// The nouns whose names a record may lack.
const (
	User       Noun = "user"
	Queue      Noun = "queue"
	WrapUpCode Noun = "wrapUpCode"
	Outcome    Noun = "flowOutcome"
)

// Names gives the name of what an id is of; empty if it knows none.
type Names func(of Noun, id string) string

// Options are what an account needs besides the record.
type Options struct {
	// AsOf is when the record was as it is: what has no end lasted until then. Zero if nobody knows; it is the latest time in
	// the record then.
	AsOf  time.Time
	Names Names // nil: there is nobody to ask
	// ReasonRules say where this organization's flows write down why somebody called. Attributes and their values are its own.
	ReasonRules []ReasonRule
}

// Fact is a value with the rule by which it was derived.
type Fact struct {
	Value string `json:"value"`
	Why   string `json:"why"`
}

// Account is the whole of it. Lists are in order of time.
type Account struct {
	ID       conversation.ID `json:"conversationId"`
	Sentence string          `json:"sentence"` // which answers: what happened, and how it ended
	Doubts   []Doubt         `json:"doubts"`

	Start     Instant  `json:"start,omitzero"`
	End       Instant  `json:"end,omitzero"`         // of the record; zero while it goes on
	EndFact   Fact     `json:"endFact"`              // "ended", "provisional" or "going on"
	Left      Instant  `json:"customerEnd,omitzero"` // when the party with which it was had gone: what people call the end of a call
	Direction Fact     `json:"direction"`            // inbound, outbound, "inbound / outbound", internal; empty if nothing says it
	Media     []string `json:"mediaTypes"`
	From      Address  `json:"from"`
	To        Address  `json:"to"`

	Handlers    []Handler    `json:"handlers"`
	Visits      []Visit      `json:"queueVisits"`
	Flows       []Flow       `json:"flows"`
	Reasons     []Reason     `json:"reasons"`
	Phases      []Phase      `json:"phases"`
	Passes      []Pass       `json:"passes"`
	Ending      Fact         `json:"ending"`
	WrapUps     []WrapUp     `json:"wrapUps"`
	Evaluations []Evaluation `json:"evaluations"`
	Surveys     []Survey     `json:"surveys"`

	Parties []Party   `json:"parties"`
	Axis    axis.Axis `json:"axis"`
	Checks  []Check   `json:"checks"` // metrics beside the segments that they should equal
	Ties    []Tie     `json:"-"`      // of parties, for who draws them
}

// teller is an account that is being made.
type teller struct {
	Options
	Account

	c      *conversation.Conversation
	legs   []*leg // by their first segment
	made   []leg  // where they lie
	spans  []span // of all of them
	brief  bool   // makes no text: names, sentences, rules as words
	names  map[string]string
	main   int       // the party that the conversation is with, by its place in the record; -1 if nobody is outside
	latest time.Time // the last time of anything in the record

	talks    nearest.List[*leg]             // legs of agents by when they began to talk
	talksOf  map[string]*nearest.List[*leg] // those of each queue
	answered map[*leg]int                   // the first of the visits that a leg answered
	first    map[string]int                 // the first turn of each user; nil if there are no two turns
	wrong    int                            // metrics that differ from their segments, and no exception says why
	closed   closing
	gone     []departure     // the last ones of two parties
	met      followers       // legs that came to a talk, or to a stay of somebody outside
	further  followers       // all to which one may be passed on
	toldWhy  map[Reason]bool // reasons without their rules; those without a label are values of any
}

// Of tells the account of a conversation. A record may lack anything: what it does not say is missing from the account, and a
// doubt says so where a reader would not expect it.
func Of(c *conversation.Conversation, o Options) Account {
	t := &teller{Options: o, c: c, names: conversation.Names(c)}
	t.ID = c.ConversationID
	t.readLegs()
	t.called()
	t.cast()
	t.find()
	t.reasons()
	t.later()
	t.draw()
	t.ties()
	t.doubts()
	t.contradictions()
	t.Sentence = t.sentence()
	return t.filled()
}

// find derives what follows from the legs. It is all of an account that rows have too.
func (t *teller) find() {
	t.times()
	t.direct()
	t.address()
	t.flows()
	t.visits()
	t.handlers()
	t.phases()
	t.passes()
	t.end()
}

// text is what is told in words; nothing where nobody reads them.
func (t *teller) text(tell func() string) string {
	if t.brief {
		return ""
	}
	return tell()
}

// filled is the account with empty lists where it has none, so that its JSON has the same members always.
func (t *teller) filled() Account {
	t.letGo()
	a := t.Account
	a.Doubts, a.Media, a.Handlers, a.Visits = list(a.Doubts), list(a.Media), list(a.Handlers), list(a.Visits)
	a.Flows, a.Reasons, a.Phases, a.Passes = list(a.Flows), list(a.Reasons), list(a.Phases), list(a.Passes)
	a.WrapUps, a.Evaluations, a.Surveys = list(a.WrapUps), list(a.Evaluations), list(a.Surveys)
	a.Parties, a.Checks, a.Axis = list(a.Parties), list(a.Checks), axis.Axis(list(a.Axis))
	return a
}

// letGo lets the record go: who keeps an account does not keep all that it was read from.
func (t *teller) letGo() {
	t.From.leg, t.To.leg = nil, nil
	for i := range t.Handlers {
		t.Handlers[i].legs = nil
	}
	for i := range t.Visits {
		t.Visits[i].leg, t.Visits[i].answer = nil, nil
	}
	for i := range t.Flows {
		t.Flows[i].leg = nil
	}
	for i := range t.Passes {
		p := &t.Passes[i]
		p.by, p.to, p.then = nil, nil, nil
	}
}

func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
