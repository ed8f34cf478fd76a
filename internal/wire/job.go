package wire

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
)

// Paths of the platform that clients and servers share.
const (
	PathJobs  = "/api/v2/analytics/conversations/details/jobs"
	PathQuery = "/api/v2/analytics/conversations/details/query"
	PathList  = "/parley/v1/jobs" // the list of jobs, which only Parley's servers have
)

// JobID identifies an asynchronous query: on Parley's servers, a version 4 UUID in lower case.
type JobID string

// JobState is where a job stands, in the platform's words.
type JobState string

// The states of a job.
const (
	Queued    JobState = "QUEUED"
	Pending   JobState = "PENDING"
	Fulfilled JobState = "FULFILLED"
	Failed    JobState = "FAILED"
	Cancelled JobState = "CANCELLED"
	Expired   JobState = "EXPIRED"
)

// JobStates are all of them.
func JobStates() []JobState {
	return []JobState{Queued, Pending, Fulfilled, Failed, Cancelled, Expired}
}

// Done says whether the job has come to its end, with results or without. A state that the platform did not have when
// this was written is taken for an end: to wait for another would be to wait for ever.
func (s JobState) Done() bool { return s != Queued && s != Pending }

// JobStatus is what is said of a job (schema AsyncQueryStatus, whose five members these are). Dates are as they are
// written, and empty where they do not apply.
type JobStatus struct {
	State          JobState `json:"state"`
	ErrorMessage   string   `json:"errorMessage,omitzero"`
	ExpirationDate string   `json:"expirationDate,omitzero"`
	SubmissionDate string   `json:"submissionDate,omitzero"`
	CompletionDate string   `json:"completionDate,omitzero"`
}

// Done says whether the job has come to its end.
func (s JobStatus) Done() bool { return s.State.Done() }

// Submitted answers a submission (schema AnalyticsConversationAsyncQueryResponse has jobId, and strict clients take no
// other member).
type Submitted struct {
	JobID JobID `json:"jobId"`
}

// Availability says up to when the data behind jobs is complete (schema DataAvailabilityResponse).
type Availability struct {
	DataAvailabilityDate string `json:"dataAvailabilityDate"`
}

// JobList is the list of jobs of Parley's servers, newest first.
type JobList struct {
	Jobs []ListedJob `json:"jobs"`
}

// ListedJob is a job in a list.
type ListedJob struct {
	ID     JobID  `json:"jobId"`
	Client string `json:"clientId"` // who submitted it
	JobStatus
	Records     *int64 `json:"records,omitzero"`     // nil where nothing was found out
	Bytes       *int64 `json:"bytes,omitzero"`       // JSON of the records
	StoredBytes int64  `json:"storedBytes,omitzero"` // that they take up on the server's disk
}

// AskedJob is a job with what it is asked.
type AskedJob struct {
	ListedJob
	Query jsontext.Value `json:"query,omitempty"` // as it was submitted, until the job is done: it may name customers, and goes then
}

// Date writes an instant as the platform does, and nothing for none.
func Date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return conversation.FormatTime(t)
}
