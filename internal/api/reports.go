package api

import (
	"net/http"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/report"
	"github.com/parley-hq/parley/internal/wire"
)

// reportRoutes are those of asynchronous row reports, which begin at the platform's query.
func (s *Server) reportRoutes() []route {
	may := func(p access.Permission) needs { return needs{token: true, anyOf: []access.Permission{p}} }
	return []route{
		// Pipelines: ask until it is complete, read page by page, abort.
		{"GET", wire.PathReports + "/{queryId}", s.reportStatus, may(access.ViewReports)},
		{"GET", wire.PathReports + "/{queryId}/results", s.reportResults, may(access.ViewReports)},
		{"DELETE", wire.PathReports + "/{queryId}", s.deleteReport, may(access.DeleteReports)},
	}
}

// notOfThePlatform says on the answer that the platform would not have given it.
func (x *exchange) notOfThePlatform() {
	x.out.Header().Add("Warning", `299 parley "Genesys Cloud has no such request: row reports are answered by Parley alone"`)
}

// reportRows answers a row report of any dialect.
func (s *Server) reportRows(x *exchange, text []byte) error {
	x.notOfThePlatform()
	if report.Of(text) == report.Asynchronous {
		if err := x.client.Require(access.RunReports); err != nil {
			return err
		}
	} else if err := x.require(view); err != nil {
		return err
	}
	r, err := report.Decode(text)
	if err != nil {
		return err
	}
	if r.Dialect == report.Single {
		return s.singleReport(x, r)
	}
	if s.cfg.Jobs == nil {
		return fault.New(fault.Invalid, "There is nothing here to keep rows in; ask a server")
	}
	if r.Dialect == report.Paged {
		return s.pagedReport(x, r)
	}
	return s.submitReport(x, text)
}

// submitReport queues an asynchronous report.
func (s *Server) submitReport(x *exchange, text []byte) error {
	if _, err := x.views(); err != nil && s.cfg.Owner == nil {
		return err
	}
	var without []conversation.Interval
	if iv, is := wire.Unreadable(x.r.Context()); is {
		without = append(without, iv)
	}
	id, err := s.cfg.Jobs.SubmitReport(x.r.Context(), x.owner(), text, without...)
	if err != nil {
		return err
	}
	return x.send(http.StatusAccepted, wire.ReportSubmitted{ID: id, QueryID: id, Status: wire.ReportPending})
}

// reportStatus answers GET .../report-queries/{queryId}.
func (s *Server) reportStatus(x *exchange) error {
	x.notOfThePlatform()
	id := x.queryID()
	r, err := s.cfg.Jobs.Report(x.r.Context(), x.owner(), id)
	if err != nil {
		return err
	}
	return x.send(http.StatusOK, reportOf(id, r))
}

// reportOf writes what is known of a report.
func reportOf(id job.ID, r job.Report) wire.ReportStatus {
	out := wire.ReportStatus{
		ID: id, Status: stateOf(r), Progress: r.Progress, ResultsURI: wire.PathReports + "/" + string(id) + "/results",
		CreatedTime: wire.Date(r.SubmissionDate), UpdatedTime: wire.Date(r.SubmissionDate), Error: r.ErrorMessage,
	}
	if r.State.Done() {
		out.UpdatedTime = wire.Date(r.CompletionDate)
	}
	if r.State == job.Fulfilled {
		out.Count = &r.Rows
	}
	for _, iv := range r.Lost {
		out.Partial = append(out.Partial, wire.Unread{
			Start: conversation.FormatTime(iv.Start), End: conversation.FormatTime(iv.End), Reason: "The data of this time is damaged and cannot be read",
		})
	}
	return out
}

func stateOf(r job.Report) wire.ReportState {
	switch {
	case r.State == job.Queued:
		return wire.ReportPending
	case r.State == job.Pending:
		return wire.ReportRunning
	case r.State == job.Fulfilled && len(r.Lost) > 0:
		return wire.ReportPartial
	case r.State == job.Fulfilled:
		return wire.ReportCompleted
	}
	return wire.ReportFailed
}

// reportResults answers GET .../report-queries/{queryId}/results?pageToken=&pageSize=.
func (s *Server) reportResults(x *exchange) error {
	x.notOfThePlatform()
	values, err := x.query()
	if err != nil {
		return err
	}
	size, err := s.resultPageSize(values.Get("pageSize"))
	if err != nil {
		return err
	}
	page, err := s.cfg.Jobs.ReportPage(x.r.Context(), x.owner(), x.queryID(), values.Get("pageToken"), size)
	if err != nil {
		return err
	}
	next := "null"
	if page.Next() != "" {
		next = `"` + page.Next() + `"`
	}
	page.Within(job.Frame{Head: `{"data":[`, Tail: `],"nextPageToken":` + next + `}`})
	return x.sendPage(page)
}

// deleteReport answers DELETE .../report-queries/{queryId}.
func (s *Server) deleteReport(x *exchange) error {
	x.notOfThePlatform()
	if err := s.cfg.Jobs.DeleteReport(x.r.Context(), x.owner(), x.queryID()); err != nil {
		return err
	}
	x.out.WriteHeader(http.StatusNoContent)
	return nil
}

func (x *exchange) queryID() job.ID { return job.ID(x.params["queryId"]) }
