package extract

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/stage"
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

func (e *Extraction) commitIfMuch(ctx context.Context, until time.Time) error {
	batch, err := e.stage.Before(ctx, conversation.DayOf(until))
	if err != nil || batch.Records < e.cfg.Size.Commit {
		return err
	}
	return e.commit(ctx, until)
}

// commit brings the days that end by until into the lake, whole. Days of which nothing came are confirmed first.
func (e *Extraction) commit(ctx context.Context, until time.Time) error {
	c := commitment{id: uuid.Must(uuid.NewV7()).String(), end: conversation.DayOf(until)}
	batch, err := e.stage.Before(ctx, c.end)
	if err != nil {
		return err
	}
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
	if err := e.write(ctx, c, batch); err != nil {
		return err
	}
	e.left = slices.DeleteFunc(e.left, func(day conversation.Day) bool { return contains(c.days, day) })
	return nil
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

// write makes the commit and counts what it did.
func (e *Extraction) write(ctx context.Context, c commitment, batch *stage.Batch) error {
	e.report("committing")
	if err := e.remember(ctx, true); err != nil {
		return err
	}
	if err := e.store.intend(ctx, &e.run, c); err != nil {
		return err
	}
	out, err := e.writer.Commit(ctx, lake.Commit{ID: c.id, Run: e.run.id, At: e.cfg.Now(), Days: c.days, Records: batch.Stream(ctx), Heads: batch.Heads(ctx), Log: e.cfg.Log})
	if errors.Is(err, fault.Corrupt) && !errors.Is(err, stage.ErrDamaged) {
		return fault.Because(fault.Corrupt, err, "what the lake has of these days is damaged; restore the file from a backup and run again, or extract the days into another lake")
	}
	if err != nil {
		return err
	}
	crashpoint.Reach("extract.committed")
	e.cfg.Log.InfoContext(ctx, "committed", "before", c.end, "days", len(c.days), "added", out.Added, "replaced", out.Replaced, "unchanged", out.Unchanged)
	counters := e.run.counters
	counters.add(out)
	// The staged pages go last: forgotten before the commit, a crash would lose them.
	err = batch.Done(ctx, func(tx *sql.Tx) error { return counted(ctx, tx, e.run.id, counters) })
	if err != nil {
		return fmt.Errorf("forget what was committed: %w", err)
	}
	e.run.counters, e.run.commit = counters, ""
	for _, day := range c.days {
		if contains(e.plan.Again, day) {
			e.again++
		} else {
			e.days++
		}
	}
	return nil
}

// sorted gives days in order, each once.
func sorted(days []conversation.Day) []conversation.Day {
	days = append([]conversation.Day{}, days...) // never nil: a summary has [] for none
	slices.Sort(days)
	return slices.Compact(days)
}
