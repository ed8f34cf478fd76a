package api

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/directory"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/live"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/clock"
	"github.com/parley-hq/parley/internal/wire"
)

// centre is a fixture over a sandbox whose clock stands still at noon.
type centre struct {
	*fixture

	world *sandbox.World
}

const noon = "2026-11-10T12:00:00.000Z"

// testLive runs f with a server over a sandbox of two days with so many conversations each, asked by a client with every permission.
func testLive(t *testing.T, perDay int, f func(*centre)) {
	t.Helper()
	at, err := conversation.ParseTime(noon)
	if err != nil {
		t.Fatal(err)
	}
	world, err := sandbox.Simulate(t.Context(), sandbox.Scenario{Seed: 7, Days: 2, PerDay: perDay, Start: at}, nil)
	if err != nil {
		t.Fatal(err)
	}
	change := func(c *Config) {
		c.Views, c.Live, c.Now, c.RateLimit = map[string]engine.Views{"org-1": world}, map[string]Live{"org-1": world}, world.Clock, 1_000_000
		c.Directories = map[string]directory.Source{"org-1": world.Directory()}
		c.Access = access.InMemory(world.Clock)
		for _, client := range []access.Client{{ID: "client-1"}, {ID: "all", Permissions: access.All()}} {
			client.Name, client.Organization = "a test", "org-1"
			if err := c.Access.Fix(client, "secret-1"); err != nil {
				t.Fatal(err)
			}
		}
	}
	test(t, 0, change, func(x *fixture) {
		x.access = x.server.cfg.Access
		x.token = x.login("all", "secret-1")
		f(&centre{x, world})
	})
}

