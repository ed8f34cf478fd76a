package web

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/redact"
)

// masks make records fit for those who may not see personal data: names, addresses and numbers, attributes, what people wrote, and
// all that nobody knows lose all but their last two characters, or everything.
type masks struct{ rules *redact.Rules }

// The names of things may be those of people too, where they are configured so; what the platform configures, its ids, words and times
// stay.
const maskRules = `
rules:
  - {addresses: all, do: mask, keep: 2}
  - {names: all, do: mask, keep: 2}
  - {attributes: "*", do: mask}
  - {members: [bcc, cc], do: mask, keep: 2}
  - {members: [wrapUpNote, wrapUpTags, subject, externalTag, errorCodeDescription, properties, accessAttributes], do: mask}
  - {members: [journeyContext, journeyCustomerId, journeyCustomerSessionId, cobrowseRoomId, roomId, screenShareRoomId, videoRoomId, protocolCallId, mediaBridgeId], do: mask}
  - {unknown: all, do: mask}
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
	return r.WithText(text), nil // what is read out of it is not masked
}

// things are the purposes of participants that are no people: their names are those of queues and flows.
var things = []string{"acd", "ivr", "workflow", "botflow", "voicesurveyflow", "campaign"}

// nameThings gives participants that are no people the names that they have in the record.
func nameThings(masked *conversation.Conversation, record []byte) error {
	if !slices.ContainsFunc(masked.Participants, func(p conversation.Participant) bool { return slices.Contains(things, p.Purpose) }) {
		return nil
	}
	var named struct {
		Participants []struct {
			Name    string `json:"participantName"`
			Purpose string `json:"purpose"`
		} `json:"participants"`
	}
	err := json.Unmarshal(record, &named, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err != nil && !errors.As(err, new(*json.SemanticError)) {
		return err
	}
	for i := range min(len(masked.Participants), len(named.Participants)) {
		if p := &masked.Participants[i]; slices.Contains(things, p.Purpose) && p.Purpose == named.Participants[i].Purpose {
			p.ParticipantName = named.Participants[i].Name
		}
	}
	return nil
}

// change masks a difference between versions: its values as they are masked where they stand, and what names objects in its path.
func (m masks) change(c *Change) (err error) {
	steps := strings.Split(c.Path, "/")
	for _, value := range []*string{&c.Before, &c.After} {
		if *value == "" {
			continue
		}
		if *value, err = m.within(steps, *value); err != nil {
			return err
		}
	}
	for i, s := range steps {
		if strings.HasPrefix(s, "[") && !harmless.MatchString(s) {
			steps[i] = "[…]"
		}
	}
	c.Path = strings.Join(steps, "/")
	return nil
}

// within masks a value that stands at a path. Objects of lists are named in brackets there, and leave no trace in what the rules see.
func (m masks) within(steps []string, value string) (string, error) {
	head, tail := "", ""
	for _, s := range steps {
		if s == "" || strings.HasPrefix(s, "[") {
			continue
		}
		name, err := jsontext.AppendQuote(nil, s)
		if err != nil {
			return "", err
		}
		head, tail = head+"{"+string(name)+":", tail+"}"
	}
	text, err := m.rules.Record([]byte(head + value + tail))
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(strings.TrimPrefix(string(text), head), tail), nil
}

// harmless is what objects are named by that everybody may see: ids, words of the platform, and times.
var harmless = regexp.MustCompile(`^\[(` + identity + `)(,` + identity + `)*\]$`)

const identity = `(#\d+|(\w+Id|eventTime|emitDate|segmentStart|segmentType|flowOutcomeStartTimestamp|mediaType|direction|purpose|name)=[\w.:-]*)`
