// Package extract is the command "parley extract".
package extract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/parley-hq/parley/client"
	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/configured"
	"github.com/parley-hq/parley/internal/cli/connection"
	"github.com/parley-hq/parley/internal/cli/door"
	"github.com/parley-hq/parley/internal/cli/redacting"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/config"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/source"
	"github.com/parley-hq/parley/internal/wire"
)

// Options is everything "parley extract" reads; tests fill it by hand.
type Options struct {
	Streams *ui.Streams
	Version string
	Getenv  func(string) string

	From, To  string
	Lake      string
	BaseURL   string
	Source    string
	Again     string
	Empty     string
	Settle    string
	Tolerance string
	Wait      time.Duration
	Parallel  int
	Poll      string
	JobWait   time.Duration
	Size      extract.Size
	Retries   int
	RetryWait time.Duration
	Patience  time.Duration
	Budget    connection.Budget
	File      configured.File
	Telling   telling
	Listen    string
	MemoryMiB int64
	PageMiB   int64
	Redact    redacting.Options
	Door      door.Options
	DryRun    bool
	Recount   bool // it is parley reconcile
	Filter    string
	Rows      string
	Follow    bool
	Tail      bool
	Attribs   bool
	Names     string
	Every     time.Duration
	Maintain  bool
	JSON      bool

	AtOnce int

	many      *config.Config // several organizations that are meant; nil: one
	part      *part          // what this is of them; nil: all there is
	redaction app.Redaction  // what Redact says
	naming    app.Naming     // what Names says
	in        door.Door      // as Door says
}

// New makes the command.
func New(s *ui.Streams, version string) *cobra.Command {
	return command(standard(s, version))
}

// standard is what nobody has said anything of.
func standard(s *ui.Streams, version string) *Options {
	return &Options{Streams: s, Version: version, Getenv: os.Getenv, Size: extract.DefaultSize(), File: configured.File{Settings: true}}
}

func command(o *Options) *cobra.Command {
	cmd := &cobra.Command{
		Use:         "extract --lake DIR [--from DAY] [--to DAY]",
		Annotations: ui.ThatGoesOn(),
		Short:       "Extract every conversation of an interval into a lake",
		Long: `Extract every conversation that started in the days from --from up to, and not including, --to. Without --from it
begins with the first day that the lake was ever asked for, without --to it ends with the last day that the platform has
complete: every night the same command, parley extract --lake DIR, brings what is new and what is missing.

Days that the lake has whole are left alone until their time comes to be read again (--settle): records change for
weeks. What changed is replaced, and noted in the table changes. After each reading the platform is asked how many
conversations it counts of the day; where that differs by more than --tolerance, the day is read once more in parts of six
hours, and if that does not help the command says so and ends with exit code 3. parley status shows it all.

A run that was interrupted, however it was, goes on from its last page when the same command is run again. Days that the
platform does not have complete yet (its dataAvailabilityDate), or that have not ended by this machine's clock, are not
extracted: if --to asks for them, the command says so and ends with exit code 3. It ends so too for days of which
nothing came, unless the platform's synchronous query confirms that nothing happened.

A lake knows its source from its first commit on. Another platform or organization is refused.

With a --config of several organizations, and without --organization, all of them are extracted. Any number of machines may do so at the
same time, if the control databases are in one Postgres: each organization is done by one of them. Exit code and printed summaries
are of those that this process did. docs/unattended.md

` + connection.Help,
		Example: `  parley extract --from 2026-11-01 --to 2026-11-08 --lake ./lake
  parley extract --lake ./lake
  parley extract --lake ./lake --follow
  parley extract --from 2026-11-01 --to 2026-11-08 --lake ./lake --base-url http://127.0.0.1:8080
  parley extract --from 2017-01-01 --to 2026-01-01 --lake ./lake --dry-run
  parley extract --again 2026-11-03..2026-11-05 --lake ./lake
  parley extract --rows body.json --from 2026-11-01 --lake ./rows --base-url http://127.0.0.1:8080
  parley extract --config parley.yaml --organization acme
  parley extract --config parley.yaml --follow`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.many != nil {
				return o.runMany(cmd)
			}
			return Run(cmd.Context(), o)
		},
	}
	cmd.PersistentPreRunE = o.configure
	f := cmd.Flags()
	f.StringVar(&o.From, "from", "", "first day, UTC, as 2026-11-01; without it the first one that the lake was ever asked for")
	f.StringVar(&o.To, "to", "", "day after the last one, UTC; without it the last one that the platform has complete")
	f.StringVar(&o.Settle, "settle", ledger.DefaultPolicy().String(), "ages at which whole days are read again, in days that the platform's data is complete after their end; none for never")
	f.StringVar(&o.Lake, "lake", "", "folder of the lake; it is made if it is not there")
	o.flags(f)
	o.Door.Flags(cmd)
	f.StringVar(&o.Source, "source", "", "organization id, or base URL, that the lake is to be extracted from, and from no other; needed once when its source has moved")
	f.StringVar(&o.Again, "again", "", "read days again that the lake has whole, as 2026-11-03 or 2026-11-03..2026-11-05; without --from and --to, those days alone")
	f.StringVar(&o.Empty, "accept-empty", "", "days to take for empty when nothing comes of them, whether or not the platform confirms it; written as for --again")
	f.BoolVar(&o.DryRun, "dry-run", false, "say what would be extracted, and change nothing")
	f.BoolVar(&o.Tail, "tail", false, "also bring, by the synchronous query, what started after the last day that the platform has complete; provisional")
	f.BoolVar(&o.Attribs, "attributes", false, "with --tail: ask for each of these conversations' attributes too, one request each")
	f.StringVar(&o.Names, "names", "", "age at which names of users, queues and the like are read again, as 24h; never for not at all (default 0s: in every run; with --follow 24h)")
	f.BoolVar(&o.Follow, "follow", false, "go on for ever: extract whenever the platform has more complete, and at least every --every")
	f.StringVar(&o.Listen, "metrics-listen", "", "with --follow: address to serve metrics for Prometheus at, under /metrics, as 127.0.0.1:9464")
	f.BoolVar(&o.Maintain, "maintain", true, "with --follow: once a day, do what parley lake maintain does")
	f.DurationVar(&o.Every, "every", 6*time.Hour, "with --follow: longest time between two extractions")
	f.IntVar(&o.AtOnce, "at-once", 2, "with several organizations: how many this process extracts at the same time")
	return cmd
}

