// Package status is the command "parley status".
package status

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/runs"
)

type options struct {
	streams   *ui.Streams
	lake      string
	config    string
	from, to  string
	settle    string
	tolerance string
	all, json bool
	runs      bool
	now       func() time.Time
}

// New makes the command.
func New(s *ui.Streams) *cobra.Command {
	o := &options{streams: s, now: time.Now}
	cmd := &cobra.Command{
		Use:   "status --lake DIR",
		Short: "Show which days a lake has, and how far they are",
		Long: `Show a calendar of the days of a lake. A day is

  gap          not whole, or the platform counts another number of conversations than the lake has, or some could not be kept
  provisional  whole, and to be read again (--settle), as records change for weeks; or not complete yet, brought by --tail
  settled      whole, and not read again

with the conversations that the lake has of it, those that the platform counted (totalHits of the synchronous query), up to
where the platform's data was complete when it was read (dataAvailabilityDate), and the conversations that have no end yet.
Nothing is asked of the platform; parley reconcile does that. Exit code 3 says that something is missing.

With --config it shows of several organizations, in place of days, which process on which machine extracts each of them now, and how that
ended last, if their control databases are in a Postgres.`,
		Example: `  parley status --lake ./lake
  parley status --lake ./lake --from 2026-11-01 --to 2026-11-08 --all
  parley status --config parley.yaml
  parley status --lake ./lake --json | jq '.days[] | select(.verdict == "gap").day'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.config != "" {
				return o.organizations(cmd.Context())
			}
			return o.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.lake, "lake", "", "folder of the lake")
	f.StringVar(&o.config, "config", "", "parley.yaml: show who extracts its organizations, in place of the days of a lake")
	f.StringVar(&o.from, "from", "", "first day, UTC; without it the first one that the lake was ever asked for")
	f.StringVar(&o.to, "to", "", "day after the last one, UTC; without it the last one that was available, or that the lake has")
	f.StringVar(&o.settle, "settle", "", "ages at which days are read again; without it those of the last extraction")
	f.StringVar(&o.tolerance, "tolerance", "", "share by which the counts of a day may differ; without it that of the last extraction")
	f.BoolVar(&o.all, "all", false, "list every day, and not only those in which something is missing")
	f.BoolVar(&o.runs, "runs", false, "show the extractions into the lake in place of its days")
	f.BoolVar(&o.json, "json", false, "print the days as JSON")
	cmd.MarkFlagsOneRequired("lake", "config")
	cmd.MarkFlagsMutuallyExclusive("lake", "config")
	cmd.MarkFlagsMutuallyExclusive("config", "runs")
	cobra.CheckErr(cmd.MarkFlagFilename("config", "yaml", "yml"))
	return cmd
}

func (o *options) run(ctx context.Context) (err error) {
	first, err := day("--from", o.from)
	if err != nil {
		return err
	}
	end, err := day("--to", o.to)
	if err != nil {
		return err
	}
	l, err := at.Open(ctx, o.lake)
	if err != nil {
		return err
	}
	if o.runs {
		return errors.Join(o.showRuns(ctx, l), l.Close())
	}
	var s extract.Status
	rules, err := o.rules(ctx, l)
	if err == nil {
		s, err = extract.StatusOf(ctx, l, l.Control(), rules, first, end)
	}
	if err == nil && s.Interrupted != "" {
		var list []runs.Run
		list, err = runs.In(l.Control()).List(ctx)
		s = s.Hear(list, o.now())
	}
	if err := errors.Join(err, l.Close()); err != nil {
		return err
	}
	if o.json {
		return errors.Join(o.streams.JSON(s), s.Incomplete())
	}
	return errors.Join(o.print(s), s.Incomplete())
}

// rules are those of the last extraction, but for what was said otherwise.
func (o *options) rules(ctx context.Context, l *lake.Lake) (ledger.Rules, error) {
	rules, err := ledger.In(l.Control()).Rules(ctx)
	if err != nil {
		return rules, err
	}
	if o.settle != "" {
		if rules.Policy, err = ledger.ParsePolicy(o.settle); err != nil {
			return rules, fault.Field("--settle", "--settle %v", err)
		}
	}
	if o.tolerance != "" {
		if rules.Tolerance, err = ledger.ParseTolerance(o.tolerance); err != nil {
			return rules, fault.Field("--tolerance", "--tolerance %v", err)
		}
	}
	return rules, nil
}

func day(flag, text string) (*conversation.Day, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // nobody said which
	}
	d, err := conversation.ParseDay(text)
	if err != nil {
		return nil, fault.Field(flag, "%s %v", flag, err)
	}
	return &d, nil
}

// print shows a person the calendar, a line a month, and below it the days that need a look.
func (o *options) print(s extract.Status) error {
	for _, line := range months(s.Days) {
		o.streams.Printf("%s\n", line)
	}
	lines := [][2]string{
		{"settled", ui.Counted(int64(s.Settled), "day", "days")},
		{"provisional", ui.Counted(int64(s.Provisional), "day", "days") + ", to be read again" + due(s)},
		{"gaps", ui.Counted(int64(s.Gaps), "day", "days")},
		{"conversations", ui.Count(s.Records)},
	}
	if s.Source.Report == "" { // rows do not say when a conversation ended
		lines[len(lines)-1][1] += fmt.Sprintf(", %s without an end", ui.Count(s.Open))
	}
	if s.Source != (extract.Identity{}) {
		lines = append([][2]string{{"from", s.Source.String()}}, lines...)
	}
	if s.Kept > 0 {
		lines = append(lines, [2]string{"kept", ui.Counted(s.Kept, "conversation", "conversations") + " that the last reading of their day did not bring"})
	}
	if s.Available != "" {
		text := s.Available
		if still, is := s.Stalled(o.now()); is {
			text += fmt.Sprintf(", for %v now", still.Truncate(time.Hour))
		}
		lines = append(lines, [2]string{"platform complete up to", text})
	}
	if s.Running != "" {
		lines = append(lines, [2]string{"running", "an extraction; parley status --runs says how far it is"})
	}
	if s.Interrupted != "" {
		lines = append(lines, [2]string{"interrupted", "an extraction; parley extract goes on with it"})
	}
	if s.Outdated > 0 {
		lines = append(lines, [2]string{"to be derived anew", ui.Counted(int64(s.Outdated), "day", "days") + ", by parley lake derive: summaries and legs lack them, or were made by other rules"})
	}
	if err := ui.Fields(o.streams.Out, lines...); err != nil {
		return err
	}
	return o.days(s)
}

// due says how many days the next extraction reads again.
func due(s extract.Status) string {
	n := 0
	for _, d := range s.Days {
		if d.NextReading != "" && d.NextReading <= s.Available { // both are times in one form
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; %s by the next extraction", ui.Count(int64(n)))
}

// days lists days.
func (o *options) days(s extract.Status) error {
	if s.Gaps == 0 && !o.all {
		return nil
	}
	o.streams.Printf("\n")
	t := o.streams.Table("day", "verdict", "records", "counted", "delta", "open", "kept", "set aside", "readings", "last reading", "available", "reason")
	days := s.Days
	for len(days) > 0 {
		d, n := days[0], 1
		if !o.all {
			n = alike(days)
		}
		if d.Verdict == ledger.Gap || o.all {
			t.Row(conversation.Days{First: d.Day, End: d.Day + conversation.Day(n)}.Words(), string(d.Verdict), ui.Count(d.Records), number(d.Hits), number(d.Delta), ui.Count(d.Open), ui.Count(d.Kept), ui.Count(d.Aside),
				ui.Count(int64(d.Readings)), d.ReadAt, d.Available, d.Reason)
		}
		days = days[n:]
	}
	return t.Done()
}

// alike says of how many days from the first on there is the same to say: of years that nobody extracted, one line is enough.
func alike(days []ledger.Day) int {
	first := days[0]
	n := 1
	for n < len(days) && days[n].Readings == 0 && same(days[n], first) {
		n++
	}
	return n
}

func same(a, b ledger.Day) bool {
	a.Day = b.Day
	return a == b
}

func number(n *int64) string {
	if n == nil {
		return "-"
	}
	return ui.Count(*n)
}

// signs are what a day is in the calendar.
var signs = map[ledger.Verdict]string{ledger.Gap: "-", ledger.Provisional: "o", ledger.Settled: "#"}

// months draws a line for each month, with a sign for each day.
func months(days []ledger.Day) []string {
	lines := []string{"         1        10        20        30    # settled, o provisional, - gap"}
	month := ""
	for _, d := range days {
		at := d.Day.Start()
		if now := at.Format("2006-01"); now != month {
			month = now
			lines = append(lines, month+"  "+strings.Repeat(" ", at.Day()-1))
		}
		lines[len(lines)-1] += signs[d.Verdict]
	}
	return lines
}
