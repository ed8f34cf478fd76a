package live_test

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/live"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/schemas"
	"github.com/parley-hq/parley/test/unraced"
)

// communications are those of a participant, by the medium of the record.
func communications(p *live.Participant) map[string][]live.Communication {
	return map[string][]live.Communication{
		"voice": p.Calls, "callback": p.Callbacks, "chat": p.Chats, "email": p.Emails, "message": p.Messages, "cobrowse": p.Cobrowsesessions,
		"screenshare": p.Screenshares, "video": p.Videos, "internalmessage": p.InternalMessages, "screenmonitoring": p.ScreenMonitorings,
	}
}

// instants are all those at which something happens in a conversation, and those just before and after.
func instants(c *conversation.Conversation) (out []time.Time) {
	add := func(text string) {
		if at, err := conversation.ParseTime(text); err == nil {
			out = append(out, at.Add(-time.Millisecond), at, at.Add(time.Millisecond))
		}
	}
	add(c.ConversationStart)
	add(c.ConversationEnd)
	for _, p := range c.Participants {
		for _, s := range p.Sessions {
			for _, g := range s.Segments {
				add(g.SegmentStart)
				add(g.SegmentEnd)
			}
		}
	}
	return out
}

// Over two simulated days, at each instant at which something happens: the live object has every session of the record, in
// the state that its open segment says; and once the conversation has ended, nothing in it is open.
func TestALiveObjectAgreesWithItsRecord(t *testing.T) {
	unraced.Test(t)
	first, err := conversation.ParseDay("2026-11-05")
	if err != nil {
		t.Fatal(err)
	}
	centre, states, looked := sim.New(sim.Config{Seed: 7, PerDay: 400}), map[string]int{}, 0
	for day := first; day < first+2; day++ {
		for c := range centre.Day(day) {
			for _, at := range instants(c) {
				if cut := sim.Cut(c, at); cut != nil {
					looked++
					agree(t, cut, states)
				}
			}
		}
	}
	t.Logf("%d conversations at an instant; states %v", looked, states)
	for _, want := range []string{
		"voice alerting", "voice connected", "voice held", "voice dialing", "voice contacting", "voice offering", "voice disconnected",
		"voice terminated", "callback connected", "callback scheduled", "callback terminated", "email alerting", "email connected",
		"email transmitting", "email disconnected", "message connected", "message held", "message disconnected",
	} {
		if states[want] == 0 {
			t.Errorf("nothing was %s", want)
		}
	}
}

func agree(t *testing.T, c *conversation.Conversation, states map[string]int) {
	t.Helper()
	got := live.From(c, nil)
	if got.ID != string(c.ConversationID) || got.StartTime != c.ConversationStart || got.EndTime != c.ConversationEnd || len(got.Participants) != len(c.Participants) {
		t.Fatalf("%s became %s with %d participants", c.ConversationID, got.ID, len(got.Participants))
	}
	for i, p := range c.Participants {
		now := got.Participants[i]
		if now.ID != p.ParticipantID || now.Attributes == nil || len(now.Attributes) != len(p.Attributes) || now.StartTime == "" {
			t.Fatalf("%s: participant %s became %+v", c.ConversationID, p.ParticipantID, now)
		}
		places, open := map[string]int{}, false
		for _, s := range p.Sessions {
			list := communications(&now)[s.MediaType]
			if places[s.MediaType] >= len(list) || list[places[s.MediaType]].ID != s.SessionID {
				t.Fatalf("%s: session %s of %s is missing", c.ConversationID, s.SessionID, s.MediaType)
			}
			one := list[places[s.MediaType]]
			places[s.MediaType]++
			open = sessionAgrees(t, c, &s, &one) || open
			name := one.State
			if one.Held != nil && *one.Held {
				name = "held"
			}
			states[s.MediaType+" "+name]++
		}
		if open != (now.EndTime == "") {
			t.Errorf("%s: participant %s: open %v and ends at %q", c.ConversationID, p.ParticipantID, open, now.EndTime)
		}
	}
	if calls, there := got.Calls(); there {
		n := 0
		for i := range got.Participants {
			n += len(got.Participants[i].Calls)
		}
		if len(calls.Participants) != n {
			t.Errorf("%s: %d calls became %d", c.ConversationID, n, len(calls.Participants))
		}
	}
}

