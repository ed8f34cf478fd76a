// Package quarantine is the command "parley quarantine".
package quarantine

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/door"
	lakecmd "github.com/parley-hq/parley/internal/cli/lake"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/ingest"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
)

// Options is everything "parley quarantine" reads.
type Options struct {
	Streams *ui.Streams

	Lake string
	Door door.Options
	JSON bool
}

// New makes the command with its parts.
func New(s *ui.Streams) *cobra.Command {
	o := &Options{Streams: s}
	cmd := &cobra.Command{
		Use: "quarantine", Short: "Look at what was set aside, and take it in", Args: cobra.NoArgs,
		Example: "  parley quarantine list --lake ./lake\n  parley quarantine retry --lake ./lake",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	list := &cobra.Command{
		Use:   "list --lake DIR",
		Short: "Show what came in place of records and was set aside",
		Long: `Print every value that was received or imported where a record was expected and that was not taken: it has no usable
conversationId or conversationStart, is too large or nested too deep, or breaks a hard rule of --schema. One JSON object a line, with a
run that set it aside, how many runs did, the reason, and the value's text. parley lake rejected does the same.`,
		Example: "  parley quarantine list --lake ./lake",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return lakecmd.Rejected(cmd.Context(), &lakecmd.Options{Streams: s, Lake: o.Lake})
		},
	}
	retry := &cobra.Command{
		Use:   "retry --lake DIR",
		Short: "Take in what was set aside and is a record now",
		Long: `Hold every value that was set aside against the rules again: those of this version, and those of --schema if it is given. What
is a record now comes into the lake, and is forgotten where it was; of two versions of a conversation the lake keeps the one that was
received later. What stays aside keeps its reason, and the command ends with exit code 3.

Use it after an upgrade, or when the schema was at fault.`,
		Example: `  parley quarantine retry --lake ./lake
  parley quarantine retry --lake ./lake --schema rules.json --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Retry(cmd.Context(), o) },
	}
	o.Door.Flags(retry)
	retry.Flags().BoolVar(&o.JSON, "json", false, "print the summary as JSON")
	for _, sub := range []*cobra.Command{list, retry} {
		sub.Flags().StringVar(&o.Lake, "lake", "", "folder of the lake")
		cobra.CheckErr(sub.MarkFlagRequired("lake"))
	}
	cmd.AddCommand(list, retry)
	return cmd
}

// Retry takes in what was set aside.
func Retry(ctx context.Context, o *Options) error {
	in, err := o.Door.Open()
	if err != nil {
		return err
	}
	if !at.Exists(ctx, o.Lake) {
		return fault.New(fault.NotFound, "there is no lake at %s", o.Lake)
	}
	return app.Import(ctx, o.Lake, func(ctx context.Context, l *lake.Lake) error {
		out, err := ingest.Retry(ctx, ingest.Config{
			Lake: l, Control: l.Control(), Strict: in.Strict, Door: in.Record, Log: o.Streams.Log(),
			Now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) },
		})
		if err != nil && !errors.Is(err, fault.Incomplete) {
			return err
		}
		in.Warn(o.Streams, out.Drift)
		return errors.Join(err, o.print(out))
	})
}

func (o *Options) print(r ingest.Retried) error {
	if o.JSON {
		return o.Streams.JSON(r)
	}
	o.Streams.Printf("Took in %s that had been set aside.\n", ui.Counted(r.Taken, "value", "values"))
	return ui.Fields(o.Streams.Out, append([][2]string{
		{"conversations added", ui.Count(r.Added)},
		{"replaced by newer versions", ui.Count(r.Replaced)},
		{"in the lake already", ui.Count(r.Unchanged + r.Stale)},
		{"still aside (parley quarantine list)", ui.Count(r.Left)},
	}, ui.Misfits(r.Misfits)...)...)
}
