package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/confined"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/meter"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/report"
	"github.com/parley-hq/parley/internal/wait"
)

// How often a runner looks: for what other processes have submitted and deleted; for a slot, while all are taken; for
// expired results; and after one of the slots that other runners have. Nobody can read expired results meanwhile: that bounds only how
// long they take up room.
const (
	pauseFor    = 10 * time.Second // while nothing can be answered
	lookEvery   = 500 * time.Millisecond
	lockEvery   = time.Second
	sweepEvery  = time.Minute
	rescueEvery = 5 * time.Second
	tellEvery   = 2 * time.Second // how much of a report is done
)

// maxStarts is how often a job is begun at most, if its runner is killed each time.
const maxStarts = 3

// Run answers jobs and clears expired results away until ctx ends. While as many processes do so as may in the same home,
// it waits to take over from one. It returns when its last goroutine has: nil when it was asked to stop, an error when
// the place of results or the control database cannot be used. It must not be called twice at a time.
func (m *Manager) Run(ctx context.Context) error {
	for {
		s, err := m.takeSlot(ctx)
		switch {
		case err != nil && ctx.Err() != nil:
			return nil //nolint:nilerr // asked to stop while it asked for one
		case err != nil || s.lock == nil:
			return err
		}
		m.cfg.Log.InfoContext(ctx, "this process answers jobs", "home", m.cfg.Home.Name, "slot", s.number)
		lost, err := m.runIn(ctx, s)
		if err != nil || !lost || ctx.Err() != nil {
			return err
		}
		m.cfg.Log.WarnContext(ctx, "this process was stopped for too long, or did not reach the control database: others answer the jobs that it was at; it begins anew", "slot", s.number)
	}
}

