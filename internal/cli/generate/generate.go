// Package generate is the command "parley generate".
package generate

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	gen "github.com/parley-hq/parley/internal/generate"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
)

// Options is everything "parley generate" reads.
type Options struct {
	Streams *ui.Streams

	Lake     string
	From, To string
	PerDay   int
	Steady   bool
	Seed     uint64
	DryRun   bool
	JSON     bool
}

// New makes the command.
func New(s *ui.Streams) *cobra.Command {
	o := &Options{Streams: s}
	cmd := &cobra.Command{
		Use:         "generate --lake DIR --from DAY --to DAY",
		Annotations: ui.ThatGoesOn(),
		Short:       "Write a simulated contact centre into a lake, to measure and to try things",
		Long: `Write the conversations of a simulated contact centre, those that parley sandbox serves, straight into a lake: the days
from --from up to, and not including, --to. Everything follows from --seed and the days: the same seed gives the same
conversations, byte for byte.

Days that the lake has whole are left alone, so running it again changes nothing, and an interrupted run goes on where
it was. The lake knows that it is simulated: it takes no conversations of a platform, nor of files, and a lake of a
platform takes no simulated ones.`,
		Example: `  parley generate --lake ./lake --from 2026-11-01 --to 2026-11-08
  parley generate --lake ./lake --from 2026-10-01 --to 2026-11-01 --per-day 32259 --seed 7`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Run(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.Lake, "lake", "", "folder of the lake; it is made if it is not there")
	f.StringVar(&o.From, "from", "", "first day, UTC, as 2026-11-01")
	f.StringVar(&o.To, "to", "", "day after the last one, UTC")
	f.IntVar(&o.PerDay, "per-day", 1000, "conversations that start on a day, on average")
	f.BoolVar(&o.Steady, "steady", false, "exactly so many on each day; else weekday, season and chance decide")
	f.Uint64Var(&o.Seed, "seed", 1, "what everything simulated follows from")
	f.BoolVar(&o.DryRun, "dry-run", false, "say what would be written, and change nothing")
	f.BoolVar(&o.JSON, "json", false, "print the summary as JSON")
	for _, name := range []string{"lake", "from", "to"} {
		cobra.CheckErr(cmd.MarkFlagRequired(name))
	}
	return cmd
}

// memory is what it aims for.
const memory = 512 << 20

// Run generates.
func Run(ctx context.Context, o *Options) error {
	g, err := o.generation()
	if err != nil {
		return err
	}
	if o.DryRun {
		return o.dryRun(ctx, g)
	}
	debug.SetMemoryLimit(memory)
	return app.Generate(ctx, o.Lake, func(ctx context.Context, l *lake.Lake) error {
		g.Lake, g.Control = l, l.Control()
		return o.generate(ctx, g)
	})
}

func (o *Options) generate(ctx context.Context, g gen.Generation) error {
	days, err := g.Pending(ctx)
	if err != nil {
		return err
	}
	progress := o.Streams.Progress()
	all := g.Count(days)
	g.Progress = func(done int64) { progress.Show("generating", done, all, "conversations") }
	done, err := g.Run(ctx)
	progress.Clear()
	if err != nil {
		return err
	}
	return o.print(done)
}

func (o *Options) generation() (g gen.Generation, err error) {
	g = gen.Generation{PerDay: o.PerDay, Uneven: !o.Steady, Seed: o.Seed, Log: o.Streams.Log()}
	if g.First, err = conversation.ParseDay(o.From); err != nil {
		return g, fault.Field("--from", "--from %v", err)
	}
	if g.End, err = conversation.ParseDay(o.To); err != nil {
		return g, fault.Field("--to", "--to %v", err)
	}
	switch {
	case g.End <= g.First:
		return g, fault.Field("--to", "--to %v must lie after --from %v; it is the day after the last one", g.End, g.First)
	case o.PerDay < 0 || o.PerDay > 10_000_000:
		return g, fault.Field("--per-day", "--per-day must lie between 0 and 10,000,000")
	}
	return g, nil
}

// dryRun says what would be written. A lake that is not there yet has no whole day.
func (o *Options) dryRun(ctx context.Context, g gen.Generation) error {
	days, err := o.pending(ctx, g)
	if err != nil {
		return err
	}
	n, whole := g.Count(days), int(g.End-g.First)-len(days)
	if o.JSON {
		return o.Streams.JSON(struct {
			Conversations int64 `json:"conversations"`
			Days          int   `json:"days"`
			Whole         int   `json:"days_already_whole"`
		}{n, len(days), whole})
	}
	o.Streams.Printf("Nothing was changed. It would write this:\n")
	return ui.Fields(o.Streams.Out,
		[2]string{"conversations", fmt.Sprintf("%s on %s", ui.Count(n), ui.Counted(int64(len(days)), "day", "days"))},
		[2]string{"leave alone", ui.Counted(int64(whole), "day", "days") + " that the lake has whole"},
	)
}

func (o *Options) pending(ctx context.Context, g gen.Generation) (days []conversation.Day, err error) {
	if g.Lake, err = at.Open(ctx, o.Lake); errors.Is(err, fault.NotFound) {
		for day := g.First; day < g.End; day++ {
			days = append(days, day)
		}
		return days, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, g.Lake.Close()) }()
	g.Control = g.Lake.Control()
	return g.Pending(ctx)
}

func (o *Options) print(g gen.Generated) error {
	if o.JSON {
		return o.Streams.JSON(g)
	}
	o.Streams.Printf("Generated %s from %v up to %v in %.1f s.\n", ui.Counted(int64(g.Days), "day", "days"), g.First, g.End, g.Seconds)
	lines := [][2]string{
		{"conversations added", ui.Count(g.Added)},
		{"in the lake already", fmt.Sprintf("%s replaced, %s equal", ui.Count(g.Replaced), ui.Count(g.Unchanged))},
		{"days already whole", ui.Count(int64(g.Whole))},
		{"records", ui.Bytes(g.Bytes)},
	}
	return ui.Fields(o.Streams.Out, lines...)
}
