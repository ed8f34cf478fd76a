// Package mask makes records fit for those who may not see personal data, before anything is made of them.
package mask

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/redact"
)

// Mask takes personal data out of records: names, addresses and numbers, attributes, what people wrote, and all that nobody knows lose
// all but their last two characters, or everything. Safe for concurrent use.
type Mask struct{ rules *redact.Rules }

// The names of things may be those of people too, where they are configured so; what the platform configures, its ids, words and times
// stay, unless they look like a number or an address of a person. Why a flow was entered is the number that was dialled.
const rules = `
rules:
  - {addresses: all, do: mask, keep: 2}
  - {names: all, do: mask, keep: 2}
  - {attributes: "*", do: mask}
  - {members: [bcc, cc, entryReason], do: mask, keep: 2}
  - {members: [wrapUpNote, wrapUpTags, subject, externalTag, errorCodeDescription, properties, accessAttributes], do: mask}
  - {members: [journeyContext, journeyCustomerId, journeyCustomerSessionId, cobrowseRoomId, roomId, screenShareRoomId, videoRoomId, protocolCallId, mediaBridgeId], do: mask}
  - {unknown: all, do: mask}
  - {personal: all, do: mask, keep: 2}
`

// New makes a mask.
func New() (Mask, error) {
	parsed, err := redact.Parse([]byte(rules), nil)
	return Mask{parsed}, err
}

// Meets says whether the mask takes away what a member of a record has.
func (m Mask) Meets(member string) bool { return m.rules.Meets(member) }

// Tells says whether a value is masked wherever it stands: it looks like a number or an address of a person.
func (Mask) Tells(value string) bool { return redact.Personal(value) }

// Record is a record without personal data. What is read out of it, as its times, is not masked.
func (m Mask) Record(r conversation.Record) (conversation.Record, error) {
	text, err := m.rules.Record(r.JSON)
	if err != nil {
		return r, err
	}
	return r.WithText(text), nil
}

// things are the purposes of participants that are no people: their names are those of queues and flows.
var things = []string{"acd", "ivr", "workflow", "botflow", "voicesurveyflow", "campaign"}

// namedThing is of a participant what tells whether it is a thing, as its purpose says.
type namedThing struct {
	Name     string `json:"participantName"`
	Purpose  string `json:"purpose"`
	User     string `json:"userId"`
	Sessions []struct {
		Flow     *struct{} `json:"flow"`
		Segments []struct {
			Queue string `json:"queueId"`
		} `json:"segments"`
	} `json:"sessions"`
}

// thing says whether a participant was a queue or a flow, which leave more than a word of purpose, and has the name of none but one.
func (n *namedThing) thing() bool {
	if !slices.Contains(things, n.Purpose) || n.User != "" || redact.Personal(n.Name) {
		return false
	}
	for _, s := range n.Sessions {
		if s.Flow != nil {
			return true
		}
		for _, g := range s.Segments {
			if g.Queue != "" {
				return true
			}
		}
	}
	return false
}

// NameThings gives participants that are no people the names that they have in the record.
func NameThings(masked *conversation.Conversation, record []byte) error {
	if !slices.ContainsFunc(masked.Participants, func(p conversation.Participant) bool { return slices.Contains(things, p.Purpose) }) {
		return nil
	}
	var named struct {
		Participants []namedThing `json:"participants"`
	}
	err := json.Unmarshal(record, &named, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err != nil && !errors.As(err, new(*json.SemanticError)) {
		return err
	}
	for i := range min(len(masked.Participants), len(named.Participants)) {
		if p, n := &masked.Participants[i], &named.Participants[i]; n.thing() && p.Purpose == n.Purpose {
			p.ParticipantName = n.Name
		}
	}
	return nil
}

// Change masks a difference between versions: values, which are JSON or empty, as they are masked where they stand, and what tells of
// people in their path.
func (m Mask) Change(path string, values ...*string) (masked string, err error) {
	steps := strings.Split(path, "/")
	known := maskPath(steps)
	for _, value := range values {
		if *value == "" {
			continue
		}
		if *value, err = m.within(steps[:known], *value); err != nil {
			return "", err
		}
	}
	return strings.Join(steps, "/"), nil
}

// hidden stands in the place of a step of a path.
const hidden = "…"

// maskPath masks steps of a path, and says how many of them the rules must know: what is below a member that nobody knows is masked as
// that is.
func maskPath(steps []string) (known int) {
	known = len(steps)
	attributes := false
	for i, s := range steps {
		switch {
		case i >= known:
			steps[i] = hidden
		case s == "":
		case inList(steps, i):
			if !tellsNobody(s) {
				steps[i] = "[" + hidden + "]"
			}
		case attributes || !redact.Member(s):
			known = i + 1
			if redact.PersonalName(s) {
				steps[i] = hidden
			}
		default:
			attributes = s == "attributes"
		}
	}
	return known
}

// within masks a value that stands at a path. Objects of lists are named in brackets there, and leave no trace in what the rules see.
func (m Mask) within(steps []string, value string) (string, error) {
	head, tail := "", ""
	for i, s := range steps {
		if s == "" || inList(steps, i) {
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

// inList says whether a step is one of a list, which is named in brackets: it stands behind the name of a list. Elsewhere brackets are part of
// the name of a member.
func inList(steps []string, i int) bool {
	return strings.HasPrefix(steps[i], "[") && i > 0 && redact.Member(steps[i-1])
}

// tellsNobody says whether what an object is named by may be seen by everybody.
func tellsNobody(name string) bool {
	if !harmless.MatchString(name) {
		return false
	}
	for part := range strings.SplitSeq(strings.Trim(name, "[]"), ",") {
		if _, value, _ := strings.Cut(part, "="); redact.Personal(value) {
			return false
		}
	}
	return true
}

// harmless is what objects are named by that everybody may see: ids, words of the platform, and times.
var harmless = regexp.MustCompile(`^\[(` + identity + `)(,` + identity + `)*\]$`)

const identity = `(#\d+|(\w+Id|eventTime|emitDate|segmentStart|segmentType|flowOutcomeStartTimestamp|mediaType|direction|purpose|name)=[\w.:-]*)`