// runIn answers jobs in a slot, until ctx ends or the slot is lost.
func (m *Manager) runIn(ctx context.Context, s slot) (lost bool, err error) {
	defer s.lock.Close()
	held, end := s.context(ctx)
	defer end()
	err = m.recover(context.WithoutCancel(ctx), s) // short, and best not left halfway
	if s.lost(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	group, running := errgroup.WithContext(held)
	for range m.cfg.Limits.Running {
		group.Go(func() error { m.work(running, s); return nil })
	}
	group.Go(func() error { every(running, m.look, m.watch); return nil })
	group.Go(func() error { every(running, sweepEvery, m.sweep); return nil })
	if m.cfg.Home.Runners > 1 {
		group.Go(func() error { every(running, rescueEvery, func(ctx context.Context) { m.rescue(ctx, s) }); return nil })
		group.Go(func() error { every(running, tellEvery, m.tell); return nil })
	}
	err = group.Wait()
	return held.Err() != nil && ctx.Err() == nil, err
}

// every does something now and then until ctx ends.
func every(ctx context.Context, period time.Duration, do func(context.Context)) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		do(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// recover makes good what the last holder of a slot has left: what it was answering is queued again, and files that
// belong to no results go.
func (m *Manager) recover(ctx context.Context, s slot) error {
	if err := m.takeOver(ctx, s); err != nil {
		return err
	}
	return m.clear(ctx)
}

// takeOver queues again what the last holder of a slot was answering. A job whose runners were killed again and again may be
// what killed them: it is given up.
func (m *Manager) takeOver(ctx context.Context, s slot) error {
	now := m.cfg.Now()
	given, err := s.jobs.giveUp(ctx, s.number, maxStarts, "The server was killed while it answered the query, each of "+strconv.Itoa(maxStarts)+" times; ask for less at once, or submit it again", now, now.Add(m.cfg.Keep))
	if err != nil {
		return err
	}
	for _, id := range given {
		m.cfg.Meter.Ended(string(Failed))
		m.cfg.Log.WarnContext(ctx, "job given up: each runner was killed while it answered it", "job", id, "starts", maxStarts)
	}
	return s.jobs.putBack(ctx, s.number)
}

// rescue looks after one slot in which jobs are being answered, another one each time: nobody has to look after all of them.
// What a runner has left that is no more is queued again.
func (m *Manager) rescue(ctx context.Context, mine slot) {
	if err := m.rescueNext(ctx, mine); err != nil && ctx.Err() == nil {
		m.cfg.Log.WarnContext(ctx, "look after the jobs of other processes", "err", err)
	}
}

func (m *Manager) rescueNext(ctx context.Context, mine slot) (err error) {
	slots, err := m.jobs.slots(ctx)
	slots = slices.DeleteFunc(slots, func(n int) bool { return n == mine.number })
	if err != nil || len(slots) == 0 {
		return err
	}
	after, found := slices.BinarySearch(slots, m.looked)
	if found {
		after++
	}
	m.looked = slots[after%len(slots)]
	left, err := m.take(ctx, m.looked)
	if errors.Is(err, fault.Conflict) {
		return nil // its runner is there
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, left.lock.Close()) }()
	if err := m.takeOver(ctx, left); err != nil {
		return err
	}
	m.cfg.Log.WarnContext(ctx, "a process that answered jobs is gone; they are queued again", "slot", m.looked)
	for range cap(m.wake) {
		m.awake()
	}
	return nil
}

// clear removes the files that belong to no job: neither to one whose results can be read, nor to one that is being
// answered, which ends with a file that can be read or without any. Where the results of an organization lie apart, one of those who share
// them does it now and then; what cannot be looked at then keeps nobody from the others.
func (m *Manager) clear(ctx context.Context) error {
	if all := m.cfg.Home.All; all.Store != nil {
		return m.clearAt(ctx, all)
	}
	for _, organization := range m.mine {
		if err := m.clearOf(ctx, organization.(string)); err != nil && ctx.Err() == nil {
			m.cfg.Log.WarnContext(ctx, "look for files of no job", "organization", organization, "err", err)
		}
	}
	return nil
}

func (m *Manager) clearOf(ctx context.Context, organization string) error {
	if due, err := m.jobs.lists(ctx, organization, m.cfg.Now(), m.cfg.Home.Listing); err != nil || !due {
		return err
	}
	place, err := m.place(ctx, organization)
	if err != nil {
		return err
	}
	return m.clearAt(ctx, place)
}

func (m *Manager) clearAt(ctx context.Context, p Place) error {
	return p.clear(ctx, func(n named, part bool) (bool, error) { return m.jobs.wants(ctx, n, part) })
}

// watch takes note of what other processes have done: they submit, and they delete what this one is answering.
func (m *Manager) watch(ctx context.Context) {
	waiting, err := m.jobs.waiting(ctx, m.turns())
	if err != nil && ctx.Err() == nil {
		m.cfg.Log.WarnContext(ctx, "look for jobs that wait", "err", err)
	}
	for range min(waiting, cap(m.wake)) {
		m.awake()
	}
	running := m.running.all() // before the look at the database: what begins in between is pending, and not seen there
	if len(running) == 0 {
		return
	}
	pending, err := m.jobs.pending(ctx)
	if err != nil {
		if ctx.Err() == nil {
			m.cfg.Log.WarnContext(ctx, "look for cancelled jobs", "err", err)
		}
		return
	}
	for id, attempt := range running {
		if now, is := pending[id]; !is || now != attempt {
			m.running.cancel(id)
		}
	}
}

// tell enters how much is done of what this process answers, for those who ask another.
func (m *Manager) tell(ctx context.Context) {
	for n, share := range m.running.shares() {
		if err := m.jobs.progress(ctx, n, share); err != nil && ctx.Err() == nil {
			m.cfg.Log.WarnContext(ctx, "enter how much of a report is done", "job", n.id, "err", err)
		}
	}
}

// awake has an idle runner look at the queue.
func (m *Manager) awake() {
	select {
	case m.wake <- struct{}{}:
	default: // there is a token for every runner already
	}
}

func (m *Manager) sweep(ctx context.Context) {
	over, expired, err := m.jobs.expire(ctx, m.cfg.Now())
	for range expired {
		m.cfg.Meter.Ended(string(Expired))
	}
	for _, e := range over {
		err = errors.Join(err, m.files.remove(ctx, e))
	}
	if err := errors.Join(err, m.clear(ctx)); err != nil && ctx.Err() == nil { // what cannot be removed now is tried again
		m.cfg.Log.ErrorContext(ctx, "remove expired results", "err", err)
	}
}

// work runs the jobs whose turn it is, and waits for more. While the control database cannot be used, it
// tries again now and then, and the jobs wait.
func (m *Manager) work(ctx context.Context, s slot) {
	for ctx.Err() == nil {
		e, ok, err := s.jobs.take(ctx, s.number, m.turns())
		switch {
		case ok && err == nil:
			m.run(ctx, e)
		case ok:
			m.fail(ctx, e, err) // it is damaged, and the next one need not wait
		case ctx.Err() != nil:
		case err != nil:
			m.cfg.Log.ErrorContext(ctx, "no job can be answered now", "err", err, "retry", m.pause)
			_ = wait.For(ctx, m.pause) // the loop sees for itself that ctx has ended
		default:
			select {
			case <-ctx.Done():
			case <-m.wake:
			case <-m.resting.over():
			}
		}
	}
}

// errUnopened says that the data could not be opened, which is no fault of a job.
var errUnopened = errors.New("the data cannot be opened")

// run answers one Pending job and moves it on: back to the queue when it must wait for the data.
func (m *Manager) run(ctx context.Context, e entry) {
	answering, stop := m.running.begin(ctx, e.named())
	defer stop()
	// Delete first cancels the job and then whoever runs it. Had it done both before begin, only this look tells.
	if now, ok, err := m.jobs.get(ctx, e.id); err == nil && (!ok || now.status.State != Pending || now.attempt != e.attempt) {
		return
	}
	begun := time.Now()
	err := m.answer(answering, &e)
	crashpoint.Reach("job.answered")
	m.cfg.Meter.Engine(meter.Job, time.Since(begun))
	switch {
	case err == nil:
		m.fulfil(ctx, e)
	case ctx.Err() != nil:
		m.giveBack(ctx, e)
	case (errors.Is(err, errUnopened) || errors.Is(err, engine.ErrAway)) && answering.Err() == nil: // deleted meanwhile, it need not wait, nor the next one
		m.rest(ctx, e, errors.Join(err, m.files.remove(ctx, e))) // what was written of it, the next attempt writes anew
		m.giveBack(ctx, e)
	default:
		m.fail(ctx, e, errors.Join(err, m.files.remove(ctx, e))) // the file may be whole, and what failed come after it
	}
}

// turns are those of jobs that this process can answer now.
func (m *Manager) turns() turns { return m.resting.turns(m.mine, time.Now()) }

// rest lets a job wait for what it needs, and with it all others of the organization when that is its data: those of others go on.
func (m *Manager) rest(ctx context.Context, e entry, err error) {
	var first bool
	now := time.Now()
	if errors.Is(err, errUnopened) {
		first = m.resting.organization(e.owner.Organization, now, now.Add(m.pause))
	} else {
		first = m.resting.job(e.id, e.owner.Organization, now, now.Add(m.pause))
	}
	if first {
		m.cfg.Log.ErrorContext(ctx, "a job cannot be answered now", "organization", e.owner.Organization, "err", err, "retry", m.pause)
	}
}

// giveBack queues a job again when the service stops, or its data cannot be opened. Should that fail, the next runner
// does it.
func (m *Manager) giveBack(ctx context.Context, e entry) {
	if err := m.jobs.giveBack(context.WithoutCancel(ctx), e.named()); err != nil {
		m.cfg.Log.WarnContext(ctx, "queue an interrupted job again", "job", e.id, "err", err)
	}
}

// answer writes the results of a job to its file, whole or not at all, and enters what there is to know of them.
func (m *Manager) answer(ctx context.Context, e *entry) (err error) {
	defer fault.Wrap(&err, "job %s", e.id)
	defer recovered(&err)
	question, err := m.decode(*e)
	if err != nil {
		return err
	}
	if _, err := m.place(ctx, e.owner.Organization); err != nil {
		return fmt.Errorf("%w: %w", errUnopened, err)
	}
	views := m.cfg.Views[e.owner.Organization]
	// The date comes before the view is opened: it must never promise more than the view holds.
	if e.available, err = views.Available(ctx); err != nil {
		return fmt.Errorf("%w: %w", errUnopened, err)
	}
	view, err := views.Settled(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnopened, err)
	}
	if e.owner.User != "" && e.kind != Figures { // which are of everything
		view = confined.To(e.owner.User, view)
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	return question(ctx, view, e)
}

// question answers a job from a view, and enters what there is to know of its results.
type question func(ctx context.Context, view engine.Engine, e *entry) error

// decode reads what a job asks.
func (m *Manager) decode(e entry) (question, error) {
	switch e.kind {
	case Details:
		q, err := query.DecodeJob(e.body)
		return m.details(q), err
	case Figures:
		a, err := query.DecodeAggregate(e.body)
		return m.figures(a), err
	case Reports, Pages:
	}
	r, err := report.Decode(e.body)
	return m.rows(r), err
}

// details answers with records.
func (m *Manager) details(q query.Job) question {
	return func(ctx context.Context, view engine.Engine, e *entry) (err error) {
		if c, is := engine.ChoiceOf(view, q.Query, nil); is {
			m.cfg.Meter.Chosen(meter.Job, c.Engine)
			m.cfg.Log.InfoContext(ctx, "engine of a job", "job", e.id, "engine", c.Engine, "planned", c.Planned)
		}
		e.missing = engine.Missing(view, q.Interval) // as the view has it: whoever reads the results later must know
		e.size, err = m.files.write(ctx, *e, textsOf(view.Records(ctx, q.Query, q.Limit, 0)), m.cfg.Limits.Bytes)
		return err
	}
}

// recovered turns a panic of an engine into the failure of the one job that met it.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	}
}

