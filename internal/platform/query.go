package platform

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// TotalHits asks the synchronous query how many conversations there are that started on a day touched by iv and were
// going on in it. The platform calls the number approximate.
func (c *Client) TotalHits(ctx context.Context, iv conversation.Interval) (int64, error) {
	n, _, err := c.Count(ctx, iv, nil)
	return n, err
}

// LastEnded gives the conversation of iv that ended last, of those that have an end; nil if none of the hundred that
// the platform lists first has.
func (c *Client) LastEnded(ctx context.Context, iv conversation.Interval) (last *conversation.Conversation, err error) {
	_, err = c.query(ctx, detailQuery(iv, "desc", "conversationEnd", 100), func(raw []byte) error {
		// An end that does not fit the schema says nothing, and asking again would not help.
		if d, _ := wire.Decode(raw); last == nil && d.ConversationEnd != "" {
			last = d
		}
		return nil
	})
	return last, err
}

// detailQuery asks for the first page of an interval.
func detailQuery(iv conversation.Interval, order, by string, size int) wire.Request {
	return wire.Request{Interval: iv.String(), Order: order, OrderBy: by, Paging: &wire.Paging{PageSize: size, PageNumber: 1}}
}

// filtered is a request with filters of the caller's.
type filtered struct {
	wire.Request

	Filters jsontext.Value `json:",embed"`
}

func (c *Client) query(ctx context.Context, q wire.Request, each func([]byte) error) (page wire.Page, err error) {
	defer fault.Wrap(&err, "query %s", q.Interval)
	return c.readPage(ctx, call{method: http.MethodPost, path: wire.PathQuery, body: q}, wire.Found, func() func([]byte) error { return each })
}

// Found gives a page of the conversations of iv by the synchronous query, in order of conversationStart; number counts from
// 1, and filters are those of Submit. It holds the whole page in memory.
func (c *Client) Found(ctx context.Context, iv conversation.Interval, filters jsontext.Value, number, size int) (Answer, error) {
	q := detailQuery(iv, "asc", "conversationStart", size)
	q.Paging.PageNumber = number
	body, err := json.Marshal(filtered{q, filters})
	if err != nil {
		return Answer{}, err
	}
	return c.Query(ctx, body)
}

// Answer is a page of the answer to a synchronous query.
type Answer struct {
	Records      [][]byte // as sent, without insignificant white space
	Aggregations []byte   // the list as sent, JSON; nil if there is none
	TotalHits    int64
	Missing      []conversation.Day // of the question's interval, that the server's own data never had
}

// Query sends a body of the synchronous query as it is. It holds the whole page in memory.
func (c *Client) Query(ctx context.Context, body []byte) (Answer, error) {
	var records [][]byte
	a, err := c.ReadQuery(ctx, body, func() func([]byte) error {
		records = nil
		return func(raw []byte) error {
			records = append(records, raw)
			return nil
		}
	})
	a.Records = records
	return a, err
}

// ReadQuery asks as Query does and hands the records on, one by one, in place of holding them; begin is that of ReadPage.
func (c *Client) ReadQuery(ctx context.Context, body []byte, begin func() func(raw []byte) error) (_ Answer, err error) {
	defer c.say(&err, "query")
	var missing []conversation.Day
	what := call{method: http.MethodPost, path: wire.PathQuery, body: jsontext.Value(body), head: gaps(&missing)}
	page, err := c.readPage(ctx, what, wire.Found, begin)
	return Answer{Aggregations: page.Aggregations, TotalHits: page.TotalHits, Missing: missing}, err
}
