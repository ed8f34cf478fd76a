package jobscmd

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// states are those that a job can be in.
var states = func() (names []string) {
	for _, s := range wire.JobStates() {
		names = append(names, string(s))
	}
	return names
}()

func newList(o *Options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Show the jobs, newest first",
		Long: `Show the jobs, newest first, with who submitted them and what they found. At a terminal that is a table; in a pipe its
cells are separated by tabs, without a head; with --json it is an object a line. Only parley's servers keep a list of
jobs: Genesys Cloud does not, and there the exit code is 5.

` + where,
		Example: `  parley jobs list --lake ./lake
  parley jobs list --base-url http://127.0.0.1:8080 --in-state FULFILLED --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return List(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.InState, "in-state", "", "show those in one state only: "+strings.Join(states, ", "))
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("in-state", cobra.FixedCompletions(states, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

// List shows the jobs.
func List(ctx context.Context, o *Options) error {
	only := strings.ToUpper(o.InState)
	if only != "" && !slices.Contains(states, only) {
		return fault.Field("--in-state", "--in-state %s: write %s", o.InState, strings.Join(states, ", "))
	}
	return o.with(ctx, false, func(ctx context.Context, s place) error {
		jobs, err := s.Jobs(ctx)
		if errors.Is(err, fault.NotFound) {
			return fault.New(fault.NotFound, "the platform keeps no list of jobs, which only parley's servers do: note the ids that parley jobs submit prints")
		}
		if err != nil {
			return err
		}
		return o.printList(slices.DeleteFunc(jobs, func(j wire.ListedJob) bool { return only != "" && only != string(j.State) }))
	})
}

func (o *Options) printList(jobs []wire.ListedJob) error {
	if o.JSON {
		for _, j := range jobs {
			if err := o.Streams.JSON(j); err != nil {
				return err
			}
		}
		return nil
	}
	if len(jobs) == 0 {
		o.Streams.Notef("There are no such jobs; parley jobs submit makes one.\n")
		return nil
	}
	t := o.Streams.Table("id", "client", "state", "submitted", "completed", "expires", "records", "size")
	for _, j := range jobs {
		records, size := "", ""
		if j.Records != nil && j.Bytes != nil {
			records, size = strconv.FormatInt(*j.Records, 10), ui.Bytes(*j.Bytes)
		}
		t.Row(string(j.ID), j.Client, string(j.State), date(j.SubmissionDate), date(j.CompletionDate), date(j.ExpirationDate), records, size)
	}
	return t.Done()
}

// date writes a date for people.
func date(text string) string {
	at, err := conversation.ParseTime(text)
	if err != nil {
		return text
	}
	return at.Format(time.DateTime)
}
