package platform

import (
	"context"
	"io"
	"net/http"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// detailQuery is a body of the synchronous query.
type detailQuery struct {
	Interval string `json:"interval"`
	Order    string `json:"order"`
	OrderBy  string `json:"orderBy"`
	Paging   paging `json:"paging"`
}

type paging struct {
	PageSize   int `json:"pageSize"`
	PageNumber int `json:"pageNumber"`
}

// TotalHits asks the synchronous query how many conversations there are that started on a day touched by iv and were
// going on in it. The platform calls the number approximate.
func (c *Client) TotalHits(ctx context.Context, iv conversation.Interval) (int64, error) {
	page, err := c.query(ctx, detailQuery{iv.String(), "asc", "conversationStart", paging{1, 1}}, func([]byte) error { return nil })
	return page.TotalHits, err
}

// LastEnded gives the conversation of iv that ended last, of those that have an end; nil if none of the hundred that
// the platform lists first has.
func (c *Client) LastEnded(ctx context.Context, iv conversation.Interval) (last *conversation.Conversation, err error) {
	_, err = c.query(ctx, detailQuery{iv.String(), "desc", "conversationEnd", paging{100, 1}}, func(raw []byte) error {
		// A record that does not fit the schema says nothing, and asking again would not help.
		if d, err := wire.Decode(raw); err == nil && last == nil && d.ConversationEnd != "" {
			last = d
		}
		return nil
	})
	return last, err
}

func (c *Client) query(ctx context.Context, q detailQuery, each func([]byte) error) (page wire.Page, err error) {
	defer fault.Wrap(&err, "query %s", q.Interval)
	err = c.do(ctx, call{method: http.MethodPost, path: "/api/v2/analytics/conversations/details/query", body: q}, func(body io.Reader) error {
		page, err = wire.ReadPage(body, each)
		return err
	})
	return page, err
}