// sessionAgrees says whether a session is open, by its record alone.
func sessionAgrees(t *testing.T, c *conversation.Conversation, s *conversation.Session, one *live.Communication) (open bool) {
	t.Helper()
	last := s.Segments[len(s.Segments)-1]
	open = last.SegmentEnd == "" && last.SegmentType != "wrapup" && c.ConversationEnd == ""
	over := one.State == "disconnected" || one.State == "terminated"
	switch {
	case open == over:
		t.Errorf("%s: session %s with a last segment %s until %q is %s", c.ConversationID, s.SessionID, last.SegmentType, last.SegmentEnd, one.State)
	case over != (one.DisconnectedTime != ""):
		t.Errorf("%s: session %s is %s and was disconnected at %q", c.ConversationID, s.SessionID, one.State, one.DisconnectedTime)
	case open && one.DisconnectType != "":
		t.Errorf("%s: session %s is open, and ended by %s", c.ConversationID, s.SessionID, one.DisconnectType)
	case len(one.Segments) != len(s.Segments):
		t.Errorf("%s: session %s has %d segments of %d", c.ConversationID, s.SessionID, len(one.Segments), len(s.Segments))
	case open && (last.SegmentType == "hold") != (one.Held != nil && *one.Held):
		t.Errorf("%s: session %s is held in %s", c.ConversationID, s.SessionID, last.SegmentType)
	case open && last.SegmentType == "alert" && one.State != "alerting", open && last.SegmentType == "interact" && one.State != "connected":
		t.Errorf("%s: session %s is %s in %s", c.ConversationID, s.SessionID, one.State, last.SegmentType)
	}
	return open
}

// schemaOf is the schema of each list of a participant.
var schemaOf = map[string]string{
	"calls": "Call", "callbacks": "Callback", "chats": "ConversationChat", "emails": "Email", "messages": "Message", "cobrowsesessions": "Cobrowsesession",
	"screenshares": "Screenshare", "videos": "Video", "internalMessages": "InternalMessage", "screenMonitorings": "ScreenMonitoring",
	"participants": "Participant", "segments": "Segment", "wrapup": "Wrapup", "afterCallWork": "AfterCallWork", "errorInfo": "ErrorInfo",
	"self": "Address", "other": "Address", "toAddress": "Address", "fromAddress": "Address", "conversationRoutingData": "ConversationRoutingData",
	"divisions": "ConversationDivisionMembership",
}

// every is a session with everything that a record may tell of one.
func every(medium string, segments ...conversation.Segment) conversation.Session {
	yes, seconds := true, int64(30)
	return conversation.Session{
		MediaType: medium, SessionID: "s-" + medium, Direction: "outbound", Ani: "tel:+1", Dnis: "tel:+2", AddressFrom: "from", AddressTo: "to", Provider: "p",
		Recording: &yes, ScriptID: "script", PeerID: "peer", RoomID: "room", CallbackNumbers: []string{"+3"}, CallbackUserName: "n",
		CallbackScheduledTime: "2026-11-05T00:00:00.000Z", SkipEnabled: &yes, TimeoutSeconds: &seconds, Authenticated: &yes, MessageType: "sms",
		EngagementSource: "SMS", AgentAssistantID: "assistant", Remote: "r", MonitoredParticipantID: "m", CoachedParticipantID: "c",
		BargedParticipantID: "b", ErrorCodeDescription: "broken", Segments: segments,
	}
}

