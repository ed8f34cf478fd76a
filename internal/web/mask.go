package web

import (
	"slices"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/redact"
	"github.com/parley-hq/parley/internal/wire"
)

// masks make records fit for those who may not see personal data: names, addresses and numbers, attributes and what people wrote
// lose all but their last two characters, and the numbers of what is in a message's text too.
type masks struct{ rules *redact.Rules }

const maskRules = `
rules:
  - {addresses: all, do: mask, keep: 2}
  - {names: all, do: mask, keep: 2}
  - {attributes: "*", do: mask}
  - {members: [wrapUpNote, wrapUpTags, subject, externalTag, journeyContext, cobrowseRoomId, roomId], do: mask}
`

func newMasks() (masks, error) {
	rules, err := redact.Parse([]byte(maskRules), nil)
	return masks{rules}, err
}

// of is a record as a client may see it.
func (m masks) of(who access.Client, r conversation.Record) (conversation.Record, error) {
	if who.Has(access.ViewPersonalData) {
		return r, nil
	}
	text, err := m.rules.Record(r.JSON)
	if err != nil {
		return r, err
	}
	return wire.Record(text)
}

// things are the purposes of participants that are no people: their names are those of queues and flows.
var things = []string{"acd", "ivr", "workflow", "botflow", "voicesurveyflow", "campaign"}

// nameThings gives participants that are no people the names that they have in the record.
func nameThings(masked, record *conversation.Conversation) {
	for i := range masked.Participants {
		if p := &masked.Participants[i]; slices.Contains(things, p.Purpose) {
			p.ParticipantName = record.Participants[i].ParticipantName
		}
	}
}
