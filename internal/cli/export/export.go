// Package export is the command "parley export".
package export

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/columns"
	"github.com/parley-hq/parley/internal/cli/question"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
)

// Options is everything "parley export" reads.
type Options struct {
	Streams *ui.Streams
	Now     func() time.Time

	Lake     string
	From, To string
	Question question.Question // the flags about dimensions
	Filter   string            // file with filters

	Select  []string
	Per     string
	Table   string
	Columns bool

	Format   string
	Times    string
	Mark     bool
	Safe     bool
	Compress string
	Split    string
	Output   string

	SinceLast string
	Full      bool
	DryRun    bool
	JSON      bool

	Schema   string
	Again    bool
	tos      []string // what --to says: a day, a database, or both
	database string
}

// New makes the command.
func New(s *ui.Streams) *cobra.Command {
	o := &Options{Streams: s, Now: time.Now}
	cmd := &cobra.Command{
		Use:   "export --lake DIR --from DAY --to DAY",
		Short: "Export conversations from a lake into files, or its tables into Postgres",
		Long: `Export the conversations that started in the days from --from up to, and not including, --to, in order of start. docs/export.md
has all of it.

What comes out is one of three things:

  whole records   the default: each record byte for byte as the platform sent it
  rows            --select names the columns; a row is a conversation, or with --per interaction one medium of it.
                  parley columns lists them with their meaning; attributes.KEY is the attribute of that key
  a table         --table segments: the rows of a table of the lake (docs/tables.md), such as attributes, one a row

as ndjson, json, csv or parquet: --format says which, else the name of -o, else ndjson. Flags such as --media and --queue, and a
file of --filter, ask for some conversations only, as in parley query.

Files come to be as wholes, all of an export at its end, or not at all. A name that ends in .gz or .zst compresses. Without -o the
export goes to standard output.

With --since-last NAME, an export has what is new or was changed since the last one of that name; what was deleted is in a file of its
own beside it. The first one has everything.

With --to postgres://user@host:5432/database the lake's tables are copied into that database, as far as they are not there: a day is one
transaction, and only what changed is written. A password is best given by PGPASSWORD or ~/.pgpass. See docs/postgres.md.`,
		Example: `  parley export --lake ./lake --from 2026-11-01 --to 2026-11-08 -o week.ndjson.zst
  parley export --lake ./lake --from 2026-11-01 --to 2026-11-08 --select conversationId,startTime,mediaType,talkTime -o week.csv
  parley export --lake ./lake --from 2026-11-01 --to 2026-12-01 --table segments --split day -o segments.parquet
  parley export --lake ./lake --select '*' --since-last nightly -o "changes-$(date +%F).parquet"
  parley export --lake ./lake --from 2026-11-01 --to 2026-11-02 | jq .conversationId
  parley export --lake ./lake --to postgres://me@localhost:5432/warehouse`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.split(cmd.LocalFlags()); err != nil {
				return err
			}
			return Run(cmd.Context(), o)
		},
	}
	o.define(cmd)
	return cmd
}

func (o *Options) define(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.Lake, "lake", "", "folder of the lake")
	f.StringVar(&o.From, "from", "", "first day, UTC, as 2026-11-01")
	f.StringArrayVar(&o.tos, "to", nil, "day after the last one, UTC; or, beside it or alone, a database: postgres://user@host:5432/database")
	o.Question.DefineFilters(cmd)
	f.StringVar(&o.Filter, "filter", "", "file with filters, the body of a request without anything else; - is standard input")
	f.StringSliceVar(&o.Select, "select", nil, "columns of the rows, with commas between; * is all of the list, attributes.* one for each key")
	f.StringVar(&o.Per, "per", "conversation", "what a row is of: conversation, interaction")
	f.StringVar(&o.Table, "table", "", "table to export")
	f.BoolVar(&o.Columns, "columns", false, "list the columns, and export nothing")
	f.StringVar(&o.Format, "format", "", "format of the export: ndjson, json, csv, parquet")
	f.StringVar(&o.Times, "times", "iso", "how times are written: iso, epoch-ms (milliseconds since 1970)")
	f.BoolVar(&o.Mark, "bom", false, "begin a CSV with a byte order mark, by which Excel knows UTF-8")
	f.BoolVar(&o.Safe, "safe", false, "put an apostrophe before texts of a CSV that a spreadsheet would take for a formula")
	f.StringVar(&o.Compress, "compress", "", "gzip, zstd or none, whatever the name of -o says")
	f.StringVar(&o.Split, "split", "", "begin a new file each day, or when one has a size: day, 500MB, 2GiB")
	f.StringVar(&o.Schema, "schema", "parley", "with --to postgres://...: schema of the tables")
	f.BoolVar(&o.Again, "again", false, "with --to postgres://...: write days anew that are there as they are in the lake")
	f.StringVarP(&o.Output, "output", "o", "", "file to write (default: standard output)")
	f.StringVar(&o.SinceLast, "since-last", "", "only what is new or changed since the last export of this name")
	f.BoolVar(&o.Full, "full", false, "everything again, with --since-last: whoever gets it replaces what there was")
	f.BoolVar(&o.DryRun, "dry-run", false, "count what would be exported, and write nothing")
	f.BoolVar(&o.JSON, "json", false, "print the summary as JSON (with -o)")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("select", o.completeSelect))
	for flag, values := range map[string][]string{
		"format": formats, "per": {"conversation", "interaction"}, "times": {"iso", "epoch-ms"}, "compress": {"gzip", "zstd", "none"}, "table": tableNames(),
		"split": {"day", "500MB", "2GiB"}, "since-last": nil, "schema": nil,
	} {
		cobra.CheckErr(cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)))
	}
}