func segment(kind string, from, until int, change func(*conversation.Segment)) conversation.Segment {
	at := func(minute int) string {
		return conversation.FormatTime(time.Date(2026, 11, 5, 10, minute, 0, 0, time.UTC))
	}
	g := conversation.Segment{SegmentType: kind, SegmentStart: at(from)}
	if until > 0 {
		g.SegmentEnd = at(until)
	}
	if change != nil {
		change(&g)
	}
	return g
}

// everything is a conversation with every medium, and with everything that a record may tell.
func everything() *conversation.Conversation {
	c := &conversation.Conversation{
		ConversationID: "c-1", ConversationStart: "2026-11-05T10:00:00.000Z", DivisionIDs: []string{"d-1"}, ExternalTag: "tag",
		InactivityTimeout: "2026-11-06T10:00:00.000Z",
	}
	p := conversation.Participant{
		ParticipantID: "p-1", ParticipantName: "Ada", UserID: "u-1", ExternalContactID: "e", ExternalOrganizationID: "o", TeamID: "t", Purpose: "agent",
		FlaggedReason: "general", Attributes: map[string]string{"k": "v"},
	}
	yes := true
	for _, medium := range []string{"voice", "callback", "chat", "cobrowse", "email", "message", "screenshare", "video", "internalmessage", "screenmonitoring"} {
		p.Sessions = append(p.Sessions, every(medium,
			segment("alert", 0, 1, nil),
			segment("interact", 1, 5, func(g *conversation.Segment) {
				g.QueueID, g.RequestedLanguageID, g.RequestedRoutingSkillIDs, g.GroupID = "q-1", "l-1", []string{"k-1"}, "g-1"
				g.Subject, g.AudioMuted, g.ErrorCode, g.DisconnectType = "subject", &yes, "error.e", "consultTransfer"
			}),
			segment("wrapup", 5, 7, func(g *conversation.Segment) {
				g.QueueID, g.WrapUpCode, g.WrapUpNote, g.WrapUpTags, g.DisconnectType = "q-1", "w-1", "note", []string{"tag"}, "peer"
				g.RequestedLanguageID, g.RequestedRoutingSkillIDs = "l-1", []string{"k-1"}
			}),
		))
	}
	c.Participants = []conversation.Participant{p}
	return c
}

// Every member, and every state, is one of the schema that has it: clients refuse others.
func TestShapesAgreeWithTheSchemas(t *testing.T) {
	known := schemas.Members(t, "testdata/members.txt")
	got := live.From(everything(), live.Names{"q-1": "Claims", "w-1": "Done"})
	calls, there := got.Calls()
	if !there {
		t.Fatal("a conversation with a call is none of calls")
	}
	check(t, known, "Conversation", got)
	schemaOf["participants"] = "CallMediaParticipant"
	check(t, known, "CallConversation", calls)
	schemaOf["participants"] = "Participant"
}

func check(t *testing.T, known map[string][]string, schema string, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		t.Fatal(err)
	}
	for name, inner := range members {
		if !slices.Contains(known[schema], name) {
			t.Errorf("%s has no member %s", schema, name)
		}
		if words := known[schema+"."+name]; (name == "state" || name == "disconnectType") && words != nil && !slices.Contains(words, strings.Trim(string(inner), `"`)) {
			t.Errorf("%s of %s is %s", name, schema, inner)
		}
		of, has := schemaOf[name]
		if !has {
			continue
		}
		var one any
		var list []any
		if json.Unmarshal(inner, &list) != nil {
			_ = json.Unmarshal(inner, &one)
			list = []any{one}
		}
		for _, v := range list {
			check(t, known, of, v)
		}
	}
}

