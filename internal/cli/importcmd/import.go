// Package importcmd is the command "parley import".
package importcmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/door"
	"github.com/parley-hq/parley/internal/cli/redacting"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/ingest"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/recordfile"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/wire"
)

// Options is everything "parley import" reads.
type Options struct {
	Streams *ui.Streams

	Paths      []string
	Lake       string
	ReceivedAt string
	Source     string
	Value      int64 // MiB
	Door       door.Options
	DryRun     bool
	JSON       bool
	Redact     redacting.Options
	Getenv     func(string) string
}

// New makes the command.
func New(s *ui.Streams) *cobra.Command {
	o := &Options{Streams: s, Getenv: os.Getenv}
	cmd := &cobra.Command{
		Use:         "import --lake DIR PATH...",
		Annotations: ui.ThatGoesOn(),
		Short:       "Import existing exports into a lake",
		Long: `Import conversation records that lie in files: single records, NDJSON, arrays, pages of job results; plain, gzip or
zstd. Folders are searched for files that end in .json, .ndjson, .jsonl.

Of two versions of a conversation the lake keeps the one that was received later; --received-at says when that was, and
without it the modification time of each file counts. Importing the same files again changes nothing. Values without
conversationId or conversationStart, those over 64 MiB and those nested more than 10,000 deep are set aside, and the
command ends with exit code 3. So it does when values of records do not fit the schema: the records are kept whole, and
the tables leave these values out. --dry-run ends as the import would into a lake that has none of the records yet.`,
		Example: `  parley import --lake ./lake ./exports
  parley import --lake ./lake --received-at 2024-05-01T00:00:00Z old/*.ndjson.gz`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Paths = args
			return Run(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Lake, "lake", "", "folder of the lake; it is made if it is not there")
	f.StringVar(&o.ReceivedAt, "received-at", "", "when the records were received from the platform (default: each file's modification time)")
	f.StringVar(&o.Source, "source", "", "organization id or base URL that the files come from, or simulation; refused by a lake that has another source, and needed for one of parley generate")
	ValueFlag(f, &o.Value)
	o.Redact.Flags(f)
	o.Door.Flags(cmd)
	f.BoolVar(&o.DryRun, "dry-run", false, "read the files and say what they hold, and change nothing")
	f.BoolVar(&o.JSON, "json", false, "print the summary as JSON")
	cobra.CheckErr(cmd.MarkFlagRequired("lake"))
	return cmd
}

// ValueFlag defines --max-value-mib, of every command that reads files of records.
func ValueFlag(f *pflag.FlagSet, to *int64) {
	f.Int64Var(to, "max-value-mib", wire.DefaultPage>>20, "MiB that a single value of a file, a record or a page, may have, decompressed")
}

// Limits are those of --max-value-mib.
func Limits(mib int64) (wire.Limits, error) {
	if mib < 1 || mib > wire.MostMiB {
		return wire.Limits{}, fault.Field("--max-value-mib", "--max-value-mib must lie between 1 and %d", wire.MostMiB)
	}
	return wire.Limits{Page: mib << 20, Advice: "--max-value-mib raises the limit"}, nil
}

// memory is what an import aims for, but for what Go does not count: the program's code, SQLite.
const memory = 192 << 20

// Run imports.
func Run(ctx context.Context, o *Options) (err error) {
	cfg := ingest.Config{Now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }, Log: o.Streams.Log()}
	if o.ReceivedAt != "" {
		if cfg.ReceivedAt, err = conversation.ParseTime(o.ReceivedAt); err != nil {
			return fault.Field("--received-at", "--received-at %v", err)
		}
	}
	if cfg.Limits, err = Limits(o.Value); err != nil {
		return err
	}
	redaction, err := o.Redact.Read(o.Getenv)
	if err != nil {
		return err
	}
	in, err := o.Door.Open()
	if err != nil {
		return err
	}
	cfg.Strict, cfg.Door = in.Strict, in.Record
	if cfg.Files, err = recordfile.Find(o.Paths); err != nil {
		return err
	}
	debug.SetMemoryLimit(memory)
	if o.DryRun {
		return o.dryRun(ctx, cfg)
	}
	if !at.Exists(ctx, o.Lake) {
		// What is no file of records should leave no lake behind. Of the rest only an import can tell.
		if err := errors.Join(at.Vacant(ctx, o.Lake), ingest.Begin(ctx, cfg.Files, cfg.Limits)); err != nil {
			return err
		}
	}
	return app.Import(ctx, o.Lake, func(ctx context.Context, l *lake.Lake) error {
		cfg.Lake, cfg.Control = l, l.Control()
		if cfg.Redact, err = redaction.Begin(ctx, l); err != nil {
			return err
		}
		return o.load(ctx, cfg, in)
	})
}

