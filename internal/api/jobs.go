package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/query"
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

// submitJob answers POST .../details/jobs.
func (s *Server) submitJob(x *exchange) error {
	text, err := x.readJSON()
	if err != nil {
		return err
	}
	q, err := query.DecodeJob(text)
	if err != nil {
		return err
	}
	id, err := s.cfg.Jobs.Submit(x.r.Context(), x.client.Organisation, q)
	if err != nil {
		return err
	}
	return x.send(http.StatusAccepted, jobBody{JobID: id})
}

// jobStatus answers GET .../jobs/{jobId}: 202 while the job is not done, 200 from then on. The platform has both and
// does not say when it uses which (facts.md 7.2).
func (s *Server) jobStatus(x *exchange) error {
	status, err := s.cfg.Jobs.Status(x.client.Organisation, x.jobID())
	if err != nil {
		return err
	}
	code := http.StatusAccepted
	if status.State.Done() {
		code = http.StatusOK
	}
	return x.send(code, statusBody{
		State: status.State, ErrorMessage: status.ErrorMessage, ExpirationDate: timeText(status.ExpirationDate),
		SubmissionDate: timeText(status.SubmissionDate), CompletionDate: timeText(status.CompletionDate),
	})
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
	if err := s.cfg.Jobs.Delete(x.client.Organisation, x.jobID()); err != nil {
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
	page, err := s.cfg.Jobs.Results(x.client.Organisation, x.jobID(), values.Get("cursor"), size)
	if err != nil {
		return err
	}
	defer page.Close()
	x.out.Header().Set("Content-Type", "application/json")
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
			Message: "Value [" + clip(text) + "] is not valid for parameter [pageSize]. Allowable values are: 1 to " +
				strconv.Itoa(s.cfg.Limits.ResultPageSize),
		}
	}
	if size == 0 {
		size = s.cfg.Limits.DefaultResultPageSize
	}
	return size, nil
}

// clip keeps a quoted value short.
func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}

// availability answers GET .../jobs/availability.
func (s *Server) availability(x *exchange) error {
	return x.send(http.StatusOK, availabilityBody{conversation.FormatTime(s.cfg.Available())})
}

func (x *exchange) jobID() job.ID { return job.ID(x.params["jobId"]) }
