package extract

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
)

// maxJobs bounds how often a part gets a new job because the platform lost, failed or expired the one before, or
// because that gave what cannot be used.
const maxJobs = 3

// errJob is a job that will not give what it promised; a new one may.
var errJob = errors.New("the job cannot be used any more")

// errBad is a job that gives what cannot be used: no page, cursors that lead nowhere. A new one may be better.
var errBad = errors.New("the job gives what cannot be used")

// errTooMuch is a part that the platform cannot do in one job.
var errTooMuch = errors.New("the part is too much for one job")

// errEndless is a job that gives far more records than there can be. It is split like one that is too much, and if
// there is truth in it the pieces have an end.
var errEndless = fmt.Errorf("%w: it gives more records than there can be", errTooMuch)

// part brings one part to its end, or puts smaller ones in its place.
func (e *Extraction) part(ctx context.Context, p part) (err error) {
	defer fault.Wrap(&err, "%s to %s", conversation.FormatTime(p.start), conversation.FormatTime(p.end))
	e.ahead = false
	for try := 1; ; try++ {
		err := e.job(ctx, &p)
		switch {
		case err == nil:
			e.apart(ctx, func(ctx context.Context) { e.dropJob(ctx, p) }) // its results are here, and others want the room
			return e.endPart(ctx, p)
		case ctx.Err() != nil:
			return err // an answer that broke because we were stopped says nothing of the job
		case errors.Is(err, errTooMuch) || errors.Is(err, errJob) && try == maxJobs:
			return e.splitPart(ctx, p, err)
		case errors.Is(err, errBad):
			e.dropJob(ctx, p)
			if try == maxJobs {
				return e.giveUpPart(ctx, p, err)
			}
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
	endless := errors.Is(cause, errEndless)
	if endless {
		e.dropJob(ctx, p)
	}
	pieces := split(p)
	if len(pieces) < 2 && endless {
		return e.giveUpPart(ctx, p, cause)
	}
	if len(pieces) < 2 {
		return fault.Because(fault.Unavailable, cause, "the platform cannot deliver this stretch of time")
	}
	e.cfg.Log.InfoContext(ctx, "splitting a stretch of time", "start", p.start, "end", p.end, "pieces", len(pieces), "err", cause)
	e.spanned = 0
	if endless {
		return e.discard(ctx, p, pieces)
	}
	return e.store.replaceParts(ctx, &e.run, instead(e.run.parts, p, pieces))
}

// instead gives parts with pieces in the place of p.
func instead(parts []part, p part, pieces []part) (out []part) {
	for _, q := range parts {
		if q.start.Equal(p.start) {
			out = append(out, pieces...)
		} else {
			out = append(out, q)
		}
	}
	return out
}

// job runs the part's job, from wherever it is, to the last page.
func (e *Extraction) job(ctx context.Context, p *part) error {
	if p.job == "" {
		if err := e.submit(ctx, p); err != nil {
			return err
		}
	}
	if err := e.await(ctx, p.job); err != nil {
		return err
	}
	return e.pages(ctx, p)
}

func (e *Extraction) submit(ctx context.Context, p *part) error {
	e.report(ctx, "submitting a job")
	var id platform.JobID
	var err error
	e.apart(ctx, func(ctx context.Context) {
		id, err = e.cfg.Platform.Submit(ctx, conversation.Interval{Start: p.start, End: p.end})
	})
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
	return e.store.savePart(ctx, &e.run, *p)
}

// submitAhead submits the job of the part after the one that is being read, so that it runs meanwhile. How much that
// part may hold follows from the parts that are done, so there is none ahead of the first. A platform that does not take
// the job is asked again when it is the part's turn.
func (e *Extraction) submitAhead(ctx context.Context) error {
	if !e.cfg.Ahead || e.spanned == 0 || e.ahead {
		return nil
	}
	e.ahead = true // or tried: once for each part that is read
	p, ok := e.run.openPart(e.taken)
	if !ok {
		if p, ok = e.nextPart(); !ok {
			return nil
		}
		if err := e.store.addPart(ctx, &e.run, p); err != nil {
			return err
		}
	}
	if p.job != "" {
		return nil
	}
	e.taken[p.start] = true // until it has its job, or who takes it would submit another
	defer delete(e.taken, p.start)
	err := e.submit(ctx, &p)
	if err != nil && p.job == "" && ctx.Err() == nil {
		e.cfg.Log.InfoContext(ctx, "a job could not be submitted ahead", "start", p.start, "end", p.end, "err", err)
		return nil
	}
	return err
}

// await waits for the job's results.
func (e *Extraction) await(ctx context.Context, id platform.JobID) error {
	e.report(ctx, "waiting for a job")
	var s platform.Status
	var err error
	rnd := rand.New(rand.NewPCG(e.cfg.Rand.Uint64(), e.cfg.Rand.Uint64()))
	e.apart(ctx, func(ctx context.Context) { s, err = platform.Await(ctx, e.cfg.Platform, id, e.cfg.Poll, rnd) })
	switch {
	case errors.Is(err, fault.NotFound):
		return fmt.Errorf("%w: %w", errJob, plain(err))
	case errors.Is(err, fault.Corrupt):
		return fmt.Errorf("%w: %w", errBad, err)
	case errors.Is(err, fault.Unavailable) && s.State != "":
		// It runs for a day now: the platform must not go on with it.
		return errors.Join(errTooMuch, err, e.cfg.Platform.Delete(ctx, id))
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

// ended is a part whose last page is staged: all that started before its end is.
func (p part) ended() part {
	p.done, p.frontier, p.ordered = true, p.end, true
	return p
}

// endPart commits the days that a part has made whole.
func (e *Extraction) endPart(ctx context.Context, p part) error {
	crashpoint.Reach("extract.part")
	e.learn(p)
	return e.commit(ctx, e.reached())
}
