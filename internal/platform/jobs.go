package platform

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

const jobsPath = "/api/v2/analytics/conversations/details/jobs"

// JobID identifies an asynchronous query of the platform.
type JobID string

// Cursor is the platform's opaque mark of a page; empty means the first one, or that there is no next one.
type Cursor string

// State is the state of a job. Source: facts.md 7.2.
type State string

// The states of a job.
const (
	Queued    State = "QUEUED"
	Pending   State = "PENDING"
	Fulfilled State = "FULFILLED"
	Failed    State = "FAILED"
	Cancelled State = "CANCELLED"
	Expired   State = "EXPIRED"
)

// Status is what the platform says of a job.
type Status struct {
	State        State  `json:"state"`
	ErrorMessage string `json:"errorMessage"`
}

// Page is one page of a job's results.
type Page struct {
	Records   [][]byte // as sent, without insignificant white space
	Next      Cursor
	Available time.Time // dataAvailabilityDate; zero if the page does not say
}

// Availability is the instant up to which the data behind jobs is complete.
func (c *Client) Availability(ctx context.Context) (_ time.Time, err error) {
	var body struct {
		Date string `json:"dataAvailabilityDate"`
	}
	if err := c.do(ctx, call{method: http.MethodGet, path: jobsPath + "/availability"}, into(&body)); err != nil {
		return time.Time{}, err
	}
	at, err := conversation.ParseTime(body.Date)
	if err != nil {
		return at, fault.New(fault.Corrupt, "the platform's dataAvailabilityDate is no date")
	}
	return at, nil
}

// Submit starts a job over the conversations that started in iv, in order of start.
func (c *Client) Submit(ctx context.Context, iv conversation.Interval) (_ JobID, err error) {
	defer fault.Wrap(&err, "submit a job for %v", iv)
	request := struct {
		Interval   string `json:"interval"`
		Order      string `json:"order"`
		OrderBy    string `json:"orderBy"`
		StartOfDay bool   `json:"startOfDayIntervalMatching"`
	}{iv.String(), "asc", "conversationStart", true}
	var body struct {
		ID JobID `json:"jobId"`
	}
	if err := c.do(ctx, call{method: http.MethodPost, path: jobsPath, body: request}, into(&body)); err != nil {
		return "", err
	}
	if body.ID == "" {
		return "", fault.New(fault.Corrupt, "the platform gave no jobId")
	}
	return body.ID, nil
}

// Status asks how a job is getting on.
func (c *Client) Status(ctx context.Context, id JobID) (s Status, err error) {
	defer fault.Wrap(&err, "ask for job %s", id)
	err = c.do(ctx, call{method: http.MethodGet, path: jobPath(id)}, into(&s))
	return s, err
}

// Page fetches one page of the results of a fulfilled job; size is the number of records a page. It holds the whole
// page in memory.
func (c *Client) Page(ctx context.Context, id JobID, at Cursor, size int) (p Page, err error) {
	defer fault.Wrap(&err, "fetch a page of job %s", id)
	query := url.Values{"pageSize": {strconv.Itoa(size)}}
	if at != "" {
		query.Set("cursor", string(at))
	}
	err = c.do(ctx, call{method: http.MethodGet, path: jobPath(id) + "/results", query: query}, func(body io.Reader) error {
		p = Page{}
		head, err := wire.ReadPage(body, func(raw []byte) error {
			p.Records = append(p.Records, raw)
			crashpoint.Reach("platform.record")
			return nil
		})
		p.Next, p.Available = Cursor(head.Cursor), head.DataAvailabilityDate
		return err
	})
	return p, err
}

// Delete cancels a job or gives up its results.
func (c *Client) Delete(ctx context.Context, id JobID) (err error) {
	defer fault.Wrap(&err, "delete job %s", id)
	return c.do(ctx, call{method: http.MethodDelete, path: jobPath(id)}, func(io.Reader) error { return nil })
}

func jobPath(id JobID) string { return jobsPath + "/" + url.PathEscape(string(id)) }

// maxAnswer bounds the answers that are no pages.
const maxAnswer = 1 << 20

// into reads a small JSON answer. to is set from an answer that is good as a whole.
func into[T any](to *T) func(io.Reader) error {
	return func(body io.Reader) error {
		text, err := io.ReadAll(io.LimitReader(body, maxAnswer))
		if err != nil {
			return err
		}
		var got T
		if json.Unmarshal(text, &got) != nil {
			return fault.New(fault.Corrupt, "the answer is not the JSON that was expected")
		}
		*to = got
		return nil
	}
}
