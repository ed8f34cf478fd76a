package lake

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
)

// MendOptions is what "parley lake mend" reads beside Options.
type MendOptions struct {
	*Options

	DryRun bool
	Now    func() time.Time
}

func newMend(of *Options) *cobra.Command {
	o := &MendOptions{Options: of, Now: time.Now}
	cmd := &cobra.Command{
		Use:         "mend --lake DIR",
		Annotations: ui.ThatGoesOn(),
		Short:       "Write damaged days of a lake again from their records",
		Long: `Check the lake, write every day with a finding again from its records, and check once more. That mends whatever is wrong
with segments, metrics, attributes, evaluations, surveys and resolutions, files with column pages that other programs
refuse, and days for which an earlier version of Parley wrote too few rows: it derived nothing from a record of which
one value did not fit the platform's schema. An index of ids that lacks some is made anew. A table of names that cannot be read
is begun anew, and filled by the next extraction: its history is lost. It cannot bring back records:
when the conversations of a day are damaged, restore their file from a backup. Exit code 8 says that damage is left. Records are never changed or removed.`,
		Example: `  parley lake mend --lake ./lake --dry-run
  parley lake mend --lake ./lake`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Mend(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "say which days would be written again, and write nothing")
	return cmd
}

// mending is what a mending did, or would do.
type mending struct {
	Days   []string `json:"days"` // with findings
	Mended int      `json:"mended"`
	Damage []string `json:"damage"` // that is left
	DryRun bool     `json:"dry_run"`
	Index  bool     `json:"index,omitempty"` // the index of ids is made anew
	Names  bool     `json:"names,omitempty"` // the table names is begun anew
}

// Mend writes damaged days again.
func Mend(ctx context.Context, o *MendOptions) (err error) {
	l, err := at.Open(ctx, o.Lake)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	m := mending{DryRun: o.DryRun}
	found, err := o.findings(ctx, l)
	if err != nil {
		return err
	}
	worn := found.Worn()
	m.Damage, m.Index = found.Damage, found.Index.Lacking > 0
	for _, day := range worn {
		m.Days = append(m.Days, day.String())
	}
	m.Names = found.NamesDamaged
	if !o.DryRun && (len(worn) > 0 || m.Index || m.Names) {
		if m.Mended, err = o.mend(ctx, l, worn, m); err != nil && !errors.Is(err, fault.Corrupt) {
			return err
		}
		if found, err = o.findings(ctx, l); err != nil {
			return err
		}
		m.Damage = found.Damage
	}
	if err := o.print(m); err != nil || o.DryRun || len(m.Damage) == 0 {
		return err
	}
	return fault.New(fault.Corrupt, "the lake is still damaged, with findings that its records cannot mend: %d; restore the files that are named from a backup", len(m.Damage))
}

// findings checks the lake.
func (o *MendOptions) findings(ctx context.Context, l *lake.Lake) (lake.Report, error) {
	progress := o.Streams.Progress()
	defer progress.Clear()
	var done atomic.Int64
	report, err := lake.Check(ctx, l, func(n int64) { progress.Show("checking", done.Add(n), 0, "conversations") })
	if errors.Is(err, fault.Corrupt) {
		err = nil
	}
	return report, err
}

func (o *MendOptions) mend(ctx context.Context, l *lake.Lake, days []conversation.Day, m mending) (n int, err error) {
	w, err := l.Writer(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if m.Index {
		if _, err := w.Index(ctx, lake.IndexOptions{Again: true}); err != nil && !errors.Is(err, fault.Corrupt) {
			return 0, err
		}
	}
	if m.Names {
		if _, err := w.DropNames(ctx); err != nil {
			return 0, err
		}
	}
	return w.Mend(ctx, uuid.Must(uuid.NewV7()).String(), o.Now(), days)
}

func (o *MendOptions) print(m mending) error {
	if o.JSON {
		return o.Streams.JSON(m)
	}
	for _, d := range m.Damage {
		o.Streams.Printf("DAMAGE %s\n", d)
	}
	if o.DryRun {
		o.Streams.Printf("Nothing was written. These days would be written again:\n")
		for _, day := range m.Days {
			o.Streams.Printf("  %s\n", day)
		}
	}
	return ui.Fields(o.Streams.Out, [2]string{"days with findings", ui.Count(int64(len(m.Days)))},
		[2]string{"days written again", ui.Count(int64(m.Mended))}, [2]string{"findings that are left", ui.Count(int64(len(m.Damage)))})
}
