package platform

import (
	"context"
	"io"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// Count is TotalHits with the days of iv that the server's own data never had. An answer that does not count is
// fault.Corrupt, never 0: that nothing happened on a day is believed on the strength of it.
func (c *Client) Count(ctx context.Context, iv conversation.Interval) (n int64, missing []conversation.Day, err error) {
	defer fault.Wrap(&err, "query %v", iv)
	q := detailQuery{iv.String(), "asc", "conversationStart", paging{1, 1}}
	what := call{method: http.MethodPost, path: "/api/v2/analytics/conversations/details/query", body: q, head: gaps(&missing)}
	err = c.do(ctx, what, func(body io.Reader) error {
		n, err = readCount(body)
		return err
	})
	return n, missing, err
}

func readCount(body io.Reader) (int64, error) {
	text, err := io.ReadAll(io.LimitReader(body, maxList)) // there is a conversation in it, and that can be large
	if err != nil {
		return 0, err
	}
	var page struct {
		TotalHits *int64 `json:"totalHits"`
	}
	// Whatever is odd about the conversation in it is no matter here.
	lenient := json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	if json.Unmarshal(text, &page, lenient) != nil || page.TotalHits == nil || *page.TotalHits < 0 {
		return 0, fault.New(fault.Corrupt, "the answer does not say how many conversations there are")
	}
	return *page.TotalHits, nil
}
