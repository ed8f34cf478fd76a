// Package compare is the command "parley compare".
package compare

import (
	"context"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/connection"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/compare"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
)

// Options is everything "parley compare" reads.
type Options struct {
	Streams *ui.Streams
	Version string
	Getenv  func(string) string

	ID      conversation.ID
	BaseURL string
	Lake    string
	NoJob   bool
	Poll    string
	Timeout time.Duration
	Retries int
	Budget  connection.Budget
	All     bool
	JSON    bool
}

// New makes the command.
func New(s *ui.Streams, version string) *cobra.Command {
	o := &Options{Streams: s, Version: version, Getenv: os.Getenv}
	cmd := &cobra.Command{
		Use:   "compare CONVERSATION_ID",
		Short: "Show a conversation as each source tells it, and why they differ",
		Long: `Ask for one conversation wherever it can be asked for: the live object, the record of the synchronous query, that of a
job, and with --lake that of a lake. Say field by field where they differ, with the reason, and which to use for what.

Objects are found again by their ids, times and names. Words that the live object has for the same thing are read in those of
the record. The job looks at the day on which the conversation started and is deleted when it was read; --no-job leaves it
out, as it takes time and counts against the platform's limits. Nothing is changed.

The exit code is 3 if a source could not be asked, or a difference has no reason that is known; 5 if nobody has the
conversation. docs/live-or-analytics.md describes the sources, what each needs, how each says no, and every reason.

` + connection.Help + `
For the live object it needs conversation:communication:view as well.

At a terminal the answer is tables, with what values are long cut short; --all has every field in them, and not only those that
differ. In a pipe it is the fields alone, their cells separated by tabs and whole. --json has all of it.`,
		Example: `  parley compare 5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11 --lake ./lake
  parley compare 5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11 --base-url http://127.0.0.1:8080 --no-job --all
  parley compare 5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11 --json | jq '.differences[] | {path, reasons}'`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fault.New(fault.Invalid, "give the id of one conversation: %s", cmd.UseLine())
			}
			o.ID = conversation.ID(args[0])
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, _ []string) error { return Run(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.BaseURL, "base-url", "", "server to ask, in place of GENESYS_ENVIRONMENT")
	f.StringVar(&o.Lake, "lake", "", "folder of a lake to compare too")
	f.BoolVar(&o.NoJob, "no-job", false, "submit no job")
	f.StringVar(&o.Poll, "poll", "1s..10s", "first and longest pause between questions after the job; it doubles")
	f.DurationVar(&o.Timeout, "timeout", 10*time.Minute, "how long to wait for the job")
	f.IntVar(&o.Retries, "retries", 2, "how often a request to the platform that fails is tried again")
	o.Budget.Flags(f, connection.Interactive)
	f.BoolVar(&o.All, "all", false, "show every field, and not only those that differ")
	f.BoolVar(&o.JSON, "json", false, "print one JSON object")
	cobra.CheckErr(cmd.MarkFlagDirname("lake"))
	return cmd
}

// Run asks and compares.
func Run(ctx context.Context, o *Options) error {
	poll, err := o.validate()
	if err != nil {
		return err
	}
	cfg, err := connection.Config(connection.Options{Getenv: o.Getenv, BaseURL: o.BaseURL, Version: o.Version, Retries: o.Retries, Log: o.Streams.Log(), Budget: o.Budget, Standard: connection.Interactive})
	if err != nil {
		return err
	}
	a := &asking{o: o, client: platform.New(cfg), poll: poll, q: compare.Question{ID: o.ID, Now: time.Now().UTC(), Answers: map[compare.Source]compare.Answer{}}}
	if err := a.all(ctx); err != nil {
		return err
	}
	r := compare.Of(a.q)
	if !r.Has() {
		return a.nobody()
	}
	if err := o.print(r); err != nil {
		return err
	}
	return outcome(r)
}

// longest is how many bytes an id may have. The platform's have 36.
const longest = 256

func (o *Options) validate() (platform.Poll, error) {
	id := string(o.ID)
	switch {
	case id == "" || id == "." || id == ".." || len(id) > longest || strings.ContainsFunc(id, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }):
		return platform.Poll{}, fault.New(fault.Invalid, "an id of a conversation looks like 5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11")
	case o.Retries < 0:
		return platform.Poll{}, fault.Field("--retries", "--retries cannot be negative")
	case o.Timeout <= 0:
		return platform.Poll{}, fault.Field("--timeout", "--timeout must be positive")
	}
	return platform.ParsePoll(o.Poll)
}

// outcome is nil if every source could be asked and every difference has its reason.
func outcome(r compare.Result) error {
	var left []string
	for _, s := range r.Refused() {
		left = append(left, string(s.Source))
	}
	unexplained := r.Unexplained()
	switch {
	case len(left) > 0 && unexplained > 0:
		return fault.New(fault.Incomplete, "left out, because it could not be asked: %s; without a reason that is known: %d", strings.Join(left, ", "), unexplained)
	case len(left) > 0:
		return fault.New(fault.Incomplete, "left out, because it could not be asked: %s", strings.Join(left, ", "))
	case unexplained > 0:
		return fault.New(fault.Incomplete, "without a reason that is known: %d", unexplained)
	}
	return nil
}
