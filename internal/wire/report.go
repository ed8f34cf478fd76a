package wire

import (
	"context"

	"github.com/parley-hq/parley/internal/conversation"
)

// PathReports is where asynchronous row reports are, which only Parley's servers have.
const PathReports = "/api/v2/analytics/report-queries"

// ReportState is where an asynchronous row report stands.
type ReportState string

// The states of a report.
const (
	ReportPending   ReportState = "pending"
	ReportRunning   ReportState = "running"
	ReportCompleted ReportState = "completed"
	ReportPartial   ReportState = "partial" // complete, but for data that could not be read
	ReportFailed    ReportState = "failed"
)

// ReportSubmitted answers the submission of an asynchronous row report. Both ids are the same.
type ReportSubmitted struct {
	ID      JobID       `json:"id"`
	QueryID JobID       `json:"queryId"`
	Status  ReportState `json:"status"`
}

// ReportStatus is what is said of an asynchronous row report. Progress is an estimate from 0 to 1, and results are at a path from
// the root of the server.
type ReportStatus struct {
	ID          JobID       `json:"id"`
	Status      ReportState `json:"status"`
	Progress    float64     `json:"progress"`
	ResultsURI  string      `json:"resultsUri"`
	CreatedTime string      `json:"createdTime"`
	UpdatedTime string      `json:"updatedTime"`
	Count       *int64      `json:"count,omitzero"` // rows; nil while it is not complete
	Error       string      `json:"error,omitzero"`
	Partial     []Unread    `json:"partial,omitzero"` // what is left out
}

// Unread is a stretch of time whose data could not be read.
type Unread struct {
	Start  string `json:"start"`
	End    string `json:"end"`
	Reason string `json:"reason"`
}

type unreadable struct{}

// WithUnreadable has a row report that is submitted within a context leave a time out, as if its data could not be read. A
// simulated platform does that on request, in its own process: no header and no body can.
func WithUnreadable(ctx context.Context, iv conversation.Interval) context.Context {
	return context.WithValue(ctx, unreadable{}, iv)
}

// Unreadable is the time that a row report is to leave out, if there is one.
func Unreadable(ctx context.Context) (iv conversation.Interval, is bool) {
	iv, is = ctx.Value(unreadable{}).(conversation.Interval)
	return iv, is
}
