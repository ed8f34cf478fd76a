package lake

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/account/rules"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/lake/tables"
)

// DeriveOptions is what "parley lake derive" reads beside Options.
type DeriveOptions struct {
	*Options

	Rules    string
	From, To string
	Wait     time.Duration
	DryRun   bool
	Now      func() time.Time
}

func newDerive(of *Options) *cobra.Command {
	o := &DeriveOptions{Options: of, Now: time.Now}
	cmd := &cobra.Command{
		Use:         "derive --lake DIR",
		Annotations: ui.ThatGoesOn(),
		Short:       "Derive summaries and legs anew where they are missing or the rules have changed",
		Long: `Make the tables summaries and legs anew from the records of the lake, for the days of which they are missing, as in a lake
of an earlier version, or were made by other rules. Days that are as they should be are left alone, and so are all other
tables. Every extraction and import makes both tables by the rules of today; this is for what came before.

--rules names a file that says which attributes and outcomes tell why they called (docs/get.md). The lake remembers what is
in it: later extractions use it. --rules none has it forgotten. With --from and --to, the days outside wait for another time.

It writes, so it runs alone: while somebody else writes it says who, with exit code 7, or waits as long as --wait says. Those
who read see the old rows of a day or the new ones. Interrupted or killed, it is run again and goes on.`,
		Example: `  parley lake derive --lake ./lake --dry-run
  parley lake derive --lake ./lake --rules rules.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Derive(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.Rules, "rules", "", "file that says why they called, which the lake remembers; none: there is none any more")
	f.StringVar(&o.From, "from", "", "first day, UTC; without it the first one of the lake")
	f.StringVar(&o.To, "to", "", "day after the last one, UTC; without it the last one of the lake")
	f.DurationVar(&o.Wait, "wait", 0, "how long to wait while somebody else writes to the lake: 30m")
	f.BoolVar(&o.DryRun, "dry-run", false, "say what would be derived, and change nothing")
	cobra.CheckErr(cmd.MarkFlagFilename("rules", "yaml", "yml"))
	return cmd
}

// derivation is what was derived, or would be.
type derivation struct {
	lake.Derivation

	Rules   string  `json:"rules_version"`
	DryRun  bool    `json:"dry_run"`
	Seconds float64 `json:"seconds"`
}

// Derive derives.
func Derive(ctx context.Context, o *DeriveOptions) (err error) {
	within, err := o.within()
	if err != nil {
		return err
	}
	var reasons []account.ReasonRule
	if o.Rules != "" && o.Rules != rules.None { // read first: a mistake in it changes nothing
		if reasons, err = rules.Read(o.Rules); err != nil {
			return err
		}
	}
	l, err := at.Open(ctx, o.Lake)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	by, err := l.Deriving(ctx)
	if err != nil {
		return err
	}
	if o.Rules != "" {
		by = tables.Deriving{Reasons: reasons}
	}
	job := lake.DeriveOptions{Run: uuid.Must(uuid.NewV7()).String(), At: o.Now(), Within: within}
	plan, err := l.PlanDerive(ctx, job, by)
	out := derivation{Derivation: plan, Rules: by.Version(), DryRun: o.DryRun}
	if err == nil && !o.DryRun {
		begun := time.Now()
		out.Derivation, err = o.derive(ctx, l, job, reasons, plan.Records)
		out.Seconds = time.Since(begun).Seconds()
	}
	if err != nil && !errors.Is(err, fault.Corrupt) {
		return err
	}
	return errors.Join(err, o.print(out))
}

// within is the days that were asked for.
func (o *DeriveOptions) within() (within conversation.Interval, err error) {
	for _, bound := range []struct {
		flag, text string
		to         *time.Time
	}{{"--from", o.From, &within.Start}, {"--to", o.To, &within.End}} {
		if bound.text == "" {
			continue
		}
		day, err := conversation.ParseDay(bound.text)
		if err != nil {
			return within, fault.Field(bound.flag, "%s %v", bound.flag, err)
		}
		*bound.to = day.Start()
	}
	if !within.Start.IsZero() && !within.End.IsZero() && !within.Start.Before(within.End) {
		return within, fault.Field("--to", "--to is not after --from")
	}
	return within, nil
}

func (o *DeriveOptions) derive(ctx context.Context, l *lake.Lake, job lake.DeriveOptions, reasons []account.ReasonRule, all int64) (out lake.Derivation, err error) {
	w, err := l.WriterWithin(ctx, o.Wait)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if o.Rules != "" {
		if err := w.SetReasons(ctx, reasons); err != nil {
			return out, err
		}
	}
	progress := o.Streams.Progress()
	defer progress.Clear()
	var done atomic.Int64
	job.Done = func(n int64) { progress.Show("deriving", done.Add(n), all, "conversations") }
	return w.Derive(ctx, job)
}

func (o *DeriveOptions) print(d derivation) error {
	if o.JSON {
		return o.Streams.JSON(d)
	}
	days := "days derived"
	if d.DryRun {
		o.Streams.Printf("Nothing was written.\n")
		days = "days that would be derived"
	}
	lines := [][2]string{{days, ui.Count(int64(d.Days))}, {"conversations", ui.Count(d.Records)}, {"rules", d.Rules}}
	return ui.Fields(o.Streams.Out, lines...)
}
