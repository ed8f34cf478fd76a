// Package sandbox is the command "parley sandbox".
package sandbox

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/importcmd"
	"github.com/parley-hq/parley/internal/cli/serving"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/recordfile"
	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/scenario"
	"github.com/parley-hq/parley/internal/sandbox/served"
	"github.com/parley-hq/parley/internal/server"
)

// Options is everything "parley sandbox" reads.
type Options struct {
	serving.Options
	Streams *ui.Streams
	Flags   *pflag.FlagSet // which of them were given

	Days    int
	PerDay  int
	Steady  bool
	Seed    uint64
	Now     string
	Speed   float64
	Lag     time.Duration
	Failed  []string
	Load    []string
	Value   int64 // MiB
	Data    string
	Script  string
	Control string
	Page    bool

	file *scenario.File // that of Script, once it is read
	JSON bool
}

// New makes the command.
func New(s *ui.Streams) *cobra.Command {
	o := &Options{Streams: s}
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run a simulated platform to develop and test against",
		Long: `Run a server with the platform's API over a simulated contact centre, or over records of your own.

Everything simulated follows from --seed: the same seed, days and clock give the same conversations, byte for byte.
The platform's clock starts at --now and goes on, at --speed. Its nightly batch begins to read some minutes after 04:00
UTC, which is the dataAvailabilityDate from its end on: asynchronous jobs see what had started before it, as it was then.
The synchronous query sees everything up to the moment, conversations that are going on included.

While it runs it is controlled by the commands below: its clock is moved, batches fail, records change. With --data
it keeps what was done to it, its jobs and its clients in a folder, and goes on from there when it is started again.

Its parts are for a sandbox that runs: "faults" has it misbehave, "requests" shows what it was asked.

The official clients work against it when they are pointed at its address: see docs/sandbox.md.`,
		Example: `  parley sandbox
  parley sandbox --addr 127.0.0.1:8080 --days 9 --per-day 300 --seed 7 --now 2026-11-08T12:00:00Z
  parley sandbox --now 2026-11-08T12:00:00Z --speed 1000 --data ./sandbox
  parley sandbox --scenario ./scenario.yaml
  parley sandbox --load ./exports --client-id me --client-secret hush
  parley sandbox clock --advance 24h`,
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
			o.Load, o.Flags = append(o.Load, args...), cmd.Flags()
			return Run(cmd.Context(), o)
		},
	}
	cmd.AddCommand(append(controls(s), newFaults(s), newRequests(s))...)
	f := cmd.Flags()
	o.Options.Flags(f, "warn", "*")
	f.IntVar(&o.Days, "days", 9, "days to simulate, up to and including that of --now")
	f.IntVar(&o.PerDay, "per-day", 300, "conversations a day, on average")
	f.BoolVar(&o.Steady, "steady", false, "exactly so many on each day; else weekday, season and chance decide")
	f.Uint64Var(&o.Seed, "seed", 1, "what everything simulated follows from")
	f.StringVar(&o.Now, "now", "", "where the platform's clock starts, as 2026-11-08T12:00:00Z (default: now)")
	f.Float64Var(&o.Speed, "speed", 1, "how many times as fast as the machine's clock the platform's goes, at most 10000; 0 stands still")
	f.DurationVar(&o.Lag, "lag", 0, "how long after its end the figures of a conversation are finished in queries and jobs")
	f.StringSliceVar(&o.Failed, "failed-batch", nil, "days, as 2026-11-08, on whose morning the nightly batch fails: dataAvailabilityDate stays where it was")
	f.StringSliceVar(&o.Load, "load", nil, "serve these records and simulate none: files or folders with single records, NDJSON, result pages; plain, .gz, .zst")
	importcmd.ValueFlag(f, &o.Value)
	f.StringVar(&o.Script, "scenario", "", "YAML file that says how it begins, what happens when, and its faults; flags that are given count before it")
	f.StringVar(&o.Data, "data", "", "folder that keeps what is done to the sandbox, its jobs and clients (default: they end with it)")
	f.StringVar(&o.Control, "control", machine, "who may control it under /_sandbox/: machine (programs of this one), anyone, nobody")
	f.BoolVar(&o.Page, "page", true, "show pages in a browser, at /ui/: docs/page.md")
	f.BoolVar(&o.JSON, "json", false, `print one line, {"url":..,"client_id":..,"client_secret":..}, when it is ready`)
	return cmd
}

// Who may control a sandbox.
const (
	machine = "machine"
	anyone  = "anyone"
	nobody  = "nobody"
)