// expires enters that a job has results, until when they are kept, and what is known of it.
func (m *Manager) expires(e *entry) {
	now := m.cfg.Now()
	e.status.State, e.status.CompletionDate, e.status.ExpirationDate = Fulfilled, now, midnight(now.Add(m.cfg.Keep))
	e.forget = e.status.ExpirationDate.Add(m.cfg.Keep)
	if !e.kind.ofPlatform() { // what is known of them goes with their results
		e.status.ExpirationDate = now.Add(e.kind.kept(m.cfg.Keep))
		e.forget = e.status.ExpirationDate
	}
}

func (m *Manager) fulfil(ctx context.Context, e entry) {
	m.expires(&e)
	ok, err := m.finish(ctx, e)
	switch {
	case err != nil: // the next runner finds the job Pending, and answers it again
	case ok:
		m.cfg.Meter.Written(e.size.Records, e.size.Bytes)
		m.cfg.Log.InfoContext(ctx, "job fulfilled", "job", e.id, "records", e.size.Records, "bytes", e.size.Bytes)
	default:
		if err := m.files.remove(ctx, e); err != nil {
			m.cfg.Log.ErrorContext(ctx, "remove results that nobody waits for", "job", e.id, "err", err)
		}
	}
}

func (m *Manager) fail(ctx context.Context, e entry, err error) {
	now := m.cfg.Now()
	e.status.State, e.status.CompletionDate, e.status.ErrorMessage = Failed, now, outward(err)
	e.cause, e.size, e.forget = inward(err), Size{}, now.Add(m.cfg.Keep)
	level := slog.LevelError
	if fault.Outward(err) {
		level = slog.LevelWarn // what the job asked for is the reason
	}
	if ok, _ := m.finish(ctx, e); ok {
		m.cfg.Log.Log(ctx, level, "job failed", "err", err)
	}
}

