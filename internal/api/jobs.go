package api

import (
	"net/http"
	"strconv"

	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/wire"
)

// owner is the client as the jobs know it.
func (x *exchange) owner() job.Owner {
	user, _ := x.client.OnlyUser()
	return job.Owner{Organization: x.client.Organization, Client: string(x.client.ID), User: user}
}

// submitJob answers POST .../details/jobs.
func (s *Server) submitJob(x *exchange) error {
	text, err := x.readJSON()
	if err != nil {
		return err
	}
	// The owner's job may wait for another server of the same folder, that has the data.
	if _, err := x.views(); err != nil && s.cfg.Owner == nil {
		return err
	}
	id, err := s.cfg.Jobs.Submit(x.r.Context(), x.owner(), text)
	if err != nil {
		return err
	}
	return x.send(http.StatusAccepted, wire.Submitted{JobID: id})
}

// jobStatus answers GET .../jobs/{jobId}: 202 while the job is not done, 200 from then on. The platform documents both
// and does not say when it uses which.
func (s *Server) jobStatus(x *exchange) error {
	status, err := s.cfg.Jobs.Status(x.r.Context(), x.owner(), x.jobID())
	if err != nil {
		return err
	}
	return x.sendStatus(status)
}

func (x *exchange) sendStatus(status job.Status) error {
	code := http.StatusAccepted
	if status.State.Done() {
		code = http.StatusOK
	}
	return x.send(code, status.Wire())
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
	return x.sendPage(page)
}

// sendPage answers with a page, and closes it.
func (x *exchange) sendPage(page *job.Page) error {
	defer page.Close()
	x.warn(page.Missing())
	x.out.Header().Set("Content-Type", "application/json")
	if x.out.packed() {
		return page.StreamZstd(x.out)
	}
	return page.Stream(x.out)
}

// resultPageSize reads the query parameter pageSize. The Go SDK sends 0 for none.
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
	views, err := x.views()
	if err != nil {
		return err
	}
	at, err := views.Available(x.r.Context())
	if err != nil {
		return err
	}
	gaps, err := engine.Gaps(x.r.Context(), views)
	if err != nil {
		return err
	}
	x.warn(gaps)
	return x.send(http.StatusOK, wire.Availability{DataAvailabilityDate: wire.Date(at)})
}

// listJobs answers GET /parley/v1/jobs: the jobs that the client sees, newest first.
func (s *Server) listJobs(x *exchange) error {
	jobs, err := s.cfg.Jobs.List(x.r.Context(), x.owner())
	if err != nil {
		return err
	}
	out := make([]wire.ListedJob, len(jobs))
	for i, j := range jobs {
		out[i] = j.Wire()
	}
	return x.send(http.StatusOK, wire.JobList{Jobs: out})
}

// askedJob answers GET /parley/v1/jobs/{jobId}: the job with what it is asked.
func (s *Server) askedJob(x *exchange) error {
	listed, body, err := s.cfg.Jobs.Asked(x.r.Context(), x.owner(), x.jobID())
	if err != nil {
		return err
	}
	return x.send(http.StatusOK, wire.AskedJob{ListedJob: listed.Wire(), Query: body})
}

func (x *exchange) jobID() job.ID { return job.ID(x.params["jobId"]) }
