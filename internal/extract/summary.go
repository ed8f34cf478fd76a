package extract

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/wire"
)

// Summary says what a run did. Counts are of the whole run, pages received before an interruption included.
type Summary struct {
	Run          stage.RunID        `json:"run"`
	Source       Identity           `json:"source"`
	First        conversation.Day   `json:"from"`
	End          conversation.Day   `json:"to"`
	Available    string             `json:"data_availability_date"`
	Ahead        int64              `json:"data_availability_ahead_seconds,omitzero"` // by how much that lies after our own clock
	Resumed      bool               `json:"resumed"`
	DaysBefore   int                `json:"days_already_whole"`
	Days         int                `json:"days_completed"`
	Again        int                `json:"days_read_again,omitzero"`
	Empty        []conversation.Day `json:"days_empty"` // of the days completed or read again, those without a conversation
	NotAvailable []conversation.Day `json:"days_not_available"`
	NotConfirmed []conversation.Day `json:"days_not_confirmed"` // nothing came of them, and that they are empty is not confirmed
	Missing      []conversation.Day `json:"days_missing"`       // the server says that its own data never had them
	Counted      int                `json:"days_counted"`       // by the platform's synchronous query, to compare
	Differing    []conversation.Day `json:"days_differing"`     // it counts another number of them, also after they were read again in narrower parts
	Tail         *Tail              `json:"tail,omitempty"`     // what was brought of days that are not available yet
	Names        *names.Outcome     `json:"names,omitempty"`    // what reading the lists of names came to; nil if they were not read
	Counters

	Seconds  float64  `json:"seconds"`
	Warnings []string `json:"warnings,omitempty"`
	// Drift are the members of records that this run brought first, and that this version does not know.
	Drift []wire.Sight `json:"drift,omitempty"`
}

// summary counts over the whole run: days that it made whole before an interruption are its own.
func (e *Extraction) summary(ctx context.Context, begun time.Time) (Summary, error) {
	mine, err := e.cfg.Lake.WholeBy(ctx, string(e.run.id), e.cfg.First, e.cfg.End)
	if err != nil {
		return Summary{}, err
	}
	read, err := e.store.marked(ctx, e.run.id, markRead)
	if err != nil {
		return Summary{}, err
	}
	s := Summary{
		Run: e.run.id, Source: e.source, First: e.cfg.First, End: e.cfg.End,
		Available: conversation.FormatTime(e.plan.Available), Ahead: e.plan.Ahead(), Resumed: e.run.resumed,
		// Whole when this process planned, and by then or since made whole by this run, or read again by it.
		DaysBefore: e.plan.Whole + e.days - mine - (len(read) - e.again), Days: mine, Again: len(read),
		NotAvailable: e.plan.NotAvailable, NotConfirmed: inOrder(e.open), Missing: sorted(slices.Concat(e.plan.Missing, e.wanted(e.gaps))),
		Counted: e.counted, Differing: sorted(e.differ),
		Counters: e.run.counters, Seconds: e.cfg.Now().Sub(begun).Seconds(),
	}
	if e.cfg.Tail != nil {
		s.Tail = &e.tailed
	}
	if s.Empty, err = e.emptyDays(ctx); err != nil {
		return s, err
	}
	if s.Drift, err = e.drift(ctx); err != nil {
		return s, err
	}
	s.Warnings, err = e.warnings(ctx, s)
	return s, err
}

// drift gives the members that this run brought first, in its tail too: the job that brings them again finds them known.
func (e *Extraction) drift(ctx context.Context) ([]wire.Sight, error) {
	byJobs, err := e.cfg.Lake.Drift(ctx, string(e.run.id))
	if err != nil {
		return nil, err
	}
	byQuery, err := e.cfg.Lake.Drift(ctx, string(e.tailRun()))
	return slices.Concat(byJobs, byQuery), err
}

// emptyDays gives the days of the run that came empty and are whole now.
func (e *Extraction) emptyDays(ctx context.Context) ([]conversation.Day, error) {
	empty, err := e.store.marked(ctx, e.run.id, markEmpty)
	if err != nil {
		return nil, err
	}
	whole, err := e.cfg.Lake.Days(ctx, e.cfg.First, e.cfg.End)
	maps.DeleteFunc(empty, func(day conversation.Day, _ bool) bool { return !whole[day] })
	return inOrder(empty), err
}

func inOrder[T any](days map[conversation.Day]T) []conversation.Day {
	return append([]conversation.Day{}, slices.Sorted(maps.Keys(days))...)
}

// wanted gives those of some days that were asked for.
func (e *Extraction) wanted(days map[conversation.Day]bool) (out []conversation.Day) {
	for day := range days {
		if day >= e.cfg.First && day < e.cfg.End {
			out = append(out, day)
		}
	}
	return out
}

// manyEmpty is how many days without a conversation, one after the other, are worth a warning: a centre that is closed
// at weekends and on holidays has fewer.
const manyEmpty = 7

// warn notes what a person should look at once the run is done; a log that was asked for has it at once.
func (e *Extraction) warn(ctx context.Context, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	e.cfg.Log.InfoContext(ctx, text)
	e.warned = append(e.warned, text)
}