// configure takes from the file what was not given. It comes before it is seen whether all flags are there.
func (o *Options) configure(cmd *cobra.Command, _ []string) (err error) {
	every := cmd.Flags().Changed("every") // in a file it may stand for those runs that are services
	if !o.Recount {
		if o.many, err = o.File.Several(); err != nil {
			return err
		}
	}
	if o.many != nil {
		delete(cmd.Flags().Lookup("lake").Annotations, cobra.BashCompOneRequiredFlag) // the file says where the lakes are
		return o.forMany(cmd)
	}
	if o.Getenv, err = o.File.Apply(cmd.Context(), cmd, o.Getenv); err == nil && every && !o.Follow {
		err = fault.Field("--every", "--every goes with --follow; without it the command extracts once")
	}
	return err
}

// flags are those of every command that extracts.
func (o *Options) flags(f *pflag.FlagSet) {
	f.StringVar(&o.BaseURL, "base-url", "", "server to extract from, in place of GENESYS_ENVIRONMENT")
	f.StringVar(&o.Filter, "filter", "", "file with filters, as a request body has them; what they choose is a lake of its own")
	f.StringVar(&o.Rows, "rows", "", "file with the select and filter of a row report: extract its rows from a server of Parley's, into a lake of their own; docs/row-reports.md")
	f.StringVar(&o.Tolerance, "tolerance", ledger.FormatTolerance(ledger.DefaultTolerance), "share by which what the platform counts of a day may differ from what the lake has; off to count nothing")
	f.DurationVar(&o.Wait, "wait", 0, "how long to wait while another process extracts into the lake")
	o.Redact.Flags(f)
	f.StringVar(&o.Poll, "poll", platform.DefaultPoll().String(), "first and longest wait between questions after a job; it doubles, plus up to 5 s by chance")
	f.DurationVar(&o.JobWait, "job-wait", platform.DefaultWithin, "how long a job may take before its days are asked for in smaller parts")
	f.IntVar(&o.Parallel, "parallel", 1, "jobs that are read at the same time, 1 to 16; each takes the memory of two pages")
	f.IntVar(&o.Size.Page, "page-size", o.Size.Page, "records a page, 1 to 10000; a page is held in memory")
	f.Int64Var(&o.Size.Job, "job-records", o.Size.Job, "records that a job should return; the days of a job adapt to it")
	f.Int64Var(&o.Size.Commit, "commit-records", o.Size.Commit, "records after which whole days are committed")
	f.IntVar(&o.Retries, "retries", 5, "how often a request that fails is tried again")
	f.DurationVar(&o.RetryWait, "retry-wait", 500*time.Millisecond, "wait before the first new try; it doubles up to a minute")
	f.DurationVar(&o.Patience, "patience", platform.DefaultPatience, "how long the platform may say nothing, or take for 16 KiB of an answer")
	o.File.Flags(f)
	o.Telling.flags(f)
	o.Budget.Flags(f, connection.Unattended)
	f.Int64Var(&o.MemoryMiB, "memory", 256, "MiB of memory to aim for")
	f.Int64Var(&o.PageMiB, "max-page-mib", wire.DefaultPage>>20, "MiB that a page may have, decompressed")
	f.BoolVar(&o.JSON, "json", false, "print the summary as JSON")
	cobra.CheckErr(cobra.MarkFlagRequired(f, "lake"))
}

