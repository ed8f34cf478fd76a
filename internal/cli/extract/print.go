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
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/private"
)

// dryRun says what would be done. A lake that is not there yet is made beside the temporary files, and removed: with its
// control database, which would stay in a Postgres.
func (o *Options) dryRun(ctx context.Context, cfg extract.Config) (err error) {
	dir := o.Lake
	l, err := at.Open(ctx, dir)
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
	if err := l.Free(ctx); errors.Is(err, fault.ReadOnly) {
		o.Streams.Notef("parley: warning: this user cannot extract into the lake: %s\n", err)
	} else if err != nil {
		return err
	}
	cfg.Lake, cfg.Control = l, l.Control()
	plan, err := extract.New(cfg).Plan(ctx)
	if err != nil {
		return err
	}
	return o.printPlan(plan)
}

func (o *Options) printPlan(p extract.Plan) error {
	if o.JSON {
		return o.Streams.JSON(struct {
			Source       extract.Identity   `json:"source"`
			Available    string             `json:"data_availability_date"`
			Ahead        int64              `json:"data_availability_ahead_seconds,omitzero"`
			Whole        int                `json:"days_already_whole"`
			Days         []conversation.Day `json:"days_to_extract"`
			Again        []conversation.Day `json:"days_to_read_again"`
			NotAvailable []conversation.Day `json:"days_not_available"`
			Missing      []conversation.Day `json:"days_missing"`
			Interrupted  string             `json:"interrupted_run,omitempty"`
			Resumes      bool               `json:"resumes"`
		}{p.Source, conversation.FormatTime(p.Available), p.Ahead(), p.Whole, p.Days, p.Again, p.NotAvailable, p.Missing, string(p.Interrupted), p.Resumes})
	}
	o.Streams.Printf("Nothing was changed. An extraction would do this:\n")
	lines := [][2]string{
		{"from", p.Source.String()},
		{"extract", days(p.Days)},
	}
	if len(p.Again) > 0 {
		lines = append(lines, [2]string{"of those, read again", days(p.Again)})
	}
	lines = append(lines,
		[2]string{"leave alone", ui.Counted(int64(p.Whole), "day", "days") + " that the lake has whole"},
		[2]string{"wait for", days(p.NotAvailable)},
		[2]string{"data available until", conversation.FormatTime(p.Available)})
	if p.Ahead() > 0 {
		lines = append(lines, [2]string{"by this machine's clock it is", conversation.FormatTime(p.Now)})
	}
	if len(p.Missing) > 0 {
		lines = append(lines, [2]string{"missing on the server", extract.Spans(p.Missing)})
	}
	if p.Interrupted != "" {
		what := [2]string{"give up", "the run that was interrupted: days that it made whole stay, what else it had fetched is fetched again"}
		if p.Resumes {
			what = [2]string{"go on with", "the run that was interrupted, from its last page"}
		}
		lines = append(lines, what)
	}
	return ui.Fields(o.Streams.Out, lines...)
}

// days writes a list of days as a person would.
func days(list []conversation.Day) string {
	switch len(list) {
	case 0:
		return "no day"
	case 1:
		return list[0].String()
	}
	if last := list[len(list)-1]; int(last-list[0]) == len(list)-1 {
		return fmt.Sprintf("%d days, %v to %v", len(list), list[0], last)
	}
	return fmt.Sprintf("%d days: %s", len(list), extract.Spans(list))
}

// head says that a run has stopped before its end; nothing of one that came to it.
func head(err error) string {
	switch {
	case err == nil || errors.Is(err, fault.Incomplete):
		return ""
	case errors.Is(err, fault.Corrupt): // the error says what to do
		return "Stopped before the end. Until now:\n"
	}
	return "Stopped before the end; run the same command again to go on. Until now:\n"
}

func (o *Options) print(s extract.Summary, head string) error {
	if o.JSON {
		return o.Streams.JSON(s)
	}
	if s.Days+s.Again == 0 && s.Received == 0 && s.Tail == nil && len(s.NotAvailable)+len(s.NotConfirmed)+len(s.Missing) == 0 {
		o.Streams.Printf("Nothing to do: of the days from %v up to %v the lake has %s whole.\n", s.First, s.End, ui.Counted(int64(s.DaysBefore), "day", "days"))
		return nil
	}
	w := o.Streams.Out
	o.Streams.Printf("%s", head)
	resumed := ""
	if s.Resumed {
		resumed = ", resumed where an earlier run was interrupted"
	}
	o.Streams.Printf("Extracted %s from %v up to %v in %.1f s%s.\n", ui.Counted(int64(s.Days), "day", "days"), s.First, s.End, s.Seconds, resumed)
	lines := [][2]string{
		{"conversations added", ui.Count(s.Added)},
		{"replaced by newer versions", ui.Count(s.Replaced)},
		{"in the lake already", ui.Count(s.Unchanged + s.Stale)},
		{"received", fmt.Sprintf("%s in %s of %s, %s written", ui.Counted(s.Received, "record", "records"), ui.Counted(s.Pages, "page", "pages"), ui.Counted(s.Jobs, "job", "jobs"), ui.Bytes(s.Bytes))},
		{"sent twice", fmt.Sprintf("%s equal, %s with another content", ui.Count(s.Duplicates), ui.Count(s.Conflicts))},
		{"days already whole", ui.Count(int64(s.DaysBefore))},
	}
	for _, extra := range []struct {
		name string
		n    int64
	}{
		{"days read again", int64(s.Again)},
		{"days of which the platform counts another number", int64(len(s.Differing))},
		{"days without a conversation", int64(len(s.Empty))},
		{"days not confirmed to be empty", int64(len(s.NotConfirmed))},
		{"days missing on the server", int64(len(s.Missing))},
		{"started in another part of the interval, which brings them", s.Elsewhere},
		{"started outside the days extracted, left out", s.Outside},
		{"parts fetched again, for damaged staged files", s.Refetched},
		{"set aside: no record (parley lake rejected)", s.Rejected},
		{"erased on request, left out (parley lake forget)", s.Forgotten},
		{"kept whole, but in part not fit for the tables", s.Unfit},
		{"days not available yet", int64(len(s.NotAvailable))},
	} {
		if extra.n > 0 {
			lines = append(lines, [2]string{extra.name, ui.Count(extra.n)})
		}
	}
	if t := s.Tail; t != nil {
		lines = append(lines, [2]string{"not complete yet", fmt.Sprintf("%s from %s up to %s, %s new", ui.Counted(t.Records, "conversation", "conversations"), t.From, t.To, ui.Count(t.Added))})
	}
	lines = append(lines, namesLines(s.Names)...)
	return ui.Fields(w, append(lines, ui.Misfits(s.Misfits)...)...)
}
