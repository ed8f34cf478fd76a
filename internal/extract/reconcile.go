package extract

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/ledger"
)

// reconcile asks the platform how many conversations it counts of the days that were read and not counted since. Those of
// which it counts another number are read once more, in narrower parts, and counted again; by a recount those too of which an
// earlier run knew that they differ even then.
func (e *Extraction) reconcile(ctx context.Context, begun time.Time) error {
	if e.cfg.Tolerance <= 0 {
		return nil
	}
	if err := e.countAll(ctx, begun); err != nil {
		return err
	}
	off, err := e.differing(ctx, func(entry ledger.Entry) bool { return e.cfg.Recount || !entry.Narrowed })
	if err != nil {
		return err
	}
	if len(off) > 0 {
		e.warn(ctx, "the platform counts another number of conversations than it gave of some days; they were read again, in parts of six hours: %s", Spans(off))
		if err := e.narrow(ctx, off); err != nil {
			return err
		}
		if err := e.countAll(ctx, begun); err != nil {
			return err
		}
	}
	// Not those of off alone: to read one day can take a conversation from another, which was counted with it.
	e.differ, err = e.differing(ctx, func(entry ledger.Entry) bool { return !entry.CountedAt.Before(begun) })
	return err
}

// countAll has the platform count the whole days that it has not counted since they were read, or, to recount, since this
// run began.
func (e *Extraction) countAll(ctx context.Context, begun time.Time) error {
	entries, err := e.entries(ctx)
	if err != nil {
		return err
	}
	for _, day := range inOrder(entries) {
		entry := entries[day]
		if entry.Counted() && (!e.cfg.Recount || !entry.CountedAt.Before(begun)) {
			continue
		}
		if entry.Received == 0 && !e.cfg.Recount {
			continue // that nothing happened was confirmed before it became whole, many days at a time
		}
		if err := e.count(ctx, entry); err != nil {
			return err
		}
	}
	return nil
}

// count has the platform count a day. That it does not is no reason to stop, nor to ask for each of many days.
func (e *Extraction) count(ctx context.Context, entry ledger.Entry) error {
	if e.mute {
		return nil
	}
	e.report(ctx, "counting")
	hits, err := e.hitsOf(ctx, entry)
	switch {
	case ctx.Err() != nil || errors.Is(err, fault.Unauthorized):
		return errors.Join(ctx.Err(), err)
	case errors.Is(err, fault.Invalid):
		hits = ledger.Unknown // of this day, and for good: it lies before what the query reaches
	case err != nil:
		e.mute = true
		e.warn(ctx, "the synchronous query does not count days, and so they could not be reconciled: %v", err)
		return nil
	}
	e.counted++
	return errors.Join(e.ledger.Assume(ctx, entry), e.ledger.Count(ctx, entry.Day, hits, e.cfg.Now()))
}

// hitsOf asks for the count of a day. Whether an interval that ends at midnight takes in the day that begins then is not
// documented, so it is asked for up to a millisecond before. Where that is fewer than came, it is asked for up to midnight
// too, for what started in that millisecond; a platform that takes in the next day counts far more then, and is not believed.
func (e *Extraction) hitsOf(ctx context.Context, entry ledger.Entry) (int64, error) {
	hits, _, err := e.cfg.Platform.Count(ctx, upTo(entry.Day.Start(), entry.Day.End()))
	if err != nil || hits >= entry.Received {
		return hits, err
	}
	more, _, err := e.cfg.Platform.Count(ctx, conversation.Interval{Start: entry.Day.Start(), End: entry.Day.End()})
	if err == nil && more <= entry.Received {
		hits = max(hits, more)
	}
	return hits, nil
}

// differing gives the whole days, of those that of wants, of which the platform counts another number than the lake has.
func (e *Extraction) differing(ctx context.Context, of func(ledger.Entry) bool) (out []conversation.Day, err error) {
	entries, err := e.entries(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := e.rows(ctx)
	rules := ledger.Rules{Tolerance: e.cfg.Tolerance}
	for day, entry := range entries {
		if of(entry) && entry.Counted() && entry.Hits != ledger.Unknown && rules.Differs(entry, rows[day]) {
			out = append(out, day)
		}
	}
	return sorted(out), err
}

// rows counts the conversations that the lake has of each day.
func (e *Extraction) rows(ctx context.Context) (map[conversation.Day]int64, error) {
	files, err := e.cfg.Lake.ConversationFiles(ctx)
	out := map[conversation.Day]int64{}
	for _, f := range files {
		out[f.Day] += f.Rows
	}
	return out, err
}

// narrow reads days again, each in parts of six hours: what one job leaves out, several may bring.
func (e *Extraction) narrow(ctx context.Context, days []conversation.Day) error {
	parts, _ := e.afresh(e.run.parts, func(part) []conversation.Day { return days })
	parts = slices.DeleteFunc(parts, func(p part) bool { return !p.done }) // those of the days
	for _, day := range days {
		parts = append(parts, split(newPart(day.Start(), day.End()))...)
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.start.UnixMicro(), b.start.UnixMicro()) })
	if err := e.store.replaceParts(ctx, &e.run, parts); err != nil {
		return err
	}
	e.narrowed = days
	e.left = sorted(slices.Concat(e.left, days))
	if err := e.drain(ctx); err != nil {
		return err
	}
	return e.ledger.Narrow(ctx, days)
}