// Whatever a session does, the word for it is one that its medium has.
func TestStatesAreThoseOfTheMedium(t *testing.T) {
	known := schemas.Members(t, "testdata/members.txt")
	kinds := []string{
		"alert", "barging", "callback", "coaching", "contacting", "converting", "delay", "dialing", "hold", "interact", "ivr", "monitoring", "parked",
		"scheduled", "screenmonitoring", "sharing", "system", "transmitting", "unknown", "uploading", "voicemail", "wrapup", "hologram",
	}
	for list, schema := range schemaOf {
		words := known[schema+".state"]
		if words == nil {
			continue
		}
		for _, end := range []string{"", "2026-11-05T11:00:00.000Z"} {
			for _, kind := range kinds {
				medium := map[string]string{"calls": "voice", "cobrowsesessions": "cobrowse", "internalMessages": "internalmessage", "screenMonitorings": "screenmonitoring"}[list]
				c := everything()
				c.ConversationEnd = end
				c.Participants[0].Sessions = []conversation.Session{every(cmp.Or(medium, strings.TrimSuffix(list, "s")), segment(kind, 0, 0, nil))}
				p := live.From(c, nil).Participants[0]
				one := communications(&p)[c.Participants[0].Sessions[0].MediaType]
				if len(one) != 1 || !slices.Contains(words, one[0].State) || !slices.Contains(words, one[0].InitialState) {
					t.Fatalf("%s in %s: %+v", list, kind, one)
				}
				if over := one[0].State == "disconnected" || one[0].State == "terminated"; over != (end != "" || kind == "wrapup") {
					t.Errorf("%s in %s, ended at %q, is %s", list, kind, end, one[0].State)
				}
			}
		}
	}
}

// Each disconnectType of analytics has its word here.
func TestDisconnectTypes(t *testing.T) {
	known := schemas.Members(t, "testdata/members.txt")
	words := append(slices.Clone(known["Call.disconnectType"]), known["Message.disconnectType"]...)
	seen := map[string]string{}
	for _, camel := range known["AnalyticsSession.disconnectType"] {
		c := everything()
		c.Participants[0].Sessions = []conversation.Session{every("voice", segment("interact", 0, 1, func(g *conversation.Segment) { g.DisconnectType = camel }))}
		call := live.From(c, nil).Participants[0].Calls[0]
		if !slices.Contains(words, call.DisconnectType) || seen[call.DisconnectType] != "" || call.Segments[0].DisconnectType != call.DisconnectType {
			t.Errorf("%s is %s, which %s is too", camel, call.DisconnectType, seen[call.DisconnectType])
		}
		seen[call.DisconnectType] = camel
	}
	if len(seen) != 21 {
		t.Errorf("%d words", len(seen))
	}
}

// What is said of an agent who has wrapped up.
func TestWhatAnAgentsCallTells(t *testing.T) {
	c := everything()
	c.ConversationEnd = "2026-11-05T10:07:00.000Z"
	got := live.From(c, live.Names{"q-1": "Claims", "w-1": "Done", "d-1": "Home"})
	p := got.Participants[0]
	call := p.Calls[0]
	for what, pair := range map[string][2]any{
		"queue":    {p.QueueName, "Claims"},
		"division": {got.Divisions[0].Division.Name, "Home"},
		"acw":      {p.StartAcwTime + " " + p.EndAcwTime, "2026-11-05T10:05:00.000Z 2026-11-05T10:07:00.000Z"},
		"wrapup":   {*p.Wrapup, live.Wrapup{Code: "w-1", Name: "Done", Notes: "note", Tags: []string{"tag"}, DurationSeconds: 120, EndTime: "2026-11-05T10:07:00.000Z"}},
		"times":    {call.StartAlertingTime + " " + call.ConnectedTime + " " + call.DisconnectedTime, "2026-11-05T10:00:00.000Z 2026-11-05T10:01:00.000Z 2026-11-05T10:05:00.000Z"},
		"segments": {call.Segments, []live.Segment{
			{StartTime: "2026-11-05T10:00:00.000Z", EndTime: "2026-11-05T10:01:00.000Z", Type: "Alert", HowEnded: "Interact"},
			{StartTime: "2026-11-05T10:01:00.000Z", EndTime: "2026-11-05T10:05:00.000Z", Type: "Interact", HowEnded: "Disconnect", DisconnectType: "transfer.consult"},
			{StartTime: "2026-11-05T10:05:00.000Z", EndTime: "2026-11-05T10:07:00.000Z", Type: "Wrapup", HowEnded: "Disconnect", DisconnectType: "peer"},
		}},
		"cause": {call.DisconnectType, "transfer.consult"},
		"route": {*p.ConversationRoutingData, live.RoutingData{
			Queue:    &live.Reference{ID: "q-1", SelfURI: "/api/v2/routing/queues/q-1"},
			Language: &live.Reference{ID: "l-1", SelfURI: "/api/v2/routing/languages/l-1"},
			Skills:   []live.Reference{{ID: "k-1", SelfURI: "/api/v2/routing/skills/k-1"}},
		}},
		"recording": {call.RecordingState + " " + got.RecordingState, "none NONE"},
		"state":     {call.State + " " + call.InitialState, "terminated alerting"},
		"self":      {call.Self.AddressDisplayable + " " + call.Other.AddressDisplayable, "+1 +2"},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: got %+v, want %+v", what, pair[0], pair[1])
		}
	}
}

