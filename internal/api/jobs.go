package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/job"
)

// jobBody answers a submission. A strict client takes jobId and nothing else (facts.md 7.2).
type jobBody struct {
	JobID job.ID `json:"jobId"`
}

// statusBody is schema AsyncQueryStatus; a strict client takes these five members and no other (facts.md 7.2).
type statusBody struct {
	State          job.State `json:"state"`
	ErrorMessage   string    `json:"errorMessage,omitzero"`
	ExpirationDate string    `json:"expirationDate,omitzero"`
	SubmissionDate string    `json:"submissionDate"`
	CompletionDate string    `json:"completionDate,omitzero"`
}

type availabilityBody struct {
	DataAvailabilityDate string `json:"dataAvailabilityDate"`
}

// owner is the client as the jobs know it.
func (x *exchange) owner() job.Owner {
	user, _ := x.client.OnlyUser()
	return job.Owner{Organisation: x.client.Organisation, Client: x.client.ID, User: user}
}

// submitJob answers POST .../details/jobs.
func (s *Server) submitJob(x *exchange) error {
	text, err := x.readJSON()
	if err != nil {
		return err
	}
	if _, err := x.source(); err != nil {
		return err
	}
	id, err := s.cfg.Jobs.Submit(x.r.Context(), x.owner(), text)
	if err != nil {
		return err
	}
	return x.send(http.StatusAccepted, jobBody{JobID: id})
}

// jobStatus answers GET .../jobs/{jobId}: 202 while the job is not done, 200 from then on. The platform has both and
// does not say when it uses which (facts.md 7.2).
func (s *Server) jobStatus(x *exchange) error {
	status, err := s.cfg.Jobs.Status(x.r.Context(), x.owner(), x.jobID())
	if err != nil {
		return err
	}
	code := http.StatusAccepted
	if status.State.Done() {
		code = http.StatusOK
	}
	return x.send(code, statusOf(status))
}

func statusOf(s job.Status) statusBody {
	return statusBody{
		State: s.State, ErrorMessage: s.ErrorMessage, ExpirationDate: timeText(s.ExpirationDate),
		SubmissionDate: timeText(s.SubmissionDate), CompletionDate: timeText(s.CompletionDate),
	}
}

// timeText writes a time as the platform does, and nothing for none.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return conversation.FormatTime(t)
}

// deleteJob answers DELETE .../jobs/{jobId}.
func (s *Server) deleteJob(x *exchange) error {
	if err := s.cfg.Jobs.Delete(x.r.Context(), x.owner(), x.jobID()); err != nil {
		return err
	}
	x.out.WriteHeader(http.StatusNoContent)
	return nil
}

// jobResults answers GET .../jobs/{jobId}/results?cursor=&pageSize=.
func (s *Server) jobResults(x *exchange) error {
	values, err := x.query()
	if err != nil {
		return err
	}
	size, err := s.resultPageSize(values.Get("pageSize"))
	if err != nil {
		return err
	}
	page, err := s.cfg.Jobs.Results(x.r.Context(), x.owner(), x.jobID(), values.Get("cursor"), size)
	if err != nil {
		return err
	}
	defer page.Close()
	x.warn(page.Missing())
	x.out.Header().Set("Content-Type", "application/json")
	if x.out.packed() {
		return page.StreamZstd(x.out)
	}
	return page.Stream(x.out)
}

// resultPageSize reads the query parameter pageSize. The Go SDK sends 0 for none (clients.md 15).
func (s *Server) resultPageSize(text string) (int, error) {
	if text == "" {
		return s.cfg.Limits.DefaultResultPageSize, nil
	}
	size, err := strconv.Atoi(text)
	if err != nil || size < 0 || size > s.cfg.Limits.ResultPageSize {
		return 0, &fault.Error{
			Kind: fault.Invalid, Code: "invalid.query.param.value", Field: "pageSize",
			Message: "Value [" + fault.Clip(text) + "] is not valid for parameter [pageSize]. Allowable values are: 1 to " +
				strconv.Itoa(s.cfg.Limits.ResultPageSize),
		}
	}
	if size == 0 {
		size = s.cfg.Limits.DefaultResultPageSize
	}
	return size, nil
}

// availability answers GET .../jobs/availability.
func (s *Server) availability(x *exchange) error {
	source, err := x.source()
	if err != nil {
		return err
	}
	at, err := source.Available(x.r.Context())
	if err != nil {
		return err
	}
	gaps, err := engine.Gaps(x.r.Context(), source)
	if err != nil {
		return err
	}
	x.warn(gaps)
	return x.send(http.StatusOK, availabilityBody{conversation.FormatTime(at)})
}

// listBody is the list of jobs, of our own making.
type listBody struct {
	Jobs []listedBody `json:"jobs"`
}

type listedBody struct {
	JobID  job.ID `json:"jobId"`
	Client string `json:"clientId"`
	statusBody
	Records     *int64 `json:"records,omitzero"` // absent where nothing was found out
	Bytes       *int64 `json:"bytes,omitzero"`
	StoredBytes int64  `json:"storedBytes,omitzero"`
}

// listJobs answers GET /parley/v1/jobs: the jobs that the client sees, newest first.
func (s *Server) listJobs(x *exchange) error {
	jobs, err := s.cfg.Jobs.List(x.r.Context(), x.owner())
	if err != nil {
		return err
	}
	out := make([]listedBody, len(jobs))
	for i, j := range jobs {
		out[i] = listedBody{JobID: j.ID, Client: j.Client, statusBody: statusOf(j.Status), StoredBytes: j.Size.Stored}
		if j.Status.State == job.Fulfilled || j.Status.State == job.Expired {
			out[i].Records, out[i].Bytes = &j.Size.Records, &j.Size.Bytes
		}
	}
	return x.send(http.StatusOK, listBody{out})
}

func (x *exchange) jobID() job.ID { return job.ID(x.params["jobId"]) }
