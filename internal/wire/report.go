package wire

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