// A record that somebody else made may lack anything.
func TestARecordWithNothing(t *testing.T) {
	for _, text := range []string{
		`{"conversationId":"a","conversationStart":"2026-03-01T00:00:00.000Z"}`,
		`{"conversationId":"a","conversationStart":"2026-03-01T00:00:00.000Z","participants":[{},{"sessions":[{}]},{"sessions":[{"mediaType":"voice"},{"mediaType":"hologram","segments":[{}]}]}]}`,
	} {
		c, _ := wire.Decode([]byte(text))
		got := live.From(c, nil)
		if _, err := json.Marshal(got); err != nil || len(got.Participants) != len(c.Participants) {
			t.Errorf("%s became %+v, %v", text, got, err)
		}
		got.Calls()
	}
}

// The address of a conversation is that of us, as whoever is outside sees it: a customer, or another third party.
func TestAddressIsOurs(t *testing.T) {
	for purpose, want := range map[string]string{"customer": "tel:+2", "external": "tel:+2", "agent": ""} {
		c := &conversation.Conversation{ConversationID: "c", Participants: []conversation.Participant{{
			Purpose: purpose, Sessions: []conversation.Session{{MediaType: "voice", Direction: "inbound", Ani: "tel:+1", Dnis: "tel:+2", Segments: []conversation.Segment{segment("interact", 0, 1, nil)}}},
		}}}
		if got := live.From(c, nil); got.Address != want {
			t.Errorf("%s: got %q of %+v, want %q", purpose, got.Address, got.Participants[0], want)
		}
	}
}

func TestGone(t *testing.T) {
	if live.Kept != 1440*time.Hour {
		t.Error("the platform keeps a live object for 60 days")
	}
	end := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if live.Gone(time.Time{}, end.AddDate(9, 0, 0)) || live.Gone(end, end.Add(live.Kept-time.Millisecond)) || !live.Gone(end, end.Add(live.Kept)) {
		t.Error("a conversation is kept until 60 days after its end")
	}
}

func TestWordsForDisconnectionsGoBothWays(t *testing.T) {
	for camel, word := range map[string]string{"client": "client", "consultTransfer": "transfer.consult", "transportFailure": "transport.failure", "dndEndpoint": "endpoint.donotdisturb"} {
		if got := live.DisconnectType(word); got != camel {
			t.Errorf("%s: got %s, want %s", word, got, camel)
		}
	}
	if got := live.DisconnectType("of.tomorrow"); got != "of.tomorrow" {
		t.Errorf("a new word: got %s", got)
	}
}
