package compare

import (
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/difference"
)

// change is what one source tells otherwise than a fresher one: a member of an object, or an object of a list.
type change struct {
	member string          // empty for an object
	list   string          // in which the object is, or whose object has the member; empty for the conversation itself
	long   map[Source]bool // whose name of the attribute was longer than jobs have it
}

// because compares what tells of a field, each source with the next fresher one, and gives the reason of each step. A step
// is counted once: sources behind it agree with one another.
func (c *comparison) because(tellers []Source, value func(Source) jsontext.Value, of change) (out []Because) {
	for i := 1; i < len(tellers); i++ {
		fresh, old := tellers[i-1], tellers[i]
		if reason := c.reason(fresh, old, value(fresh), value(old), of); reason != "" {
			out = append(out, Because{old, reason})
		}
	}
	return out
}

// reason is why the older of two sources tells a field otherwise; empty if it does not.
func (c *comparison) reason(fresh, old Source, now, before jsontext.Value, of change) Reason {
	switch {
	case of.list == "attributes" && text(now) == text(before) || of.list != "attributes" && same(now, before):
		if of.long[fresh] && !of.long[old] {
			return Cut
		}
		return ""
	case fresh == Live && loosely[of.member] && (len(now) == 0 || len(before) == 0):
		return ""
	case of.list == "attributes" && isCut(now, before):
		return Cut
	case old == Query:
		return c.behindLive(now, before, of)
	case !of.mayBecome(before, now):
		return Unexplained
	case old == Job:
		return NotTonight
	}
	return Changed
}

// patience is how long analytics may take until they have what the live object has. Ours: the platform's documentation
// names no bound, and a nightly batch has passed by then.
const patience = 24 * time.Hour

// behindLive is why the query tells otherwise than the live object, from which it follows a little later.
func (c *comparison) behindLive(now, before jsontext.Value, of change) Reason {
	ahead := len(now) == 0 || later(before, now)
	switch {
	case ahead && c.open && of.mayBecome(now, before):
		return MovedOn
	case ahead || !of.mayBecome(before, now):
		return Unexplained
	case !c.Available.IsZero() && c.latest.Add(patience).Before(c.Available):
		return Unexplained // it has had the time
	}
	return NotProcessed
}

// later says whether both are instants, and the first the later one.
func later(a, b jsontext.Value) bool {
	at, err := conversation.ParseTime(difference.Text(a))
	if err != nil {
		return false
	}
	other, err := conversation.ParseTime(difference.Text(b))
	return err == nil && at.After(other)
}

// Lists whose objects come, change and go after the end of a conversation, and members that do. Source: what the platform
// documents of late wrap-ups, of threads that are opened again, of evaluations, surveys and resolutions, of attributes
// written by the API, of contacts that are merged and divisions that are moved, and of its going over records again by
// night, which corrects metrics.
var (
	lateLists = map[string]bool{
		"attributes": true, "evaluations": true, "surveys": true, "resolutions": true, "metrics": true, "mediaEndpointStats": true,
		"outcomes": true, "flow": true, "properties": true, "agentGroups": true, "proposedAgents": true, "scoredAgents": true,
	}
	lateMembers = map[string]bool{
		"conversationEnd": true, "segmentEnd": true, "disconnectType": true, "wrapUpCode": true, "wrapUpNote": true, "wrapUpTags": true,
		"divisionIds": true, "accessAttributes": true, "externalTag": true, "externalContactId": true, "externalOrganizationId": true,
		"inactivityTimeout": true, "mediaStatsMinConversationMos": true, "mediaStatsMinConversationRFactor": true, "conference": true,
		"deliveryStatus": true, "deliveryStatusChangeDate": true, "extendedDeliveryStatus": true, "deliveryPushed": true, "cleared": true,
		"consultationConversationIds": true, "knowledgeBaseIds": true, "customerParticipation": true, "selfServed": true, "usedRouting": true,
		"selectedAgentId": true, "selectedAgentRank": true, "routingRing": true, "agentBullseyeRing": true, "mediaCount": true, "recording": true,
		"eligibleAgentCounts": true, "waitingInteractionCounts": true, "removedSkillIds": true, "activeSkillIds": true, "acwSkipped": true,
		"audioMuted": true, "videoMuted": true, "participantName": true, "flaggedReason": true,
	}
)

// mayBecome says whether what was known before may have become what is known now. Anything may be added: what nobody knew
// before. What says who, when and how is never told otherwise later, nor does it go.
func (of change) mayBecome(before, now jsontext.Value) bool {
	switch {
	case len(before) == 0:
		return true
	case lateLists[of.list]:
		return true
	case len(now) == 0:
		return of.member == "conversationEnd" // a thread was opened again
	}
	return lateMembers[of.member]
}

// isCut says whether a value is the beginning of another that jobs have of it.
func isCut(whole, part jsontext.Value) bool {
	all, err := jsontext.AppendUnquote(nil, whole)
	if err != nil {
		return false
	}
	r := []rune(string(all))
	first, err := jsontext.AppendUnquote(nil, part)
	return err == nil && len(r) > conversation.MaxAttributeLength && string(first) == string(r[:conversation.MaxAttributeLength])
}

// text is a value of an attribute: no time or number, whatever it looks like.
func text(v jsontext.Value) string {
	if v.Kind() != '"' {
		return string(v)
	}
	out, _ := jsontext.AppendUnquote([]byte{'"'}, v) // what is not quite UTF-8 is text all the same
	return string(out)
}

// same says whether two values mean the same: an instant or a number however it is written, a text however it is escaped.
func same(a, b jsontext.Value) bool {
	switch {
	case a.Kind() != b.Kind():
		return false
	case a.Kind() == '"':
		return difference.Text(a) == difference.Text(b)
	case a.Kind() == '0':
		x, err := strconv.ParseFloat(string(a), 64)
		y, other := strconv.ParseFloat(string(b), 64)
		return string(a) == string(b) || err == nil && other == nil && x == y && (!isWhole(a) || !isWhole(b))
	case a.Kind() == '[' || a.Kind() == '{':
		return string(canonical(a)) == string(canonical(b))
	}
	return string(a) == string(b)
}

// isWhole says whether a number is written as a whole one: two of those that differ as text differ, however large.
func isWhole(v jsontext.Value) bool {
	return !slices.ContainsFunc(v, func(c byte) bool { return c == '.' || c == 'e' || c == 'E' })
}

// canonical is a value in one spelling, if it can be written so.
func canonical(v jsontext.Value) jsontext.Value {
	out := v.Clone()
	if out.Canonicalize(lenient) != nil {
		return v
	}
	return out
}

// lastTime is the last instant that any source tells of.
func lastTime(trees map[Source]*node) (last time.Time) {
	for _, n := range trees {
		last = n.lastTime(last)
	}
	return last
}

func (n *node) lastTime(last time.Time) time.Time {
	for name, v := range n.fields {
		if name == "callbackScheduledTime" || name == "inactivityTimeout" {
			continue // still to come
		}
		var text string
		if v.Kind() != '"' || json.Unmarshal(v, &text) != nil || len(text) > len("2006-01-02T15:04:05.000000000+00:00") {
			continue
		}
		if at, err := conversation.ParseTime(text); err == nil && at.After(last) {
			last = at
		}
	}
	for name, l := range n.lists {
		if name == "attributes" {
			continue // they say anything
		}
		for _, one := range l.nodes {
			last = one.lastTime(last)
		}
	}
	return last
}
