// Package lintrecords is the command "parley lint-records".
package lintrecords

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/importcmd"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/recordfile"
)

// Options is everything "parley lint-records" reads.
type Options struct {
	Streams *ui.Streams

	Paths    []string // - is standard input
	Lake     string
	From, To string
	Value    int64 // MiB
	List     bool
	JSON     bool
}

// New makes the command.
func New(s *ui.Streams) *cobra.Command {
	o := &Options{Streams: s}
	cmd := &cobra.Command{
		Use:   "lint-records [PATH... | --lake DIR --from DAY --to DAY]",
		Short: "Check that the numbers in records agree with one another",
		Long: `Check records: that metrics are as long as the segments that they measure, that segments and metrics come in their order,
and what else holds in the records of the platform. docs/rules.md lists the rules and the exceptions that real records
have. Nothing is changed.

The records lie in files, as parley import reads them, or in a lake. A path named - is standard input.

The exit code is 0 if all records obey the rules, but for known exceptions, and 2 if there are findings.`,
		Example: `  parley lint-records ./exports
  parley lint-records --lake ./lake --from 2026-11-01 --to 2026-11-08 --json
  parley export --lake ./lake --from 2026-11-01 --to 2026-11-02 | parley lint-records --list -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Paths = args
			return Run(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Lake, "lake", "", "folder of the lake, in place of paths")
	f.StringVar(&o.From, "from", "", "first day of the lake's records, UTC, as 2026-11-01")
	f.StringVar(&o.To, "to", "", "day after the last one, UTC")
	importcmd.ValueFlag(f, &o.Value)
	f.BoolVar(&o.List, "list", false, "print each finding, with the conversation's id, in place of counts")
	f.BoolVar(&o.JSON, "json", false, "print the counts as JSON; with --list, an object a finding")
	return cmd
}

// Run checks the records. Findings that are no known exceptions are fault.Invalid.
func Run(ctx context.Context, o *Options) error {
	switch days := o.From != "" && o.To != ""; {
	case (o.Lake == "") == (len(o.Paths) == 0):
		return fault.New(fault.Invalid, "name files, or a lake by --lake")
	case o.Lake != "" && !days, o.Lake == "" && o.From+o.To != "":
		return fault.New(fault.Invalid, "--lake, --from and --to belong together")
	}
	t := newTally(o)
	progress := o.Streams.Progress()
	t.step = func() { progress.Show("checking", t.Records, 0, "records") }
	err := o.read(ctx, t)
	progress.Clear()
	if err == nil {
		err = t.print()
	}
	if err != nil {
		return err
	}
	if t.Findings > 0 {
		return fault.New(fault.Invalid, "%s in %s", ui.Counted(t.Findings, "finding", "findings"), ui.Counted(t.Broken, "record", "records"))
	}
	return nil
}

// read takes every record.
func (o *Options) read(ctx context.Context, t *tally) error {
	if o.Lake != "" {
		return o.fromLake(ctx, t)
	}
	limits, err := importcmd.Limits(o.Value)
	if err != nil {
		return err
	}
	for _, path := range o.Paths {
		if path == "-" {
			if err := limits.Values(o.Streams.In, t.take); err != nil {
				return err
			}
			continue
		}
		files, err := recordfile.Find([]string{path})
		if err != nil {
			return err
		}
		for _, f := range files {
			if err := recordfile.Values(ctx, f, limits, t.take); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *Options) fromLake(ctx context.Context, t *tally) error {
	first, err := conversation.ParseDay(o.From)
	if err != nil {
		return fault.Field("--from", "--from %v", err)
	}
	end, err := conversation.ParseDay(o.To)
	if err != nil {
		return fault.Field("--to", "--to %v", err)
	}
	if end <= first {
		return fault.Field("--to", "--to must lie after --from")
	}
	q := query.Query{
		Interval: conversation.Interval{Start: first.Start(), End: end.Start()}, Matching: query.StartOfDay,
		Order: query.Ascending, OrderBy: query.ByConversationStart,
	}
	return app.Export(ctx, o.Lake, func(ctx context.Context, e *app.Exporting) error {
		o.Streams.Missing(engine.Missing(e, q.Interval))
		for r, err := range e.Records(ctx, q, 0, 0) {
			if err != nil {
				return err
			}
			if err := t.take(r.JSON); err != nil {
				return err
			}
		}
		return nil
	})
}
