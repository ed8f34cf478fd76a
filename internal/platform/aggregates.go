package platform

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
)

// maxAggregates is how large an answer with figures may be, in bytes: that of our own servers, which have 250,000 at most, is
// smaller.
const maxAggregates = 256 << 20

// Aggregates sends the body of a query for aggregates as it is. It holds the whole answer in memory. Missing are days of the
// interval that the server's own data never had.
func (c *Client) Aggregates(ctx context.Context, body []byte) (a wire.Aggregates, missing []conversation.Day, err error) {
	defer c.say(&err, "query aggregates")
	what := call{method: http.MethodPost, path: wire.PathAggregates, body: jsontext.Value(body), head: gaps(&missing)}
	err = c.do(ctx, what, upTo(maxAggregates, &a, nil))
	return a, missing, err
}