// completeSelect offers the columns that are not there yet, behind those that are.
func (o *Options) completeSelect(_ *cobra.Command, _ []string, typed string) (offered []cobra.Completion, _ cobra.ShellCompDirective) {
	i := strings.LastIndex(typed, ",") + 1
	before, begun := typed[:i], typed[i:]
	names := []string{"*", "attributes.*"}
	for _, c := range column.All() {
		if c.Has(column.Per(o.Per)) {
			names = append(names, c.Name)
		}
	}
	for _, name := range names {
		if strings.HasPrefix(name, begun) && !slices.Contains(strings.Split(before, ","), name) {
			offered = append(offered, before+name)
		}
	}
	return offered, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// Run exports.
func Run(ctx context.Context, o *Options) error {
	if o.Columns {
		return columns.Run(&columns.Options{Streams: o.Streams, JSON: o.JSON})
	}
	if o.Lake == "" {
		return fault.Field("--lake", "missing: --lake; see parley export --help")
	}
	if o.database != "" {
		return o.toPostgres(ctx)
	}
	p, err := o.plan()
	if err != nil {
		return err
	}
	for _, doubt := range o.Question.Doubts() {
		o.Streams.Notef("%s\n", doubt)
	}
	return app.Export(ctx, o.Lake, func(ctx context.Context, x *app.Exporting) error {
		if o.From != "" {
			o.Streams.Missing(engine.Missing(x.Exported, p.query.Interval))
		}
		if o.SinceLast != "" {
			return o.since(ctx, x, p)
		}
		return o.once(ctx, x, p)
	})
}

// once exports what there is.
func (o *Options) once(ctx context.Context, x *app.Exporting, p plan) error {
	if o.DryRun {
		all, err := x.Count(ctx, p.query)
		if err != nil {
			return err
		}
		return o.summary(summary{Conversations: &all}, "would be exported")
	}
	if o.streamed() {
		_, err := o.toStream(ctx, x, p)
		return err
	}
	s, err := o.toFiles(ctx, x, p, files{})
	if err != nil {
		return err
	}
	return o.summary(s, "exported")
}

// query is what is selected: the days, and the filters of the flags and of the file. Asked is the same as text, in one spelling.
func (o *Options) query() (q query.Query, asked string, err error) {
	q = query.Query{Interval: ever(), Matching: query.StartOfDay, Order: query.Ascending, OrderBy: query.ByConversationStart}
	if o.From != "" || o.To != "" || o.SinceLast == "" {
		if q.Interval, err = o.days(); err != nil {
			return q, "", err
		}
	}
	file, err := question.FilterFile(o.Streams, o.Filter)
	if err != nil {
		return q, "", err
	}
	aDay := conversation.Day(0).Interval()
	flags, err := o.Question.Filters(aDay)
	if err != nil {
		return q, "", err
	}
	bodies := [][]byte{flags}
	if file != nil {
		bodies = append(bodies, append([]byte(`{"interval":"`+aDay.String()+`",`), file[1:]...))
	}
	for _, body := range bodies {
		d, err := query.DecodeDetail(body, query.OwnLimits())
		if err != nil {
			return q, "", err
		}
		q.Filters = append(q.Filters, d.Filters...)
	}
	return q, q.Interval.String() + "\n" + string(bytes.Join(bodies, []byte("\n"))), nil
}

// ever is every day on which a conversation can have started.
func ever() conversation.Interval {
	return conversation.Interval{Start: time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)}
}

func (o *Options) days() (iv conversation.Interval, err error) {
	first, err := conversation.ParseDay(o.From)
	if err != nil {
		return iv, fault.Field("--from", "--from %v", err)
	}
	end, err := conversation.ParseDay(o.To)
	if err != nil {
		return iv, fault.Field("--to", "--to %v", err)
	}
	if end <= first {
		return iv, fault.Field("--to", "--to must lie after --from")
	}
	return conversation.Interval{Start: first.Start(), End: end.Start()}, nil
}

// per is what a row is of.
func (o *Options) per() (column.Per, error) {
	switch per := column.Per(o.Per); per {
	case column.Conversation, column.Interaction:
		return per, nil
	}
	return "", fault.Field("--per", "--per %s is not known; conversation and interaction are", fault.Clip(o.Per))
}
