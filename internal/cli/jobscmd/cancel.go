package jobscmd

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

func newCancel(o *Options) *cobra.Command {
	cmd := o.forOne(&cobra.Command{
		Use:   "cancel ID",
		Short: "Cancel a job, or remove one that is done with its results",
		Long: `Cancel a job that is not done; it is CANCELLED from then on. A job that is done is removed with its results: it cannot
be found any more.

` + where,
		Example: `  parley jobs cancel --lake ./lake 0fb7a1c2-... --dry-run
  parley jobs cancel --base-url http://127.0.0.1:8080 0fb7a1c2-...`,
	}, Cancel)
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "say what state the job is in and what would happen, and change nothing")
	return cmd
}

// Cancel cancels a job, or removes one that is done.
func Cancel(ctx context.Context, o *Options) error {
	return o.with(ctx, false, func(ctx context.Context, s place) error {
		before, err := s.Status(ctx, o.ID)
		damaged := o.ofFolder() && errors.Is(err, fault.Corrupt) && !o.DryRun // and to remove it is what its owner can do
		if err != nil && !damaged {
			return err
		}
		if !o.DryRun {
			if err := s.Delete(ctx, o.ID); err != nil {
				return err
			}
		}
		return o.printCancelled(before)
	})
}

func (o *Options) printCancelled(before wire.JobStatus) error {
	if o.JSON {
		return o.Streams.JSON(struct {
			ID     wire.JobID    `json:"jobId"`
			State  wire.JobState `json:"state"` // before; empty of one that was damaged
			DryRun bool          `json:"dryRun"`
		}{o.ID, before.State, o.DryRun})
	}
	done, verb := "was", "cancelled"
	if o.DryRun {
		done = "would be"
	}
	if before.State == "" {
		o.Streams.Printf("Job %s, whose entry was damaged, was removed, with the results if it had any.\n", o.ID)
		return nil
	}
	if before.Done() {
		verb = "removed, with the results if it has any"
	}
	o.Streams.Printf("Job %s, which was %s, %s %s.\n", o.ID, before.State, done, verb)
	return nil
}
