package platform

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// Report is what a server says of a row report.
type Report = wire.ReportStatus

// SubmitReport starts an asynchronous row report, which Parley's servers have and the platform has not, with a body that is sent
// as it is.
func (c *Client) SubmitReport(ctx context.Context, body []byte) (_ JobID, err error) {
	defer c.say(&err, "submit a row report")
	var answer wire.ReportSubmitted
	what := call{method: http.MethodPost, path: wire.PathQuery, body: jsontext.Value(body), good: []int{http.StatusAccepted}}
	err = c.do(ctx, what, into(&answer, func() error { return checkID(answer.QueryID) }))
	return answer.QueryID, err
}

// Report asks how a report is getting on.
func (c *Client) Report(ctx context.Context, id JobID) (r Report, err error) {
	defer fault.Wrap(&err, "ask for report %s", id)
	err = c.do(ctx, call{method: http.MethodGet, path: reportPath(id)}, into(&r, func() error {
		if r.Status == "" {
			return fault.New(fault.Corrupt, "the server gave no status")
		}
		return nil
	}))
	r.Status, r.Error = wire.ReportState(c.clean(string(r.Status), maxWord)), c.clean(r.Error, maxText)
	return r, err
}

// ReadReport fetches a page of a report's rows, and gives the token of the next one; begin is that of ReadPage.
func (c *Client) ReadReport(ctx context.Context, id JobID, token string, size int, begin func() func(row []byte) error) (next string, err error) {
	defer fault.Wrap(&err, "fetch a page of report %s", id)
	query := url.Values{"pageSize": {strconv.Itoa(size)}}
	if token != "" {
		query.Set("pageToken", token)
	}
	page, err := c.readPage(ctx, call{method: http.MethodGet, path: reportPath(id) + "/results", query: query}, wire.Rows, begin)
	return page.Cursor, err
}

// DeleteReport ends a report, and has it forgotten.
func (c *Client) DeleteReport(ctx context.Context, id JobID) (err error) {
	defer fault.Wrap(&err, "delete report %s", id)
	return c.do(ctx, call{method: http.MethodDelete, path: reportPath(id), good: []int{http.StatusNoContent, http.StatusOK}}, nil)
}

func reportPath(id JobID) string { return wire.PathReports + "/" + url.PathEscape(string(id)) }

// ReportAsker asks for reports as for jobs, so that Await can wait for them.
type ReportAsker struct{ *Client }

// Status implements Asker.
func (a ReportAsker) Status(ctx context.Context, id JobID) (Status, error) {
	r, err := a.Report(ctx, id)
	if err != nil {
		return Status{}, err
	}
	state := map[wire.ReportState]State{
		wire.ReportPending: Queued, wire.ReportRunning: Pending, wire.ReportCompleted: Fulfilled, wire.ReportPartial: Fulfilled,
	}[r.Status]
	if state == "" {
		state = Failed
	}
	return Status{State: state, ErrorMessage: r.Error}, nil
}
