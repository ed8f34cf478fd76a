package api

import (
	"context"
	"encoding/hex"
	"strings"

	"net/http"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
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
	id, err := s.cfg.Jobs.SubmitReport(x.r.Context(), x.owner(), text)
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

// place is where a page of a paged report begins: which report, what it asks, and the cursor within it. Its text has only
// characters that stand for themselves in a URL.
type place struct {
	id     job.ID
	asks   string
	cursor string
}

func (p place) String() string {
	return strings.ReplaceAll(string(p.id), "-", "") + "." + p.asks + "." + p.cursor
}

// parsePlace reads the text of a place; ok is false where it is none.
func parsePlace(text string) (p place, ok bool) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return p, false
	}
	raw, err := hex.DecodeString(parts[0])
	if err != nil {
		return p, false
	}
	id, err := uuid.FromBytes(raw)
	return place{job.ID(id.String()), parts[1], parts[2]}, err == nil
}

// pagedReport answers a page of a paged report. The first has the report answered, within the time that a synchronous query has;
// all come out of what is kept of it, so that nothing that arrives meanwhile moves them.
func (s *Server) pagedReport(x *exchange, r report.Request) (err error) {
	values, err := x.query()
	if err != nil {
		return err
	}
	if r.Cursor == "" {
		r.Cursor = values.Get("cursor") // of who follows nextPageUri as it is
	}
	at := place{asks: r.Asks}
	if r.Cursor == "" {
		at.id, err = s.answerPages(x, r)
	} else {
		at, err = continued(r)
	}
	if err != nil {
		return err
	}
	page, err := s.cfg.Jobs.PagesPage(x.r.Context(), x.owner(), at.id, at.cursor, r.Page)
	if err != nil {
		return err
	}
	if r.Cursor == "" && page.Next() == "" { // nobody can ask for more of it
		if err := s.cfg.Jobs.DeletePages(x.r.Context(), x.owner(), at.id); err != nil {
			x.server.cfg.Log.WarnContext(x.r.Context(), "remove a report", "job", at.id, "err", err)
		}
	}
	page.Within(pagesFrame(at, page.Next()))
	return x.sendPage(page)
}

// continued reads the cursor of a report's next page.
func continued(r report.Request) (place, error) {
	at, ok := parsePlace(r.Cursor)
	switch {
	case !ok || at.cursor == "":
		return at, fault.Field("cursor", "cursor: this is none; take the text behind cursor= in nextPageUri, up to the next &, or start again without it")
	case at.asks != r.Asks:
		return at, fault.Field("cursor", "cursor: it is of another request; send the body of the first page again, with the cursor added")
	}
	return at, nil
}

// answerPages has a report answered up to this moment.
func (s *Server) answerPages(x *exchange, r report.Request) (id job.ID, err error) {
	days := max(1, r.Interval.Duration().Hours()/24)
	err = x.live(effort{"report", days}, func(ctx context.Context, view engine.Engine) (err error) {
		id, err = s.cfg.Jobs.AnswerPages(ctx, x.owner(), r, view)
		return err
	})
	return id, err
}

// pagesFrame is what stands around a page of a paged report.
func pagesFrame(at place, next string) job.Frame {
	f := job.Frame{Head: `{"entities":[`, Tail: `],"nextPageUri":null,"cursor":null}`}
	if next != "" {
		at.cursor = next
		f.Tail = `],"nextPageUri":"` + wire.PathQuery + "?cursor=" + at.String() + `","cursor":"` + at.String() + `"}`
	}
	return f
}

// singleReport answers a report of one conversation, which is not there where it was not going on in the interval.
func (s *Server) singleReport(x *exchange, r report.Request) error {
	body := []byte(`{"entities":[`)
	err := x.live(ofIDs, func(ctx context.Context, view engine.Engine) error {
		found := false
		for record, err := range view.ByID(ctx, []conversation.ID{r.ID}) {
			if err != nil {
				return err
			}
			text, in := r.One(record)
			body, found = append(body, text...), found || in
		}
		if !found {
			x.warn(engine.Missing(view, r.Interval))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return x.sendText(http.StatusOK, append(body, "]}"...))
}
