package job

import (
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/query"
)

// entry is all that is known of one job.
type entry struct {
	id        ID
	owner     string // the organisation that the job belongs to
	query     query.Job
	status    Status
	available time.Time // dataAvailabilityDate at the moment the job ran
	forget    time.Time // when nothing needs to be known of the job any more; zero while it is not done
}

// registry holds the jobs of a process in memory; they end with it. Every method is one step that happens as a whole,
// so that a durable store can take its place. Safe for concurrent use.
type registry struct {
	mu    sync.Mutex
	jobs  map[ID]*entry
	queue []ID // the Queued jobs, oldest first
}

func newRegistry() *registry { return &registry{jobs: map[ID]*entry{}} }

// add queues a new job, unless most are waiting already.
func (r *registry) add(e entry, most int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queue) >= most {
		return false
	}
	r.jobs[e.id] = &e
	r.queue = append(r.queue, e.id)
	return true
}

// get gives a copy of what is known of a job.
func (r *registry) get(id ID) (entry, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.jobs[id]; e != nil {
		return *e, true
	}
	return entry{}, false
}

// take moves the oldest Queued job to Pending.
func (r *registry) take() (entry, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queue) == 0 {
		return entry{}, false
	}
	e := r.jobs[r.queue[0]]
	r.queue = r.queue[1:]
	e.status.State = Pending
	return *e, true
}

// putBack moves a Pending job back to the head of the queue. A job that was cancelled meanwhile stays as it is.
func (r *registry) putBack(id ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.jobs[id]; e != nil && e.status.State == Pending {
		e.status.State = Queued
		r.queue = append([]ID{id}, r.queue...)
	}
}

// finish replaces a Pending job by done. It says no when the job is not Pending any more.
func (r *registry) finish(done entry) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.jobs[done.id]; e == nil || e.status.State != Pending {
		return false
	}
	r.jobs[done.id] = &done
	return true
}

// cancel moves a job that is not done to Cancelled, to be forgotten at the given time. It says no when the job is done.
func (r *registry) cancel(id ID, forget time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.jobs[id]
	if e == nil || e.status.State.Done() {
		return false
	}
	e.status.State, e.forget = Cancelled, forget
	for i, queued := range r.queue {
		if queued == id {
			r.queue = append(r.queue[:i:i], r.queue[i+1:]...)
			break
		}
	}
	return true
}

// remove forgets a job that is done.
func (r *registry) remove(id ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.jobs, id)
}

// expire moves the Fulfilled jobs whose time has come to Expired, gives their ids, and forgets what is long past.
func (r *registry) expire(now time.Time) []ID {
	r.mu.Lock()
	defer r.mu.Unlock()
	var expired []ID
	for id, e := range r.jobs {
		if status := e.status.at(now); status != e.status {
			e.status = status
			expired = append(expired, id)
		}
		if !e.forget.IsZero() && !now.Before(e.forget) {
			delete(r.jobs, id)
		}
	}
	return expired
}
