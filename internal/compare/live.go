package compare

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/difference"
	"github.com/parley-hq/parley/internal/live"
)

// object is as much of a live object as a record tells too. Values stay as they were sent: one of another type than
// expected differs from that of the record, and is shown.
type object struct {
	ID                jsontext.Value `json:"id"`
	StartTime         jsontext.Value `json:"startTime"`
	EndTime           jsontext.Value `json:"endTime"`
	ExternalTag       jsontext.Value `json:"externalTag"`
	InactivityTimeout jsontext.Value `json:"inactivityTimeout"`
	Divisions         []struct {
		Division struct {
			ID string `json:"id"`
		} `json:"division"`
	} `json:"divisions"`
	Participants []map[string]jsontext.Value `json:"participants"`
}

// fromLive reads a live object in the words of a record. What the two say in other words is said in those of the record:
// consultTransfer for transfer.consult, interact for Interact, sessionId for the id of a call, the wrapUpCode of a segment
// for the wrapup of a communication.
func fromLive(text jsontext.Value) (*node, error) {
	var o object
	if err := json.Unmarshal(text, &o, lenient); err != nil {
		return nil, err
	}
	n := newNode()
	n.put("conversationId", o.ID)
	n.put("conversationStart", o.StartTime)
	n.put("conversationEnd", o.EndTime)
	n.put("externalTag", o.ExternalTag)
	n.put("inactivityTimeout", o.InactivityTimeout)
	if len(o.Divisions) > 0 {
		ids := make([]string, len(o.Divisions))
		for i, d := range o.Divisions {
			ids[i] = d.Division.ID
		}
		if list, err := json.Marshal(ids); err == nil {
			n.put("divisionIds", list)
		}
	}
	n.tells = only("conversationId", "conversationStart", "conversationEnd", "externalTag", "inactivityTimeout", "divisionIds", "participants")
	for _, p := range o.Participants {
		one := participant(p)
		key := keyOf("participants", one)
		one.label = one.called("participants", key)
		n.list("participants").add(key, one)
	}
	return n, nil
}

// put sets a member that is there.
func (n *node) put(member string, v jsontext.Value) {
	if len(v) > 0 && v.Kind() != 'n' && string(v) != `""` {
		n.fields[member] = v
	}
}

// only tells of some members.
func only(members ...string) func(string) bool {
	known := map[string]bool{}
	for _, m := range members {
		known[m] = true
	}
	return func(m string) bool { return known[m] }
}

// ofParticipant are the members that a participant has in both, by their names in the live object.
var ofParticipant = map[string]string{
	"id": "participantId", "name": "participantName", "purpose": "purpose", "userId": "userId", "teamId": "teamId",
	"externalContactId": "externalContactId", "externalOrganizationId": "externalOrganizationId", "flaggedReason": "flaggedReason",
}

// media are the lists of communications, and the mediaType that their sessions have.
var media = map[string]string{
	"calls": "voice", "callbacks": "callback", "chats": "chat", "cobrowsesessions": "cobrowse", "emails": "email", "messages": "message",
	"screenshares": "screenshare", "videos": "video", "internalMessages": "internalmessage", "screenMonitorings": "screenmonitoring",
}

func participant(p map[string]jsontext.Value) *node {
	n := newNode()
	for from, to := range ofParticipant {
		n.put(to, p[from])
	}
	members := []string{"sessions", "attributes"}
	for _, member := range ofParticipant {
		members = append(members, member)
	}
	n.tells = only(members...)
	if one, err := record(p["attributes"]); err == nil { // what is no object is none
		one.cutNames()
		n.list("attributes").add("", one)
	}
	for _, name := range slices.Sorted(maps.Keys(media)) {
		medium := media[name]
		var all []map[string]jsontext.Value
		_ = json.Unmarshal(p[name], &all, lenient) // what is no list of objects is none
		for _, c := range all {
			one := session(c, medium)
			key := keyOf("sessions", one)
			one.label = one.called("sessions", key)
			n.list("sessions").add(key, one)
		}
	}
	return n
}

// inPart are lists of which the live object may have some objects only: which media and which kinds of segments it lists is
// not documented. That it lacks one says nothing.
var inPart = map[string]bool{"sessions": true, "segments": true}

// loosely are members that one of the two may fill and the other leave empty, for reasons that are not documented: the live
// object names people where a record often does not. Only where both have one can they differ.
var loosely = map[string]bool{"participantName": true, "provider": true, "scriptId": true, "peerId": true}

// ofSession are the members that a communication and its session have both. What a medium does not have there is absent
// in either.
var ofSession = map[string]string{"id": "sessionId", "direction": "direction", "provider": "provider", "scriptId": "scriptId", "peerId": "peerId"}

func session(c map[string]jsontext.Value, medium string) *node {
	n := newNode()
	n.put("mediaType", jsontext.Value(`"`+medium+`"`))
	for from, to := range ofSession {
		n.put(to, c[from])
	}
	// A member that a communication does not have, its schema may not have: that it lacks it says nothing.
	n.tells = func(member string) bool {
		return member == "segments" && len(c["segments"]) > 0 || len(n.fields[member]) > 0
	}
	n.segments(c)
	return n
}

// segments reads those of a communication. Its wrap-up is that of the last one in which somebody wrapped up.
func (n *node) segments(c map[string]jsontext.Value) {
	var all []map[string]jsontext.Value
	if json.Unmarshal(c["segments"], &all, lenient) != nil {
		return
	}
	var last []*node
	for _, s := range all {
		one := newNode()
		one.put("segmentStart", s["startTime"])
		one.put("segmentEnd", s["endTime"])
		one.put("segmentType", inWords(s["type"], lower))
		one.put("disconnectType", inWords(s["disconnectType"], live.DisconnectType))
		one.tells = only("segmentStart", "segmentEnd", "segmentType", "disconnectType")
		key := keyOf("segments", one)
		one.label = one.called("segments", key)
		n.list("segments").add(key, one)
		if one.text("segmentType") == "wrapup" {
			last = append(last, one)
		}
	}
	wrapup(last, c["wrapup"])
}

// wrapup adds to a segment what was said in it: to the one that ended when the wrap-up did, else to the last.
func wrapup(segments []*node, text jsontext.Value) {
	var w struct {
		Code    jsontext.Value `json:"code"`
		Notes   jsontext.Value `json:"notes"`
		Tags    jsontext.Value `json:"tags"`
		EndTime jsontext.Value `json:"endTime"`
	}
	if len(segments) == 0 || json.Unmarshal(text, &w) != nil {
		return
	}
	n := segments[len(segments)-1]
	for _, s := range segments {
		if end := difference.Text(w.EndTime); end != "" && s.text("segmentEnd") == end {
			n = s
		}
	}
	n.put("wrapUpCode", w.Code)
	n.put("wrapUpNote", w.Notes)
	n.put("wrapUpTags", w.Tags)
	n.tells = only("segmentStart", "segmentEnd", "segmentType", "disconnectType", "wrapUpCode", "wrapUpNote", "wrapUpTags")
}

// inWords says a text in another word.
func inWords(v jsontext.Value, to func(string) string) jsontext.Value {
	if len(v) == 0 || v.Kind() != '"' {
		return v
	}
	text, _ := jsontext.AppendUnquote(nil, v) // what is not quite UTF-8 is a word all the same
	out, _ := jsontext.AppendQuote(nil, to(string(text)))
	return out
}

// lower is a word without the capital that the live object writes.
func lower(word string) string {
	if word == "" {
		return word
	}
	return strings.ToLower(word[:1]) + word[1:]
}
