package rule

import (
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/wire"
)

// held is a job that a rule holds. What the platform knows of it stays as it is; what is said of it is changed on the way
// out, the same by every route.
type held struct {
	id    wire.JobID
	rule  string
	job   Job
	state wire.JobState // that it has come to by what was asked: CANCELLED, EXPIRED
}

// held gives a job that a rule holds, as it is at this moment.
func (s *Set) held(id wire.JobID) (held, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.jobs[id]
	if h == nil {
		return held{}, false
	}
	return *h, true
}

// move has a held job come to a state; "" lets it go. Of two that do so at once, one has nothing left to do.
func (s *Set) move(id wire.JobID, to wire.JobState) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.jobs[id]; h == nil || h.state == to && to != "" {
		return nil
	}
	return s.change(Event{Kind: Moved, Job: id, State: to})
}

// jobs answers what is about jobs that rules hold, or may come to hold, and passes on the rest.
func (h *Handler) jobs(w http.ResponseWriter, r *http.Request, route string, values []string) {
	switch {
	case route == submitRoute && h.set.watches(r, route):
		h.submit(w, r, route)
		return
	case route == listRoute:
		h.list(w, r)
		return
	case route != statusRoute && route != askedRoute && route != resultsRoute && route != deleteRoute:
		h.next.ServeHTTP(w, r)
		return
	}
	id := wire.JobID(values[0])
	j, holds := h.set.held(id)
	if holds {
		h.fired(r, j.rule)
	}
	switch {
	case !holds && route == resultsRoute:
		h.next.ServeHTTP(w, unmarked(r, id)) // the job may have been let go between two of its pages
	case !holds:
		h.next.ServeHTTP(w, r)
	case route == statusRoute:
		h.status(w, r, j)
	case route == askedRoute:
		h.asked(w, r, j)
	case route == deleteRoute:
		h.delete(w, r, j)
	default:
		h.results(w, r, j)
	}
}

// submit has a job submitted, and takes hold of it if a rule says so, before the client knows of it.
func (h *Handler) submit(w http.ResponseWriter, r *http.Request, route string) {
	answer := record(h.next, r)
	var job wire.Submitted
	if answer.status == http.StatusAccepted && json.Unmarshal(answer.body, &job) == nil {
		by, err := h.set.take(h.asker(r, route), job.JobID)
		if err != nil {
			h.broken(w, r, err)
			return
		}
		if by.Name != "" {
			h.fired(r, by.Name)
		}
	}
	answer.send(w, answer.body)
}

// asker is a request with who asks: pages say so, and others show a token.
func (h *Handler) asker(r *http.Request, route string) asker {
	if h.inside {
		return asker{r, route, h.as}
	}
	return asker{r, route, h.set.client(r, route)}
}

// broken answers that a change could not be noted.
func (h *Handler) broken(w http.ResponseWriter, r *http.Request, err error) {
	if h.inside {
		tell(w, err)
	}
	h.prepare(w, r)
	refuse(w, problem{status: http.StatusInternalServerError, message: err.Error()})
}

// shown is the status that is shown of a job in place of the real one.
func (j held) shown(known wire.JobStatus) wire.JobStatus {
	waiting := wire.JobStatus{SubmissionDate: known.SubmissionDate}
	switch {
	case j.state == wire.Cancelled:
		waiting.State = wire.Cancelled
		return waiting
	case j.job.Fault == StuckQueued:
		waiting.State = wire.Queued
		return waiting
	case j.job.Fault == StuckPending && known.State != wire.Queued:
		waiting.State = wire.Pending
		return waiting
	case j.state == wire.Expired && known.State == wire.Fulfilled:
		known.State = wire.Expired
	case j.job.Fault == JobFailed && (known.State == wire.Fulfilled || known.State == wire.Expired):
		known.State, known.ExpirationDate, known.ErrorMessage = wire.Failed, "", j.job.Message
		if known.ErrorMessage == "" {
			known.ErrorMessage = "The query could not be carried out"
		}
	}
	return known
}