// finish enters the end of a job. A control database that cannot be written, as on a full disk, must not lose it: the
// work is done, and room may come. It gives up when the service stops.
func (m *Manager) finish(ctx context.Context, e entry) (bool, error) {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 10*time.Second) {
		ok, err := m.jobs.finish(context.WithoutCancel(ctx), e)
		if err == nil {
			if ok {
				m.cfg.Meter.Ended(string(e.status.State))
			}
			return ok, nil
		}
		m.cfg.Log.ErrorContext(ctx, "enter the end of a job", "job", e.id, "err", err)
		if wait.For(ctx, pause) != nil {
			return false, err
		}
	}
}

// outward is what the one who asked may know of a failure.
func outward(err error) string {
	if fault.IsFull(err) {
		return "The server has no room left for the results; ask for fewer, or submit the query again later"
	}
	if f, ok := errors.AsType[*fault.Error](err); ok && fault.Outward(err) {
		return f.Message
	}
	return "The query could not be completed because of an internal error; submit it again"
}

// cause is what outsiders may not know of a failure; empty where they know all that there is.
type cause struct {
	kind string // its name
	text string
}

// inward is what of a failure is for the owner of the data alone. What is of no kind may say anything, and is for the log.
func inward(err error) cause {
	name := fault.Name(err)
	if name == "" || fault.Outward(err) {
		return cause{}
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		err = f // without what was being done: that is known
	}
	return cause{name, err.Error()}
}