// records are those of the sandbox as they are now, ended or not.
func (x *centre) records() (out []conversation.Record) {
	x.t.Helper()
	at := x.world.Clock()
	view, err := x.world.Live(x.t.Context())
	if err != nil {
		x.t.Fatal(err)
	}
	all := query.Query{Interval: conversation.Interval{Start: at.AddDate(-1, 0, 0), End: at.AddDate(1, 0, 0)}, OrderBy: query.ByConversationStart}
	for r, err := range view.Records(x.t.Context(), all, 0, 0) {
		if err != nil {
			x.t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func (x *centre) advance(by time.Duration) {
	x.t.Helper()
	if err := x.world.MoveClock(x.t.Context(), clock.Change{Advance: by}); err != nil {
		x.t.Fatal(err)
	}
	x.token = x.login("all", "secret-1")
}

func read[T any](t *testing.T, text string) (out T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return out
}

const conversations = "/api/v2/conversations"

// first is the first record that something is so of.
func first(t *testing.T, records []conversation.Record, is func(*conversation.Conversation) bool) *conversation.Conversation {
	t.Helper()
	for _, r := range records {
		if c, _ := wire.Decode(r.JSON); is(c) {
			return c
		}
	}
	t.Fatal("no conversation is like that")
	return nil
}

func hasCall(c *conversation.Conversation) bool {
	return slices.ContainsFunc(c.Participants, func(p conversation.Participant) bool {
		return slices.ContainsFunc(p.Sessions, func(s conversation.Session) bool { return s.MediaType == "voice" })
	})
}

func TestEveryConversationIsLiveUntilSixtyDaysAfterItsEnd(t *testing.T) {
	testLive(t, 60, func(x *centre) {
		records := x.records()
		open := 0
		for _, r := range records {
			c, _ := wire.Decode(r.JSON)
			target := conversations + "/" + string(r.ID)
			got := x.ask(http.StatusOK, "GET", target, "")
			if want, _ := encode(live.From(c, x.names())); got != string(want) {
				t.Fatalf("%s: got %s\nwant %s", r.ID, got, want)
			}
			if !strings.Contains(got, `"attributes":{`) || strings.Contains(got, ":null") {
				t.Errorf("%s: got %s", r.ID, got)
			}
			if r.End.IsZero() {
				open++
			}
			calls := conversations + "/calls/" + string(r.ID)
			if !hasCall(c) {
				if got := x.problem(http.StatusNotFound, calls); got != "conversationId conversation.error.conversation.not.found The conversation has no calls." {
					t.Errorf("got %s", got)
				}
			} else if got := read[live.CallConversation](t, x.ask(http.StatusOK, "GET", calls, "")); got.ID != string(r.ID) {
				t.Errorf("calls of %s: got %+v", r.ID, got)
			}
		}
		if len(records) < 60 || open == 0 || open == len(records) {
			t.Fatalf("%d of %d conversations go on", open, len(records))
		}
		last := slices.MaxFunc(records, func(a, b conversation.Record) int { return a.End.Compare(b.End) })
		target, end := conversations+"/"+string(last.ID), last.End
		x.advance(end.Add(live.Kept - time.Millisecond).Sub(x.world.Clock()))
		x.ask(http.StatusOK, "GET", target, "")
		x.advance(time.Millisecond)
		want := "conversationId conversation.error.conversation.not.found The conversation does not exist."
		if got := x.problem(http.StatusNotFound, target); got != want {
			t.Errorf("60 days after its end: got %s", got)
		}
		x.patch(http.StatusNotFound, target+"/participants/p/attributes", `{"attributes":{"k":"v"}}`)
		x.ask(http.StatusOK, "GET", "/api/v2/analytics"+strings.TrimPrefix(target, "/api/v2")+"/details", "")
		x.ask(http.StatusNotFound, "GET", strings.Replace(target, "/conversations/", "/conversations/calls/", 1), "")
		if got := x.problem(http.StatusNotFound, conversations+"/5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11"); got != want {
			t.Errorf("one that never was: got %s", got)
		}
	})
}

// names are those that the server shows.
func (x *centre) names() live.Names {
	return (&exchange{server: x.server, r: httptest.NewRequestWithContext(x.t.Context(), http.MethodGet, "/", nil), client: access.Client{Organization: "org-1"}}).names()
}

func (x *centre) patch(status int, target, body string) string {
	x.t.Helper()
	return x.ask(status, "PATCH", target, body)
}

func TestAConversationThatGoesOnChangesByTheClock(t *testing.T) {
	testLive(t, 150, func(x *centre) {
		records := x.records()
		slices.Reverse(records) // the first ones may never end
		goesOn := first(t, records, func(c *conversation.Conversation) bool { return c.ConversationEnd == "" && hasCall(c) })
		target := conversations + "/" + string(goesOn.ConversationID)
		before := x.ask(http.StatusOK, "GET", target, "")
		if read[live.Conversation](t, before).EndTime != "" || !strings.Contains(before, `"state":"connected"`) && !strings.Contains(before, `"state":"alerting"`) {
			t.Errorf("got %s", before)
		}
		x.advance(20 * time.Hour)
		after := read[live.Conversation](t, x.ask(http.StatusOK, "GET", target, ""))
		for _, p := range after.Participants {
			for _, c := range p.Calls {
				if after.EndTime != "" && c.State != "terminated" {
					t.Errorf("%s is %s after the end", c.ID, c.State)
				}
			}
		}
		if after.EndTime == "" {
			t.Error("it has no end 20 hours later")
		}
	})
}

func TestAttributesAreWrittenToAParticipant(t *testing.T) {
	testLive(t, 60, func(x *centre) {
		c := first(t, x.records(), hasCall)
		p := c.Participants[0]
		path := "/" + string(c.ConversationID) + "/participants/" + p.ParticipantID + "/attributes"
		if got := x.patch(http.StatusAccepted, conversations+path, `{"attributes":{"a":"1","odd key ü":"line\nbreak","gone":"x"}}`); got != "" {
			t.Errorf("got a body: %s", got)
		}
		got := read[wire.ParticipantAttributes](t, x.patch(http.StatusAccepted, conversations+"/calls"+path, `{"attributes":{"a":"","gone":null},"unknown":[1]}`)).Attributes
		want := map[string]string{"a": "", "odd key ü": "line\nbreak"}
		maps.Copy(want, p.Attributes)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", got, want)
		}
		now := read[live.Conversation](t, x.ask(http.StatusOK, "GET", conversations+"/"+string(c.ConversationID), ""))
		if fmt.Sprint(now.Participants[0].Attributes) != fmt.Sprint(want) {
			t.Errorf("the live object has %v, want %v", now.Participants[0].Attributes, want)
		}
		for _, q := range now.Participants[1:] {
			if _, has := q.Attributes["odd key ü"]; has {
				t.Error("another participant has it too")
			}
		}
		x.patch(http.StatusAccepted, conversations+path, `{"attributes":{}}`)
		message := first(t, x.records(), func(c *conversation.Conversation) bool { return !hasCall(c) })
		x.patch(http.StatusNotFound, conversations+"/calls/"+string(message.ConversationID)+"/participants/"+message.Participants[0].ParticipantID+"/attributes", `{"attributes":{"k":"v"}}`)
		x.patch(http.StatusNotFound, conversations+"/"+string(c.ConversationID)+"/participants/nobody/attributes", `{"attributes":{"k":"v"}}`)
	})
}

func TestAttributesThatAreRefused(t *testing.T) {
	testLive(t, 60, func(x *centre) {
		c := first(t, x.records(), hasCall)
		target := conversations + "/" + string(c.ConversationID) + "/participants/" + c.Participants[0].ParticipantID + "/attributes"
		before := x.ask(http.StatusOK, "GET", conversations+"/"+string(c.ConversationID), "")
		for body, want := range map[string]string{
			``:                                 "",
			`[]`:                               "",
			`{`:                                "",
			"\ufeff{}":                         "",
			`{}`:                               "attributes",
			`{"attributes":null}`:              "attributes",
			`{"attributes":[]}`:                "attributes",
			`{"attributes":{"":"v"}}`:          "attributes",
			`{"attributes":{"n":1}}`:           "attributes.n",
			`{"attributes":{"n":true}}`:        "attributes.n",
			`{"attributes":{"n":{"x":"y"}}}`:   "attributes.n",
			`{"attributes":{"n":["y"]}}`:       "attributes.n",
			`{"attributes":{"n":"1","n":"2"}}`: "",
			`{"attributes":{"n":"1"},"attributes":{}}`:                    "",
			`{"attributes":{"n":"` + "\xff" + `"}}`:                       "",
			`{"attributes":{"n":"1"}} {}`:                                 "",
			`{"x":` + strings.Repeat("[", 200_000):                        "",
			`{"attributes":{"n":` + strings.Repeat(`{"a":`, 60_000):       "",
			`{"attributes":{"` + strings.Repeat("k", 100_000) + `":true}`: "attributes." + strings.Repeat("k", 64) + "…",
		} {
			r := x.request("PATCH", target, body)
			r.Header.Set("Content-Type", "application/json")
			w := x.do(r)
			p := read[wire.Problem](t, w.Body.String())
			field := ""
			if len(p.Details) > 0 {
				field = p.Details[0].FieldName
			}
			if w.Code != http.StatusBadRequest || field != want || len(w.Body.String()) > 2000 {
				t.Errorf("%.60q: got %d, field %q, want %q: %.300s", body, w.Code, field, want, w.Body)
			}
		}
		x.patch(http.StatusRequestEntityTooLarge, target, `{"attributes":{"k":"`+strings.Repeat("v", 512_000)+`"}}`)
		if got := x.ask(http.StatusOK, "GET", conversations+"/"+string(c.ConversationID), ""); got != before {
			t.Error("something was written all the same")
		}
		x.patch(http.StatusAccepted, target, `{"attributes":{"k":"`+strings.Repeat("v", 300_000)+`"}}`)
		if got := x.patch(http.StatusBadRequest, target, `{"attributes":{"l":"`+strings.Repeat("v", 300_000)+`"}}`); !strings.Contains(got, "at most 512000 are kept") {
			t.Errorf("got %.300s", got)
		}
		r := x.request("PATCH", target, `{"attributes":{}}`)
		r.Header.Set("Content-Type", "text/plain")
		if w := x.do(r); w.Code != http.StatusUnsupportedMediaType {
			t.Errorf("text: got %d", w.Code)
		}
	})
}

// Clients that write to one participant at once: nothing that was accepted is missing.
func TestManyWriteAttributesAtOnce(t *testing.T) {
	const writers, each = 8, 10
	testLive(t, 60, func(x *centre) {
		c := first(t, x.records(), hasCall)
		target := conversations + "/" + string(c.ConversationID) + "/participants/" + c.Participants[0].ParticipantID + "/attributes"
		var all sync.WaitGroup
		for i := range writers {
			all.Go(func() {
				for j := range each {
					if w := x.do(x.request("PATCH", target, fmt.Sprintf(`{"attributes":{"k-%d-%d":"v","last":"%d"}}`, i, j, i))); w.Code != http.StatusAccepted {
						t.Errorf("got %d: %s", w.Code, w.Body)
					}
				}
			})
		}
		all.Wait()
		got := read[live.Conversation](t, x.ask(http.StatusOK, "GET", conversations+"/"+string(c.ConversationID), "")).Participants[0].Attributes
		if want := writers*each + 1 + len(c.Participants[0].Attributes); len(got) != want {
			t.Errorf("%d attributes, want %d", len(got), want)
		}
	})
}

func TestWhoMaySeeLiveConversations(t *testing.T) {
	testLive(t, 150, func(x *centre) {
		records := x.records()
		c := first(t, records, func(c *conversation.Conversation) bool {
			return c.ConversationEnd == "" && slices.ContainsFunc(c.Participants, func(p conversation.Participant) bool { return p.UserID != "" && open(p) })
		})
		other := first(t, records, func(c *conversation.Conversation) bool { return c.Participants[0].UserID == "" && !hasUser(c) })
		user := c.Participants[slices.IndexFunc(c.Participants, func(p conversation.Participant) bool { return p.UserID != "" && open(p) })].UserID
		own, others := conversations+"/"+string(c.ConversationID), conversations+"/"+string(other.ConversationID)

		if got := x.problem(http.StatusBadRequest, conversations); got != " not.a.user This request requires a user context. Client credentials cannot be used for requests to this resource." {
			t.Errorf("got %s", got)
		}
		x.token = x.login("client-1", "secret-1")
		if got := x.problem(http.StatusForbidden, own); !strings.Contains(got, "missing.permissions") || !strings.Contains(got, "[conversation:communication:view]") {
			t.Errorf("got %s", got)
		}
		if got := x.ask(http.StatusForbidden, "POST", searching, "{}"); !strings.Contains(got, "[conversation:participant:attributesview]") {
			t.Errorf("got %s", got)
		}
		x.client(access.Client{ID: "live", Organization: "org-1", Permissions: []access.Permission{access.ViewLive, access.ViewAttributes}}, "s")
		x.token = x.login("live", "s")
		x.ask(http.StatusOK, "GET", own, "")
		x.ask(http.StatusOK, "GET", others, "")
		if got := read[wire.AttributePage](t, x.ask(http.StatusOK, "POST", searching, `{"query":[`+yesterday+`]}`)); len(got.Results) != searchRows {
			t.Errorf("the search found %d", len(got.Results))
		}

		x.client(access.Client{
			ID: "agent", Organization: "org-1", UserID: user, Permissions: []access.Permission{access.ViewOwnDetails, access.ViewLive, access.ViewAttributes},
		}, "s")
		x.token = x.login("agent", "s")
		x.ask(http.StatusOK, "GET", own, "")
		x.ask(http.StatusNotFound, "GET", others, "")
		x.patch(http.StatusNotFound, others+"/participants/"+other.Participants[0].ParticipantID+"/attributes", `{"attributes":{"k":"v"}}`)
		list := read[wire.Listing[live.Conversation]](t, x.ask(http.StatusOK, "GET", conversations, ""))
		if list.Total == 0 || list.Total != len(list.Entities) || !slices.ContainsFunc(list.Entities, func(l live.Conversation) bool { return l.ID == string(c.ConversationID) }) {
			t.Errorf("the list has %d of %d", len(list.Entities), list.Total)
		}
		for _, l := range list.Entities {
			if l.EndTime != "" || !slices.ContainsFunc(l.Participants, func(p live.Participant) bool { return p.UserID == user && p.EndTime == "" }) {
				t.Errorf("%s is none of those of %s now", l.ID, user)
			}
		}
		n := 0
		for _, medium := range []string{"call", "callback", "chat", "email", "message"} {
			n += read[wire.Listing[live.Conversation]](t, x.ask(http.StatusOK, "GET", conversations+"?communicationType="+medium, "")).Total
		}
		if n < list.Total {
			t.Errorf("by medium there are %d of %d", n, list.Total)
		}
		x.ask(http.StatusBadRequest, "GET", conversations+"?communicationType=smoke", "")
		for _, row := range x.search(`{"query":[` + yesterday + `]}`) {
			if c := first(t, records, func(c *conversation.Conversation) bool { return string(c.ConversationID) == row.ConversationID }); !slices.ContainsFunc(c.Participants, func(p conversation.Participant) bool { return p.UserID == user }) {
				t.Errorf("the search shows %s, where the user was not", row.ConversationID)
			}
		}
	})
}

func hasUser(c *conversation.Conversation) bool {
	return slices.ContainsFunc(c.Participants, func(p conversation.Participant) bool { return p.UserID != "" })
}

func open(p conversation.Participant) bool {
	s := p.Sessions[len(p.Sessions)-1].Segments
	return s[len(s)-1].SegmentEnd == "" && s[len(s)-1].SegmentType != "wrapup"
}

func TestLiveIDsThatAreNone(t *testing.T) {
	testLive(t, 60, func(x *centre) {
		for _, id := range []string{"calls", "1", "5c5b7a2e6d0f4e0b9d5d3f4f0a6b7c11", "%7B5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11%7D", strings.Repeat("x", 3000), "%00"} {
			if got := x.problem(http.StatusBadRequest, conversations+"/"+id); !strings.HasPrefix(got, "conversationId bad.request conversationId - a version 4 UUID is required, received: [") || len(got) > 300 {
				t.Errorf("%.40s: got %s", id, got)
			}
		}
	})
}

// An archive says what it is, and not that the conversation is gone: to every client, whatever it may do.
func TestAnArchiveHasNoLiveConversations(t *testing.T) {
	test(t, 3, nil, func(x *fixture) {
		id := "/5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11"
		for _, target := range []string{
			"GET " + conversations, "GET " + conversations + id, "GET " + conversations + "/calls" + id,
			"PATCH " + conversations + id + "/participants/p/attributes", "PATCH " + conversations + "/calls" + id + "/participants/p/attributes", "POST " + searching,
		} {
			method, path, _ := strings.Cut(target, " ")
			p := read[wire.Problem](t, x.ask(http.StatusNotFound, method, path, ""))
			if p.Code != "route.not.found" || p.Message != noLive {
				t.Errorf("%s: got %s %s", target, p.Code, p.Message)
			}
		}
	})
}

const (
	searching = conversations + "/participants/attributes/search"
	yesterday = `{"type":"DATE_RANGE","fields":["startTime"],"startValue":"2026-11-09T00:00:00Z","endValue":"2026-11-10T00:00:00Z"}`
)

// search asks for every page of a search.
func (x *centre) search(body string) (rows []wire.AttributeRow) {
	x.t.Helper()
	asked := read[wire.AttributeSearch](x.t, body)
	for {
		text, err := encode(asked)
		if err != nil {
			x.t.Fatal(err)
		}
		page := read[wire.AttributePage](x.t, x.ask(http.StatusOK, "POST", searching, string(text)))
		if len(page.Results) > searchRows || page.Cursor != "" && len(page.Results) == 0 || len(page.Types) != 1 {
			x.t.Fatalf("a page of %d rows", len(page.Results))
		}
		rows = append(rows, page.Results...)
		if asked.Cursor = page.Cursor; asked.Cursor == "" {
			return rows
		}
	}
}

// expected are the ids of the records with attributes for which something is so, in order of start.
func (x *centre) expected(is func(conversation.Record, *conversation.Conversation) bool) (ids []string) {
	for _, r := range x.records() {
		c, _ := wire.Decode(r.JSON)
		if size := sizeOf(c); size > 0 && size < searchedBytes && is(r, c) {
			ids = append(ids, string(r.ID))
		}
	}
	return ids
}

func sizeOf(c *conversation.Conversation) (size int) {
	for _, p := range c.Participants {
		size += attributesSize(p.Attributes)
	}
	return size
}

func idsOf(rows []wire.AttributeRow) (ids []string) {
	for _, r := range rows {
		ids = append(ids, r.ConversationID)
	}
	return ids
}

func TestAttributesAreSearched(t *testing.T) {
	testLive(t, 150, func(x *centre) {
		begun := time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC)
		inDay := func(at time.Time) bool { return !at.Before(begun) && !at.After(begun.AddDate(0, 0, 1)) }
		byStart := x.expected(func(r conversation.Record, _ *conversation.Conversation) bool { return inDay(r.Start) })
		byEnd := x.expected(func(r conversation.Record, _ *conversation.Conversation) bool { return inDay(r.End) })
		if len(byStart) < 2*searchRows {
			t.Fatalf("%d conversations with attributes", len(byStart))
		}
		some := first(t, x.records(), func(c *conversation.Conversation) bool { return string(c.ConversationID) == byStart[7] })
		division := some.DivisionIDs[0]
		inDivision := x.expected(func(r conversation.Record, c *conversation.Conversation) bool {
			return inDay(r.Start) && slices.Contains(c.DivisionIDs, division)
		})
		backwards := slices.Clone(byStart)
		slices.Reverse(backwards)
		for body, want := range map[string][]string{
			`{"query":[` + yesterday + `]}`:                                                                                                      byStart,
			`{"query":[` + yesterday + `],"sortBy":"startTime","sortOrder":"ASC"}`:                                                               byStart,
			`{"query":[` + yesterday + `],"sortOrder":"SCORE"}`:                                                                                  byStart,
			`{"query":[` + yesterday + `],"sort":[{"sortOrder":"DESC"}]}`:                                                                        backwards,
			`{"query":[` + yesterday + `,` + yesterday + `]}`:                                                                                    byStart,
			`{"query":[{"type":"EXACT","fields":["conversationId"],"value":"unknown"}]}`:                                                         nil,
			`{"query":[{"type":"EXACT","fields":["conversationId"],"values":["` + byStart[9] + `","` + byStart[2] + `"]}]}`:                      {byStart[2], byStart[9]},
			`{"query":[{"type":"EXACT","fields":["conversationId"],"value":"` + byStart[9] + `","operator":"AND"},` + yesterday + `]}`:           {byStart[9]},
			`{"query":[` + yesterday + `,{"type":"EXACT","fields":["divisionId"],"value":"` + division + `"}]}`:                                  inDivision,
			`{"query":[` + yesterday + `,{"type":"EXACT","fields":["divisionId"],"value":"none"}]}`:                                              nil,
			`{"query":[{"type":"DATE_RANGE","fields":["startTime"],"startValue":"2026-11-09T00:00:00Z","endValue":"2026-11-09T00:00:00.000Z"}]}`: nil,
		} {
			if got := idsOf(x.search(body)); !slices.Equal(got, want) {
				t.Errorf("%s: found %d, want %d", body, len(got), len(want))
			}
		}
		got := x.search(`{"query":[` + strings.Replace(yesterday, "startTime", "endTime", 1) + `],"sortBy":"endTime"}`)
		if !slices.IsSortedFunc(got, func(a, b wire.AttributeRow) int { return strings.Compare(a.EndTime, b.EndTime) }) {
			t.Error("rows are not in the order of their ends")
		}
		found := idsOf(got)
		slices.Sort(found)
		slices.Sort(byEnd)
		if !slices.Equal(found, byEnd) {
			t.Errorf("by end it found %d, want %d", len(found), len(byEnd))
		}
		for field, at := range map[string]string{"startTime": some.ConversationStart, "endTime": some.ConversationEnd} {
			exactly := `{"query":[{"type":"DATE_RANGE","fields":["` + field + `"],"startValue":"` + at + `","endValue":"` + at + `"}]}`
			if !slices.Contains(idsOf(x.search(exactly)), byStart[7]) {
				t.Errorf("a window of no length at its %s does not find it", field)
			}
		}
		row := x.search(`{"query":[{"type":"EXACT","fields":["conversationId"],"value":"` + byStart[7] + `"}]}`)[0]
		p := some.Participants[slices.IndexFunc(some.Participants, func(p conversation.Participant) bool { return len(p.Attributes) > 0 })]
		d := row.ParticipantData[0]
		if row.StartTime != some.ConversationStart || row.EndTime != some.ConversationEnd || row.TruncatedData == nil || !slices.Equal(row.DivisionIDs, some.DivisionIDs) ||
			d.ParticipantID != p.ParticipantID || d.ParticipantPurpose != p.Purpose || fmt.Sprint(d.ParticipantAttributes) != fmt.Sprint(p.Attributes) || d.SessionIDs[0] != p.Sessions[0].SessionID {
			t.Errorf("got %+v", row)
		}
		text := x.ask(http.StatusOK, "POST", searching, `{"query":[{"type":"EXACT","fields":["conversationId"],"value":"`+byStart[7]+`"}],"returnFields":["endTime"]}`)
		if want := `{"types":["conversations"],"results":[{"conversationId":"` + byStart[7] + `","endTime":"` + some.ConversationEnd + `"}]}`; text != want {
			t.Errorf("got %s, want %s", text, want)
		}
	})
}

// What is written is found at once; what is too large, or too old, is not.
func TestWhatASearchHolds(t *testing.T) {
	testLive(t, 60, func(x *centre) {
		c := first(t, x.records(), func(c *conversation.Conversation) bool { return c.ConversationEnd != "" && sizeOf(c) > 0 })
		body := `{"query":[{"type":"EXACT","fields":["conversationId"],"value":"` + string(c.ConversationID) + `"}]}`
		target := conversations + "/" + string(c.ConversationID) + "/participants/" + c.Participants[0].ParticipantID + "/attributes"
		x.patch(http.StatusAccepted, target, `{"attributes":{"fresh":"yes"}}`)
		if rows := x.search(body); len(rows) != 1 || rows[0].ParticipantData[0].ParticipantAttributes["fresh"] != "yes" {
			t.Errorf("got %+v", rows)
		}
		room := searchedBytes - sizeOf(c) - len("freshyes") - len("large")
		for size, want := range map[int]int{room - 1: 1, room: 0} {
			x.patch(http.StatusAccepted, target, `{"attributes":{"large":"`+strings.Repeat("v", size)+`"}}`)
			if rows := x.search(body); len(rows) != want {
				t.Errorf("with %d bytes left: found %d", room-size, len(rows))
			}
		}
		x.patch(http.StatusAccepted, target, `{"attributes":{"large":null}}`)
		end, err := conversation.ParseTime(c.ConversationEnd)
		if err != nil {
			t.Fatal(err)
		}
		x.advance(end.Add(searchKept - time.Millisecond).Sub(x.world.Clock()))
		if rows := x.search(body); len(rows) != 1 {
			t.Errorf("before 30 days: found %d", len(rows))
		}
		x.advance(time.Millisecond)
		if rows := x.search(body); len(rows) != 0 {
			t.Errorf("30 days after its end: found %d", len(rows))
		}
	})
}

func TestSearchesThatAreRefused(t *testing.T) {
	between := func(from, until string) string {
		return `{"query":[{"type":"DATE_RANGE","fields":["startTime"],"startValue":"` + from + `","endValue":"` + until + `"}]}`
	}
	testLive(t, 60, func(x *centre) {
		x.search(between("2026-11-09T00:00:00.000Z", "2026-11-10T00:00:00.000Z"))
		for body, want := range map[string]string{
			`{}`:           "query",
			`{"query":[]}`: "query",
			`{"query":[{"type":"EXACT","fields":["divisionId"],"value":"x"}]}`:                                                 "query",
			between("2026-11-09T00:00:00.000Z", "2026-11-10T00:00:00.001Z"):                                                    "query.endValue",
			between("2026-11-10", "2026-11-09"):                                                                                "query.endValue",
			between("yesterday", "2026-11-10"):                                                                                 "query.startValue",
			between("2026-11-09", ""):                                                                                          "query.endValue",
			`{"query":[{"type":"EXACT","fields":["participantData.k"],"value":"x"}]}`:                                          "query.fields Search not supported.",
			`{"query":[{"type":"EXACT","fields":["startTime"],"value":"x"}]}`:                                                  "query.fields Search not supported.",
			`{"query":[{"type":"DATE_RANGE","fields":["divisionId"],"startValue":"2026-11-09","endValue":"2026-11-10"}]}`:      "query.fields Search not supported.",
			`{"query":[{"type":"EXACT","fields":["conversationId","divisionId"],"value":"x"}]}`:                                "query.fields",
			`{"query":[{"type":"EXACT","fields":["conversationId"]}]}`:                                                         "query.values",
			`{"query":[{"type":"EXACT","fields":["conversationId"],"values":[` + strings.Repeat(`"x",`, maxValues) + `"x"]}]}`: "query.values",
			`{"query":[{"type":"EXACT","fields":["conversationId"],"value":"x","operator":"OR"}]}`:                             "query.operator",
			`{"query":[{"type":"EXACT","fields":["conversationId"],"value":"x","dateFormat":"yyyy"}]}`:                         "query.dateFormat",
			`{"query":[{"type":"EXACT","fields":["conversationId"],"value":"x","group":[{"type":"EXACT"}]}]}`:                  "query.group",
			`{"query":[{"type":"CONTAINS","fields":["conversationId"],"value":"x"}]}`:                                          "query.type",
			`{"query":[` + strings.Repeat(yesterday+",", maxCriteria) + yesterday + `]}`:                                       "query",
			`{"query":[` + yesterday + `],"sortBy":"conversationId"}`:                                                          "sortBy",
			`{"query":[` + yesterday + `],"sortOrder":"UP"}`:                                                                   "sortOrder",
			`{"query":[` + yesterday + `],"sort":[{},{}]}`:                                                                     "sort",
			`{"query":[` + yesterday + `],"returnFields":["secrets"]}`:                                                         "returnFields",
			`{"query":[` + yesterday + `],"cursor":"x"}`:                                                                       "cursor",
			`{"query":[` + yesterday + `],"cursor":1}`:                                                                         "cursor",
			`{"query":"x"}`:              "query",
			`{"query":[{"type":1}]}`:     "query.0.type",
			`{"query":[],"query":[]}`:    "",
			strings.Repeat("[", 100_000): "",
		} {
			p := read[wire.Problem](t, x.ask(http.StatusBadRequest, "POST", searching, body))
			got := p.Message
			if len(p.Details) > 0 {
				got = p.Details[0].FieldName + " " + p.Message
			}
			if field, _, _ := strings.Cut(want, " "); !strings.HasPrefix(got, want) || field != "" && p.Details[0].FieldName != field {
				t.Errorf("%.200s: got %s, want %s", body, got, want)
			}
		}
		x.ask(http.StatusRequestEntityTooLarge, "POST", searching, `{"query":"`+strings.Repeat("x", 512_000)+`"}`)
	})
}

// A cursor is good for its own search, its own client's eyes and its own server, and no character of it can be another.
func TestCursorsOfOthers(t *testing.T) {
	testLive(t, 150, func(x *centre) {
		body := `{"query":[` + yesterday + `],"cursor":"%s"}`
		page := read[wire.AttributePage](t, x.ask(http.StatusOK, "POST", searching, fmt.Sprintf(body, "")))
		x.ask(http.StatusOK, "POST", searching, fmt.Sprintf(body, page.Cursor))
		refused := func(body string) {
			t.Helper()
			if got := x.ask(http.StatusBadRequest, "POST", searching, body); !strings.Contains(got, "The cursor is not one of this search") {
				t.Errorf("got %s", got)
			}
		}
		for i := range page.Cursor {
			altered := []byte(page.Cursor)
			altered[i] = map[bool]byte{true: 'B', false: 'A'}[altered[i] == 'A']
			refused(fmt.Sprintf(body, altered))
		}
		refused(fmt.Sprintf(body, page.Cursor+`\n`))
		refused(fmt.Sprintf(body, page.Cursor[:len(page.Cursor)-4]))
		refused(strings.Replace(fmt.Sprintf(body, page.Cursor), "2026-11-10T00", "2026-11-09T23", 1))
		refused(strings.Replace(fmt.Sprintf(body, page.Cursor), `"cursor"`, `"sortOrder":"DESC","cursor"`, 1))
		user := first(t, x.records(), hasUser)
		i := slices.IndexFunc(user.Participants, func(p conversation.Participant) bool { return p.UserID != "" })
		x.client(access.Client{ID: "agent", Organization: "org-1", UserID: user.Participants[i].UserID, Permissions: []access.Permission{access.ViewOwnDetails, access.ViewAttributes}}, "s")
		x.token = x.login("agent", "s")
		refused(fmt.Sprintf(body, page.Cursor))
		other, err := newCursors(nil) // of a server that has not its jobs
		if err != nil {
			t.Fatal(err)
		}
		x.server.search = other
		x.token = x.login("all", "secret-1")
		refused(fmt.Sprintf(body, page.Cursor))
	})
}

// counting counts the records that an engine is asked for.
type counting struct {
	engine.Engine

	n *int
}

func (c counting) Records(ctx context.Context, q query.Query, limit, offset int) iter.Seq2[conversation.Record, error] {
	return counted(c.Engine.Records(ctx, q, limit, offset), c.n)
}

// A page reads what it shows, and not the whole store, however far on it is.
func TestAPageOfASearchReadsItself(t *testing.T) {
	testLive(t, 150, func(x *centre) {
		view, err := x.world.Live(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w, err := readSearch(read[wire.AttributeSearch](t, `{"query":[`+yesterday+`]}`))
		if err != nil {
			t.Fatal(err)
		}
		for {
			n, page := 0, wire.AttributePage{}
			last, more, err := w.fill(&page, w.found(t.Context(), counting{view, &n}), x.world.Clock())
			if err != nil {
				t.Fatal(err)
			}
			if n > 2*searchRows {
				t.Errorf("%d records were read for %d rows behind %v", n, len(page.Results), w.after)
			}
			if w.after = last; !more {
				break
			}
		}
	})
}
