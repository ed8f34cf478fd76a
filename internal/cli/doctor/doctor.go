// Package doctor is the command "parley doctor": what an extraction needs, looked at one by one, each with the remedy.
package doctor

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/configured"
	"github.com/parley-hq/parley/internal/cli/connection"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
)

// Options is everything "parley doctor" reads.
type Options struct {
	Streams *ui.Streams
	Version string
	Getenv  func(string) string

	BaseURL string
	Lake    string
	Budget  connection.Budget
	File    configured.File
	Retries int
	JSON    bool
}

// New makes the command.
func New(s *ui.Streams, version string) *cobra.Command {
	o := &Options{Streams: s, Version: version, Getenv: os.Getenv}
	cmd := &cobra.Command{
		Use:   "doctor [--lake DIR]",
		Short: "Look whether everything that an extraction needs is there",
		Long: `Look at everything that an extraction needs: credentials and login, the permission, how this machine's clock differs from the
platform's, how much of the platform's limit is used, how far its data is complete, and with --lake the disk and the lake:
whether it opens, who writes to it, whether it is of this platform and organization.

Each is ok, a warning or a problem, with what to do about it. It makes a few requests and changes nothing. The exit code is that of
the first problem, as the command that runs into it would have; warnings are 0.

` + connection.Help,
		Example: `  parley doctor --lake ./lake
  parley doctor --base-url http://127.0.0.1:8080
  parley doctor --lake ./lake --json | jq '.findings[] | select(.level != "ok")'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Run(cmd.Context(), o) },
	}
	cmd.PersistentPreRunE = func(cmd *cobra.Command, _ []string) (err error) { // before it is seen whether all flags are there
		o.Getenv, err = o.File.Apply(cmd.Context(), cmd, o.Getenv)
		return err
	}
	f := cmd.Flags()
	f.StringVar(&o.BaseURL, "base-url", "", "server to ask, in place of GENESYS_ENVIRONMENT")
	f.StringVar(&o.Lake, "lake", "", "folder of a lake to look at too")
	f.IntVar(&o.Retries, "retries", 1, "how often a request that fails is tried again")
	o.File.Flags(f)
	o.Budget.Flags(f, connection.Interactive)
	f.BoolVar(&o.JSON, "json", false, "print the findings as JSON")
	cobra.CheckErr(cmd.MarkFlagDirname("lake"))
	return cmd
}

// Level is how bad a finding is.
type Level string

// The levels.
const (
	OK      Level = "ok"
	Warning Level = "warning"
	Problem Level = "problem"
)

// Finding is what was found of one thing.
type Finding struct {
	What   string `json:"what"`
	Level  Level  `json:"level"`
	Says   string `json:"says"`
	Remedy string `json:"remedy,omitempty"`

	err error // of a problem
}

// findings are collected in the order in which they are found.
type findings []Finding

func (f *findings) ok(what, format string, args ...any) {
	*f = append(*f, Finding{What: what, Level: OK, Says: fmt.Sprintf(format, args...)})
}

func (f *findings) warn(what, says, remedy string) {
	*f = append(*f, Finding{What: what, Level: Warning, Says: says, Remedy: remedy})
}

func (f *findings) problem(what string, err error, remedy string) {
	*f = append(*f, Finding{What: what, Level: Problem, Says: err.Error(), Remedy: remedy, err: err})
}

// Run looks.
func Run(ctx context.Context, o *Options) error {
	if o.Retries < 0 {
		return fault.Field("--retries", "--retries cannot be negative")
	}
	var found findings
	found.ok("version", "parley %s, %s, %s/%s", o.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	client := o.platform(ctx, &found, time.Now())
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if o.Lake != "" {
		o.disk(ctx, &found)
		o.lake(ctx, &found, client)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := o.print(found); err != nil {
		return err
	}
	return outcome(found)
}

// outcome is the first problem.
func outcome(all findings) error {
	n := 0
	var first error
	for _, f := range all {
		if f.Level == Problem {
			n++
			if first == nil {
				first = f.err
			}
		}
	}
	if first == nil {
		return nil
	}
	return fault.Because(kind(first), nil, "%s", ui.Counted(int64(n), "problem was found", "problems were found"))
}

// kind is that of a failure.
func kind(err error) error {
	if named := fault.Named(fault.Name(err)); named != nil {
		return named
	}
	return err
}

func (o *Options) print(all findings) error {
	if o.JSON {
		return o.Streams.JSON(struct {
			Findings []Finding `json:"findings"`
		}{all})
	}
	t := o.Streams.Table("what", "is", "says")
	for _, f := range all {
		t.Row(f.What, string(f.Level), f.Says)
		if f.Remedy != "" {
			t.Row("", "", "→ "+f.Remedy)
		}
	}
	return t.Done()
}
