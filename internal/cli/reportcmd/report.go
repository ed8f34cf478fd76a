// Package reportcmd is the command "parley report".
package reportcmd

import (
	"context"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/connection"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/figure"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

// Options is everything "parley report" reads.
type Options struct {
	Streams *ui.Streams
	Version string
	Getenv  func(string) string

	Lake      string
	BaseURL   string
	Budget    connection.Budget
	From, To  string
	TimeZone  string
	By        []string
	Queue     []string
	Agent     []string
	Media     []string
	CSV       bool
	JSON      bool
	PrintBody bool
}

// New makes the command.
func New(s *ui.Streams, version string) *cobra.Command {
	o := &Options{Streams: s, Version: version, Getenv: os.Getenv}
	cmd := &cobra.Command{
		Use:   "report (--lake DIR | --base-url URL) --from DAY",
		Short: "Print the usual figures: offered, answered, abandoned, waits, service level",
		Long: `Print the usual figures of a contact centre, by queue, agent, day, hour or other things, in a time zone: offered, answered and
abandoned, average speed of answer and handle time, service level, transfers. They are asked for by the platform's query for
aggregates: of a lake, of the platform, or of any server that has the same API. Each is counted where it happened: an answer at
09:59 and the end of its call at 10:20 lie in different hours. docs/report.md says what each of them is.

` + connection.Help + ` For reports it needs analytics:conversationAggregate:view.`,
		Example: `  parley report --lake ./lake --from 2026-11-01 --to 2026-12-01 --by queue
  parley report --lake ./lake --from 2026-11-02 --by hour --media voice --time-zone Europe/Berlin
  parley report --base-url http://127.0.0.1:8080 --from 2026-11-01 --to 2026-11-08 --by agent,day --csv`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Run(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.Lake, "lake", "", "folder of the lake to ask")
	f.StringVar(&o.BaseURL, "base-url", "", "server to ask, in place of GENESYS_ENVIRONMENT")
	o.Budget.Flags(f, connection.Interactive)
	f.StringVar(&o.From, "from", "", "first day, in the time zone, as 2026-11-01; or an instant")
	f.StringVar(&o.To, "to", "", "day after the last one, or an instant (default: a day after --from)")
	f.StringVar(&o.TimeZone, "time-zone", "UTC", "place by whose clocks days and hours begin, as Europe/Berlin")
	f.StringSliceVar(&o.By, "by", nil, "what a line is of, with commas between: "+words())
	f.StringSliceVar(&o.Queue, "queue", nil, "id or name of a queue: the figures are of it alone; several of all of them")
	f.StringSliceVar(&o.Agent, "agent", nil, "id or name of an agent, likewise")
	f.StringSliceVar(&o.Media, "media", nil, "media type, likewise: voice, callback, email, message, chat, ...")
	f.BoolVar(&o.CSV, "csv", false, "print a CSV with a head")
	f.BoolVar(&o.JSON, "json", false, "print a JSON object a line")
	f.BoolVar(&o.PrintBody, "print-body", false, "print the body of the request, and ask nothing")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("by", cobra.FixedCompletions(all(), cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

// retries is how often a request that fails is tried again: a person waits.
const retries = 2

// Run asks for the figures and prints them.
func Run(ctx context.Context, o *Options) error {
	if o.CSV && o.JSON {
		return fault.New(fault.Invalid, "give --csv or --json")
	}
	if err := o.resolve(ctx); err != nil {
		return err
	}
	q, err := o.question()
	if err != nil {
		return err
	}
	body, err := q.Body()
	if err != nil {
		return err
	}
	if _, err := query.DecodeAggregate(body); err != nil {
		return err
	}
	if o.PrintBody {
		o.Streams.Printf("%s\n", body)
		return nil
	}
	a, missing, err := o.ask(ctx, body)
	if err != nil {
		return err
	}
	if err := o.lacking(ctx, q.Interval, missing); err != nil {
		return err
	}
	lines, err := figure.Lines(a, q.GroupBy)
	if err != nil {
		return err
	}
	return o.print(q, lines, o.names(ctx, q, lines))
}

// lacking says what of the interval the figures leave out: days that never came, as the answer names them, and of a lake what is not
// there yet. A platform that is asked for figures knows all up to the moment.
func (o *Options) lacking(ctx context.Context, of conversation.Interval, missing []conversation.Day) error {
	days := make([]conversation.Days, 0, len(missing))
	for _, day := range missing {
		days = append(days, conversation.Days{First: day, End: day + 1})
	}
	o.Streams.Missing(days)
	if o.Lake == "" {
		return nil
	}
	whole, _, err := app.Coverage(ctx, o.Lake, of)
	if err == nil {
		o.Streams.NotYet(whole, of.End)
	}
	return err
}

// ask asks a lake in this process, or a server.
func (o *Options) ask(ctx context.Context, body []byte) (a wire.Aggregates, missing []conversation.Day, err error) {
	switch {
	case o.Lake != "" && o.BaseURL != "":
		return a, nil, fault.New(fault.Invalid, "give --lake or --base-url")
	case o.Lake != "":
		log := slog.New(slog.DiscardHandler) // a failure is what the command ends with: to log it too would say it twice
		if o.Streams.Verbose {
			log = o.Streams.Log()
		}
		err = app.Ask(ctx, o.Lake, app.Cluster{}, log, func(ctx context.Context, c *platform.Client) (err error) {
			a, missing, err = c.Aggregates(ctx, body)
			return err
		})
		return a, missing, err
	}
	c, err := o.server()
	if err != nil {
		return a, nil, err
	}
	return c.Aggregates(ctx, body)
}

// server is the client of the server that is asked.
func (o *Options) server() (*platform.Client, error) {
	cfg, err := connection.Config(connection.Options{
		Getenv: o.Getenv, BaseURL: o.BaseURL, Version: o.Version, Retries: retries, Log: o.Streams.Log(), OrLake: true, Budget: o.Budget, Standard: connection.Interactive,
	})
	if err != nil {
		return nil, err
	}
	return platform.New(cfg), nil
}
