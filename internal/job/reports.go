package job

import (
	"context"
	"errors"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/report"
)

// How long paged reports are kept for their pages, and how long one may take that nobody ends.
const (
	pagesKept  = 24 * time.Hour
	pagesTaken = time.Hour
)

// kept is how long the results of a kind are kept, of those that go with their results.
func (k Kind) kept(most time.Duration) time.Duration {
	if k == Pages {
		return min(most, pagesKept)
	}
	return most
}

// Report is what an asynchronous report says of itself.
type Report struct {
	Status

	Progress float64                 // from 0 to 1, as its runner last said
	Rows     int64                   // once it is complete
	Lost     []conversation.Interval // that it leaves out, because their data cannot be read
}

// SubmitReport queues an asynchronous report. It fails as Submit does. What lies in without is left out as if it could not be
// read.
func (m *Manager) SubmitReport(ctx context.Context, o Owner, body []byte, without ...conversation.Interval) (ID, error) {
	return m.submit(ctx, entry{kind: Reports, owner: o, body: body, lost: without})
}

// Report says where a report stands. It fails with fault.NotFound when the owner sees no such report, or it has expired.
func (m *Manager) Report(ctx context.Context, o Owner, id ID) (Report, error) {
	e, err := m.findOf(ctx, Reports, o, id)
	if err != nil {
		return Report{}, err
	}
	out := Report{Status: e.status, Rows: e.size.Records}
	switch e.status.State {
	case Expired:
		return Report{}, Reports.notFound()
	case Pending:
		out.Progress = max(e.progress, m.running.done(id))
	case Fulfilled:
		out.Progress, out.Lost = 1, e.lost
	case Queued, Failed, Cancelled:
	}
	return out, nil
}

// ReportPage gives a page of a report, as Results does of a job.
func (m *Manager) ReportPage(ctx context.Context, o Owner, id ID, token string, pageSize int) (*Page, error) {
	return m.results(ctx, Reports, o, id, token, pageSize)
}

// DeleteReport ends a report that is not done, and forgets it with its results. It fails with fault.NotFound when the owner sees no
// such report.
func (m *Manager) DeleteReport(ctx context.Context, o Owner, id ID) error {
	return m.forgotten(ctx, Reports, o, id)
}

// forgotten removes a job whatever its state. Whoever answers it finds that out.
func (m *Manager) forgotten(ctx context.Context, k Kind, o Owner, id ID) error {
	e, err := m.findOf(ctx, k, o, id)
	if err != nil {
		return err
	}
	m.cfg.Log.InfoContext(ctx, "report removed", "job", id, "client", o.Client)
	err = m.jobs.remove(ctx, id)
	m.running.cancel(id)
	return errors.Join(err, m.files.remove(ctx, e))
}

// AnswerPages answers a paged report from a view at once, and keeps its rows for ReportPages, for a day. It fails as engines and
// reports do, and with fault.Throttled when a limit on what is kept is in the way.
func (m *Manager) AnswerPages(ctx context.Context, o Owner, r report.Request, view engine.Engine) (id ID, err error) {
	now := m.cfg.Now()
	e := entry{id: newID(), kind: Pages, owner: o, status: Status{State: Pending, SubmissionDate: now}, forget: now.Add(pagesTaken)}
	if err := m.jobs.add(ctx, e, m.cfg.Limits); err != nil {
		return "", err
	}
	ctx, stop := m.running.begin(ctx, e.named()) // behind its entry: watch ends what has none
	defer stop()
	defer func() {
		if err != nil {
			outlives := context.WithoutCancel(ctx)
			err = errors.Join(err, m.jobs.remove(outlives, e.id), m.files.remove(outlives, e))
		}
	}()
	e.missing = engine.Missing(view, r.Interval)
	if e.size, err = m.files.write(ctx, e, r.Rows(ctx, view, report.Options{}), m.cfg.Limits.Bytes); err != nil {
		return "", err
	}
	m.expires(&e)
	ok, err := m.jobs.finish(ctx, e)
	if err == nil && !ok {
		err = fault.New(fault.Unavailable, "The report took too long to be kept; ask again for less")
	}
	return e.id, err
}

// PagesPage gives a page of a paged report, as Results does of a job.
func (m *Manager) PagesPage(ctx context.Context, o Owner, id ID, cursor string, pageSize int) (*Page, error) {
	return m.results(ctx, Pages, o, id, cursor, pageSize)
}

// DeletePages forgets a paged report.
func (m *Manager) DeletePages(ctx context.Context, o Owner, id ID) error {
	return m.forgotten(ctx, Pages, o, id)
}

// rows answers with the rows of a report. What cannot be read of the data is left out, by days, and said.
func (m *Manager) rows(r report.Request) question {
	return func(ctx context.Context, view engine.Engine, e *entry) (err error) {
		e.lost = within(r.Interval, e.lost)
		o := report.Options{Without: e.lost, Progress: func(share float64) { m.running.progress(e.id, share) }}
		write := func() error {
			e.size, err = m.files.write(ctx, *e, r.Rows(ctx, view, o), m.cfg.Limits.Bytes)
			return err
		}
		e.missing = engine.Missing(view, r.Interval)
		if err := write(); !errors.Is(err, fault.Corrupt) {
			return err
		}
		m.cfg.Log.ErrorContext(ctx, "a report cannot read all its data", "job", e.id, "err", err)
		if e.lost, err = r.Damaged(ctx, view); err != nil {
			return err
		}
		o.Without = e.lost
		return write()
	}
}

// within are the parts of intervals that lie in another.
func within(whole conversation.Interval, list []conversation.Interval) (parts []conversation.Interval) {
	for _, iv := range list {
		if iv.Start.Before(whole.Start) {
			iv.Start = whole.Start
		}
		if iv.End.After(whole.End) {
			iv.End = whole.End
		}
		if iv.End.After(iv.Start) {
			parts = append(parts, iv)
		}
	}
	return parts
}

// unfinished says why there are no rows of a report.
func unfinished(e entry) error {
	switch e.status.State {
	case Expired:
		return e.kind.notFound()
	case Failed:
		return fault.New(fault.NotFound, "The report query has failed and has no results; run it again")
	case Queued, Pending, Cancelled, Fulfilled:
	}
	return fault.New(fault.NotFound, "The report query is not complete; its results can be read once its status is completed or partial")
}
