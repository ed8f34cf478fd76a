package lake

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
)

// MoveOptions is everything "parley lake move" reads.
type MoveOptions struct {
	*Options

	To      string // where the lake is copied to; empty: it was moved already
	ToState string // where its control database goes, as --state has it; empty: it goes with the files
	DryRun  bool
}

func newMove(shared *Options) *cobra.Command {
	o := &MoveOptions{Options: shared}
	cmd := &cobra.Command{
		Use:         "move --lake DIR [--to PLACE] [--to-state PLACE]",
		Annotations: ui.ThatGoesOn(),
		Short:       "Move a lake to a bucket or folder, or its control database to a Postgres, or make one whole that was moved",
		Long: `Make a lake whole at its new place. First move or copy its folder, for example with mv, while nobody writes to it. Then
run this command on the new folder. Iceberg names every file by its absolute path, so the command writes the metadata of
all tables anew, for every snapshot. Data files are not touched.

Until then the lake can be read at its new place (sql, query, export, check, serve), but not written. The command can be
interrupted at any point: run it again and it finishes. It needs the right to write, and nobody else may write meanwhile.

With --to the command copies the lake to another place: from a folder into a bucket, back, or from one bucket to another.
Every file is read back and compared. Nobody may write to the lake meanwhile, reading goes on. At the end the old lake refuses to be
written, and the new one is used. The old one stays until you remove it. The clients and jobs of a server are not moved.

With --to-state the command moves the control database: from a folder to a Postgres, so that several machines can use the lake, or back.
The files of the lake stay where they are. Nobody may write to the lake meanwhile. Every row is copied and compared; then the old control
database refuses to be written and says where the new one is. Start servers again afterwards, with the new --state. With --to and --to-state
the control database of the copy goes there.`,
		Example: `  mv /old/lake /new/lake
  parley lake move --lake /new/lake --dry-run
  parley lake move --lake /new/lake
  parley lake move --lake ./lake --to s3://bucket/lake --state ./state
  parley lake move --lake ./lake --to-state postgres://parley@db.example/parley
  parley lake move --lake s3://bucket/lake --state ./state --to-state postgres://parley@db.example/parley`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Move(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "say what would be written, and write nothing")
	cmd.Flags().StringVar(&o.To, "to", "", "folder, or s3://bucket/prefix, to copy the lake to")
	cmd.Flags().StringVar(&o.ToState, "to-state", "", "postgres://user@host/database to move the control database to, or the folder to move it back to")
	return cmd
}

// Move makes a moved lake whole.
func Move(ctx context.Context, o *MoveOptions) error {
	progress := o.Streams.Progress()
	if o.To == "" && o.ToState != "" {
		return o.moveControl(ctx)
	}
	if o.To != "" {
		out, err := at.Transfer(ctx, o.Lake, o.To, o.ToState, lake.TransferOptions{
			DryRun: o.DryRun,
			Owners: app.Owners(),
			Done:   func(files, _ int64) { progress.Show("copying", files, 0, "files") },
		})
		progress.Clear()
		if err != nil {
			return err
		}
		return o.printTransferred(out)
	}
	out, err := at.Move(ctx, o.Lake, lake.MoveOptions{
		DryRun: o.DryRun,
		Done:   func(n int64) { progress.Show("writing metadata", n, 0, "files") },
	})
	progress.Clear()
	if err != nil {
		return err
	}
	return o.print(out)
}

func (o *MoveOptions) moveControl(ctx context.Context) error {
	progress := o.Streams.Progress()
	out, err := at.MoveControl(ctx, o.Lake, o.ToState, lake.ControlOptions{
		DryRun: o.DryRun,
		Owners: app.Owners(),
		Done:   func(rows int64) { progress.Show("copying", rows, 0, "rows") },
	})
	progress.Clear()
	if err != nil {
		return err
	}
	return o.printControl(out)
}

func (o *MoveOptions) printControl(m lake.MovedControl) error {
	if o.JSON {
		return o.Streams.JSON(struct {
			lake.MovedControl

			DryRun bool `json:"dry_run"`
		}{m, o.DryRun})
	}
	if m.Already {
		o.Streams.Printf("The control database is at %s already. There is nothing to do.\n", m.To)
		return nil
	}
	if o.DryRun {
		o.Streams.Printf("Nothing was written. It would copy this:\n")
	}
	if err := ui.Fields(o.Streams.Out, [2]string{"from", m.From}, [2]string{"to", m.To}, [2]string{"tables", ui.Count(int64(m.Tables))}, [2]string{"rows", ui.Count(m.Rows)}); err != nil || o.DryRun {
		return err
	}
	given := ": give by --state or PARLEY_STATE what you gave by --to-state"
	if !at.InPostgres(o.ToState) && !at.InBucket(m.Lake) {
		given = ", where every command finds it"
	}
	o.Streams.Printf("The control database of %s is at %s now%s. The old one is not written any more.\n", m.Lake, m.To, given)
	if m.Aside != "" {
		o.Streams.Printf("It is kept as %s: remove it when nobody needs it.\n", m.Aside)
	}
	return nil
}

func (o *MoveOptions) printTransferred(t lake.Transferred) error {
	if o.JSON {
		return o.Streams.JSON(struct {
			lake.Transferred

			DryRun bool `json:"dry_run"`
		}{t, o.DryRun})
	}
	lines := [][2]string{{"from", t.From}, {"to", t.To}, {"files", ui.Count(t.Files)}, {"bytes", ui.Bytes(t.Bytes)}}
	if o.DryRun {
		o.Streams.Printf("Nothing was written. It would copy this:\n")
		return ui.Fields(o.Streams.Out, lines...)
	}
	lines = append(lines, [2]string{"copied now", ui.Count(t.Copied)}, [2]string{"metadata files written", ui.Count(int64(t.Moved.Written))})
	if err := ui.Fields(o.Streams.Out, lines...); err != nil {
		return err
	}
	o.Streams.Printf("The lake is at %s now. %s is not written any more and stays as it is: remove it when nobody needs it.\n", t.To, t.From)
	return nil
}

func (o *MoveOptions) print(m lake.Moved) error {
	if o.JSON {
		return o.Streams.JSON(struct {
			lake.Moved

			DryRun bool `json:"dry_run"`
		}{m, o.DryRun})
	}
	if !m.Needed() {
		o.Streams.Printf("The lake is where its tables say that it is: %s. There is nothing to do.\n", m.To)
		return nil
	}
	if m.Respelled {
		o.Streams.Printf("The tables name their files percent-encoded, as earlier versions did; most other tools cannot read that.\n")
	}
	written := "metadata files written"
	if o.DryRun {
		o.Streams.Printf("Nothing was written. It would do this:\n")
		written = "metadata files to write"
	}
	lines := [][2]string{{"from", m.From}, {"to", m.To}, {"snapshots", ui.Count(int64(m.Snapshots))}, {written, ui.Count(int64(m.Written))}}
	if !o.DryRun {
		lines = append(lines, [2]string{"old metadata files removed", ui.Count(int64(m.Removed))})
	}
	return ui.Fields(o.Streams.Out, lines...)
}
