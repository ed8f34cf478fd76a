package job

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

// work runs the queued jobs, oldest first, and waits for more.
func (m *Manager) work(ctx context.Context) error {
	for ctx.Err() == nil {
		if e, ok := m.jobs.take(); ok {
			m.run(ctx, e)
			continue
		}
		select {
		case <-ctx.Done():
		case <-m.wake:
		}
	}
	return nil
}

// run answers one Pending job and moves it on.
func (m *Manager) run(ctx context.Context, e entry) {
	answering, stop := m.running.begin(ctx, e.id)
	defer stop()
	// Delete first cancels the job and then whoever runs it. Had it done both before begin, only this look tells.
	if now, ok := m.jobs.get(e.id); !ok || now.status.State != Pending {
		return
	}
	available, err := m.answer(answering, e)
	switch {
	case err == nil:
		m.fulfil(ctx, e, available)
	case ctx.Err() != nil:
		m.jobs.putBack(e.id)
	default:
		m.fail(ctx, e, err)
	}
}

// answer writes the results of a job to its file, whole or not at all, and gives the dataAvailabilityDate they had.
func (m *Manager) answer(ctx context.Context, e entry) (available time.Time, err error) {
	defer fault.Wrap(&err, "job %s", e.id)
	defer recovered(&err)
	available = m.cfg.Available() // before the view is opened: the date must never promise more than the view holds
	view, err := m.cfg.Source.Settled(ctx)
	if err != nil {
		return available, err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	return available, m.files.write(e.id, view.Records(ctx, e.query.Query, e.query.Limit, 0))
}

// recovered turns a panic of an engine into the failure of the one job that met it.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	}
}

func (m *Manager) fulfil(ctx context.Context, e entry, available time.Time) {
	now := m.cfg.Now()
	e.available = available
	e.status.State, e.status.CompletionDate, e.status.ExpirationDate = Fulfilled, now, midnight(now.Add(m.cfg.Keep))
	e.forget = e.status.ExpirationDate.Add(m.cfg.Keep)
	if m.jobs.finish(e) {
		m.cfg.Log.InfoContext(ctx, "job fulfilled", "job", e.id)
		return
	}
	if err := m.files.remove(e.id); err != nil {
		m.cfg.Log.ErrorContext(ctx, "remove results of a cancelled job", "job", e.id, "err", err)
	}
}

func (m *Manager) fail(ctx context.Context, e entry, err error) {
	now := m.cfg.Now()
	e.status.State, e.status.CompletionDate, e.status.ErrorMessage = Failed, now, outward(err)
	e.forget = now.Add(m.cfg.Keep)
	if m.jobs.finish(e) {
		m.cfg.Log.ErrorContext(ctx, "job failed", "job", e.id, "err", err)
	}
}

// outward is what the one who asked may know of a failure.
func outward(err error) string {
	if errors.Is(err, fault.Full) || errors.Is(err, syscall.ENOSPC) {
		return "The server has no room left for the results; ask for fewer, or submit the query again later"
	}
	if f, ok := errors.AsType[*fault.Error](err); ok && fault.Outward(err) {
		return f.Message
	}
	return "The query could not be completed because of an internal error; submit it again"
}

// running knows how to stop the jobs that are being answered. Safe for concurrent use.
type running struct {
	mu   sync.Mutex
	stop map[ID]context.CancelFunc
}

func newRunning() *running { return &running{stop: map[ID]context.CancelFunc{}} }

// begin gives the context in which a job is answered, and what must be called when it was.
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
