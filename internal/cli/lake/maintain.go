package lake

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
)

// MaintainOptions is what "parley lake maintain" reads beside Options.
type MaintainOptions struct {
	*Options

	OlderThan string
	Grace     string
	Wait      time.Duration
	DryRun    bool
	Now       func() time.Time
}

func newMaintain(of *Options) *cobra.Command {
	o := &MaintainOptions{Options: of, Now: time.Now}
	cmd := &cobra.Command{
		Use:         "maintain --lake DIR",
		Annotations: ui.ThatGoesOn(),
		Short:       "Keep a lake quick and small: merge small files, expire old snapshots, remove strays",
		Long: `Do all the upkeep that a lake needs, in one command. It merges the small files of the table changes into one a day, and
the manifests of each table into few. Then it removes snapshots that were committed longer ago than --older-than, and
files older than --grace that no snapshot needs. No row of any table changes.

The newest snapshot stays, and so do those with a tag and those that a Parley process is reading. It writes, so it runs
alone: while somebody else writes it says who, with exit code 7, or waits as long as --wait says. Interrupted or killed,
it is run again.`,
		Example: `  parley lake maintain --lake ./lake --dry-run
  parley lake maintain --lake ./lake --older-than 14d --wait 30m`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Maintain(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.OlderThan, "older-than", "7d", "age from which on snapshots go: 36h, 7d")
	cmd.Flags().StringVar(&o.Grace, "grace", "24h", "age from which on files go that no snapshot needs: 24h, 2d")
	cmd.Flags().DurationVar(&o.Wait, "wait", 0, "how long to wait while somebody else writes to the lake: 30m")
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "say what would be done, and change nothing")
	return cmd
}

// Maintain maintains a lake.
func Maintain(ctx context.Context, o *MaintainOptions) (err error) {
	expire, err := o.expiry()
	if err != nil {
		return err
	}
	l, err := at.Open(ctx, o.Lake)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if o.DryRun {
		plan, err := l.PlanMaintain(ctx, expire)
		if err != nil {
			return err
		}
		return o.print(plan)
	}
	w, err := l.WriterWithin(ctx, o.Wait)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	out, err := w.Maintain(ctx, lake.MaintainOptions{Run: uuid.Must(uuid.NewV7()).String(), At: o.Now(), Expire: expire})
	if err != nil {
		return err
	}
	return o.print(out)
}

func (o *MaintainOptions) expiry() (e lake.ExpireOptions, err error) {
	older, err := parseAge("--older-than", o.OlderThan)
	if err != nil {
		return e, err
	}
	grace, err := parseAge("--grace", o.Grace)
	now := o.Now()
	return lake.ExpireOptions{Before: now.Add(-older), Strays: now.Add(-grace)}, err
}

func (o *MaintainOptions) print(m lake.Maintained) error {
	if o.JSON {
		return o.Streams.JSON(struct {
			lake.Maintained

			DryRun bool `json:"dry_run"`
		}{m, o.DryRun})
	}
	if o.DryRun {
		o.Streams.Printf("Nothing was changed. It would do this:\n")
	}
	lines := [][2]string{
		{"small files merged", ui.Count(int64(m.Merged)) + " into " + ui.Count(int64(m.Into))},
		{"manifests merged", ui.Count(int64(m.Manifests))},
	}
	if m.Again > 0 {
		lines = append(lines, [2]string{"days written again as one file", ui.Count(int64(m.Again))})
	}
	return ui.Fields(o.Streams.Out, append(lines, expiredLines(m.Expired, o.DryRun)...)...)
}
