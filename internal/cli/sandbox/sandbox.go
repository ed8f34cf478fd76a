// Package sandbox is the command "parley sandbox".
package sandbox

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/importcmd"
	"github.com/parley-hq/parley/internal/cli/serving"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/ingest"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/sandbox"
)

// Options is everything "parley sandbox" reads.
type Options struct {
	serving.Options
	Streams *ui.Streams

	Days   int
	PerDay int
	Steady bool
	Seed   uint64
	Now    string
	Failed []string
	Load   []string
	Value  int64 // MiB
	JSON   bool
}

// New makes the command.
func New(s *ui.Streams) *cobra.Command {
	o := &Options{Streams: s}
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run a simulated platform to develop and test against",
		Long: `Run a server with the platform's API over a simulated contact centre, or over records of your own.

Everything simulated follows from --seed: the same seed, days and clock give the same conversations, byte for byte.
The platform's clock starts at --now and goes on. Its nightly batch ends at 04:00 UTC: asynchronous jobs see what had
started before the midnight before it, as it was then, and dataAvailabilityDate is that midnight. The synchronous
query sees everything up to the moment, conversations that are going on included.

Its parts are for a sandbox that runs: "faults" has it misbehave, "requests" shows what it was asked.

The official clients work against it when they are pointed at its address: see docs/sandbox.md.`,
		Example: `  parley sandbox
  parley sandbox --addr 127.0.0.1:8080 --days 9 --per-day 300 --seed 7 --now 2026-11-08T12:00:00Z
  parley sandbox --load ./exports --client-id me --client-secret hush`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && len(o.Load) == 0 {
				var parts []string
				for _, part := range cmd.Commands() {
					parts = append(parts, part.Name())
				}
				if near := query.Suggest(args[0], parts); near != "" {
					return fault.New(fault.Invalid, "sandbox has no part %s. Did you mean parley sandbox %s?", fault.Clip(args[0]), near)
				}
				return fault.New(fault.Invalid, "sandbox takes no arguments; to serve files give them with --load")
			}
			o.Load = append(o.Load, args...)
			return Run(cmd.Context(), o)
		},
	}
	cmd.AddCommand(newFaults(s), newRequests(s))
	f := cmd.Flags()
	o.Flags(f, "warn", "*")
	f.IntVar(&o.Days, "days", 9, "days to simulate, up to and including that of --now")
	f.IntVar(&o.PerDay, "per-day", 300, "conversations a day, on average")
	f.BoolVar(&o.Steady, "steady", false, "exactly so many on each day; else weekday, season and chance decide")
	f.Uint64Var(&o.Seed, "seed", 1, "what everything simulated follows from")
	f.StringVar(&o.Now, "now", "", "where the platform's clock starts, as 2026-11-08T12:00:00Z (default: now)")
	f.StringSliceVar(&o.Failed, "failed-batch", nil, "days, as 2026-11-08, on whose morning the nightly batch fails: dataAvailabilityDate stays where it was")
	f.StringSliceVar(&o.Load, "load", nil, "serve these records and simulate none: files or folders with single records, NDJSON, result pages; plain, .gz, .zst")
	importcmd.ValueFlag(f, &o.Value)
	f.BoolVar(&o.JSON, "json", false, `print one line, {"url":..,"client_id":..,"client_secret":..}, when it is ready`)
	return cmd
}

// Run serves until ctx ends.
func Run(ctx context.Context, o *Options) error {
	now := time.Now().UTC()
	if o.Now != "" {
		var err error
		if now, err = conversation.ParseTime(o.Now); err != nil {
			return fault.Field("--now", "--now %v", err)
		}
	}
	if o.Days < 1 || o.PerDay < 0 || o.Days > 20_000 {
		return fault.New(fault.Invalid, "--days must lie between 1 and 20000, and --per-day not be negative")
	}
	listen, err := o.Resolve(o.Streams)
	if err != nil {
		return err
	}
	chance := app.NewCredentials()
	if listen.Client.ID == "" {
		listen.Client.ID = chance.ID
	}
	if listen.Client.Secret == "" {
		listen.Client.Secret = chance.Secret
	}
	world, err := o.world(ctx, now)
	if err != nil {
		return err
	}
	return app.NewSandbox(listen, world).Run(ctx, func(url string) error { return o.ready(url, listen.Client, now) })
}

func (o *Options) world(ctx context.Context, now time.Time) (*sandbox.World, error) {
	if len(o.Load) > 0 {
		return o.loaded(ctx, now)
	}
	failed, err := parseDays(o.Failed)
	if err != nil {
		return nil, err
	}
	progress := o.Streams.Progress()
	defer progress.Clear()
	all, done := int64(o.Days)*int64(o.PerDay), int64(0)
	return sandbox.Simulate(ctx, sandbox.Simulation{Seed: o.Seed, Days: o.Days, PerDay: o.PerDay, Uneven: !o.Steady, Now: now, FailedBatches: failed}, func(n int) {
		done += int64(n)
		progress.Show("simulating", done, all, "conversations")
	})
}

func parseDays(texts []string) ([]conversation.Day, error) {
	days := make([]conversation.Day, len(texts))
	for i, text := range texts {
		var err error
		if days[i], err = conversation.ParseDay(text); err != nil {
			return nil, fault.Field("--failed-batch", "--failed-batch %v", err)
		}
	}
	return days, nil
}

func (o *Options) loaded(ctx context.Context, now time.Time) (*sandbox.World, error) {
	limits, err := importcmd.Limits(o.Value)
	if err != nil {
		return nil, err
	}
	files, err := ingest.Files(o.Load)
	if err != nil {
		return nil, err
	}
	world, found, err := sandbox.Load(ctx, now, files, limits)
	if err != nil {
		return nil, err
	}
	o.Streams.Notef("Loaded %s from %s; %d came twice, and the last counts.\n", ui.Counted(int64(found.Records), "record", "records"), ui.Counted(int64(found.Files), "file", "files"), found.Duplicates)
	for _, path := range slices.Sorted(maps.Keys(found.Rejected)) {
		o.Streams.Notef("Not loaded, for want of a usable conversationId or conversationStart: %s of %s\n", ui.Counted(int64(found.Rejected[path]), "value", "values"), path)
	}
	for _, path := range found.Empty {
		o.Streams.Notef("Without one record: %s\n", path)
	}
	return world, nil
}

// days are those that can be extracted: simulated, and complete by the nightly batch. Of loaded records nobody knows.
func (o *Options) days(now time.Time) (from, to string) {
	if len(o.Load) > 0 {
		return "DAY", "DAY"
	}
	return (conversation.DayOf(now) - conversation.Day(o.Days) + 1).String(), conversation.DayOf(now.Add(-sandbox.BatchEnds)).String()
}

func (o *Options) ready(url string, client app.Credentials, now time.Time) error {
	if o.JSON {
		return o.Streams.Ready(url, client.ID, client.Secret)
	}
	from, to := o.days(now)
	o.Streams.Printf(`The platform is running at %s (Ctrl-C stops it).

  export GENESYS_CLIENT_ID=%s
  export GENESYS_CLIENT_SECRET=%s
  parley extract --base-url %s --from %s --to %s --lake ./lake --poll 100ms..1s
`, url, client.ID, client.Secret, url, from, to)
	return nil
}
