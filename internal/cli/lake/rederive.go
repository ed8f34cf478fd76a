package lake

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/lake"
)

// RederiveOptions is what "parley lake rederive" reads beside Options.
type RederiveOptions struct {
	*Options

	DryRun bool
	Now    func() time.Time
}

func newRederive(of *Options) *cobra.Command {
	o := &RederiveOptions{Options: of, Now: time.Now}
	cmd := &cobra.Command{
		Use:   "rederive --lake DIR",
		Short: "Write rows that an earlier version left out",
		Long: `Check the lake as "parley lake check" does, and write the rows of those days anew of which an earlier version of Parley
wrote too few: it derived nothing from a record of which one value did not fit the platform's schema, so that filters did
not find it. The records stay as they are, and the platform is not asked.

A lake that is damaged is left alone: exit code 8. While somebody writes to the lake it ends with exit code 7.
Interrupted, it is run again.`,
		Example: `  parley lake rederive --lake ./lake --dry-run
  parley lake rederive --lake ./lake`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Rederive(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "say which days would be written, and write none")
	return cmd
}

// Rederive writes the rows that are missing.
func Rederive(ctx context.Context, o *RederiveOptions) (err error) {
	l, err := lake.Open(ctx, o.Lake)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	progress := o.Streams.Progress()
	var done atomic.Int64
	report, written, err := o.rederive(ctx, l, func(n int64) { progress.Show("checking", done.Add(n), 0, "conversations") })
	progress.Clear()
	if err != nil {
		for _, d := range report.Damage {
			o.Streams.Notef("DAMAGE %s\n", d)
		}
		return err
	}
	return o.print(report, written)
}

func (o *RederiveOptions) rederive(ctx context.Context, l *lake.Lake, done func(int64)) (_ lake.Report, written int, err error) {
	if o.DryRun {
		report, err := lake.Check(ctx, l, done)
		return report, 0, err
	}
	w, err := l.Writer(ctx)
	if err != nil {
		return lake.Report{}, 0, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	return w.Rederive(ctx, o.Now().UTC(), done)
}

func (o *RederiveOptions) print(r lake.Report, written int) error {
	if o.JSON {
		return o.Streams.JSON(map[string]any{"underived_days": r.Underived, "days_written": written, "dry_run": o.DryRun})
	}
	switch {
	case len(r.Underived) == 0:
		o.Streams.Printf("Nothing to do: the tables have every row that the records give.\n")
	case o.DryRun:
		o.Streams.Printf("Nothing was changed. The rows of %s would be written anew.\n", ui.Counted(int64(len(r.Underived)), "day", "days"))
	default:
		o.Streams.Printf("The rows of %s were written anew.\n", ui.Counted(int64(written), "day", "days"))
	}
	for _, day := range r.Underived {
		o.Streams.Printf("  %v\n", day)
	}
	return nil
}
