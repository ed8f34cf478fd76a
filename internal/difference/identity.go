package difference

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
)

// Identity is what an object of a list is found again by.
type Identity struct {
	Members []string // that name one
	Else    []string // that do where all of the first are missing
}

// identities are those of the lists of objects in a record, by the list's name.
var identities = map[string]Identity{
	"participants":       {[]string{"participantId"}, []string{"purpose", "userId", "participantName"}},
	"sessions":           {[]string{"sessionId"}, []string{"mediaType", "direction"}},
	"segments":           {[]string{"segmentStart", "segmentType"}, nil},
	"metrics":            {[]string{"emitDate", "name"}, nil},
	"evaluations":        {[]string{"evaluationId"}, []string{"eventTime"}},
	"surveys":            {[]string{"surveyId"}, []string{"eventTime"}},
	"resolutions":        {[]string{"eventTime", "userId", "queueId"}, nil},
	"outcomes":           {[]string{"flowOutcomeId", "flowOutcomeStartTimestamp"}, nil},
	"mediaEndpointStats": {[]string{"eventTime"}, nil},
	"agentGroups":        {[]string{"agentGroupId"}, nil},
	"proposedAgents":     {[]string{"proposedAgentId"}, nil},
	"scoredAgents":       {[]string{"scoredAgentId"}, nil},
	"properties":         {[]string{"property"}, nil},
	"rows":               {[]string{"interaction.id"}, nil}, // of a row report: see wire.Envelope
}

// sets are the lists of plain values of which the order says nothing. That of the others may: response codes come one after
// the other, routings are tried in turn.
var sets = map[string]bool{
	"accessAttributes": true, "activeSkillIds": true, "bcc": true, "cc": true, "codecs": true, "consultationConversationIds": true,
	"destinationAddresses": true, "divisionIds": true, "knowledgeBaseIds": true, "removedSkillIds": true,
	"requestedRoutingSkillIds": true, "requestedRoutingUserIds": true, "wrapUpTags": true,
}

// IdentityOf is what the objects of a list are found again by; false if it is not known, and the list is one value then.
func IdentityOf(list string) (Identity, bool) {
	i, ok := identities[list]
	return i, ok
}

// Lists are the lists of which IdentityOf knows it, by name.
func Lists() []string { return slices.Sorted(maps.Keys(identities)) }

// Text is a value as text, a time in the form of all times; empty if there is none.
func Text(v jsontext.Value) string {
	if len(v) == 0 {
		return ""
	}
	if v.Kind() != '"' {
		return string(v)
	}
	text, _ := jsontext.AppendUnquote(nil, v) // what is not quite UTF-8 is text all the same
	if at, err := conversation.ParseTime(string(text)); err == nil {
		return conversation.FormatTime(at)
	}
	return string(text)
}

// key writes what an object is found again by, such as segmentStart=2026-11-01T10:00:00.000Z,segmentType=hold. Empty if it
// has nothing of it.
func (i Identity) key(has func(member string) jsontext.Value) string {
	key := pairs(i.Members, has)
	if key == "" {
		key = pairs(i.Else, has)
	}
	return short(key)
}

func pairs(members []string, has func(member string) jsontext.Value) string {
	var out []string
	for _, m := range members {
		if text := Text(has(m)); text != "" {
			out = append(out, m+"="+quoted(text))
		}
	}
	return strings.Join(out, ",")
}

// quoted is a text as it is, or as JSON text where it has more in it than ids, times and names of types have: no two
// objects are then written alike.
func quoted(text string) string {
	odd := func(c rune) bool {
		word := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		return !word && !strings.ContainsRune("-._:+", c)
	}
	if !strings.ContainsFunc(text, odd) {
		return text
	}
	out, _ := jsontext.AppendQuote(nil, text) // what is not UTF-8 is written as U+FFFD
	return string(out)
}

// longest is how long a step of a path may be, in bytes: longer than any name of an attribute of the platform that has no
// more than some characters outside ASCII. A path has many rows, and a longer step would be in each.
const longest = 2 << 10

// short cuts a step that is too long, and tells it from others by a sum.
func short(step string) string {
	if len(step) <= longest {
		return step
	}
	sum := sha256.Sum256([]byte(step))
	cut := longest / 2
	for !utf8.RuneStart(step[cut]) {
		cut--
	}
	return step[:cut] + "…" + hex.EncodeToString(sum[:16])
}
