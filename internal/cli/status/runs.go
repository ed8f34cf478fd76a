package status

import (
	"context"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/runs"
)

// showRuns shows the extractions into a lake, newest first.
func (o *options) showRuns(ctx context.Context, l *lake.Lake) error {
	list, err := runs.In(l.Control()).List(ctx)
	switch {
	case err != nil:
		return err
	case o.json:
		return o.streams.JSON(map[string]any{"runs": append([]runs.Run{}, list...)})
	case len(list) == 0:
		o.streams.Notef("No extraction has been run yet.\n")
		return nil
	}
	t := o.streams.Table("run", "state", "begun", "heard of last", "from", "to", "made whole", "received", "new", "changed", "lacking")
	for _, r := range list {
		t.Row(r.ID, string(r.State(o.now())), instant(r.Begun.UTC()), instant(r.Seen.UTC()), r.First.String(), r.End.String(), ui.Count(int64(r.Count(runs.Whole))),
			ui.Count(r.Received), ui.Count(r.Added), ui.Count(r.Replaced), r.Lacking)
	}
	if err := t.Done(); err != nil {
		return err
	}
	o.tellUpstream(list)
	return nil
}

// tellUpstream says of the extraction that goes on, or was interrupted, how it gets on with the platform.
func (o *options) tellUpstream(list []runs.Run) {
	for _, r := range list {
		t := r.Told(o.now())
		if !r.Ended.IsZero() || t == (runs.Told{}) {
			continue
		}
		o.streams.Notef("run %s: %s\n", r.ID, t.Rate)
		for _, text := range []string{t.Limit, t.Refused, t.Waits, t.Breaker, t.Counted} {
			if text != "" {
				o.streams.Notef("  %s\n", text)
			}
		}
	}
}
