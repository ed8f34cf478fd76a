// Package export is the command "parley export".
package export

import (
	"context"
	"io"
	"iter"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/export"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
)

// Options is everything "parley export" reads.
type Options struct {
	Streams *ui.Streams

	Lake     string
	From, To string
	Schema   string
	Again    bool
	Format   string
	Output   string
	DryRun   bool
	JSON     bool

	tos      []string // what --to says: a day, a database, or both
	database string
}

// New makes the command.
func New(s *ui.Streams) *cobra.Command {
	o := &Options{Streams: s}
	cmd := &cobra.Command{
		Use:   "export --lake DIR --from DAY --to DAY",
		Short: "Export conversations from a lake into a file, or its tables into Postgres",
		Long: `Export the conversations that started in the days from --from up to, and not including, --to, in order of start.

The format ndjson has one record a line, each byte for byte as the platform sent it. A file comes to be as a whole or
not at all; a name that ends in .gz or .zst compresses it. Without -o the records go to standard output.

With --to postgres://user@host:5432/database the lake's tables are copied into that database, as far as they are not there: a day is one
transaction, and only what changed is written. A password is best given by PGPASSWORD or ~/.pgpass. See docs/postgres.md.`,
		Example: `  parley export --lake ./lake --from 2026-11-01 --to 2026-11-08 -o week.ndjson.zst
  parley export --lake ./lake --from 2026-11-01 --to 2026-11-02 | jq .conversationId
  parley export --lake ./lake --to postgres://me@localhost:5432/warehouse`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.split(); err != nil {
				return err
			}
			return Run(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Lake, "lake", "", "folder of the lake")
	f.StringVar(&o.From, "from", "", "first day, UTC, as 2026-11-01")
	f.StringArrayVar(&o.tos, "to", nil, "day after the last one, UTC; or, beside it or alone, a database: postgres://user@host:5432/database")
	f.StringVar(&o.Schema, "schema", "parley", "with --to postgres://...: schema of the tables")
	f.BoolVar(&o.Again, "again", false, "with --to postgres://...: write days anew that are there as they are in the lake")
	f.StringVar(&o.Format, "format", "ndjson", "format of the export: ndjson")
	f.StringVarP(&o.Output, "output", "o", "", "file to write (default: standard output)")
	f.BoolVar(&o.DryRun, "dry-run", false, "count what would be exported, and write nothing")
	f.BoolVar(&o.JSON, "json", false, "print the summary as JSON (with -o)")
	cobra.CheckErr(cmd.MarkFlagRequired("lake"))
	return cmd
}

// Run exports.
func Run(ctx context.Context, o *Options) error {
	if o.database != "" {
		return o.toPostgres(ctx)
	}
	q, err := o.query()
	if err != nil {
		return err
	}
	return app.Export(ctx, o.Lake, func(ctx context.Context, e engine.Engine) error {
		o.Streams.Missing(engine.Missing(e, q.Interval))
		all, err := e.Count(ctx, q)
		if err != nil {
			return err
		}
		if o.DryRun {
			return o.summary(all, "would be exported")
		}
		return o.export(ctx, e, q, all)
	})
}

func (o *Options) query() (q query.Query, err error) {
	if o.Format != "ndjson" {
		return q, fault.Field("--format", "--format %s is not known; ndjson is", o.Format)
	}
	first, err := conversation.ParseDay(o.From)
	if err != nil {
		return q, fault.Field("--from", "--from %v", err)
	}
	end, err := conversation.ParseDay(o.To)
	if err != nil {
		return q, fault.Field("--to", "--to %v", err)
	}
	if end <= first {
		return q, fault.Field("--to", "--to must lie after --from")
	}
	return query.Query{
		Interval: conversation.Interval{Start: first.Start(), End: end.Start()}, Matching: query.StartOfDay,
		Order: query.Ascending, OrderBy: query.ByConversationStart,
	}, nil
}

func (o *Options) export(ctx context.Context, e engine.Engine, q query.Query, all int64) error {
	progress := o.Streams.Progress()
	defer progress.Clear()
	var n int64
	write := func(w io.Writer) (err error) {
		n, err = export.NDJSON(ctx, w, watched(e.Records(ctx, q, 0, 0), func(done int64) { progress.Show("exporting", done, all, "conversations") }))
		return err
	}
	if o.Output == "" || o.Output == "-" {
		return write(o.Streams.Out)
	}
	if err := export.ToFile(ctx, o.Output, write); err != nil {
		return err
	}
	progress.Clear()
	return o.summary(n, "exported")
}

// watched tells of every record that passes.
func watched(records iter.Seq2[conversation.Record, error], tell func(int64)) iter.Seq2[conversation.Record, error] {
	return func(yield func(conversation.Record, error) bool) {
		n := int64(0)
		for r, err := range records {
			n++
			tell(n)
			if !yield(r, err) {
				return
			}
		}
	}
}

func (o *Options) summary(n int64, what string) error {
	if o.JSON {
		return o.Streams.JSON(map[string]any{"conversations": n, "output": o.Output, "dry_run": o.DryRun})
	}
	o.Streams.Printf("%s %s.\n", ui.Counted(n, "conversation", "conversations"), what)
	return nil
}