// load imports into a lake, if it takes records of that source.
func (o *Options) load(ctx context.Context, cfg ingest.Config, in door.Door) error {
	if err := extract.MayImport(ctx, cfg.Control, o.Source); err != nil {
		return err
	}
	if o.Source != "" {
		if err := o.claim(ctx, cfg.Control); err != nil {
			return err
		}
	}
	progress := o.Streams.Progress()
	cfg.Report = func(p ingest.Progress) { progress.Show(p.Step, p.Records, 0, "records") }
	summary, err := ingest.Import(ctx, cfg)
	progress.Clear()
	if err != nil && !errors.Is(err, fault.Incomplete) {
		return err
	}
	in.Warn(o.Streams, summary.Drift)
	return errors.Join(err, o.print(summary))
}

// claim makes a lake that knows no source know the one that was named: another platform must not come into it later.
func (o *Options) claim(ctx context.Context, control *state.DB) error {
	known, err := extract.Known(ctx, control)
	if err != nil || known != (extract.Identity{}) {
		return err
	}
	return extract.Claim(ctx, control, extract.Said(o.Source))
}

// empty notes files in which there was nothing: whoever gives them may mean others.
func (o *Options) empty(paths []string) {
	for _, path := range paths {
		o.Streams.Notef("Without one record: %s\n", path)
	}
}

func (o *Options) print(s ingest.Summary) error {
	if o.JSON {
		return o.Streams.JSON(s)
	}
	o.empty(s.Empty)
	o.Streams.Printf("Imported %s in %.1f s.\n", ui.Counted(int64(s.Files), "file", "files"), s.Seconds)
	lines := [][2]string{
		{"conversations added", ui.Count(s.Added)},
		{"replaced by newer versions", ui.Count(s.Replaced)},
		{"in the lake already", fmt.Sprintf("%s equal, %s newer", ui.Count(s.Unchanged), ui.Count(s.Stale))},
		{"found", fmt.Sprintf("%s, %s written", ui.Counted(s.Read, "value", "values"), ui.Bytes(s.Bytes))},
		{"found twice", fmt.Sprintf("%s equal, %s with another content", ui.Count(s.Duplicates), ui.Count(s.Conflicts))},
	}
	if s.Forgotten > 0 {
		lines = append(lines, [2]string{"erased on request, left out (parley lake forget)", ui.Count(s.Forgotten)})
	}
	if s.Rejected > 0 {
		lines = append(lines, [2]string{"set aside: no record (parley lake rejected)", ui.Count(s.Rejected)})
	}
	if s.Unfit > 0 {
		lines = append(lines, [2]string{"kept whole, but in part not fit for the tables", ui.Count(s.Unfit)})
	}
	return ui.Fields(o.Streams.Out, append(lines, ui.Misfits(s.Misfits)...)...)
}

func (o *Options) dryRun(ctx context.Context, cfg ingest.Config) error {
	if err := o.mayImport(ctx); err != nil {
		return err
	}
	found, err := ingest.Survey(ctx, cfg.Files, cfg.Limits)
	if err != nil && !errors.Is(err, fault.Incomplete) {
		return err
	}
	return errors.Join(err, o.printFound(found))
}

// mayImport asks the lake, if there is one, whether it takes what comes from files.
func (o *Options) mayImport(ctx context.Context) (err error) {
	l, err := at.Open(ctx, o.Lake)
	if errors.Is(err, fault.NotFound) {
		return at.Vacant(ctx, o.Lake)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return extract.MayImport(ctx, l.Control(), o.Source)
}

func (o *Options) printFound(found ingest.Found) error {
	if o.JSON {
		return o.Streams.JSON(found)
	}
	o.empty(found.Empty)
	o.Streams.Printf("Nothing was changed. The files hold this:\n")
	lines := [][2]string{
		{"files", ui.Count(int64(found.Files))},
		{"records", ui.Count(found.Records)},
		{"no records", ui.Count(found.Rejected)},
		{"first start", found.First},
		{"last start", found.Last},
	}
	if found.Unfit > 0 {
		lines = append(lines, [2]string{"in part not fit for the tables", ui.Count(found.Unfit)})
	}
	return ui.Fields(o.Streams.Out, append(lines, ui.Misfits(found.Misfits)...)...)
}
