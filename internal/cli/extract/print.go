package extract

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/private"
)

// dryRun says what would be done. A lake that is not there yet is made beside the temporary files, and removed.
func (o *Options) dryRun(ctx context.Context, cfg extract.Config) (err error) {
	dir := o.Lake
	l, err := lake.Open(ctx, dir)
	if errors.Is(err, fault.NotFound) {
		if dir, err = private.Temp("dry-run"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		l, err = lake.Create(ctx, dir)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	cfg.Lake = l
	plan, err := extract.New(cfg).Plan(ctx)
	if err != nil {
		return err
	}
	return o.printPlan(plan)
}

func (o *Options) printPlan(p extract.Plan) error {
	if o.JSON {
		return o.Streams.JSON(struct {
			Available    string             `json:"data_availability_date"`
			Whole        int                `json:"days_already_whole"`
			Days         []conversation.Day `json:"days_to_extract"`
			NotAvailable []conversation.Day `json:"days_not_available"`
		}{conversation.FormatTime(p.Available), p.Whole, p.Days, p.NotAvailable})
	}
	o.Streams.Printf("Nothing was changed. An extraction would do this:\n")
	return ui.Fields(o.Streams.Out,
		[2]string{"extract", days(p.Days)},
		[2]string{"leave alone", fmt.Sprintf("%d days that the lake has whole", p.Whole)},
		[2]string{"wait for", days(p.NotAvailable)},
		[2]string{"data available until", conversation.FormatTime(p.Available)},
	)
}

// days writes a list of days as a person would.
func days(list []conversation.Day) string {
	switch len(list) {
	case 0:
		return "no day"
	case 1:
		return list[0].String()
	}
	return fmt.Sprintf("%d days, %v to %v", len(list), list[0], list[len(list)-1])
}

func (o *Options) print(s extract.Summary, stopped bool) error {
	if o.JSON {
		return o.Streams.JSON(s)
	}
	if s.Days == 0 && s.Received == 0 && len(s.NotAvailable) == 0 {
		o.Streams.Printf("Nothing to do: of the days from %v up to %v the lake has %s whole.\n", s.First, s.End, ui.Counted(int64(s.DaysBefore), "day", "days"))
		return nil
	}
	w := o.Streams.Out
	if stopped {
		o.Streams.Printf("Stopped before the end; run the same command again to go on. Until now:\n")
	}
	resumed := ""
	if s.Resumed {
		resumed = ", resumed where an earlier run was interrupted"
	}
	o.Streams.Printf("Extracted %d days from %v up to %v in %.1f s%s.\n", s.Days, s.First, s.End, s.Seconds, resumed)
	lines := [][2]string{
		{"conversations added", ui.Count(s.Added)},
		{"replaced by newer versions", ui.Count(s.Replaced)},
		{"in the lake already", ui.Count(s.Unchanged + s.Stale)},
		{"received", fmt.Sprintf("%s records in %s pages of %s jobs, %s written", ui.Count(s.Received), ui.Count(s.Pages), ui.Count(s.Jobs), ui.Bytes(s.Bytes))},
		{"sent twice", fmt.Sprintf("%s equal, %s with another content", ui.Count(s.Duplicates), ui.Count(s.Conflicts))},
		{"days already whole", ui.Count(int64(s.DaysBefore))},
	}
	for _, extra := range []struct {
		name string
		n    int64
	}{
		{"started in another part of the interval, which brings them", s.Elsewhere},
		{"set aside: no record (parley lake rejected)", s.Rejected},
		{"kept whole, but not fit for the tables", s.Unfit},
		{"days not available yet", int64(len(s.NotAvailable))},
	} {
		if extra.n > 0 {
			lines = append(lines, [2]string{extra.name, ui.Count(extra.n)})
		}
	}
	return ui.Fields(w, lines...)
}
