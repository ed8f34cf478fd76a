package extract

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/state"
)

// pages stages page after page and commits the days that are whole. While a page is staged, and while days are committed,
// the next page is on its way.
func (e *Extraction) pages(ctx context.Context, p *part) error {
	w := newWatch(p.cursor, max(e.cfg.Size.Job, p.received))
	asking, stop := e.asking(ctx)
	coming := e.fetch(asking, p.job, p.cursor)
	defer func() {
		stop()
		coming.end()
	}()
	for {
		var came fetched
		e.apart(ctx, func(context.Context) { came = coming.take() })
		page, err := came.usable(p.end)
		if err != nil {
			return err
		}
		if err := w.cursor(page.Next); err != nil {
			return err
		}
		if page.Next != "" {
			coming = e.fetch(asking, p.job, page.Next)
		}
		crashpoint.Reach("extract.page")
		got, err := e.stagePage(ctx, p, page)
		if err != nil {
			return err
		}
		e.report(ctx, "extracting")
		if p.cursor == "" {
			return nil
		}
		if err := errors.Join(w.progress(got), e.plausible(ctx, p, w)); err != nil {
			return err
		}
		if p.ordered {
			if err := e.commitIfMuch(ctx, e.reached()); err != nil {
				return err
			}
		}
		if err := e.submitAhead(ctx); err != nil {
			return err
		}
	}
}

// fetched is a page, or why there is none.
type fetched struct {
	page platform.Page
	err  error
}

// fetching is a page on its way.
type fetching struct {
	ask func() fetched
	out chan fetched // of ask, that runs already; nil if it does not
}

// fetch fetches a page: from now on, or, without Ahead, when it is taken.
func (e *Extraction) fetch(ctx context.Context, id platform.JobID, at platform.Cursor) *fetching {
	f := &fetching{ask: func() fetched {
		page, err := e.cfg.Platform.Page(ctx, id, at, e.cfg.Size.Page)
		return fetched{page, err}
	}}
	if e.cfg.Ahead {
		out := make(chan fetched, 1)
		f.out = out
		go func() { out <- f.ask() }()
	}
	return f
}

func (f *fetching) take() fetched {
	if f.out == nil {
		return f.ask()
	}
	out := f.out
	f.out = nil
	return <-out
}

// end waits until nothing is asked of the platform any more.
func (f *fetching) end() {
	if f.out != nil {
		<-f.out
	}
}

// usable says what a page that did not come, or that came too early, means for its job, which brings what started before
// end.
func (f fetched) usable(end time.Time) (platform.Page, error) {
	switch err := f.err; {
	case errors.Is(err, fault.NotFound) || errors.Is(err, fault.Expired) || errors.Is(err, fault.Invalid):
		return f.page, fmt.Errorf("%w: %w", errJob, plain(err))
	case errors.Is(err, fault.Corrupt):
		return f.page, fmt.Errorf("%w: %w", errBad, err)
	case err == nil && !f.page.Available.IsZero() && f.page.Available.Before(end):
		return f.page, fault.New(fault.Unavailable, "the platform's data availability moved back to %s while the job ran; nothing was lost, run again later",
			conversation.FormatTime(f.page.Available))
	default:
		return f.page, err
	}
}

// Bounds of pages that bring nothing: a platform may leave a page empty, or give again what it gave to an earlier job,
// but not for ever. They are generous, for what is beyond them is a defect of the server and ends in exit code 8.
const (
	maxIdle   = 100   // pages in a row
	maxIdleIn = 1_000 // pages of one job
)

// watch follows the pages of one job and tells when they lead nowhere. Each page costs a request, so that a server
// whose cursors are always fresh would keep us busy for ever.
type watch struct {
	cursors map[platform.Cursor]bool // all so far
	newest  time.Time                // latest start of any record so far
	idle    int                      // pages in a row that brought nothing
	idleIn  int                      // pages in all that brought nothing
	check   int64                    // number of records at which it is looked whether there can be so many
}

func newWatch(at platform.Cursor, check int64) *watch {
	return &watch{cursors: map[platform.Cursor]bool{at: true}, check: check}
}

// cursor refuses a cursor that was there before.
func (w *watch) cursor(next platform.Cursor) error {
	if next != "" && w.cursors[next] {
		return fmt.Errorf("%w: %w", errBad, fault.New(fault.Corrupt, "its cursor does not advance"))
	}
	w.cursors[next] = true
	return nil
}

// brought is what a page brought that had not come before.
type brought struct {
	news   int64     // records and rejected values
	newest time.Time // latest start of its records
}

// progress refuses page after page with nothing new. What came from an earlier job comes again when a part is fetched
// again, and advances in time then.
func (w *watch) progress(got brought) error {
	if got.news > 0 || got.newest.After(w.newest) {
		w.idle = 0
	} else {
		w.idle++
		w.idleIn++
	}
	if got.newest.After(w.newest) {
		w.newest = got.newest
	}
	if w.idle >= maxIdle || w.idleIn >= maxIdleIn {
		return fmt.Errorf("%w: %w", errBad, fault.New(fault.Corrupt, "its pages have cursors and bring nothing new, %d in a row", w.idle))
	}
	return nil
}

