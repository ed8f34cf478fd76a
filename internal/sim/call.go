package sim

import (
	"cmp"
	"slices"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sim/chance"
	"github.com/parley-hq/parley/internal/sim/floor"
	"github.com/parley-hq/parley/internal/sim/organization"
)

// call is a conversation being made. Its legs say what happened to each who took part; finish puts them into the order
// of the wire.
type call struct {
	*dice
	centre    *Centre
	contact   *floor.Contact
	plan      *floor.Plan
	again     *floor.Plan
	id        string
	start     instant
	direction string // of the first leg
	caller    organization.Caller
	ani, dnis string // of the first leg; all legs of an inbound call repeat them
	divisions []string
	legs      []*leg
	merged    instant              // when a conference began, or 0
	yes, no   *bool                // shared by all segments and sessions of this conversation
	answer    *conversation.Survey // to a flow that asked how it was; nil if none did
	lost      bool                 // the end of the outside leg is never heard
	others    map[uint64]*dice     // that were thrown, besides the conversation's own
}

func newCall(c *Centre, d *dice, contact *floor.Contact) *call {
	k := &call{dice: d, centre: c, contact: contact, start: contact.At, lost: contact.Lost, yes: new(true), no: new(false), legs: make([]*leg, 0, 8)}
	k.id = d.UUID()
	k.plan, k.again = c.plans(contact)
	return k
}

// kind is what the conversation was: what it was about to be, unless those whom it needed were not there.
func (k *call) kind() floor.Kind {
	if k.plan != nil {
		return k.plan.Kind
	}
	return k.contact.Kind
}

// plays say how each kind of conversation is written down.
var plays = [...]func(*call){
	floor.FlowEnds: (*call).flowEnds, floor.CallerLeaves: (*call).callerLeaves, floor.FlowToFlow: (*call).flowToFlow,
	floor.FlowToNumber: (*call).flowToNumber, floor.FlowFails: (*call).flowFails, floor.GroupVoicemail: (*call).flowToGroupVoicemail,
	floor.UserVoicemail: (*call).flowToUserVoicemail, floor.ToUser: (*call).flowToUser, floor.Queued: (*call).queued,
	floor.QueueVoicemail: (*call).queueVoicemail, floor.Internal: (*call).internal, floor.Outbound: (*call).outbound,
	floor.ForQueue: (*call).outboundForQueue, floor.Preview: (*call).preview, floor.Predictive: (*call).predictive,
	floor.Chat: (*call).chat, floor.Message: (*call).message, floor.Email: (*call).email, floor.Expired: (*call).queueVoicemail,
}

func (k *call) play() { plays[k.kind()](k) }

// touch notes a division that the conversation came to.
func (k *call) touch(division string) {
	if !slices.Contains(k.divisions, division) {
		k.divisions = append(k.divisions, division)
	}
}

// with throws other dice than the conversation's own meanwhile, which then fall as if nothing had been.
func (k *call) with(what uint64, do func()) {
	if k.others == nil {
		k.others = make(map[uint64]*dice)
	}
	if k.others[what] == nil {
		d := k.centre.dice(k.contact, what)
		k.others[what] = &d
	}
	own := k.dice
	k.dice = k.others[what]
	do()
	k.dice = own
}

// pick is one of several, each as likely as any other.
func pick[T any](k *call, from []T) T { return chance.Pick(k.dice, from) }

// finish gives the conversation: participants by their first segment, its start and, if everything has ended, its end.
func (k *call) finish() *conversation.Conversation {
	slices.SortStableFunc(k.legs, func(a, b *leg) int { return cmp.Compare(a.begun, b.begun) })
	c := &conversation.Conversation{
		ConversationID:       conversation.ID(k.id),
		ConversationStart:    k.legs[0].begun.String(),
		DivisionIDs:          k.divisions,
		OriginatingDirection: k.direction,
		Participants:         make([]conversation.Participant, 0, len(k.legs)),
	}
	var end instant
	open := false
	for _, l := range k.legs {
		l.finish(c)
		end = max(end, l.at)
		open = open || l.open
	}
	if !open {
		c.ConversationEnd = end.String()
	}
	if k.merged > 0 {
		c.ConferenceStart = k.merged.String()
	}
	quality(c)
	return c
}