// Run extracts.
func Run(ctx context.Context, o *Options) (err error) {
	if err := o.Telling.begin(); err != nil {
		return err
	}
	var summary extract.Summary
	defer func() { err = o.ended(ctx, summary, err) }()
	cfg, err := o.config()
	if err != nil {
		return err
	}
	if o.redaction, err = o.Redact.Read(o.Getenv); err != nil {
		return err
	}
	cfg.Strict, cfg.Door = o.in.Strict, o.in.Record
	if o.naming, err = o.named(); err != nil {
		return err
	}
	if err := errors.Join(at.Vacant(ctx, o.Lake), o.vacant(ctx)); err != nil {
		return err
	}
	if o.DryRun {
		return o.dryRun(ctx, cfg)
	}
	// Asked before a lake is made: a wrong secret or host should leave nothing behind.
	if _, _, err := cfg.Platform.Coverage(ctx); err != nil && (!o.Follow || !errors.Is(err, fault.Unavailable)) {
		return err
	}
	debug.SetMemoryLimit(o.MemoryMiB << 20 * 3 / 4) // the rest is for what Go does not count: the program's code, SQLite
	if o.Follow {
		return o.follow(ctx, cfg)
	}
	summary, err = o.once(ctx, cfg)
	return o.tell(summary, err)
}

// vacant refuses what needs a lake that is there, so that none is made for it.
func (o *Options) vacant(ctx context.Context) error {
	switch {
	case at.Exists(ctx, o.Lake):
		return nil
	case o.Recount:
		l, err := at.Open(ctx, o.Lake)
		if err == nil { // somebody has just made it
			err = l.Close()
		}
		return err
	case o.From+o.Again == "":
		return fault.Field("--from", "there is no lake in %s yet: say by --from which is the first day wanted", o.Lake)
	}
	return nil
}

// once runs one extraction.
func (o *Options) once(ctx context.Context, cfg extract.Config) (extract.Summary, error) {
	o.Telling.begun = time.Now()
	leave, err := o.part.enter(ctx)
	if err != nil {
		return extract.Summary{}, err
	}
	defer leave()
	progress := o.Streams.Progress()
	defer progress.Clear()
	cfg.Report = func(p extract.Progress) {
		progress.Show(fmt.Sprintf("%s, %d of %d days", p.Step, p.Days, p.AllDays), p.Records, 0, "conversations")
	}
	s, err := app.Extract(ctx, o.Lake, cfg, o.redaction, o.naming)
	o.again(&s)
	return s, err
}

// tell prints what an extraction came to, and gives its error with that of printing.
func (o *Options) tell(summary extract.Summary, err error) error {
	stopped := err != nil && !errors.Is(err, fault.Incomplete)
	for _, text := range summary.Warnings {
		o.Streams.Notef("parley: warning: %s\n", text)
	}
	o.in.Warn(o.Streams, summary.Drift)
	if summary.Run == "" || stopped && summary.Received == 0 {
		return err
	}
	if o.Recount && !stopped {
		return errors.Join(err, o.printCounts(summary))
	}
	return errors.Join(err, o.print(summary, head(err)))
}

