package client

import (
	"context"
	"encoding/base64"
	"errors"
	"iter"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
)

// Records gives the conversations that began in an interval, of which it is the platform's job to find them: whole records,
// with attributes, complete up to [Client.Availability]. It submits the job, waits until it is done, reads its pages, and
// deletes it when all was given.
//
// A record can come twice, in one job and in two. After an error [Client.Resume] goes on behind the last record that was given.
func (c *Client) Records(ctx context.Context, q Query) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		id, err := c.Submit(ctx, q)
		if err != nil {
			yield(Record{}, err)
			return
		}
		c.Resume(ctx, Position{Job: id})(yield)
	}
}

// Resume goes on with a job at a position: the At of the last record that was dealt with, or that of a job from its
// beginning. ErrExpired when the platform does not keep the results any more, seven days on the platform: begin anew then.
func (c *Client) Resume(ctx context.Context, at Position) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		err := c.resume(ctx, at, func(r Record) bool { return yield(r, nil) })
		if err != nil && !errors.Is(err, errEnough) {
			yield(Record{}, err)
		}
	}
}

func (c *Client) resume(ctx context.Context, at Position, give func(Record) bool) error {
	if _, err := c.Await(ctx, at.Job); err != nil {
		return err
	}
	w := watch{mark: at.Cursor, most: 1}
	for {
		page, err := c.Page(ctx, at.Job, at.Cursor, c.pageSize)
		if err != nil {
			return err
		}
		for i, raw := range page.Records[min(at.Skip, len(page.Records)):] {
			if !give(recordOf(raw, Position{at.Job, at.Cursor, at.Skip + i + 1})) {
				return errEnough
			}
		}
		if page.Next == "" {
			c.giveUp(ctx, at.Job)
			return nil
		}
		if err := w.leads(page); err != nil {
			return err
		}
		at = Position{Job: at.Job, Cursor: page.Next}
	}
}

// giveUp deletes a job that was read. What the platform says to that is no reason to doubt the records: it deletes them itself later.
func (c *Client) giveUp(ctx context.Context, job string) {
	if err := c.Delete(ctx, job); err != nil {
		c.log.InfoContext(ctx, "a job that was read could not be deleted", "job", job, "error", err)
	}
}

// watch tells when pages lead nowhere. A platform may leave a page empty, but not for ever. Of cursors that go round one comes back
// to the mark, which is set anew after one page, two, four and so on: all cursors need not be kept (Brent's way).
type watch struct {
	mark    string // a cursor that was there
	n, most int    // pages since then, and after how many it is set anew
	idle    int    // pages in a row without a record
}

const maxIdle = 100

func (w *watch) leads(p Page) error { return w.next(len(p.Records), p.Next) }

// next is told how much a page had, and the cursor of the one behind it.
func (w *watch) next(had int, cursor string) error {
	if w.idle++; had > 0 {
		w.idle = 0
	}
	if cursor == w.mark || w.idle > maxIdle {
		return fault.New(fault.Corrupt, "the pages of the job lead nowhere: a cursor comes twice, or %d pages in a row are empty", maxIdle)
	}
	if w.n++; w.n == w.most {
		w.mark, w.n, w.most = cursor, 0, 2*w.most
	}
	return nil
}

// Position is a place in the results of a job, to be kept, by MarshalText, in a file or a database: from there the job
// goes on in another process too. The zero value is none.
type Position struct {
	Job    string // its id
	Cursor string // of the page; empty for the first one
	Skip   int    // records of that page that were dealt with
}

// IsZero says whether it is none.
func (p Position) IsZero() bool { return p == Position{} }

// MarshalText writes a position as one word.
func (p Position) MarshalText() ([]byte, error) {
	if p.IsZero() {
		return nil, nil
	}
	type members Position // without this method
	text, err := json.Marshal(members(p))
	return base64.RawURLEncoding.AppendEncode(nil, text), err
}

// UnmarshalText reads what MarshalText wrote.
func (p *Position) UnmarshalText(text []byte) error {
	type members Position
	var got members
	if len(text) > 0 {
		plain, err := base64.RawURLEncoding.AppendDecode(nil, text)
		if err != nil || json.Unmarshal(plain, &got, json.RejectUnknownMembers(true)) != nil || got.Job == "" || got.Skip < 0 {
			return fault.New(fault.Invalid, "that is no position that MarshalText wrote")
		}
	}
	*p = Position(got)
	return nil
}

// Submit starts a job over the conversations that began in an interval, in order of conversationStart, and gives its id.
func (c *Client) Submit(ctx context.Context, q Query) (job string, err error) {
	if err := q.check(); err != nil {
		return "", err
	}
	id, err := c.platform.Submit(ctx, q.interval(), q.Filters)
	return string(id), told(err)
}

// Job is what the platform says of a job.
type Job struct {
	ID      string
	State   JobState
	Message string    // of a job that failed
	Expires time.Time // when the results go; zero if the platform does not say
}

// JobState is where a job stands.
type JobState string

// The states of a job. The platform may have others.
const (
	Queued    JobState = "QUEUED"
	Pending   JobState = "PENDING"
	Fulfilled JobState = "FULFILLED" // its results are there
	Failed    JobState = "FAILED"
	Cancelled JobState = "CANCELLED"
	Expired   JobState = "EXPIRED"
)

// Status asks how a job is getting on.
func (c *Client) Status(ctx context.Context, job string) (Job, error) {
	s, err := c.platform.Status(ctx, platform.JobID(job))
	return jobOf(job, s), told(err)
}

// Await waits until a job is done. One that ends without results is an error: ErrExpired, or ErrUnavailable of one that
// failed or was cancelled.
func (c *Client) Await(ctx context.Context, job string) (Job, error) {
	return c.await(ctx, c.platform, job)
}

// Page is one page of a job's results.
type Page struct {
	Records [][]byte // JSON, as sent but for insignificant white space
	Next    string   // cursor of the next one; empty after the last one
	// Availability is up to when the data was complete when the page was made; zero if the page does not say.
	Availability time.Time
	Missing      []time.Time // UTC days that the page touches and that a server of Parley never had
}

// Page reads one page of a job, at a cursor, of at most so many records, and holds it whole in memory. ErrExpired when the
// platform does not know the job or the cursor any more.
func (c *Client) Page(ctx context.Context, job, cursor string, size int) (Page, error) {
	p, err := c.platform.Page(ctx, platform.JobID(job), platform.Cursor(cursor), size)
	if err != nil {
		return Page{}, told(gone(job, err))
	}
	return Page{p.Records, string(p.Next), p.Available, starts(p.Missing)}, nil
}

// Delete gives up a job and its results.
func (c *Client) Delete(ctx context.Context, job string) error {
	return told(c.platform.Delete(ctx, platform.JobID(job)))
}

func jobOf(id string, s platform.Status) Job {
	expires, err := conversation.ParseTime(s.ExpirationDate)
	if err != nil {
		expires = time.Time{}
	}
	return Job{id, JobState(s.State), s.ErrorMessage, expires}
}
