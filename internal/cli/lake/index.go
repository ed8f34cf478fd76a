package lake

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
)

// IndexOptions is what "parley lake index" reads beside Options.
type IndexOptions struct {
	*Options

	Again  bool
	DryRun bool
}

func newIndex(of *Options) *cobra.Command {
	o := &IndexOptions{Options: of}
	cmd := &cobra.Command{
		Use:   "index --lake DIR",
		Short: "Make the index of ids whole, and one file of it",
		Long: `Read the ids of conversations that the index does not have yet, and make one file of the index. By the index a commit
finds where an id can be without reading all of the lake. Commits keep it whole by themselves: use this command to have
the work done before the first commit to a large lake of an earlier version, or now and then in a lake of more than a
hundred million conversations, where it makes commits a little faster.

With --again the index is thrown away first, and the ids of all conversations are read. It runs alone: while somebody
writes to the lake it ends with exit code 7. Interrupted, it goes on when it is run again, without --again.`,
		Example: `  parley lake index --lake ./lake --dry-run
  parley lake index --lake ./lake`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Index(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.Again, "again", false, "throw the index away first")
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "say what would be read, and change nothing")
	return cmd
}

// Index makes the index of ids whole.
func Index(ctx context.Context, o *IndexOptions) (err error) {
	l, err := at.Open(ctx, o.Lake)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	plan, err := l.PlanIndex(ctx, lake.IndexOptions{Again: o.Again})
	if err != nil {
		return err
	}
	if o.DryRun {
		return o.print(plan)
	}
	w, err := l.Writer(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	progress := o.Streams.Progress()
	out, err := w.Index(ctx, lake.IndexOptions{
		Again: o.Again, Log: o.Streams.Log(),
		Done: func(n int64) { progress.Show("reading ids", n, plan.Conversations, "conversations") },
	})
	progress.Clear()
	if err != nil {
		return err
	}
	return o.print(out)
}

func (o *IndexOptions) print(n lake.Indexed) error {
	if o.JSON {
		return o.Streams.JSON(struct {
			lake.Indexed

			DryRun bool `json:"dry_run"`
		}{n, o.DryRun})
	}
	read := "ids read"
	if o.DryRun {
		o.Streams.Printf("Nothing was changed. The index is now, and would read:\n")
		read = "ids to read"
	}
	lines := [][2]string{
		{read, ui.Count(n.Conversations) + " of " + ui.Counted(int64(n.Files), "data file", "data files")},
		{"data files in the index", ui.Count(int64(n.Covered))},
		{"index", ui.Counted(n.Entries, "id", "ids") + " in " + ui.Counted(int64(n.Runs), "file", "files") + ", " + ui.Bytes(n.Bytes)},
	}
	if n.Unreadable > 0 {
		lines = append(lines, [2]string{"index files missing or damaged", ui.Count(int64(n.Unreadable))})
	}
	return ui.Fields(o.Streams.Out, lines...)
}
