package jobscmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

func newStatus(o *Options) *cobra.Command {
	return o.forOne(&cobra.Command{
		Use:   "status ID",
		Short: "Show where a job stands",
		Long: `Show where a job stands: QUEUED, PENDING, FULFILLED, FAILED, CANCELLED or EXPIRED, and since when. The exit code is 0
whatever the state; parley jobs wait goes by it. With --json it is the status as on the wire.

` + where,
		Example: "  parley jobs status --lake ./lake 0fb7a1c2-...",
	}, Status)
}

// Status shows where a job stands.
func Status(ctx context.Context, o *Options) error {
	return o.with(ctx, false, func(ctx context.Context, s place) error {
		status, err := s.Status(ctx, o.ID)
		if err != nil {
			return err
		}
		why, err := cause(ctx, s, o.ID, status)
		if err != nil {
			return err
		}
		return o.printStatus(o.ID, status, why)
	})
}

// cause is why a job has failed, where that is known and its status does not say it; else nil.
func cause(ctx context.Context, s place, id wire.JobID, status wire.JobStatus) (*fault.Error, error) {
	if status.State != wire.Failed {
		return nil, nil //nolint:nilnil // it has not failed, and there is nothing to say
	}
	return s.Why(ctx, id)
}

// printStatus prints the status: as on the wire, or for a person with the cause of a failure, if it is known.
func (o *Options) printStatus(id wire.JobID, s wire.JobStatus, why *fault.Error) error {
	if o.JSON {
		return o.Streams.JSON(s)
	}
	cause := ""
	if why != nil {
		cause = ui.OneLine(why.Message)
	}
	var lines [][2]string
	for _, l := range [][2]string{
		{"job", string(id)}, {"state", string(s.State)}, {"error", ui.OneLine(s.ErrorMessage)}, {"cause", cause}, {"submitted", s.SubmissionDate}, {"completed", s.CompletionDate},
		{"expires", s.ExpirationDate},
	} {
		if l[1] != "" {
			lines = append(lines, l)
		}
	}
	return ui.Fields(o.Streams.Out, lines...)
}
