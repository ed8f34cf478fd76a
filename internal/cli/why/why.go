// Package why is the command "parley why".
package why

import (
	"context"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/called"
	"github.com/parley-hq/parley/internal/cli/connection"
	"github.com/parley-hq/parley/internal/cli/localtime"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/why"
)

// Options is everything "parley why" reads.
type Options struct {
	Streams *ui.Streams
	Version string
	Getenv  func(string) string

	Figure   string
	Lake     string
	Theirs   string
	Rules    []string
	BaseURL  string
	Platform bool
	Budget   connection.Budget
	From, To string
	TimeZone string
	Queue    []string
	Agent    []string
	Media    []string
	Short    time.Duration
	Limit    int
	CSV      bool
	JSON     bool
}

// New makes the command.
func New(s *ui.Streams, version string) *cobra.Command {
	o := &Options{Streams: s, Version: version, Getenv: os.Getenv}
	cmd := &cobra.Command{
		Use:   "why FIGURE --lake DIR --from DAY",
		Short: "Explain why a figure differs from somebody else's",
		Long: `Explain why a figure of ours and one of somebody else's differ: a dashboard, a spreadsheet, the platform. Which rule makes
one of the other, and which conversations count otherwise by it?

The figure is one of ` + strings.Join(why.Figures(), ", ") + `.

With --theirs it is counted by every rule that people are known to count by, and by every two of them: by the start of
conversations, once each, by UTC, without short abandons, and so on. Rules that give the number are named, all of them: where
several do, the number alone cannot tell which it is. Without --theirs it prints what each rule gives. With --rule it shows
the conversations that count otherwise by that rule, or by two together.

With --platform, or --base-url for a server, the figure of the lake is compared with theirs, day by day or hour by hour, and where they
differ conversation by conversation.

The exit code is 3 if the difference has no reason that is known. docs/why.md describes every rule.

` + connection.Help + ` To compare figures it needs analytics:conversationAggregate:view as well.`,
		Example: `  parley why answered --lake ./lake --from 2026-11-02 --queue "Billing and Payments" --theirs 812
  parley why abandoned --lake ./lake --from 2026-11-01 --to 2026-12-01 --time-zone Europe/Berlin
  parley why offered --lake ./lake --from 2026-11-02 --rule once --csv
  parley why aht --lake ./lake --from 2026-11-02 --theirs 312.4s --json
  parley why offered --lake ./lake --base-url http://127.0.0.1:8080 --from 2026-11-01 --to 2026-11-08`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fault.New(fault.Invalid, "give one figure: %s", strings.Join(why.Figures(), ", "))
			}
			o.Figure = args[0]
			return nil
		},
		ValidArgsFunction: cobra.FixedCompletions(why.Figures(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("theirs") && o.Theirs == "" {
				return fault.Field("--theirs", "--theirs is empty; perhaps a variable of the shell is not set")
			}
			return Run(cmd.Context(), o)
		},
	}
	o.flags(cmd)
	return cmd
}

func (o *Options) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.Lake, "lake", "", "folder of the lake whose figure is ours")
	f.StringVar(&o.Theirs, "theirs", "", "the other number, as exactly as it is known: 812, 81.3%, 24.5s, 412m, 11:26:40")
	f.StringSliceVar(&o.Rules, "rule", nil, "show what one rule gives, or two with a comma between, and which conversations differ by it")
	f.BoolVar(&o.Platform, "platform", false, "theirs are the figures of the platform that GENESYS_ENVIRONMENT names")
	f.StringVar(&o.BaseURL, "base-url", "", "theirs are the figures of this server")
	o.Budget.Flags(f, connection.Interactive)
	f.StringVar(&o.From, "from", "", "first day, in the time zone, as 2026-11-01; or an instant")
	f.StringVar(&o.To, "to", "", "day after the last one, or an instant (default: a day after --from)")
	f.StringVar(&o.TimeZone, "time-zone", "UTC", "place by whose clocks our days begin, as Europe/Berlin")
	f.StringSliceVar(&o.Queue, "queue", nil, "id or name of a queue: the figure is of it alone; several of all of them")
	f.StringSliceVar(&o.Agent, "agent", nil, "id or name of an agent, likewise")
	f.StringSliceVar(&o.Media, "media", nil, "media type, likewise: voice, callback, email, message, chat, ...")
	f.DurationVar(&o.Short, "short", 0, "length under which an abandoned wait is short, if it is known; else every full second up to a minute is tried")
	f.IntVar(&o.Limit, "limit", 10, "how many conversations are shown for each explanation")
	f.BoolVar(&o.CSV, "csv", false, "print the conversations that differ, all of them, as a CSV with a head")
	f.BoolVar(&o.JSON, "json", false, "print one JSON object")
	cobra.CheckErr(cmd.MarkFlagRequired("lake"))
	cobra.CheckErr(cmd.MarkFlagDirname("lake"))
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("rule", func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		return rulesOf(args), cobra.ShellCompDirectiveNoFileComp
	}))
	cmd.MarkFlagsMutuallyExclusive("csv", "json")
	cmd.MarkFlagsMutuallyExclusive("theirs", "rule", "platform", "base-url")
}

