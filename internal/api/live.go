package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/live"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

// Live is the conversations of an organization as they are now, and not as analytics know them. Safe for concurrent use.
type Live interface {
	// Conversation is the record of one. It is fault.NotFound before the conversation begins.
	Conversation(ctx context.Context, id conversation.ID) (conversation.Record, error)
	// SetAttributes writes attributes to a participant, in place of those of the same name; nil removes. When it returns nil,
	// that lasts. It is fault.NotFound when there is no such participant now, fault.Invalid when it would have too many.
	SetAttributes(ctx context.Context, id conversation.ID, participant string, values map[string]*string) error
}

// liveRoutes are those of conversations as they are now: agents' desktops and scripts ask while a call goes on, integrations
// leave marks in attributes for whoever comes next.
func (s *Server) liveRoutes() []route {
	const conversations = "/api/v2/conversations"
	attributes := "/{conversationId}/participants/{participantId}/attributes"
	return []route{
		{"GET", conversations, s.liveConversations, token},
		{"GET", conversations + "/{conversationId}", s.liveConversation, s.mayLive(access.ViewLive)},
		{"GET", conversations + "/calls/{conversationId}", s.liveCalls, token},
		{"PATCH", conversations + attributes, s.patchAttributes, token},
		{"PATCH", conversations + "/calls" + attributes, s.patchAttributesOfCall, token},
		{"POST", conversations + "/participants/attributes/search", s.searchAttributes, s.mayLive(access.ViewAttributes)},
	}
}

// mayLive asks for a permission, as may does.
func (s *Server) mayLive(p access.Permission) needs {
	if len(s.cfg.Live) == 0 {
		return token
	}
	return needs{token: true, anyOf: []access.Permission{p}}
}

// noLive answers where there is nothing but records. It must not read as if the conversation did not exist.
const noLive = "This server has no live conversations: an archive has the records of analytics, which nothing happens to any more. " +
	"Ask the platform, or a sandbox, for the live object; GET /api/v2/analytics/conversations/{conversationId}/details gives the record."

// now is the conversations of the client's organization as they are now.
func (x *exchange) now() (Live, error) {
	if _, err := x.views(); err != nil {
		return nil, err
	}
	if now := x.server.cfg.Live[x.client.Organization]; now != nil {
		return now, nil
	}
	return nil, &fault.Error{Kind: fault.NotFound, Code: "route.not.found", Message: noLive}
}

// conversationNow is the conversation in the path, as it is now, and of those that the client may see.
func (x *exchange) conversationNow() (Live, *conversation.Conversation, error) {
	now, err := x.now()
	if err != nil {
		return nil, nil, err
	}
	id := x.params["conversationId"]
	r, err := now.Conversation(x.r.Context(), conversation.ID(id))
	if err != nil && !errors.Is(err, fault.NotFound) {
		return nil, nil, err
	}
	if err == nil && !live.Gone(r.End, x.server.cfg.Now()) {
		c, _ := wire.Decode(r.JSON)
		if x.client.UserID == "" || slices.ContainsFunc(c.Participants, x.isClient) {
			return now, c, nil
		}
	}
	// Ids of records that were given have any form, so that the form is judged last.
	if uuid.Validate(id) != nil || len(id) != len("5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11") {
		return nil, nil, fault.Field("conversationId", "conversationId - a version 4 UUID is required, received: [%s]", fault.Clip(id))
	}
	return nil, nil, &fault.Error{
		Kind: fault.NotFound, Code: "conversation.error.conversation.not.found", Field: "conversationId", Message: "The conversation does not exist.",
	}
}

// isClient says whether a participant is the user to whom the client is confined.
func (x *exchange) isClient(p conversation.Participant) bool {
	return strings.EqualFold(p.UserID, x.client.UserID)
}

// names are those of what an organization consists of, as far as it lists that.
func (x *exchange) names() live.Names {
	d, names := x.lists(), live.Names{}
	if d == nil {
		return nil
	}
	for _, q := range d.Queues {
		names[q.ID] = q.Name
	}
	for _, c := range d.Codes {
		names[c.ID] = c.Name
	}
	for _, v := range d.Divisions {
		names[v.ID] = v.Name
	}
	return names
}

// liveConversation answers GET /api/v2/conversations/{conversationId}.
func (*Server) liveConversation(x *exchange) error {
	_, c, err := x.conversationNow()
	if err != nil {
		return err
	}
	return x.send(http.StatusOK, live.From(c, x.names()))
}

// liveCalls answers GET /api/v2/conversations/calls/{conversationId}.
func (*Server) liveCalls(x *exchange) error {
	_, c, err := x.conversationNow()
	if err != nil {
		return err
	}
	calls, there := live.From(c, x.names()).Calls()
	if !there {
		return noCall()
	}
	return x.send(http.StatusOK, calls)
}