// warnings are what a person should look at, though nothing failed.
func (e *Extraction) warnings(ctx context.Context, s Summary) (out []string, err error) {
	out = slices.Concat(e.warned, e.cfg.Noticed())
	if s.Ahead > 0 {
		out = append(out, fmt.Sprintf("the platform calls its data complete up to %s, which is %d s ahead of this machine's clock, %s; "+
			"days that have not ended by this clock are not extracted; look at both clocks", s.Available, s.Ahead, conversation.FormatTime(e.plan.Now)))
	}
	if n := e.strayed.n; n > 0 {
		out = append(out, fmt.Sprintf("jobs gave conversations that began on days other than those asked for: %d, of %s up to %s; each was left to the job of its own day, "+
			"and is in the lake if that day was asked for", n, conversation.FormatTime(e.strayed.first), conversation.FormatTime(e.strayed.last)))
	}
	if s.Source.ID != "" && e.untold {
		out = append(out, fmt.Sprintf("the platform does not tell this client whose it is; by its base URL it is taken for %v, which the lake holds", s.Source))
	}
	var deaf []conversation.Day
	for _, day := range s.Missing {
		if e.cfg.AcceptEmpty.Has(day) {
			deaf = append(deaf, day)
		}
	}
	if len(deaf) > 0 {
		out = append(out, "--accept-empty does not hold for days that the server says it never had; only a server that has them can tell whether they are empty: "+Spans(deaf))
	}
	quiet, err := e.quiet(ctx, s.Empty)
	for _, d := range quiet {
		out = append(out, fmt.Sprintf("the platform has no conversation of the %d days %v to %v: they lie before its history, or the role of the OAuth client "+
			"lacks divisions; once that is mended, --again %v reads them again", d.End-d.First, d.First, d.End-1, d))
	}
	return out, err
}

// quiet gives runs of many days without a conversation that end with one of this run. A nightly extraction sees one day
// at a time, so days that earlier runs found empty count too.
func (e *Extraction) quiet(ctx context.Context, empty []conversation.Day) (out []conversation.Days, err error) {
	if len(empty) == 0 {
		return nil, nil
	}
	const back = 4 * manyEmpty
	whole, err := e.cfg.Lake.Days(ctx, empty[0]-back, empty[len(empty)-1]+1)
	if err != nil {
		return nil, err
	}
	files, err := e.cfg.Lake.ConversationFiles(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		delete(whole, f.Day)
	}
	for _, day := range empty {
		whole[day] = true // whatever an import brought of it
	}
	for _, d := range spans(inOrder(whole), 0) {
		if d.End-d.First >= manyEmpty && slices.ContainsFunc(empty, d.Has) {
			out = append(out, d)
		}
	}
	return out, nil
}

// incomplete says what is missing although all went well; nil if nothing is.
func (s Summary) incomplete() error {
	var texts []string
	if n := len(s.NotAvailable); n > 0 {
		texts = append(texts, s.notAvailable())
	}
	if n := len(s.Missing); n > 0 {
		texts = append(texts, fmt.Sprintf("%d of the days asked for are missing, whole or in part, on the server that was asked: %s", n, Spans(s.Missing)))
	}
	if n := len(s.NotConfirmed); n > 0 {
		texts = append(texts, fmt.Sprintf("nothing came of %d of the days asked for, and the platform does not confirm that nothing happened: %s; "+
			"run again later, or, if you know that they are empty, with --accept-empty %v", n, Spans(s.NotConfirmed), conversation.Days{First: s.NotConfirmed[0], End: s.NotConfirmed[n-1] + 1}))
	}
	if n := len(s.Differing); n > 0 {
		texts = append(texts, fmt.Sprintf("of %d days the platform counts another number of conversations than it gives, also in narrower parts: %s; "+
			"parley status --lake DIR shows by how much", n, Spans(s.Differing)))
	}
	rejected, unfit, misfits := s.Rejected, s.Unfit, s.Misfits
	if t := s.Tail; t != nil {
		rejected, unfit, misfits = rejected+t.Rejected, unfit+t.Unfit, maps.Clone(misfits).Add(t.Misfits)
	}
	if rejected > 0 {
		texts = append(texts, fmt.Sprintf("some records could not be kept, for want of a usable id or start, for their size or nesting, or by a hard rule of --schema: %d; parley lake rejected --lake DIR shows them, with the reason of each", rejected))
	}
	if unfit > 0 {
		texts = append(texts, misfits.Incomplete(unfit).Error())
	}
	if len(texts) == 0 {
		return nil
	}
	return fault.New(fault.Incomplete, "%s", strings.Join(texts, "; "))
}

func (s Summary) notAvailable() string {
	until := "the platform's data is complete up to " + s.Available + " only"
	if s.Ahead > 0 {
		until = "they have not ended yet, by this machine's clock"
	}
	if s.Days+s.DaysBefore+s.Again == 0 && len(s.Missing)+len(s.NotConfirmed) == 0 {
		return fmt.Sprintf("no day could be extracted: %s; run again later", until)
	}
	return fmt.Sprintf("%d of the days asked for, from %v on, were not extracted: %s; run again later", len(s.NotAvailable), s.NotAvailable[0], until)
}
