package client

import (
	"context"
	"crypto/sha256"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// Query says which conversations are meant.
type Query struct {
	From, To time.Time // To is exclusive
	// Filters is an object of the API's filters, as {"segmentFilters": [...]}; empty for none.
	Filters []byte
}

// check fails when a query cannot be asked.
func (q Query) check() error {
	if !q.From.Before(q.To) {
		return fault.Field("From", "From must lie before To")
	}
	if len(q.Filters) == 0 {
		return nil
	}
	return checkFilters(q.Filters)
}

func (q Query) interval() conversation.Interval {
	return conversation.Interval{Start: q.From, End: q.To}
}

// checkFilters fails when something is asked for that is no filter: it would change what a record means.
func checkFilters(text []byte) error {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(text, &members); err != nil {
		return fault.Field("Filters", "Filters is no JSON object with filters, such as {\"segmentFilters\": [...]}")
	}
	for name := range members {
		if !strings.HasSuffix(name, "Filters") {
			return fault.Field("Filters", "Filters has the member %q, which is no filter", name)
		}
	}
	return nil
}

// Count is how many conversations a query finds.
type Count struct {
	Total   int64       // the platform calls it approximate
	Missing []time.Time // UTC days of the interval that a server of Parley never had
}

// Count asks how many conversations [Client.Find] would give.
func (c *Client) Count(ctx context.Context, q Query) (Count, error) {
	if err := q.check(); err != nil {
		return Count{}, err
	}
	n, missing, err := c.platform.Count(ctx, q.interval(), q.Filters)
	return Count{n, starts(missing)}, told(err)
}

// Found is a page of the answer to a synchronous query.
type Found struct {
	Records [][]byte // JSON, as sent but for insignificant white space
	Total   int64    // conversations on all pages; the platform calls it approximate
	Missing []time.Time
}

// Found gives one page of the synchronous query, in order of conversationStart; number counts from 1, and size is at most 100.
// Conversations that go on are among them, and attributes are not.
func (c *Client) Found(ctx context.Context, q Query, number, size int) (Found, error) {
	if err := q.check(); err != nil {
		return Found{}, err
	}
	a, err := c.platform.Found(ctx, q.interval(), q.Filters, number, size)
	if err != nil {
		return Found{}, told(err)
	}
	return Found{a.Records, a.TotalHits, starts(a.Missing)}, nil
}

// The limits of the synchronous query. Source: facts of the API, section 5.2.
const (
	findPage  = 100
	findDepth = 100_000 // conversations that pages reach
	findTries = 3       // how often all pages are read until there are as many conversations as are counted
)

// Find gives the conversations that the synchronous query finds, those of the last minutes too: each once, in order of
// conversationStart but for those that came between while the pages were read. They are as analytics has them now, without
// attributes.
//
// It reaches 100,000 conversations: more are ErrInvalid, before anything is given. When the platform goes on to count more than
// it gives, the last thing is ErrIncomplete.
func (c *Client) Find(ctx context.Context, q Query) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		f := finding{client: c, q: q, yield: yield, seen: map[[sha256.Size]byte]bool{}}
		if err := f.all(ctx); err != nil && !errors.Is(err, errEnough) {
			yield(Record{}, err)
		}
	}
}

// errEnough ends an iteration that its reader has left.
var errEnough = errors.New("enough")

// finding is one reading of all pages, again until nothing is missing.
type finding struct {
	client *Client
	q      Query
	yield  func(Record, error) bool
	seen   map[[sha256.Size]byte]bool // by the hash of the id, or of a record without one
}

// all reads the pages. A conversation that comes into being meanwhile moves those after it by one, over the edge of a page.
func (f *finding) all(ctx context.Context) error {
	for range findTries {
		before := len(f.seen)
		total, err := f.once(ctx)
		if err != nil || int64(len(f.seen)) >= total {
			return err
		}
		if before == len(f.seen) {
			break
		}
	}
	return fault.New(fault.Incomplete, "the platform counts more conversations than the %d that it gave", len(f.seen))
}

func (f *finding) once(ctx context.Context) (total int64, err error) {
	for number := 1; ; number++ {
		page, err := f.client.Found(ctx, f.q, number, findPage)
		switch {
		case err != nil:
			return 0, err
		case page.Total > findDepth:
			return 0, fault.New(fault.Invalid, "%d conversations are more than the %d that pages reach; ask for less at a time, or by Records", page.Total, findDepth)
		}
		for _, raw := range page.Records {
			if err := f.give(recordOf(raw, Position{})); err != nil {
				return 0, err
			}
		}
		if len(page.Records) == 0 || int64(number)*findPage >= page.Total {
			return page.Total, nil
		}
	}
}

func (f *finding) give(r Record) error {
	key := sha256.Sum256([]byte(r.ID))
	if r.ID == "" {
		key = sha256.Sum256(r.JSON)
	}
	if f.seen[key] {
		return nil
	}
	f.seen[key] = true
	if !f.yield(r, nil) {
		return errEnough
	}
	return nil
}

// Conversation gives the record of one conversation as analytics has it, without attributes. ErrNotFound when analytics does
// not know it, or not yet.
func (c *Client) Conversation(ctx context.Context, id string) (Record, error) {
	text, err := c.platform.Details(ctx, conversation.ID(id))
	if err != nil {
		return Record{}, told(err)
	}
	return recordOf(text, Position{}), nil
}

// LiveConversation gives the live object of one conversation, JSON of another schema, with the attributes of its participants. The
// platform forgets it when the conversation has long ended: ErrNotFound.
func (c *Client) LiveConversation(ctx context.Context, id string) ([]byte, error) {
	text, err := c.platform.Live(ctx, conversation.ID(id))
	return text, told(err)
}
