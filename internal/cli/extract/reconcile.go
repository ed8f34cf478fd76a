package extract

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/connection"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/extract"
)

// NewReconcile makes the command "parley reconcile".
func NewReconcile(s *ui.Streams, version string) *cobra.Command {
	o := &Options{Streams: s, Version: version, Getenv: os.Getenv, Size: extract.DefaultSize(), Recount: true}
	cmd := &cobra.Command{
		Use:         "reconcile --lake DIR [--from DAY] [--to DAY]",
		Annotations: ui.ThatGoesOn(),
		Short:       "Count every day again against the platform",
		Long: `Ask the platform how many conversations it counts of each day that the lake has whole, by the synchronous query, and
compare. A day of which it counts another number, by more than --tolerance, is read once more in parts of six hours. If
the counts differ even then, the command says by how much and ends with exit code 3; parley status keeps showing it.

The platform calls its counts approximate, and its two stores are not filled at the same moment: a small difference that
goes away by itself is usual for the last days. Days that are not whole are for parley extract.

` + connection.Help,
		Example: `  parley reconcile --lake ./lake --from 2026-10-01 --to 2026-11-01
  parley reconcile --lake ./lake --tolerance 1%`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Run(cmd.Context(), o) },
	}
	cmd.PersistentPreRunE = o.configure
	f := cmd.Flags()
	f.StringVar(&o.From, "from", "", "first day, UTC; without it the first one that the lake was ever asked for")
	f.StringVar(&o.To, "to", "", "day after the last one, UTC; without it the last one that the platform has complete")
	f.StringVar(&o.Lake, "lake", "", "folder of the lake")
	o.flags(f)
	o.Parallel = 1
	o.Door.Flags(cmd)
	return cmd
}

// printCounts prints what a recount came to.
func (o *Options) printCounts(s extract.Summary) error {
	if o.JSON {
		return o.Streams.JSON(s)
	}
	o.Streams.Printf("The platform was asked to count %s from %v up to %v.\n", ui.Counted(int64(s.Counted), "day", "days"), s.First, s.End)
	lines := [][2]string{
		{"days of which it counts another number", ui.Count(int64(len(s.Differing)))},
		{"conversations that were missing and came", ui.Count(s.Added)},
		{"replaced by newer versions", ui.Count(s.Replaced)},
	}
	return ui.Fields(o.Streams.Out, lines...)
}