// config reads flags and environment.
func (o *Options) config() (cfg extract.Config, err error) {
	cfg = extract.Config{
		Size: o.Size, Ahead: true, Now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }, Log: o.Streams.Log(),
		Rand: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
	}
	cfg.Moved = o.Source
	if err := errors.Join(o.following(), o.days(&cfg)); err != nil {
		return cfg, err
	}
	if cfg.Poll, err = platform.ParsePoll(o.Poll); err != nil {
		return cfg, err
	}
	if o.JobWait <= 0 {
		return cfg, fault.Field("--job-wait", "--job-wait must be more than 0s")
	}
	cfg.Poll.Within = o.JobWait
	if err := o.care(&cfg); err != nil {
		return cfg, err
	}
	if o.Size.Page < 1 || o.Size.Page > 10_000 || o.Size.Job < 1 || o.Size.Commit < 1 || o.Retries < 0 || o.RetryWait <= 0 || o.Patience <= 0 || o.MemoryMiB < 64 {
		return cfg, fault.New(fault.Invalid, "--page-size must lie between 1 and 10000, --job-records and --commit-records be positive, --retries not negative, --retry-wait and --patience more than 0s, --memory at least 64")
	}
	if o.PageMiB < 1 || o.PageMiB > wire.MostMiB {
		return cfg, fault.Field("--max-page-mib", "--max-page-mib must lie between 1 and %d", wire.MostMiB)
	}
	c, err := connection.Config(connection.Options{
		Getenv: o.Getenv, BaseURL: o.BaseURL, Version: o.Version, Retries: o.Retries, RetryWait: o.RetryWait, Log: o.Streams.Log(),
		Budget: o.Budget, Standard: connection.Unattended,
	})
	if err != nil {
		return cfg, err
	}
	c.Limits = wire.Limits{Page: o.PageMiB << 20, Advice: "a smaller --page-size makes pages smaller, --max-page-mib raises the limit"}
	c.Patience = o.Patience
	o.Telling.client, cfg.Name = platform.New(c), c.API
	cfg.Health = o.Telling.client.Health
	if o.Rows != "" {
		return cfg, o.fromReports(&cfg)
	}
	return cfg, o.fromDetails(&cfg)
}

// fromDetails has conversations extracted.
func (o *Options) fromDetails(cfg *extract.Config) (err error) {
	filters, err := o.filter()
	if err != nil {
		return err
	}
	cfg.Filter = fingerprint(filters)
	from := source.Details{Client: client.Over(o.Telling.client, cfg.Poll), Filters: filters}
	cfg.Platform = from
	if o.Tail {
		cfg.Tail = from
	}
	if o.Attribs {
		cfg.Attributes = from
	}
	o.in, err = o.Door.Open()
	return err
}

// care reads the flags that say what becomes of days that the lake has.
func (o *Options) care(cfg *extract.Config) (err error) {
	if o.Attribs && !o.Tail {
		return fault.Field("--attributes", "--attributes goes with --tail: jobs bring the attributes of all that is complete")
	}
	if o.Wait < 0 {
		return fault.Field("--wait", "--wait must not be negative")
	}
	if o.Recount && o.Tolerance == "off" {
		return fault.Field("--tolerance", "--tolerance off counts nothing, and there is nothing else to do")
	}
	if o.Parallel < 1 || o.Parallel > 16 {
		return fault.Field("--parallel", "--parallel must lie between 1 and 16")
	}
	cfg.Wait, cfg.Recount, cfg.Parallel = o.Wait, o.Recount, o.Parallel
	if o.Follow || o.part != nil {
		cfg.Wait = max(cfg.Wait, patient)
	}
	if cfg.Settle, err = ledger.ParsePolicy(cmp.Or(o.Settle, "none")); err != nil {
		return fault.Field("--settle", "--settle %v", err)
	}
	cfg.Tolerance, err = ledger.ParseTolerance(cmp.Or(o.Tolerance, "off"))
	if err != nil {
		return fault.Field("--tolerance", "--tolerance %v", err)
	}
	return nil
}

// days reads the flags that say which days.
func (o *Options) days(cfg *extract.Config) (err error) {
	if o.Again != "" {
		if cfg.Again, err = extract.ParseDays("--again", o.Again); err != nil {
			return err
		}
	}
	if o.Empty != "" {
		if cfg.AcceptEmpty, err = extract.ParseDays("--accept-empty", o.Empty); err != nil {
			return err
		}
	}
	if o.From+o.To == "" && o.Again != "" {
		cfg.First, cfg.End = cfg.Again.First, cfg.Again.End
		return nil
	}
	cfg.FromFirst, cfg.ToLast = o.From == "", o.To == ""
	if !cfg.FromFirst {
		if cfg.First, err = conversation.ParseDay(o.From); err != nil {
			return fault.Field("--from", "--from %v", err)
		}
	}
	if !cfg.ToLast {
		if cfg.End, err = conversation.ParseDay(o.To); err != nil {
			return fault.Field("--to", "--to %v", err)
		}
	}
	if !cfg.FromFirst && !cfg.ToLast && cfg.End <= cfg.First {
		return fault.Field("--to", "--to %v must lie after --from %v; it is the day after the last one", cfg.End, cfg.First)
	}
	return nil
}
