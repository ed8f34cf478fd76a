package extract

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/load"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/state"
)

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

// commitIfMuch begins a commit when there is much to be committed, and none is being made.
func (e *Extraction) commitIfMuch(ctx context.Context, until time.Time) error {
	if err := e.loader.Look(ctx); err != nil || e.loader.Busy() {
		return e.failed(err)
	}
	staged, err := e.stage.Count(ctx, conversation.DayOf(until))
	if err != nil || staged < e.cfg.Size.Commit {
		return err
	}
	return e.commit(ctx, until)
}

// commit brings the days that end by until into the lake, whole; with Ahead it only begins to. Days of which nothing came
// are confirmed first.
func (e *Extraction) commit(ctx context.Context, until time.Time) error {
	if err := e.settle(ctx); err != nil {
		return err
	}
	batch, err := e.stage.Before(ctx, conversation.DayOf(until))
	if err != nil {
		return err
	}
	c := commitment{id: commitID(uuid.Must(uuid.NewV7()).String()), at: e.cfg.Now(), end: conversation.DayOf(until), last: batch.Last()}
	filled, hollow, err := e.sort(ctx, c.end)
	if err != nil {
		return err
	}
	if c.empty, err = e.confirm(ctx, hollow); err != nil {
		return err
	}
	c.days = sorted(slices.Concat(filled, c.empty))
	if len(c.days) == 0 && batch.Records == 0 {
		return nil
	}
	if err := e.write(ctx, c, batch); err != nil || e.cfg.Ahead {
		return err
	}
	return e.settle(ctx)
}

// settle waits for the commit that is being made, if there is one.
func (e *Extraction) settle(ctx context.Context) error { return e.failed(e.loader.Wait(ctx)) }

// failed says what is to be done about a commit that failed.
func (e *Extraction) failed(err error) error {
	if errors.Is(err, fault.Corrupt) && !errors.Is(err, stage.ErrDamaged) {
		return fault.Because(fault.Corrupt, err, "what the lake has of these days is damaged; restore the file from a backup and run again, or extract the days into another lake")
	}
	return err
}

// sort gives the days before end that are still to be made whole: those of which something is staged, and those of
// which nothing came, though all parts that bring them are done. Days that the server never had are neither.
func (e *Extraction) sort(ctx context.Context, end conversation.Day) (filled, hollow []conversation.Day, err error) {
	staged, err := e.stage.Days(ctx)
	if err != nil {
		return nil, nil, err
	}
	done := conversation.DayOf(e.run.doneUntil())
	for _, day := range e.left {
		_, some := slices.BinarySearchFunc(staged, day, func(d stage.DayCount, day conversation.Day) int { return int(d.Day - day) })
		switch {
		case day >= end || e.gaps[day]:
		case some:
			delete(e.open, day)
			filled = append(filled, day)
		case day < done && e.open[day] == "":
			hollow = append(hollow, day)
		}
	}
	return filled, hollow, nil
}

// write begins the commit, having noted it.
func (e *Extraction) write(ctx context.Context, c commitment, batch *stage.Batch) error {
	e.report(ctx, "committing")
	if err := e.remember(ctx, true); err != nil {
		return err
	}
	if err := e.store.intend(ctx, &e.run, c); err != nil {
		return err
	}
	r, err := e.reading(ctx, e.stage, e.run, c.days)
	if err != nil {
		return err
	}
	// The counters of that moment: pages go on being counted until then.
	counters := func(out lake.Outcome) Counters {
		now := e.run.counters
		now.Committed(out)
		return now
	}
	return e.loader.Begin(ctx, load.Commit{
		ID: string(c.id), At: c.at, Days: c.days, Batch: batch, Kept: r.kept(ctx, e.ledger), Moved: r.moved(ctx, e.ledger),
		Keep:   func(tx *state.Tx, out lake.Outcome) error { return counted(ctx, tx, e.run.id, counters(out), r) },
		Landed: func(out lake.Outcome) { e.landed(ctx, c, out, counters(out)) },
	})
}

// landed takes note of a commit that is in the lake.
func (e *Extraction) landed(ctx context.Context, c commitment, out lake.Outcome, counters Counters) {
	e.cfg.Log.InfoContext(ctx, "committed", "before", c.end, "days", len(c.days), "added", out.Added, "replaced", out.Replaced, "unchanged", out.Unchanged)
	e.run.counters, e.run.commit = counters, ""
	for _, day := range c.days {
		switch {
		case contains(e.narrowed, day): // it was told of when it was read in one part
		case contains(e.plan.Again, day):
			e.again++
		default:
			e.days++
		}
	}
	e.left = slices.DeleteFunc(e.left, func(day conversation.Day) bool { return contains(c.days, day) })
}

// sorted gives days in order, each once.
func sorted(days []conversation.Day) []conversation.Day {
	days = append([]conversation.Day{}, days...) // never nil: a summary has [] for none
	slices.Sort(days)
	return slices.Compact(days)
}
