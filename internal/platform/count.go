package platform

import (
	"context"
	"io"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// Count is TotalHits with the days of iv that the server's own data never had. An answer that does not count is
// fault.Corrupt, never 0: that nothing happened on a day is believed on the strength of it.
func (c *Client) Count(ctx context.Context, iv conversation.Interval, filters jsontext.Value) (n int64, missing []conversation.Day, err error) {
	defer fault.Wrap(&err, "query %v", iv)
	q := detailQuery(iv, "asc", "conversationStart", 1)
	what := call{method: http.MethodPost, path: wire.PathQuery, body: filtered{q, filters}, head: gaps(&missing)}
	err = c.do(ctx, what, func(body io.Reader) error {
		page, err := c.cfg.Limits.ReadPage(body, wire.Counted, func([]byte) error { return nil })
		n = page.TotalHits
		return err
	})
	return n, missing, err
}
