package client

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/wire"
)

// Report is what a server says of a row report. Servers of Parley have row reports, and the platform has none.
type Report struct {
	ID      string
	State   ReportState
	Rows    int64    // how many there are; -1 while the server does not say
	Message string   // of a report that failed
	Unread  []Unread // of a partial report, what is left out, where the server says it
}

// Unread is a stretch of time whose data a server could not read. Its times are as the server writes them.
type Unread struct{ Start, End, Reason string }

// ReportState is where a row report stands.
type ReportState string

// The states of a row report.
const (
	ReportPending   ReportState = "pending"
	ReportRunning   ReportState = "running"
	ReportCompleted ReportState = "completed"
	ReportPartial   ReportState = "partial" // its rows are there, but for what could not be read
	ReportFailed    ReportState = "failed"
)

// SubmitReport starts an asynchronous row report with a body as docs/row-reports.md describes it, and gives its id.
func (c *Client) SubmitReport(ctx context.Context, body []byte) (report string, err error) {
	id, err := c.platform.SubmitReport(ctx, body)
	return string(id), told(err)
}

// Report asks how a row report is getting on. ErrNotFound when the server does not know it any more.
func (c *Client) Report(ctx context.Context, report string) (Report, error) {
	s, err := c.platform.Report(ctx, platform.JobID(report))
	if err != nil {
		return Report{}, told(err)
	}
	return reportOf(report, s), nil
}

func reportOf(id string, s platform.Report) Report {
	r := Report{ID: id, State: ReportState(s.Status), Rows: -1, Message: s.Error}
	if s.Count != nil {
		r.Rows = *s.Count
	}
	for _, u := range s.Partial {
		r.Unread = append(r.Unread, Unread(u))
	}
	return r
}

// AwaitReport waits until the rows of a report are there, all of them or, of a partial one, those that could be read. One that
// failed is ErrUnavailable, and so is one that takes too long: that is deleted, for it would go on for nobody. With these two
// comes the report; with any other error, after which it can be awaited again, its State is empty.
func (c *Client) AwaitReport(ctx context.Context, report string) (Report, error) {
	id := platform.JobID(report)
	s, err := platform.Await(ctx, platform.ReportAsker{Client: c.platform}, id, c.poll, rand.New(rand.NewPCG(rand.Uint64(), 0)))
	switch {
	case errors.Is(err, fault.Unavailable) && s.State != "":
		c.forget(ctx, report)
		return Report{ID: report, State: ReportRunning, Rows: -1}, fault.Because(fault.Unavailable, err, "report %s is deleted; ask for a shorter time, or give it more", report)
	case err != nil:
		return Report{}, told(err)
	case s.State != platform.Fulfilled:
		return Report{ID: report, State: ReportFailed, Rows: -1, Message: s.ErrorMessage}, fault.New(fault.Unavailable, "report %s has failed: %s", report, s.ErrorMessage)
	}
	return c.Report(ctx, report)
}

// RowPage is one page of a report's rows.
type RowPage struct {
	Rows [][]byte // JSON objects, as sent but for insignificant white space
	Next string   // token of the next one; empty after the last one
}

// RowPage reads one page of a report, at a token, of at most so many rows, and holds it whole in memory. The same token gives
// the same page again. ErrExpired when the server does not know the report or the token any more.
func (c *Client) RowPage(ctx context.Context, report, token string, size int) (RowPage, error) {
	var page RowPage
	next, err := c.platform.ReadReport(ctx, platform.JobID(report), token, size, func() func([]byte) error {
		page.Rows = nil
		return func(row []byte) error {
			page.Rows = append(page.Rows, row)
			return nil
		}
	})
	if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Invalid) {
		err = fault.Because(fault.Expired, err, "the rows of report %s are not there any more", report)
	}
	if err != nil {
		return RowPage{}, told(err)
	}
	page.Next = next
	return page, nil
}

// Rows gives the rows of a report: it submits it, waits, reads its pages, and deletes it when all was given. Of a partial one the
// last thing is ErrIncomplete.
func (c *Client) Rows(ctx context.Context, body []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		err := c.rows(ctx, body, func(row []byte) bool { return yield(row, nil) })
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

func (c *Client) rows(ctx context.Context, body []byte, give func([]byte) bool) error {
	id, err := c.SubmitReport(ctx, body)
	if err != nil {
		return err
	}
	r, err := c.AwaitReport(ctx, id)
	if err != nil {
		return err
	}
	w := watch{most: 1}
	for token := ""; ; {
		page, err := c.RowPage(ctx, id, token, c.pageSize)
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			if !give(row) {
				return errEnough
			}
		}
		if token = page.Next; token == "" {
			break
		}
		if err := w.leads(Page{Records: page.Rows, Next: token}); err != nil {
			return err
		}
	}
	c.forget(ctx, id)
	if r.State == ReportPartial {
		return fault.New(fault.Incomplete, "report %s leaves out %d stretches of time that the server could not read", id, len(r.Unread))
	}
	return nil
}

// DeleteReport ends a row report, and has the server forget it.
func (c *Client) DeleteReport(ctx context.Context, report string) error {
	return told(c.platform.DeleteReport(ctx, wire.JobID(report)))
}

// forget deletes a report that is not needed any more. What the server says to that changes nothing: it forgets the report by itself,
// later.
func (c *Client) forget(ctx context.Context, report string) {
	if err := c.DeleteReport(ctx, report); err != nil {
		c.log.InfoContext(ctx, "a report that is not needed any more could not be deleted", "report", report, "error", err)
	}
}
