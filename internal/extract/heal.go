package extract

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/state"
)

// maxMends is how often one process fetches again what was staged and damaged. A disk that damages it time after time
// is for somebody to look at.
const maxMends = 3

// mending does something with what is staged. If some of that turns out to be missing or damaged, it is fetched again;
// who called goes on with the parts as they are then.
func (e *Extraction) mending(ctx context.Context, do func(context.Context) error) error {
	err := do(ctx)
	if !errors.Is(err, stage.ErrDamaged) || ctx.Err() != nil {
		return err
	}
	found, mendErr := e.mend(ctx)
	if mendErr == nil && !found {
		return err // it was damage only while it was read: the next run may see none
	}
	return errors.Join(mendErr, ctx.Err())
}

// mend looks through what is staged, forgets what cannot be used and has its days fetched again. Who stops here for
// damage would stop here for ever: nothing mends a staged file but the platform.
func (e *Extraction) mend(ctx context.Context) (found bool, err error) {
	// What is being committed may be what is damaged, and is not to be looked at in the middle.
	if err := e.settle(ctx); err != nil && !errors.Is(err, stage.ErrDamaged) {
		return false, err
	}
	sound, err := e.stage.Sound(ctx)
	if err != nil {
		return false, err
	}
	if !sound {
		return true, e.beginAgain(ctx)
	}
	bad, err := e.stage.Damaged(ctx)
	if err != nil || len(bad) == 0 {
		return false, err
	}
	if e.mended++; e.mended > maxMends {
		return true, fault.New(fault.Corrupt, "staged files were damaged again after they were fetched anew; look at the disk of %v, and run again", e.cfg.Lake)
	}
	e.warn(ctx, "staged files were missing or damaged, and their days were fetched again: %d", len(bad))
	parts, n := e.afresh(e.run.parts, func(p part) (days []conversation.Day) {
		for _, x := range bad {
			if x.First.Before(p.end) && !x.Last.Before(p.start) {
				days = append(days, conversation.DayOf(x.First))
			}
		}
		return days
	})
	c := e.run.counters
	c.Refetched += int64(n)
	err = e.stage.Forget(ctx, bad, func(tx *state.Tx) error {
		if err := e.store.putParts(ctx, tx, e.run.id, parts); err != nil {
			return err
		}
		return saveCounters(ctx, tx, e.run.id, c)
	})
	if err == nil {
		e.run.parts, e.run.counters = parts, c
	}
	return true, err
}

// beginAgain forgets all that is staged, and has every part fetched anew of which some day is not in the lake: what the
// control database says of staged files is damaged, and nobody can tell what else of it is.
func (e *Extraction) beginAgain(ctx context.Context) error {
	if e.mended++; e.mended > maxMends {
		return fault.New(fault.Corrupt, "what the control database says of staged files was damaged again; look at the disk of %v, and run again", e.cfg.Lake)
	}
	e.warn(ctx, "what the control database says of staged files was damaged, and all that was staged was fetched again; look at the disk of the lake")
	parts, c := slices.Clone(e.run.parts), e.run.counters
	for i, p := range parts {
		if slices.ContainsFunc(e.left, func(day conversation.Day) bool { return day.Start().Before(p.end) && day.End().After(p.start) }) {
			parts[i] = newPart(p.start, p.end)
			c.Refetched++
		}
	}
	err := e.stage.Reset(ctx, func(tx *state.Tx) error {
		return errors.Join(e.store.putParts(ctx, tx, e.run.id, parts), saveCounters(ctx, tx, e.run.id, c))
	})
	if err == nil {
		e.run.parts, e.run.counters = parts, c
	}
	return err
}

// refetch has days fetched again by new jobs, all of whose parts are done.
func (e *Extraction) refetch(ctx context.Context, days []conversation.Day) error {
	parts, _ := e.afresh(e.run.parts, func(part) []conversation.Day { return days })
	return e.store.replaceParts(ctx, &e.run, parts)
}

// afresh cuts parts so that some of their days are fetched anew: those that of returns for a part. It counts the parts
// that have such days.
// A part that is not done is begun again from the first page of its job: its days are not apart yet.
func (e *Extraction) afresh(parts []part, of func(part) []conversation.Day) (out []part, n int) {
	for _, p := range parts {
		days := spans(sorted(of(p)), 0)
		touched := false
		pieces := []part{p}
		for _, d := range days {
			last := pieces[len(pieces)-1]
			if !d.First.Start().Before(last.end) || !d.End.Start().After(last.start) {
				continue
			}
			touched = true
			if !p.done {
				again := newPart(p.start, p.end)
				again.job = p.job
				pieces = []part{again}
				break
			}
			pieces = append(pieces[:len(pieces)-1], carve(last, d.First.Start(), d.End.Start())...)
		}
		if touched {
			n++
		}
		out = append(out, pieces...)
	}
	return out, n
}

// giveUpPart begins a part anew in the control database, with nothing left of what its jobs brought: what is wrong
// with them is in it, and a run of tomorrow must not begin with it.
func (e *Extraction) giveUpPart(ctx context.Context, p part, cause error) error {
	if err := e.discard(ctx, p, []part{newPart(p.start, p.end)}); err != nil {
		return errors.Join(cause, err)
	}
	return fault.Because(fault.Corrupt, cause, "job after job gives what cannot be used; what was staged of this stretch of time is given up")
}

// discard puts pieces in the place of a part and forgets what is staged of it alone.
func (e *Extraction) discard(ctx context.Context, p part, pieces []part) error {
	if err := e.settle(ctx); err != nil {
		return err
	}
	staged, err := e.stage.Within(ctx, p.start, p.end)
	if err != nil {
		return err
	}
	parts := instead(e.run.parts, p, pieces)
	err = e.stage.Forget(ctx, staged, func(tx *state.Tx) error { return e.store.putParts(ctx, tx, e.run.id, parts) })
	if err == nil {
		e.run.parts = parts
	}
	return err
}

// dropJob has the platform end a job that is of no use any more. That it cannot is no matter: its results expire.
func (e *Extraction) dropJob(ctx context.Context, p part) {
	if p.job == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := e.cfg.Platform.Delete(ctx, p.job); err != nil {
		e.cfg.Log.InfoContext(ctx, "a job could not be deleted", "job", p.job, "err", err)
	}
}