// Run serves until ctx ends.
func Run(ctx context.Context, o *Options) (err error) {
	if !slices.Contains([]string{machine, anyone, nobody}, o.Control) {
		return fault.Field("--control", "--control %s: write %s, %s or %s", o.Control, machine, anyone, nobody)
	}
	listen, err := o.Resolve(o.Streams)
	if err != nil {
		return err
	}
	s, err := served.Open(ctx, o.Data, func(begun *sandbox.Scenario) (*sandbox.World, error) { return o.world(ctx, begun) })
	if err != nil {
		return o.placed(err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if listen.Client, err = o.client(ctx, s); err != nil {
		return err
	}
	running := s.Serve(listen, served.Control{Nobody: o.Control == nobody, Anyone: o.Control == anyone}, o.pages())
	return running.Run(ctx, func(url string) error {
		if err := o.ready(url, listen.Client, s.World); err != nil || o.JSON {
			return err
		}
		link, err := running.PageLink(ctx, server.DefaultOrganization, running.Permissions)
		if link != "" {
			o.Streams.Printf("\nSee it in a browser, by a link that is good once within 10 minutes:\n  %s\n", link)
		}
		return err
	})
}

// pages makes those that browsers are shown; nil if none are.
func (o *Options) pages() served.Pages {
	if !o.Page {
		return nil
	}
	return app.SandboxPages
}

// client is whom the sandbox knows from the start: the one that was given, and else one by chance; with a folder that keeps
// clients, one of which the secret is told once.
func (o *Options) client(ctx context.Context, s *served.Sandbox) (c server.Credentials, err error) {
	c = o.Client
	if c == (server.Credentials{}) && o.Data != "" {
		return s.Client(ctx)
	}
	chance := server.NewCredentials()
	if c.ID == "" {
		c.ID = chance.ID
	}
	if c.Secret == "" {
		c.Secret = chance.Secret
	}
	return c, nil
}

// scenario is how the sandbox begins: as the flags that were given say, then the file, then as that of the folder has begun,
// then as the flags say where nobody does.
func (o *Options) scenario(begun *sandbox.Scenario) (s sandbox.Scenario, err error) {
	defaults, err := o.flagged()
	if err != nil {
		return s, err
	}
	if s = defaults; begun != nil {
		s = *begun
		s.Given = ""
	}
	if o.Script != "" {
		if o.file, err = scenario.Read(o.Script, &s); err != nil {
			return s, err
		}
	}
	for flag, take := range map[string]func(){
		"seed": func() { s.Seed = defaults.Seed }, "days": func() { s.Days = defaults.Days }, "per-day": func() { s.PerDay = defaults.PerDay },
		"steady": func() { s.Uneven = defaults.Uneven }, "now": func() { s.Start = defaults.Start }, "speed": func() { s.Speed = defaults.Speed },
		"lag": func() { s.Lag = defaults.Lag }, "failed-batch": func() { s.FailedBatches = defaults.FailedBatches },
	} {
		if o.Flags.Changed(flag) {
			take()
		}
	}
	if begun != nil && begun.Given != "" && len(o.Load) == 0 {
		return s, fault.Field("--load", "the sandbox of %s serves given records, which it does not keep: give them again by --load", o.Data)
	}
	return s, nil
}

// flagged is the scenario of the flags.
func (o *Options) flagged() (s sandbox.Scenario, err error) {
	s = sandbox.Scenario{
		Seed: o.Seed, Days: o.Days, PerDay: o.PerDay, Uneven: !o.Steady, Start: time.Now().UTC().Truncate(time.Millisecond), Speed: o.Speed,
		Lag: sandbox.Span(o.Lag), FailedBatches: o.Failed,
	}
	if o.Now != "" {
		if s.Start, err = conversation.ParseTime(o.Now); err != nil {
			return s, fault.Field("--now", "--now %v", err)
		}
	}
	return s, nil
}

// placed says of what is wrong with the scenario of a file in which line it is.
func (o *Options) placed(err error) error {
	if o.file == nil {
		return err
	}
	return o.file.Where("", err)
}

func (o *Options) world(ctx context.Context, begun *sandbox.Scenario) (*sandbox.World, error) {
	begins, err := o.scenario(begun)
	if err != nil {
		return nil, err
	}
	if len(o.Load) > 0 {
		return o.loaded(ctx, begins)
	}
	progress := o.Streams.Progress()
	defer progress.Clear()
	all, done := int64(begins.Days)*int64(begins.PerDay), int64(0)
	world, err := sandbox.Simulate(ctx, begins, func(n int) {
		done += int64(n)
		progress.Show("simulating", done, all, "conversations")
	})
	return world, o.placed(err)
}

func (o *Options) loaded(ctx context.Context, begins sandbox.Scenario) (*sandbox.World, error) {
	limits, err := importcmd.Limits(o.Value)
	if err != nil {
		return nil, err
	}
	files, err := recordfile.Find(o.Load)
	if err != nil {
		return nil, err
	}
	world, found, err := sandbox.Load(ctx, begins, files, limits)
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

func (o *Options) ready(url string, client server.Credentials, w *sandbox.World) error {
	if o.JSON {
		return o.Streams.Ready(url, client.ID, client.Secret)
	}
	from, to := "DAY", "DAY"
	if days, known := w.Extractable(); known {
		from, to = days.First.String(), days.End.String()
	}
	o.Streams.Printf("The platform is running at %s (Ctrl-C stops it).\n\n", url)
	if client == (server.Credentials{}) {
		o.Streams.Printf("  # the clients are those of before; parley client --state %s lists them and gives them new secrets\n", o.Data)
	} else {
		o.Streams.Printf("  export GENESYS_CLIENT_ID=%s\n  export GENESYS_CLIENT_SECRET=%s\n", client.ID, client.Secret)
	}
	o.Streams.Printf("  parley extract --base-url %s --from %s --to %s --lake ./lake --poll 100ms..1s\n", url, from, to)
	return nil
}
