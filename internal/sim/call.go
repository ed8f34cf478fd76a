package sim

import (
	"cmp"
	"slices"

	"github.com/parley-hq/parley/internal/conversation"
)

// call is a conversation being made. A scenario adds legs to it and says what happens on each; finish puts them into
// the order of the wire.
type call struct {
	*dice
	centre    *Centre
	id        string
	start     instant
	direction string // of the first leg
	ani, dnis string // of the first leg; all legs of an inbound call repeat them
	divisions []string
	legs      []*leg
	yes, no   *bool // shared by all segments and sessions of this conversation
	lost      bool  // the end of the outside leg is never heard
}

func newCall(c *Centre, d *dice, a arrived) *call {
	return &call{dice: d, centre: c, id: a.id, start: a.at, yes: new(true), no: new(false), legs: make([]*leg, 0, 8)}
}

// touch notes a division that the conversation came to.
func (k *call) touch(division string) {
	if !slices.Contains(k.divisions, division) {
		k.divisions = append(k.divisions, division)
	}
}

// finish gives the conversation: participants by their first segment, its start and, if everything has ended, its end.
func (k *call) finish() *conversation.Conversation {
	slices.SortStableFunc(k.legs, func(a, b *leg) int { return cmp.Compare(a.begun, b.begun) })
	c := &conversation.Conversation{
		ConversationID:       conversation.ID(k.id),
		ConversationStart:    k.legs[0].begun.String(),
		DivisionIDs:          k.divisions,
		OriginatingDirection: k.direction,
		Participants:         make([]conversation.Participant, len(k.legs)),
	}
	var end instant
	open := false
	for i, l := range k.legs {
		c.Participants[i] = l.finish()
		end = max(end, l.at)
		open = open || l.open
	}
	if !open {
		c.ConversationEnd = end.String()
	}
	quality(c)
	return c
}
