package extract

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/wire"
)

// maxJobs bounds how often a part gets a new job because the platform lost, failed or expired the one before.
const maxJobs = 3

// errJob is a job that will not give what it promised; a new one may.
var errJob = errors.New("the job cannot be used any more")

// errTooMuch is a part that the platform cannot do in one job.
var errTooMuch = errors.New("the part is too much for one job")

// part brings one part to its end, or puts smaller ones in its place.
func (e *Extraction) part(ctx context.Context, p part) (err error) {
	defer fault.Wrap(&err, "%s to %s", conversation.FormatTime(p.start), conversation.FormatTime(p.end))
	for try := 1; ; try++ {
		err := e.job(ctx, &p)
		switch {
		case err == nil:
			return e.endPart(ctx, p)
		case errors.Is(err, errTooMuch) || errors.Is(err, errJob) && try == maxJobs:
			return e.splitPart(ctx, p, err)
		case !errors.Is(err, errJob):
			return err
		}
		e.cfg.Log.WarnContext(ctx, "a job has to be submitted again", "job", p.job, "err", err)
		p.job, p.cursor, p.received = "", "", 0
		if err := e.store.savePart(ctx, &e.run, p); err != nil {
			return err
		}
	}
}

func (e *Extraction) splitPart(ctx context.Context, p part, cause error) error {
	pieces := split(p)
	if len(pieces) < 2 {
		return fault.Because(fault.Unavailable, cause, "the platform cannot deliver this stretch of time")
	}
	e.cfg.Log.InfoContext(ctx, "splitting a stretch of time", "start", p.start, "end", p.end, "pieces", len(pieces), "err", cause)
	e.spanned = 0
	return e.store.splitPart(ctx, &e.run, p, pieces)
}

// job runs the part's job, from wherever it is, to the last page.
func (e *Extraction) job(ctx context.Context, p *part) error {
	if p.job == "" {
		e.report("submitting a job")
		id, err := e.cfg.Source.Submit(ctx, conversation.Interval{Start: p.start, End: p.end})
		if errors.Is(err, fault.Invalid) {
			// The platform refuses a volume that is too large when it is asked for, or when it gets to it.
			return errors.Join(errTooMuch, err)
		}
		if err != nil {
			return err
		}
		crashpoint.Reach("extract.submitted")
		e.cfg.Log.InfoContext(ctx, "submitted a job", "job", id, "start", p.start, "end", p.end)
		p.job = id
		e.run.counters.Jobs++
		if err := e.store.savePart(ctx, &e.run, *p); err != nil {
			return err
		}
	}
	if err := e.await(ctx, p.job); err != nil {
		return err
	}
	return e.pages(ctx, p)
}

// await waits for the job's results.
func (e *Extraction) await(ctx context.Context, id platform.JobID) error {
	e.report("waiting for a job")
	s, err := Await(ctx, e.cfg.Source, id, e.cfg.Poll, e.cfg.Rand)
	switch {
	case errors.Is(err, fault.NotFound):
		return fmt.Errorf("%w: %w", errJob, plain(err))
	case errors.Is(err, fault.Unavailable) && s.State != "":
		// It runs for a day now: the platform must not go on with it.
		return errors.Join(errTooMuch, err, e.cfg.Source.Delete(ctx, id))
	case err != nil:
		return err
	}
	switch s.State {
	case platform.Fulfilled:
		return nil
	case platform.Failed:
		return errors.Join(errTooMuch, fmt.Errorf("job %s failed: %s", id, s.ErrorMessage))
	default:
		return fmt.Errorf("%w: job %s is %s", errJob, id, s.State)
	}
}

// plain keeps the text of err and drops its kind.
func plain(err error) error { return errors.New(err.Error()) }

// pages stages page after page and commits the days that are whole.
func (e *Extraction) pages(ctx context.Context, p *part) error {
	seen := map[platform.Cursor]bool{p.cursor: true}
	for {
		page, err := e.cfg.Source.Page(ctx, p.job, p.cursor, e.cfg.Size.Page)
		if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Expired) || errors.Is(err, fault.Invalid) {
			return fmt.Errorf("%w: %w", errJob, plain(err))
		}
		if err != nil {
			return err
		}
		if err := e.checkPage(*p, page, seen); err != nil {
			return err
		}
		crashpoint.Reach("extract.page")
		if err := e.stagePage(ctx, p, page); err != nil {
			return err
		}
		e.report("extracting")
		if p.cursor == "" {
			return nil
		}
		if p.ordered {
			if err := e.commitIfMuch(ctx, p.frontier); err != nil {
				return err
			}
		}
	}
}

