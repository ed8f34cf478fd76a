package platform

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// JobID identifies an asynchronous query of the platform.
type JobID = wire.JobID

// State is where a job stands.
type State = wire.JobState

// Status is what the platform says of a job.
type Status = wire.JobStatus

// Listed is a job in a list.
type Listed = wire.ListedJob

// The states of a job.
const (
	Queued    = wire.Queued
	Pending   = wire.Pending
	Fulfilled = wire.Fulfilled
	Failed    = wire.Failed
	Cancelled = wire.Cancelled
	Expired   = wire.Expired
)

// Cursor is the platform's opaque mark of a page; empty means the first one, or that there is no next one.
type Cursor string

// Page is one page of a job's results.
type Page struct {
	Records   [][]byte // as sent, without insignificant white space
	Next      Cursor
	Available time.Time // dataAvailabilityDate; zero if the page does not say
	// Missing are days that the page touches and that the server's own data never had; see missingHeader.
	Missing []conversation.Day
}

// Coverage is the instant up to which the data behind jobs is complete, with the days before it that the server's own
// data never had.
func (c *Client) Coverage(ctx context.Context) (_ time.Time, missing []conversation.Day, err error) {
	var body wire.Availability
	var at time.Time
	what := call{method: http.MethodGet, path: wire.PathJobs + "/availability", head: gaps(&missing)}
	err = c.do(ctx, what, into(&body, func() (err error) {
		if at, err = conversation.ParseTime(body.DataAvailabilityDate); err != nil {
			return fault.New(fault.Corrupt, "the platform's dataAvailabilityDate is no date")
		}
		return nil
	}))
	return at, missing, err
}

// Submit starts a job over the conversations that started in iv, in order of start. filters is an object of the API's
// filters; nil for none.
func (c *Client) Submit(ctx context.Context, iv conversation.Interval, filters jsontext.Value) (_ JobID, err error) {
	defer fault.Wrap(&err, "submit a job for %v", iv)
	return c.submit(ctx, filtered{wire.Request{Interval: iv.String(), Order: "asc", OrderBy: "conversationStart", StartOfDay: true}, filters})
}

// SubmitBody starts a job with a body of the caller's, which is sent as it is.
func (c *Client) SubmitBody(ctx context.Context, body []byte) (_ JobID, err error) {
	defer c.say(&err, "submit a job")
	return c.submit(ctx, jsontext.Value(body))
}

func (c *Client) submit(ctx context.Context, request any) (JobID, error) {
	return c.submitTo(ctx, wire.PathJobs, request)
}

// submitTo starts a job at one of the places that take some.
func (c *Client) submitTo(ctx context.Context, path string, request any) (JobID, error) {
	var body wire.Submitted
	// 202 is the platform's; what counts is the id, and to refuse another answer with one would submit a second job.
	what := call{method: http.MethodPost, path: path, body: request, good: []int{http.StatusAccepted, http.StatusOK, http.StatusCreated}}
	err := c.do(ctx, what, into(&body, func() error { return checkID(body.JobID) }))
	if err != nil {
		return "", err
	}
	return body.JobID, nil
}

// maxJobID is the longest id of a job that is taken, in bytes. The platform's have 36.
const maxJobID = 256

// checkID says whether an id can be kept, printed, and asked for.
func checkID(id JobID) error {
	switch {
	case id == "":
		return fault.New(fault.Corrupt, "the platform gave no jobId")
	case len(id) > maxJobID || id == "." || id == ".." || strings.ContainsFunc(string(id), notInHeaders):
		return fault.New(fault.Corrupt, "the platform gave a jobId that cannot be used: it is too long, or not a word")
	}
	return nil
}

// Status asks how a job is getting on.
func (c *Client) Status(ctx context.Context, id JobID) (s Status, err error) {
	defer fault.Wrap(&err, "ask for job %s", id)
	return c.statusAt(ctx, jobPath(id))
}

func (c *Client) statusAt(ctx context.Context, path string) (s Status, err error) {
	what := call{method: http.MethodGet, path: path, good: []int{http.StatusOK, http.StatusAccepted}}
	err = c.do(ctx, what, into(&s, func() error {
		if s.State == "" {
			return fault.New(fault.Corrupt, "the platform gave no state")
		}
		return nil
	}))
	if err != nil {
		return Status{}, err
	}
	s.State, s.ErrorMessage = State(c.clean(string(s.State), maxWord)), c.clean(s.ErrorMessage, maxText)
	return s, nil
}

