package job

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// running knows how to stop the jobs that this process is answering. Safe for concurrent use.
type running struct {
	mu   sync.Mutex
	stop map[ID]context.CancelFunc
}

func newRunning() *running { return &running{stop: map[ID]context.CancelFunc{}} }

// begin returns the context in which a job is answered, and a function to be called when that is over.
func (r *running) begin(ctx context.Context, id ID) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stop[id] = cancel
	return ctx, func() { r.end(id) }
}

func (r *running) end(id ID) {
	r.cancel(id)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.stop, id)
}

// cancel ends the context of a job, if it is being answered.
func (r *running) cancel(id ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if stop := r.stop[id]; stop != nil {
		stop()
	}
}

// has says whether a job is being answered.
func (r *running) has(id ID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stop[id] != nil
}

// ids gives the jobs that are being answered.
func (r *running) ids() []ID {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.stop))
}
