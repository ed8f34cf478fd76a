package extract

import (
	"context"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/state"
)

// reading is what the ledger is told of the days that a commit makes whole.
type reading struct {
	run       stage.RunID
	at        time.Time
	available time.Time
	received  map[conversation.Day]int64
}

// reading is that of the days of the commit that a run is making.
func (e *Extraction) reading(ctx context.Context, staged *stage.Stage, r run, days []conversation.Day) (reading, error) {
	out := reading{r.id, r.commitAt, r.available, map[conversation.Day]int64{}}
	for _, day := range days {
		out.received[day] = 0
	}
	counts, err := staged.Days(ctx)
	for _, c := range counts {
		if _, ours := out.received[c.Day]; ours {
			out.received[c.Day] = c.Records
		}
	}
	return out, err
}

// enter enters the reading in the ledger, with the commit that brings it.
func (r reading) enter(ctx context.Context, tx *state.Tx) error {
	return ledger.Read(ctx, tx, string(r.run), r.at, r.available, r.received)
}

// kept marks what the lake has of the days and the reading did not bring.
func (r reading) kept(ctx context.Context, l ledger.Ledger) func(conversation.Day, conversation.ID) error {
	return func(day conversation.Day, id conversation.ID) error { return l.Keep(ctx, r.at, day, id) }
}

// moved takes the mark off what came with a start on another day.
func (reading) moved(ctx context.Context, l ledger.Ledger) func(conversation.ID) error {
	return func(id conversation.ID) error { return l.Came(ctx, id) }
}

// entries gives the ledger of the wanted days. Those that were made whole before there was a ledger have what can be
// assumed of them.
func (e *Extraction) entries(ctx context.Context) (map[conversation.Day]ledger.Entry, error) {
	out, err := e.ledger.Entries(ctx, e.cfg.First, e.cfg.End)
	if err != nil {
		return nil, err
	}
	completed, err := e.cfg.Lake.Completed(ctx, e.cfg.First, e.cfg.End)
	for day, at := range completed {
		if _, has := out[day]; !has {
			out[day] = ledger.Assumed(day, at)
		}
	}
	return out, err
}

// due gives the whole days that are to be read again now that the platform's data is complete up to available.
func (e *Extraction) due(ctx context.Context, available time.Time) (map[conversation.Day]bool, error) {
	out := map[conversation.Day]bool{}
	if len(e.cfg.Settle) == 0 {
		return out, nil
	}
	entries, err := e.entries(ctx)
	for day, entry := range entries {
		out[day] = e.cfg.Settle.Due(day, entry.Available, available)
	}
	return out, err
}

// still is for how long the platform's date may stand still: its data is filled every night, and a night may be late.
const still = 36 * time.Hour

// saw notes up to where the platform calls its data complete, and says when that is odd. Nothing is lost by it: no day is
// extracted that does not end before.
func (e *Extraction) saw(ctx context.Context) error {
	at, available := e.cfg.Now(), e.plan.complete()
	before, err := e.ledger.Saw(ctx, e.cfg.First, available, at)
	if err == nil && !e.cfg.Recount {
		err = e.ledger.Follow(ctx, ledger.Rules{Policy: e.cfg.Settle, Tolerance: e.cfg.Tolerance})
	}
	if err != nil || before.Available.IsZero() {
		return err
	}
	switch since, stalled := before.Stalled(at, still); {
	case available.Before(before.Available):
		e.warn(ctx, "the platform's data availability moved back, from %s to %s", conversation.FormatTime(before.Available), conversation.FormatTime(available))
	case stalled && available.Equal(before.Available):
		e.warn(ctx, "the platform's data availability stands still: it has been %s for %v", conversation.FormatTime(available), since.Truncate(time.Hour))
	}
	return nil
}
