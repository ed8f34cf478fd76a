package platform

import (
	"context"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
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

// SubmitAggregates starts a job that answers a query for aggregates, with a body that is sent as it is.
func (c *Client) SubmitAggregates(ctx context.Context, body []byte) (_ JobID, err error) {
	defer c.say(&err, "submit a job for aggregates")
	return c.submitTo(ctx, wire.PathAggregateJobs, jsontext.Value(body))
}

// AggregatesPage fetches one page of the results of such a job. It holds the whole page in memory.
func (c *Client) AggregatesPage(ctx context.Context, id JobID, at Cursor) (page wire.AggregatePage, missing []conversation.Day, err error) {
	defer fault.Wrap(&err, "fetch a page of job %s", id)
	query := url.Values{}
	if at != "" {
		query.Set("cursor", string(at))
	}
	what := call{method: http.MethodGet, path: aggregatesPath(id) + "/results", query: query, head: gaps(&missing)}
	err = c.do(ctx, what, upTo(maxAggregates, &page, nil))
	return page, missing, err
}

// DeleteAggregates cancels such a job or gives up its results.
func (c *Client) DeleteAggregates(ctx context.Context, id JobID) (err error) {
	defer fault.Wrap(&err, "delete job %s", id)
	return c.deleteAt(ctx, aggregatesPath(id))
}

func aggregatesPath(id JobID) string {
	return wire.PathAggregateJobs + "/" + url.PathEscape(string(id))
}

// AggregatesAsker asks for jobs for aggregates as for those for details, so that Await can wait for them.
type AggregatesAsker struct{ *Client }

// Status implements Asker.
func (a AggregatesAsker) Status(ctx context.Context, id JobID) (s Status, err error) {
	defer fault.Wrap(&err, "ask for job %s", id)
	return a.statusAt(ctx, aggregatesPath(id))
}
