// Package lake is the command "parley lake".
package lake

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/lake/tables"
)

// Options is everything "parley lake" reads.
type Options struct {
	Streams *ui.Streams
	Lake    string
	JSON    bool
}

// New makes the command with its parts.
func New(s *ui.Streams, version string) *cobra.Command {
	o := &Options{Streams: s}
	cmd := &cobra.Command{Use: "lake", Short: "Look after a lake", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(
		&cobra.Command{
			Use:   "check --lake DIR",
			Short: "Account for every file and row of a lake",
			Long: `Read the whole lake and check it: every data file is there and as long as the catalog says; every record is JSON, in its
day, in order, in the lake once, with the hash that its row says; every row of every table is what the records say
when they are read again; and the index has every id that it should have. Damage is listed, and the exit code is 8. It
changes nothing and can run beside a writer.

Values that do not fit the platform's schema are no damage: the records are kept whole, and the tables leave these
values out. They are counted by their place in the record.`,
			Example: "  parley lake check --lake ./lake",
			Args:    cobra.NoArgs,
			RunE:    func(cmd *cobra.Command, _ []string) error { return Check(cmd.Context(), o) },
		},
		&cobra.Command{
			Use:   "rejected --lake DIR",
			Short: "Show what came in place of records and was set aside",
			Long: `Print every value that was received or imported where a record was expected and that has no usable conversationId or
conversationStart, or is too large or nested too deep: one JSON object a line, with a run that set it aside, how many
runs did, the reason, and the value's text.`,
			Example: "  parley lake rejected --lake ./lake",
			Args:    cobra.NoArgs,
			RunE:    func(cmd *cobra.Command, _ []string) error { return Rejected(cmd.Context(), o) },
		},
		newMaintain(o),
		newExpire(o),
		newTag(o),
		newNames(o, version),
		newForget(o),
		newMove(o),
		newMend(o),
		newIndex(o),
		newDerive(o),
	)
	cmd.PersistentFlags().StringVar(&o.Lake, "lake", "", "folder of the lake")
	cmd.PersistentFlags().BoolVar(&o.JSON, "json", false, "print the findings as JSON")
	// Marked as required, it would be missed by the bare command too, which only prints its help.
	cmd.PersistentPreRunE = func(sub *cobra.Command, _ []string) error {
		if sub != cmd && !sub.Flags().Changed("lake") {
			return fault.New(fault.Invalid, "missing: --lake; see %s --help", sub.CommandPath())
		}
		return nil
	}
	return cmd
}

// Check checks the lake.
func Check(ctx context.Context, o *Options) (err error) {
	l, err := at.Open(ctx, o.Lake)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	progress, begun := o.Streams.Progress(), time.Now()
	var done atomic.Int64
	report, err := lake.Check(ctx, l, func(n int64) { progress.Show("checking", done.Add(n), 0, "conversations") })
	progress.Clear()
	if err != nil && !errors.Is(err, fault.Corrupt) {
		return err
	}
	if o.JSON {
		return errors.Join(err, o.Streams.JSON(report))
	}
	return errors.Join(err, o.print(report, time.Since(begun)))
}

func (o *Options) print(r lake.Report, took time.Duration) error {
	w := o.Streams.Out
	for _, d := range r.Damage {
		o.Streams.Printf("DAMAGE %s\n", d)
	}
	if len(r.Damage) == 0 {
		o.Streams.Printf("The lake is whole: %s, each once, checked in %.1f s.\n", ui.Counted(r.Conversations, "conversation", "conversations"), took.Seconds())
	}
	lines := [][2]string{{"whole days", ui.Count(int64(r.Days))}}
	if len(r.Gaps) > 0 {
		lines = append(lines, [2]string{"days that never came into it", strings.ReplaceAll(conversation.DaysText(r.Gaps), ",", ", ")})
	}
	lines = append(lines, [2]string{"data files", fmt.Sprintf("%s, %s for %s of records", ui.Count(int64(r.Files)), ui.Bytes(r.Bytes), ui.Bytes(r.RecordBytes))})
	for _, t := range tables.All() {
		lines = append(lines, [2]string{"rows of " + string(t), ui.Count(r.Rows[t])})
	}
	if n, has := r.Rows[tables.Names]; has {
		lines = append(lines, [2]string{"rows of " + string(tables.Names), ui.Count(n)})
	}
	lines = append(lines, [2]string{"ids in the index", ui.Count(r.Index.Entries)})
	for _, extra := range []struct {
		name string
		n    int
	}{
		{"records of which a part does not fit the schema (kept whole)", int(r.Unfit)},
		{"days of which an earlier version wrote too few rows (parley lake mend writes them again)", len(r.Underived)},
		{"days to be derived anew (parley lake derive)", len(r.Outdated)},
		{"files with column pages that other programs may refuse (parley lake mend writes them again)", r.Oversized},
		{"files that nothing refers to (harmless; parley lake maintain removes them)", r.Unreferenced},
		{"interrupted commits (the next writer settles them)", r.Unsettled},
		{"files of the index of ids that are missing or damaged (harmless; the next commit makes them anew)", r.Index.Unreadable},
	} {
		if extra.n > 0 {
			lines = append(lines, [2]string{extra.name, ui.Count(int64(extra.n))})
		}
	}
	return ui.Fields(w, append(lines, ui.Misfits(r.Misfits)...)...)
}
