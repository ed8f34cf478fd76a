package job

import (
	"context"
	"maps"
	"sync"
)

// running knows how to stop the jobs that this process is answering. Safe for concurrent use.
type running struct {
	mu   sync.Mutex
	stop map[ID]context.CancelFunc
	of   map[ID]int64   // the attempt
	far  map[ID]float64 // how much of it is done, from 0 to 1
}

func newRunning() *running {
	return &running{stop: map[ID]context.CancelFunc{}, of: map[ID]int64{}, far: map[ID]float64{}}
}

// begin returns the context in which a job is answered, and a function to be called when that is over.
func (r *running) begin(ctx context.Context, n named) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stop[n.id], r.of[n.id] = cancel, n.attempt
	return ctx, func() { r.end(n.id) }
}

func (r *running) end(id ID) {
	r.cancel(id)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.stop, id)
	delete(r.of, id)
	delete(r.far, id)
}

// cancel ends the context of a job, if it is being answered.
func (r *running) cancel(id ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if stop := r.stop[id]; stop != nil {
		stop()
	}
}

// progress takes note of how much of a job is done.
func (r *running) progress(id ID, share float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.far[id] = share
}

// done is how much of a job is done, as far as this process knows.
func (r *running) done(id ID) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.far[id]
}

// all gives the jobs that are being answered, and the attempt of each.
func (r *running) all() map[ID]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.of)
}

// shares gives how much is done of the jobs that say so.
func (r *running) shares() map[named]float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[named]float64{}
	for id, share := range r.far {
		out[named{id, r.of[id]}] = share
	}
	return out
}