// rulesOf are the names of the rules of a figure, if it is named.
func rulesOf(args []string) (names []string) {
	for _, name := range args {
		if f, is := why.FigureOf(name); is {
			for _, r := range why.New(why.Question{Figure: f, Zone: time.UTC}).Rules() {
				names = append(names, r.Name)
			}
		}
	}
	return names
}

// Run explains.
func Run(ctx context.Context, o *Options) error {
	q, err := o.question()
	if err != nil {
		return err
	}
	if err := o.resolve(ctx, &q); err != nil {
		return err
	}
	if o.Platform || o.BaseURL != "" {
		return o.sources(ctx, q)
	}
	if o.CSV && o.Theirs == "" && o.Rules == nil {
		return fault.Field("--csv", "--csv prints conversations that differ: give --theirs or --rule too")
	}
	return o.study(ctx, q)
}

// question is what the flags ask.
func (o *Options) question() (q why.Question, err error) {
	var is bool
	if q.Figure, is = why.FigureOf(o.Figure); !is {
		meant := ""
		if near := query.Suggest(o.Figure, why.Figures()); near != "" {
			meant = " Did you mean " + near + "?"
		}
		return q, fault.New(fault.Invalid, "figure %s is not known.%s It can be %s", fault.Clip(o.Figure), meant, strings.Join(why.Figures(), ", "))
	}
	if q.Zone, err = localtime.Zone(o.TimeZone); err != nil {
		return q, err
	}
	if q.Interval, err = localtime.Interval(o.From, o.To, q.Zone); err != nil {
		return q, err
	}
	for _, f := range []struct {
		flag   string
		values []string
	}{{"--queue", o.Queue}, {"--agent", o.Agent}, {"--media", o.Media}, {"--rule", o.Rules}} {
		if f.values != nil && (len(f.values) == 0 || slices.Contains(f.values, "")) {
			return q, fault.Field(f.flag, "%s is empty; perhaps a variable of the shell is not set", f.flag)
		}
	}
	q.Queues, q.Agents, q.Media, q.Short = o.Queue, o.Agent, o.Media, int(o.Short/time.Second)
	return q, o.numbers()
}

// resolve puts ids in the place of names, by the lake.
func (o *Options) resolve(ctx context.Context, q *why.Question) (err error) {
	if !called.Named(q.Queues) && !called.Named(q.Agents) {
		return nil
	}
	book := called.InLake(ctx, o.Streams, o.Lake)
	if q.Queues, err = called.IDs(o.Streams, "--queue", names.Queue, q.Queues, book); err != nil {
		return err
	}
	q.Agents, err = called.IDs(o.Streams, "--agent", names.User, q.Agents, book)
	return err
}

func (o *Options) numbers() error {
	switch {
	case o.Limit < 0:
		return fault.Field("--limit", "--limit cannot be negative")
	case o.Short < 0 || o.Short%time.Second != 0 || o.Short > time.Minute:
		return fault.Field("--short", "--short is a number of whole seconds up to a minute, such as 10s")
	case len(o.Rules) > 2:
		return fault.Field("--rule", "--rule names %d rules; at most two are looked at together", len(o.Rules))
	}
	return nil
}

// shownInterval is the interval by the clocks of the place.
func shownInterval(iv conversation.Interval, zone *time.Location) string {
	const layout = "2006-01-02 15:04 -07:00"
	return iv.Start.In(zone).Format(layout) + " to " + iv.End.In(zone).Format(layout)
}