// ask asks for the real status of a job, with the rights of whoever asks something else. If it is not told, the answer
// says why.
func (h *Handler) ask(r *http.Request, id wire.JobID) (status wire.JobStatus, answer *whole, ok bool) {
	r = plainly(r)
	r.Method, r.Body = http.MethodGet, http.NoBody
	r.URL = &url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host, Path: wire.PathJobs + "/" + string(id)}
	r.RequestURI = r.URL.RequestURI()
	answer = record(h.next, r)
	ok = (answer.status == http.StatusOK || answer.status == http.StatusAccepted) && json.Unmarshal(answer.body, &status) == nil
	return status, answer, ok
}

// status shows a held job.
func (h *Handler) status(w http.ResponseWriter, r *http.Request, j held) {
	known, answer, ok := h.ask(r, j.id)
	if !ok {
		answer.send(w, answer.body)
		return
	}
	show := j.shown(known)
	code := http.StatusAccepted
	if show.Done() {
		code = http.StatusOK
	}
	answer.inherit(w)
	sendJSON(w, code, show)
}

// inherit takes over the headers of an answer that is not sent: the correlation id, the rate.
func (w *whole) inherit(out http.ResponseWriter) {
	for name, values := range w.header {
		if name != "Content-Length" && name != "Content-Type" {
			out.Header()[name] = values
		}
	}
}

// delete cancels a job that is stuck, as the platform does, and removes any other.
func (h *Handler) delete(w http.ResponseWriter, r *http.Request, j held) {
	stuck := j.job.Fault == StuckQueued || j.job.Fault == StuckPending
	if !stuck || j.state == wire.Cancelled {
		answer := record(h.next, r)
		if answer.status < http.StatusBadRequest {
			if err := h.set.move(j.id, ""); err != nil {
				h.broken(w, r, err)
				return
			}
		}
		answer.send(w, answer.body)
		return
	}
	_, answer, ok := h.ask(r, j.id)
	if !ok {
		answer.send(w, answer.body)
		return
	}
	if err := h.set.move(j.id, wire.Cancelled); err != nil {
		h.broken(w, r, err)
		return
	}
	answer.inherit(w)
	w.WriteHeader(http.StatusNoContent)
}

// list shows held jobs in the list of jobs as by themselves.
func (h *Handler) list(w http.ResponseWriter, r *http.Request) {
	if !h.set.holds() {
		h.next.ServeHTTP(w, r)
		return
	}
	answer := record(h.next, plainly(r))
	var list wire.JobList
	if answer.status != http.StatusOK || answer.short() || json.Unmarshal(answer.body, &list) != nil {
		answer.send(w, answer.body)
		return
	}
	for i, listed := range list.Jobs {
		j, holds := h.set.held(listed.ID)
		if !holds {
			continue
		}
		list.Jobs[i] = j.listed(listed)
	}
	answer.inherit(w)
	sendJSON(w, answer.status, list)
}

// listed is what a list says of a job in place of what it would say.
func (j held) listed(l wire.ListedJob) wire.ListedJob {
	l.JobStatus = j.shown(l.JobStatus)
	if l.State != wire.Fulfilled && l.State != wire.Expired {
		l.Records, l.Bytes, l.StoredBytes = nil, nil, 0
	}
	return l
}

// asked shows a held job with what it is asked, as the list shows it.
func (h *Handler) asked(w http.ResponseWriter, r *http.Request, j held) {
	answer := record(h.next, plainly(r))
	var known wire.AskedJob
	if answer.status != http.StatusOK || answer.short() || json.Unmarshal(answer.body, &known) != nil {
		answer.send(w, answer.body)
		return
	}
	known.ListedJob = j.listed(known.ListedJob)
	answer.inherit(w)
	sendJSON(w, answer.status, known)
}

// holds says whether any job is held.
func (s *Set) holds() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.jobs) > 0
}
