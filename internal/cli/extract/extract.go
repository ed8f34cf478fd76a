// Package extract is the command "parley extract".
package extract

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/connection"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/platform"
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
	Poll      string
	JobWait   time.Duration
	Size      extract.Size
	Retries   int
	RetryWait time.Duration
	Patience  time.Duration
	MemoryMiB int64
	PageMiB   int64
	DryRun    bool
	JSON      bool
}

// New makes the command.
func New(s *ui.Streams, version string) *cobra.Command {
	o := &Options{Streams: s, Version: version, Getenv: os.Getenv, Size: extract.DefaultSize()}
	cmd := &cobra.Command{
		Use:         "extract --from DAY --to DAY --lake DIR",
		Annotations: ui.ThatGoesOn(),
		Short:       "Extract every conversation of an interval into a lake",
		Long: `Extract every conversation that started in the days from --from up to, and not including, --to.

Days that the lake has whole are left alone, so running it again changes nothing. A run that was interrupted, however
it was, goes on from its last page when the same command is run again. Days that the platform does not have complete
yet (its dataAvailabilityDate), or that have not ended by this machine's clock, are not extracted: the command says so
and ends with exit code 3. It ends so too for days of which nothing came, unless the platform's synchronous query
confirms that nothing happened.

A lake knows its source from its first commit on. Another platform or organization is refused.

` + connection.Help,
		Example: `  parley extract --from 2026-11-01 --to 2026-11-08 --lake ./lake
  parley extract --from 2026-11-01 --to 2026-11-08 --lake ./lake --base-url http://127.0.0.1:8080
  parley extract --from 2017-01-01 --to 2026-01-01 --lake ./lake --dry-run
  parley extract --again 2026-11-03..2026-11-05 --lake ./lake`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Run(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.From, "from", "", "first day, UTC, as 2026-11-01")
	f.StringVar(&o.To, "to", "", "day after the last one, UTC")
	f.StringVar(&o.Lake, "lake", "", "folder of the lake; it is made if it is not there")
	f.StringVar(&o.BaseURL, "base-url", "", "server to extract from, in place of GENESYS_ENVIRONMENT")
	f.StringVar(&o.Source, "source", "", "organization id, or base URL, that the lake is to be extracted from, and from no other; needed once when its source has moved")
	f.StringVar(&o.Again, "again", "", "read days again that the lake has whole, as 2026-11-03 or 2026-11-03..2026-11-05; without --from and --to, those days alone")
	f.StringVar(&o.Empty, "accept-empty", "", "days to take for empty when nothing comes of them, whether or not the platform confirms it; written as for --again")
	f.StringVar(&o.Poll, "poll", extract.DefaultPoll().String(), "first and longest wait between questions after a job; it doubles, plus up to 5 s by chance")
	f.DurationVar(&o.JobWait, "job-wait", extract.DefaultWithin, "how long a job may take before its days are asked for in smaller parts")
	f.IntVar(&o.Size.Page, "page-size", o.Size.Page, "records a page, 1 to 10000; a page is held in memory")
	f.Int64Var(&o.Size.Job, "job-records", o.Size.Job, "records that a job should return; the days of a job adapt to it")
	f.Int64Var(&o.Size.Commit, "commit-records", o.Size.Commit, "records after which whole days are committed")
	f.IntVar(&o.Retries, "retries", 5, "how often a request that fails is tried again")
	f.DurationVar(&o.RetryWait, "retry-wait", 500*time.Millisecond, "wait before the first new try; it doubles up to a minute")
	f.DurationVar(&o.Patience, "patience", platform.DefaultPatience, "how long the platform may say nothing, or take for 16 KiB of an answer")
	f.Int64Var(&o.MemoryMiB, "memory", 256, "MiB of memory to aim for")
	f.Int64Var(&o.PageMiB, "max-page-mib", wire.DefaultPage>>20, "MiB that a page may have, decompressed")
	f.BoolVar(&o.DryRun, "dry-run", false, "say what would be extracted, and change nothing")
	f.BoolVar(&o.JSON, "json", false, "print the summary as JSON")
	cobra.CheckErr(cmd.MarkFlagRequired("lake"))
	cmd.PreRun = func(*cobra.Command, []string) {
		if o.Again != "" && o.From+o.To == "" {
			return // --again says which days
		}
		for _, name := range []string{"from", "to"} {
			cobra.CheckErr(cmd.MarkFlagRequired(name))
		}
	}
	return cmd
}

// Run extracts.
func Run(ctx context.Context, o *Options) (err error) {
	cfg, err := o.config()
	if err != nil {
		return err
	}
	if err := lake.Vacant(ctx, o.Lake); err != nil {
		return err
	}
	if o.DryRun {
		return o.dryRun(ctx, cfg)
	}
	// Asked before a lake is made: a wrong secret or host should leave nothing behind.
	if _, _, err := cfg.Platform.Coverage(ctx); err != nil {
		return err
	}
	debug.SetMemoryLimit(o.MemoryMiB << 20 * 3 / 4) // the rest is for what Go does not count: the program's code, SQLite
	progress := o.Streams.Progress()
	cfg.Report = func(p extract.Progress) {
		progress.Show(fmt.Sprintf("%s, %d of %d days", p.Step, p.Days, p.AllDays), p.Records, 0, "conversations")
	}
	summary, err := app.Extract(ctx, o.Lake, cfg)
	progress.Clear()
	stopped := err != nil && !errors.Is(err, fault.Incomplete)
	for _, text := range summary.Warnings {
		o.Streams.Notef("parley: warning: %s\n", text)
	}
	if summary.Run == "" || stopped && summary.Received == 0 {
		return err
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
	if err := o.days(&cfg); err != nil {
		return cfg, err
	}
	if cfg.Poll, err = extract.ParsePoll(o.Poll); err != nil {
		return cfg, err
	}
	if o.JobWait <= 0 {
		return cfg, fault.Field("--job-wait", "--job-wait must be more than 0s")
	}
	cfg.Poll.Within = o.JobWait
	if o.Size.Page < 1 || o.Size.Page > 10_000 || o.Size.Job < 1 || o.Size.Commit < 1 || o.Retries < 0 || o.RetryWait <= 0 || o.Patience <= 0 || o.MemoryMiB < 64 {
		return cfg, fault.New(fault.Invalid, "--page-size must lie between 1 and 10000, --job-records and --commit-records be positive, --retries not negative, --retry-wait and --patience more than 0s, --memory at least 64")
	}
	if o.PageMiB < 1 || o.PageMiB > wire.MostMiB {
		return cfg, fault.Field("--max-page-mib", "--max-page-mib must lie between 1 and %d", wire.MostMiB)
	}
	c, err := connection.Config(connection.Options{
		Getenv: o.Getenv, BaseURL: o.BaseURL, Version: o.Version, Retries: o.Retries, RetryWait: o.RetryWait, Log: o.Streams.Log(),
	})
	if err != nil {
		return cfg, err
	}
	c.Limits = wire.Limits{Page: o.PageMiB << 20, Advice: "a smaller --page-size makes pages smaller, --max-page-mib raises the limit"}
	c.Patience = o.Patience
	cfg.Platform, cfg.Name = platform.New(c), c.API
	return cfg, nil
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
	if cfg.First, err = conversation.ParseDay(o.From); err != nil {
		return fault.Field("--from", "--from %v", err)
	}
	if cfg.End, err = conversation.ParseDay(o.To); err != nil {
		return fault.Field("--to", "--to %v", err)
	}
	if cfg.End <= cfg.First {
		return fault.Field("--to", "--to %v must lie after --from %v; it is the day after the last one", cfg.End, cfg.First)
	}
	return nil
}
