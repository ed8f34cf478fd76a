// Package jobscmd is the command "parley jobs": asynchronous queries, of a platform through its API, or of a server's
// folder without the server.
package jobscmd

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/connection"
	"github.com/parley-hq/parley/internal/cli/question"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// Options is everything "parley jobs" reads.
type Options struct {
	Streams *ui.Streams
	Version string
	Getenv  func(string) string

	BaseURL      string
	Lake         string
	State        string
	Organization string
	Retries      int
	Budget       connection.Budget
	JSON         bool

	ID       wire.JobID
	File     string // with the body of a request; empty if flags say it
	Question question.Question
	Asked    []string // names of the flags of Question that were given
	DryRun   bool
	Wait     bool
	Poll     string // empty means what fits the server
	Timeout  time.Duration
	After    string
	InState  string
	Cursor   string
	PageSize int
	Out      string
}

// where is what every help says of the two ways.
const where = `The jobs are those of a platform, or of a server's folder: with --lake, the one in the folder of that lake; with --state,
the one given. A folder is asked without its server, which may be running or not.

` + connection.Help

// New makes the command with its parts.
func New(s *ui.Streams, version string) *cobra.Command {
	o := &Options{Streams: s, Version: version, Getenv: os.Getenv}
	cmd := &cobra.Command{
		Use:   "jobs",
		Short: "Submit asynchronous queries, wait for them and read their results",
		Long: `Submit, list, wait for, read and cancel asynchronous queries: jobs of Genesys Cloud, of parley serve and of parley
sandbox.

` + where,
		Example: `  id=$(parley jobs submit --lake ./lake --from 2026-11-01 --media voice --wait)
  parley jobs results --lake ./lake $id --out voice.ndjson.zst`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSubmit(o), newList(o), newStatus(o), newWait(o), newResults(o), newCancel(o), newAvailability(o))
	f := cmd.PersistentFlags()
	f.StringVar(&o.BaseURL, "base-url", "", "server to ask, in place of GENESYS_ENVIRONMENT")
	f.StringVar(&o.Lake, "lake", "", "folder of the lake whose server's jobs are meant")
	f.StringVar(&o.State, "state", "", "folder of the server, if it is not in the lake's")
	ui.OrganizationFlag(f, &o.Organization, "", `with --lake or --state: organization whose jobs are meant (default "default")`)
	f.IntVar(&o.Retries, "retries", 5, "how often a request to the platform that fails is tried again")
	o.Budget.Flags(f, connection.Unattended)
	f.BoolVar(&o.JSON, "json", false, "print the result as JSON")
	for _, name := range []string{"lake", "state"} {
		cobra.CheckErr(cmd.MarkPersistentFlagDirname(name))
	}
	return cmd
}

// forOne makes a part that takes the id of one job.
func (o *Options) forOne(cmd *cobra.Command, run func(context.Context, *Options) error) *cobra.Command {
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 || args[0] == "" {
			return fault.New(fault.Invalid, "give the id of one job, as parley jobs submit prints it: %s", cmd.UseLine())
		}
		o.ID = wire.JobID(args[0])
		return nil
	}
	cmd.ValidArgsFunction = cobra.NoFileCompletions
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) }
	return cmd
}