// noCall is a conversation of other media only. The platform's text is not known.
func noCall() error {
	return &fault.Error{
		Kind: fault.NotFound, Code: "conversation.error.conversation.not.found", Field: "conversationId", Message: "The conversation has no calls.",
	}
}

// media are the words for the media by which conversations can be asked for, and whether a participant has one.
var media = map[string]func(live.Participant) bool{
	"call":     func(p live.Participant) bool { return len(p.Calls) > 0 },
	"callback": func(p live.Participant) bool { return len(p.Callbacks) > 0 },
	"chat":     func(p live.Participant) bool { return len(p.Chats) > 0 },
	"email":    func(p live.Participant) bool { return len(p.Emails) > 0 },
	"message":  func(p live.Participant) bool { return len(p.Messages) > 0 },
}

// liveConversations answers GET /api/v2/conversations: those in which the user takes part just now. A client that is
// confined to a user stands for one; others have none.
func (s *Server) liveConversations(x *exchange) error {
	now, err := x.now()
	if err != nil {
		return err
	}
	if x.client.UserID == "" {
		return s.userOfClient(x)
	}
	values, err := x.query()
	if err != nil {
		return err
	}
	medium, err := parameters{values}.one("communicationType", "", "call", "callback", "chat", "email", "message")
	if err != nil {
		return err
	}
	ids, err := x.goingOn()
	if err != nil {
		return err
	}
	out, names := []live.Conversation{}, x.names()
	for _, id := range ids {
		r, err := now.Conversation(x.r.Context(), id)
		if err != nil {
			return err
		}
		c, _ := wire.Decode(r.JSON)
		if one := live.From(c, names); x.takesPart(one, medium) {
			out = append(out, one)
		}
	}
	uri := x.r.URL.EscapedPath()
	return x.send(http.StatusOK, wire.Listing[live.Conversation]{
		Entities: out, PageSize: len(out), PageNumber: 1, Total: len(out), PageCount: 1, FirstURI: uri, LastURI: uri, SelfURI: uri,
	})
}

// goingOn are the conversations that had not ended a moment ago and have the client's user in them.
func (x *exchange) goingOn() (ids []conversation.ID, err error) {
	now := x.server.cfg.Now()
	q := query.Query{Interval: conversation.Interval{Start: now, End: now.Add(time.Millisecond)}, OrderBy: query.ByConversationStart}
	err = x.live(effort{"going on", 1}, func(ctx context.Context, view engine.Engine) error {
		for r, err := range view.Records(ctx, q, 0, 0) {
			if err != nil {
				return err
			}
			ids = append(ids, r.ID)
		}
		return nil
	})
	return ids, err
}

// takesPart says whether the client's user is in a conversation now, by a medium if one is given.
func (x *exchange) takesPart(c live.Conversation, medium string) bool {
	return slices.ContainsFunc(c.Participants, func(p live.Participant) bool {
		return strings.EqualFold(p.UserID, x.client.UserID) && p.EndTime == "" && (medium == "" || media[medium](p))
	})
}

// patchAttributes answers PATCH /api/v2/conversations/{conversationId}/participants/{participantId}/attributes.
func (*Server) patchAttributes(x *exchange) error {
	if _, err := x.writeAttributes(false); err != nil {
		return err
	}
	x.out.WriteHeader(http.StatusAccepted)
	return nil
}

// patchAttributesOfCall answers the same below /calls: with all attributes that the participant has then.
func (*Server) patchAttributesOfCall(x *exchange) error {
	now, err := x.writeAttributes(true)
	if err != nil {
		return err
	}
	r, err := now.Conversation(x.r.Context(), conversation.ID(x.params["conversationId"]))
	if err != nil {
		return err
	}
	c, _ := wire.Decode(r.JSON)
	out := wire.ParticipantAttributes{Attributes: map[string]string{}}
	for _, p := range c.Participants {
		if p.ParticipantID == x.params["participantId"] && p.Attributes != nil {
			out.Attributes = p.Attributes
		}
	}
	return x.send(http.StatusAccepted, out)
}

// writeAttributes writes what the body says to the participant in the path.
func (x *exchange) writeAttributes(ofCall bool) (Live, error) {
	now, c, err := x.conversationNow()
	if err != nil {
		return nil, err
	}
	if ofCall {
		if _, there := live.From(c, nil).Calls(); !there {
			return nil, noCall()
		}
	}
	text, err := x.readJSON()
	if err != nil {
		return nil, err
	}
	var body struct {
		Attributes map[string]*string `json:"attributes"`
	}
	if err := decodeBody(text, &body); err != nil {
		return nil, err
	}
	if body.Attributes == nil {
		return nil, fault.Field("attributes", "attributes is missing; give an object of texts")
	}
	if _, empty := body.Attributes[""]; empty {
		return nil, fault.Field("attributes", "an attribute needs a name")
	}
	return now, now.SetAttributes(x.r.Context(), c.ConversationID, x.params["participantId"], body.Attributes)
}
