package platform

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// Live gives the live object of a conversation, as it was sent. It is fault.NotFound when the platform has none, any more or
// at all, and NoRoute as well when the server has none of any conversation.
func (c *Client) Live(ctx context.Context, id conversation.ID) (_ []byte, err error) {
	defer fault.Wrap(&err, "ask for conversation %s", id)
	return c.one(ctx, "/api/v2/conversations/"+url.PathEscape(string(id)), id)
}

// Details gives the record of a conversation that the synchronous query has, as it was sent: without attributes. It is
// fault.NotFound when analytics do not know it, or not yet.
func (c *Client) Details(ctx context.Context, id conversation.ID) (_ []byte, err error) {
	defer fault.Wrap(&err, "ask for the details of conversation %s", id)
	return c.one(ctx, "/api/v2/analytics/conversations/"+url.PathEscape(string(id))+"/details", id)
}

// one asks for one conversation. An answer that is of another one is fault.Corrupt.
func (c *Client) one(ctx context.Context, path string, id conversation.ID) (out []byte, err error) {
	err = c.do(ctx, call{method: http.MethodGet, path: path}, func(body io.Reader) error {
		text, err := io.ReadAll(io.LimitReader(body, conversation.MaxRecordBytes+1))
		if err != nil {
			return err
		}
		if len(text) > conversation.MaxRecordBytes {
			return fault.Because(fault.Corrupt, wire.ErrLimit, "the answer has more than %d bytes", conversation.MaxRecordBytes)
		}
		var got struct {
			ID             string `json:"id"`
			ConversationID string `json:"conversationId"`
		}
		err = json.Unmarshal(text, &got, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
		switch {
		case err != nil:
			return fault.New(fault.Corrupt, "the answer is not the JSON that was expected")
		case !strings.EqualFold(cmp.Or(got.ConversationID, got.ID), string(id)):
			return fault.New(fault.Corrupt, "the answer is of another conversation")
		}
		out = text
		return nil
	})
	return out, err
}

// SubmitFor starts a job that finds one conversation, among those that started on a day.
func (c *Client) SubmitFor(ctx context.Context, day conversation.Day, id conversation.ID) (_ JobID, err error) {
	defer fault.Wrap(&err, "submit a job for conversation %s", id)
	return c.submit(ctx, wire.Request{
		Interval: conversation.Interval{Start: day.Start(), End: day.End()}.String(), StartOfDay: true,
		ConversationFilters: []wire.Filter{{Type: "and", Predicates: []wire.Predicate{{Dimension: "conversationId", Value: string(id)}}}},
	})
}

// NoRoute says whether a server answered that it has no such route at all, as an archive does of live objects.
func NoRoute(err error) bool {
	r, ok := errors.AsType[*Refusal](err)
	return ok && r.Status == http.StatusNotFound && r.Code == "route.not.found"
}