// checkPage refuses a page that would make the run loop, or lose data silently. seen are the cursors so far.
func (e *Extraction) checkPage(p part, page platform.Page, seen map[platform.Cursor]bool) error {
	if page.Next != "" && seen[page.Next] {
		return fault.New(fault.Corrupt, "the cursor of job %s does not advance", p.job)
	}
	seen[page.Next] = true
	if !page.Available.IsZero() && page.Available.Before(p.end) {
		return fault.New(fault.Unavailable, "the platform's data availability moved back to %s while the job ran; nothing was lost, run again later",
			conversation.FormatTime(page.Available))
	}
	return nil
}

// stagePage stages the records of a page and moves the part on, in one transaction.
func (e *Extraction) stagePage(ctx context.Context, p *part, page platform.Page) error {
	at := e.cfg.Now()
	next := newOrder(*p)
	var keep []lake.Version
	var reject []stage.Rejected
	c := &e.run.counters
	for _, raw := range page.Records {
		r, err := wire.Record(raw)
		switch {
		case err != nil:
			reject = append(reject, stage.Rejected{Reason: err.Error(), Text: raw})
		case r.Start.Before(p.start) || !r.Start.Before(p.end):
			c.Elsewhere++
		default:
			next.take(r)
			keep = append(keep, lake.Version{Record: r, Run: e.run.id, At: at})
		}
	}
	next.cursor = page.Next
	next.received += int64(len(page.Records))
	c.Pages++
	c.Received += int64(len(page.Records))
	err := e.stage.Put(ctx, stage.Portion{Records: keep, Rejected: reject, With: func(tx *sql.Tx, counts stage.Counts) error {
		c.Duplicates += counts.Duplicates
		c.Conflicts += counts.Conflicts
		c.Rejected += counts.Rejected
		return e.store.save(ctx, tx, &e.run, next.part)
	}})
	if err != nil {
		return err
	}
	e.cfg.Log.DebugContext(ctx, "staged a page", "job", p.job, "records", len(page.Records), "reached", next.frontier)
	e.got += int64(len(page.Records))
	*p = next.part
	e.run.set(*p)
	return nil
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

func (o *order) take(r conversation.Record) {
	o.ordered = o.ordered && !r.Start.Before(o.last)
	o.last = r.Start
	if o.ordered && r.Start.After(o.frontier) {
		o.frontier = r.Start
	}
}

// endPart ends a part: all that started before its end is staged now.
func (e *Extraction) endPart(ctx context.Context, p part) error {
	p.done, p.frontier, p.ordered = true, p.end, true
	if err := e.store.savePart(ctx, &e.run, p); err != nil {
		return err
	}
	crashpoint.Reach("extract.part")
	e.learn(p)
	return e.commit(ctx, e.reached())
}

// reached is the instant up to which everything that the run covers has been staged.
func (e *Extraction) reached() time.Time {
	var at time.Time
	for _, p := range e.run.parts {
		at = p.frontier
		if !p.done {
			if !p.ordered {
				at = p.start
			}
			break
		}
	}
	return at
}

func (e *Extraction) commitIfMuch(ctx context.Context, until time.Time) error {
	batch, err := e.stage.Before(ctx, conversation.DayOf(until))
	if err != nil || batch.Records < e.cfg.Size.Commit {
		return err
	}
	return e.commit(ctx, until)
}

// commit brings the days that end by until into the lake, whole.
func (e *Extraction) commit(ctx context.Context, until time.Time) error {
	end := conversation.DayOf(until)
	days := e.plan.Days[e.days:]
	for len(days) > 0 && days[len(days)-1] >= end {
		days = days[:len(days)-1]
	}
	batch, err := e.stage.Before(ctx, end)
	if err != nil || len(days) == 0 && batch.Records == 0 {
		return err
	}
	e.report("committing")
	out, err := e.writer.Commit(ctx, lake.Commit{Run: e.run.id, At: e.cfg.Now(), Days: days, Records: batch.Stream(ctx)})
	if err != nil {
		return err
	}
	crashpoint.Reach("extract.committed")
	e.cfg.Log.InfoContext(ctx, "committed", "until", until, "days", len(days), "added", out.Added, "replaced", out.Replaced, "unchanged", out.Unchanged)
	e.days += len(days)
	e.run.counters.add(out)
	// The staged pages go last: forgotten before the commit, a crash would lose them.
	return batch.Done(ctx, func(tx *sql.Tx) error { return saveCounters(ctx, tx, e.run.id, e.run.counters) })
}
