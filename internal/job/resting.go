package job

import (
	"slices"
	"sync"
	"time"
)

// resting is what this process leaves alone for a while, because what it needs was away: the jobs of an organization whose data could not
// be opened, and single jobs. Everybody else's go on. Others may reach what this process does not, so nothing of it is entered
// anywhere. Safe for concurrent use.
type resting struct {
	mu            sync.Mutex
	organizations map[string]time.Time // until when
	jobs          map[ID]rest
}

type rest struct {
	organization string
	until        time.Time
}

// mostResting is how many jobs rest by themselves: each is named in every look for the next one. Of an organization with more,
// all rest.
const mostResting = 100

func newResting() *resting {
	return &resting{organizations: map[string]time.Time{}, jobs: map[ID]rest{}}
}

// organization lets all jobs of an organization rest. It says whether none of them did.
func (r *resting) organization(name string, now, until time.Time) (first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(now)
	first = !r.any(name)
	r.organizations[name] = until
	return first
}

// job lets one rest. It says whether none of the organization did.
func (r *resting) job(id ID, organization string, now, until time.Time) (first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(now)
	first = !r.any(organization)
	if len(r.jobs) < mostResting {
		r.jobs[id] = rest{organization, until}
	} else {
		r.organizations[organization] = until
	}
	return first
}

func (r *resting) any(organization string) bool {
	if _, is := r.organizations[organization]; is {
		return true
	}
	for _, j := range r.jobs {
		if j.organization == organization {
			return true
		}
	}
	return false
}

// over tells when something rests no more; never while nothing rests.
func (r *resting) over() <-chan time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	var first time.Time
	for _, until := range r.organizations {
		first = earlier(first, until)
	}
	for _, j := range r.jobs {
		first = earlier(first, j.until)
	}
	if first.IsZero() {
		return nil
	}
	return time.After(time.Until(first))
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// forget forgets what rests no more.
func (r *resting) forget(now time.Time) {
	for name, until := range r.organizations {
		if !now.Before(until) {
			delete(r.organizations, name)
		}
	}
	for id, j := range r.jobs {
		if !now.Before(j.until) {
			delete(r.jobs, id)
		}
	}
}

// turns are those of organizations without what rests.
func (r *resting) turns(organizations []any, now time.Time) turns {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(now)
	t := turns{of: organizations}
	if len(r.organizations) > 0 {
		t.of = slices.DeleteFunc(slices.Clone(organizations), func(o any) bool {
			_, rests := r.organizations[o.(string)]
			return rests
		})
	}
	for id := range r.jobs {
		t.except = append(t.except, string(id))
	}
	return t
}