// plausible looks, each time that a job has given twice as many records as before, whether there can be so many: ten
// times what the synchronous query counts, for that calls its number approximate, and never less than a job should
// give. A part that has more is split rather than failed, so that a wrong count costs some requests only.
func (e *Extraction) plausible(ctx context.Context, p *part, w *watch) error {
	if p.received < w.check {
		return nil
	}
	w.check = 2 * p.received
	most := 10 * e.cfg.Size.Job
	hits, err := e.hits(ctx, p.start, p.end)
	if err := ctx.Err(); err != nil {
		return err
	}
	if err == nil {
		most = max(10*hits, hits+e.cfg.Size.Job)
	}
	if p.received <= most {
		return nil
	}
	return fmt.Errorf("%w: %d by job %s, and the synchronous query counts %d", errEndless, p.received, p.job, hits)
}

// hits counts the conversations of a stretch of time as the synchronous query does, which takes seven days at a time.
func (e *Extraction) hits(ctx context.Context, start, end time.Time) (sum int64, err error) {
	const longest, most = maxQuery * 24 * time.Hour, 50
	if end.Sub(start) > most*longest {
		return 0, errors.New("too many questions")
	}
	for at := start; at.Before(end); at = at.Add(longest) {
		n, _, err := e.cfg.Platform.Count(ctx, upTo(at, minTime(end, at.Add(longest))))
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// stagePage stages the records of a page and moves the part on, in one transaction.
func (e *Extraction) stagePage(ctx context.Context, p *part, page platform.Page) (got brought, err error) {
	at := e.cfg.Now()
	next := newOrder(*p)
	var keep []conversation.Version
	var reject []stage.Rejected
	c := e.run.counters // the run's own are set when the page is staged, so that they are never of more than that
	for _, raw := range page.Records {
		r, err := e.cfg.Door(raw)
		if errors.Is(err, fault.Drifted) {
			return got, err
		}
		if err == nil && r.Start.After(got.newest) {
			got.newest = r.Start
		}
		switch {
		case err != nil:
			// It came after the record before it, and so, in order, of its day.
			reject = append(reject, stage.Rejected{Reason: err.Error(), Text: raw, Day: next.day().String()})
		case r.Start.Before(p.start) || !r.Start.Before(p.end):
			if e.brings(r.Day()) {
				c.Elsewhere++
			} else {
				c.Outside++
			}
			e.strayed.take(p, r.Start)
		default:
			next.take(r)
			keep = append(keep, conversation.Version{Record: r, Run: string(e.run.id), At: at})
		}
	}
	next.cursor = page.Next
	next.received += int64(len(page.Records))
	if page.Next == "" {
		// With the page, not after it: a run taken up in between would begin the job's pages again.
		next.part = next.ended()
	}
	c.Pages++
	c.Received += int64(len(page.Records))
	gaps := within(page.Missing, p.start, p.end)
	err = e.stage.Put(ctx, stage.Portion{Records: keep, Rejected: reject, With: func(tx *state.Tx, counts stage.Counts) error {
		c.Staged(counts)
		got.news = counts.Staged + counts.Conflicts + counts.Rejected
		if err := putMark(ctx, tx, e.run.id, markGap, gaps); err != nil {
			return err
		}
		if err := putPart(ctx, tx, e.run.id, next.part); err != nil {
			return err
		}
		return saveCounters(ctx, tx, e.run.id, c)
	}})
	if err != nil {
		return got, err
	}
	e.cfg.Log.DebugContext(ctx, "staged a page", "job", p.job, "records", len(page.Records), "reached", next.frontier)
	e.got += int64(len(page.Records))
	e.run.counters = c
	for _, day := range gaps {
		e.gaps[day] = true
	}
	*p = next.part
	e.run.set(*p)
	return got, nil
}

// strays are conversations that began on no day of the part whose job gave them, by more than a clock may be off.
type strays struct {
	n           int64
	first, last time.Time
}

const clockOff = time.Second

func (s *strays) take(p *part, start time.Time) {
	from, to := conversation.DayOf(p.start).Start(), conversation.DayOf(p.end.Add(-1)).End()
	if !start.Before(from.Add(-clockOff)) && start.Before(to.Add(clockOff)) {
		return
	}
	if s.n == 0 || start.Before(s.first) {
		s.first = start
	}
	if s.n == 0 || start.After(s.last) {
		s.last = start
	}
	s.n++
}

// brings says whether some part of the run brings the conversations of a day.
func (e *Extraction) brings(day conversation.Day) bool {
	return contains(e.plan.Days, day) || e.run.covers(day)
}

// within gives the days of a list that lie in [start, end), in whole or in part.
func within(days []conversation.Day, start, end time.Time) (out []conversation.Day) {
	for _, day := range days {
		if day.Start().Before(end) && day.End().After(start) {
			out = append(out, day)
		}
	}
	return out
}

// order follows a part through a page: as long as records come in order, all that started before the newest is there.
type order struct{ part }

func newOrder(p part) *order {
	switch {
	case p.cursor == "":
		p.last = time.Time{} // a first page begins anew
	case p.last.IsZero():
		p.last = p.frontier
	}
	return &order{p}
}

// day is that of the newest record so far.
func (o *order) day() conversation.Day {
	if o.last.Before(o.start) {
		return conversation.DayOf(o.start)
	}
	return conversation.DayOf(o.last)
}

func (o *order) take(r conversation.Record) {
	o.ordered = o.ordered && !r.Start.Before(o.last)
	o.last = r.Start
	if o.ordered && r.Start.After(o.frontier) {
		o.frontier = r.Start
	}
}