// Jobs lists the jobs that the client sees, newest first. The list is an addition of Parley's servers: the platform
// itself has none, and answers with fault.NotFound.
func (c *Client) Jobs(ctx context.Context) (_ []Listed, err error) {
	defer c.say(&err, "list jobs")
	var body wire.JobList
	err = c.do(ctx, call{method: http.MethodGet, path: wire.PathList}, upTo(maxList, &body, nil))
	return body.Jobs, err
}

// Page fetches one page of the results of a fulfilled job; size is the number of records a page. It holds the whole
// page in memory.
func (c *Client) Page(ctx context.Context, id JobID, at Cursor, size int) (Page, error) {
	var records [][]byte
	p, err := c.ReadPage(ctx, id, at, size, func() func([]byte) error {
		records = nil
		return func(raw []byte) error {
			records = append(records, raw)
			crashpoint.Reach("platform.record")
			return nil
		}
	})
	p.Records = records
	return p, err
}

// ReadPage fetches a page as Page does and hands its records on, one by one, in place of holding them. A page that was
// cut is fetched anew: begin is called once per attempt and returns that attempt's record handler. An error of the
// handler ends the fetch: it is returned as it is, and no other attempt is made.
func (c *Client) ReadPage(ctx context.Context, id JobID, at Cursor, size int, begin func() func(raw []byte) error) (_ Page, err error) {
	defer fault.Wrap(&err, "fetch a page of job %s", id)
	query := url.Values{"pageSize": {strconv.Itoa(size)}}
	if at != "" {
		query.Set("cursor", string(at))
	}
	var missing []conversation.Day
	what := call{method: http.MethodGet, path: jobPath(id) + "/results", query: query, head: gaps(&missing)}
	head, err := c.readPage(ctx, what, wire.Results, begin)
	if err != nil {
		return Page{}, err
	}
	return Page{Next: Cursor(head.Cursor), Available: head.DataAvailabilityDate, Missing: missing}, nil
}

// readPage reads a page of a kind, as ReadPage says.
func (c *Client) readPage(ctx context.Context, what call, of wire.Kind, begin func() func(raw []byte) error) (page wire.Page, err error) {
	var refused error
	err = c.do(ctx, what, func(body io.Reader) error {
		take := begin()
		head, err := c.cfg.Limits.ReadPage(body, of, func(raw []byte) error {
			refused = take(raw)
			return refused
		})
		if refused != nil {
			return nil //nolint:nilerr // no failure of the platform's
		}
		page = head
		return err
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return wire.Page{}, err
	}
	return page, nil
}

// Delete cancels a job or gives up its results.
func (c *Client) Delete(ctx context.Context, id JobID) (err error) {
	defer fault.Wrap(&err, "delete job %s", id)
	return c.deleteAt(ctx, jobPath(id))
}

func (c *Client) deleteAt(ctx context.Context, path string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: path, good: []int{http.StatusNoContent, http.StatusOK, http.StatusAccepted}}, nil)
}

func jobPath(id JobID) string { return wire.PathJobs + "/" + url.PathEscape(string(id)) }

// Bounds of the answers that are no pages. A job takes some 300 bytes of a list.
const (
	maxAnswer = 1 << 20
	maxList   = 64 << 20
)

// into reads a small JSON answer, and has it checked.
func into[T any](to *T, check func() error) func(io.Reader) error { return upTo(maxAnswer, to, check) }

// upTo reads a JSON answer of so many bytes at most. to is set from an answer that is JSON as a whole.
func upTo[T any](most int64, to *T, check func() error) func(io.Reader) error {
	return func(body io.Reader) error {
		text, err := io.ReadAll(io.LimitReader(body, most+1))
		if err != nil {
			return err
		}
		if int64(len(text)) > most {
			return fault.Because(fault.Corrupt, wire.ErrLimit, "the answer has more than %d bytes", most)
		}
		var got T
		if json.Unmarshal(text, &got) != nil { // strict: a member that comes twice is refused too
			return fault.New(fault.Corrupt, "the answer is not the JSON that was expected")
		}
		*to = got
		if check != nil {
			return check()
		}
		return nil
	}
}
