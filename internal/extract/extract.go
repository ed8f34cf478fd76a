// Package extract brings every conversation of an interval from the platform into the lake, whatever goes wrong on the
// way: it plans days, runs a job over each stretch of them, stages the pages, and commits days whole.
//
// A run covers an interval of days; at most one is open in a lake, and a run that was interrupted is taken up where it
// stopped, from the last page. Its parts are stretches of days, or of one day, in order of time, each with one job.
// Pages come in order of conversationStart, so a page that reaches into a day says that the days before it are whole:
// the frontier. A conversation belongs to the part in which it started and to no other, whatever the server returns.
package extract

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/wire"
)

// Source is the part of the platform API that extraction uses.
type Source interface {
	Availability(ctx context.Context) (time.Time, error)
	Submit(ctx context.Context, iv conversation.Interval) (platform.JobID, error)
	Status(ctx context.Context, id platform.JobID) (platform.Status, error)
	Page(ctx context.Context, id platform.JobID, at platform.Cursor, size int) (platform.Page, error)
	Delete(ctx context.Context, id platform.JobID) error
}

// Config is what an extraction needs.
type Config struct {
	Source Source
	Name   string // names the source, so that a run is resumed against the platform it was begun with: its base URL
	Lake   *lake.Lake
	First  conversation.Day // first day wanted
	End    conversation.Day // day after the last one wanted
	Poll   Poll
	Size   Size
	Now    func() time.Time
	Rand   *rand.Rand
	Log    *slog.Logger
	Report func(Progress) // told of every step, from the goroutine of Run; may be nil
}

// Size bounds the pieces that an extraction works in.
type Size struct {
	Page   int   // records a page; the platform's default is 1,000 and its maximum 10,000. A page is held in memory
	Job    int64 // records that a job should return; the span of days of a job adapts to it
	Commit int64 // records after which the days that are whole are committed
}

// DefaultSize is measured for 400 MiB of memory: a page of 1,000 records is some 5 MB, and a commit costs 0.2 s
// whatever is in it.
func DefaultSize() Size { return Size{Page: 1_000, Job: 100_000, Commit: 50_000} }

// Progress says how far a run is.
type Progress struct {
	Step    string           // what is being done, for people
	Day     conversation.Day // day that the pages have reached
	Days    int              // days done
	AllDays int              // days to do
	Records int64            // received by this process
}

// Summary says what a run did. Counts are of the whole run, pages received before an interruption included.
type Summary struct {
	Run          string             `json:"run"`
	First        conversation.Day   `json:"from"`
	End          conversation.Day   `json:"to"`
	Available    string             `json:"data_availability_date"`
	Resumed      bool               `json:"resumed"`
	DaysBefore   int                `json:"days_already_whole"`
	Days         int                `json:"days_completed"`
	NotAvailable []conversation.Day `json:"days_not_available"`
	Counters
	Seconds float64 `json:"seconds"`
}

// Extraction is one run of the extraction. Not for concurrent use.
type Extraction struct {
	cfg     Config
	store   store
	stage   *stage.Stage
	writer  *lake.Writer
	run     run
	plan    Plan
	got     int64 // records received by this process
	days    int   // days committed by this process
	perDay  float64
	spanned int
}

// New prepares an extraction; nothing is read or written before Run or Plan.
func New(cfg Config) *Extraction {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Report == nil {
		cfg.Report = func(Progress) {}
	}
	return &Extraction{cfg: cfg, store: store{cfg.Lake.DB()}}
}

// Run extracts every wanted day that is available and not in the lake yet. It fails with fault.Incomplete when all
// went well and yet something is missing: days that the platform does not have complete yet, records that could
// not be kept, which are in the control database then, or values that do not fit the schema.
func (e *Extraction) Run(ctx context.Context) (_ Summary, err error) {
	begun := e.cfg.Now()
	if e.writer, err = e.cfg.Lake.Writer(ctx); err != nil {
		return Summary{}, err
	}
	defer func() { err = errors.Join(err, e.writer.Close()) }()
	if err := e.open(ctx); err != nil {
		return Summary{}, err
	}
	err = e.parts(ctx)
	s, sumErr := e.summary(context.WithoutCancel(ctx), begun)
	if err := errors.Join(err, sumErr); err != nil {
		return s, err
	}
	if err := e.finish(ctx); err != nil {
		return s, err
	}
	return s, e.incomplete(s)
}

// open takes up the open run, or begins one.
func (e *Extraction) open(ctx context.Context) error {
	if err := e.store.migrate(ctx); err != nil {
		return err
	}
	var err error
	if e.plan, err = e.makePlan(ctx); err != nil {
		return err
	}
	last, err := e.store.openRun(ctx)
	if err != nil {
		return err
	}
	goesOn, err := e.continues(ctx, last)
	if err != nil {
		return err
	}
	if last.id != "" && !goesOn {
		e.cfg.Log.WarnContext(ctx, "giving up an interrupted run of another interval or platform; its days are fetched again", "run", last.id)
		if err := e.giveUp(ctx, last); err != nil {
			return err
		}
		last = run{}
	}
	e.run = last
	if e.run.id == "" {
		e.run = run{id: uuid.Must(uuid.NewV7()).String(), source: e.cfg.Name, first: e.cfg.First, end: e.cfg.End, begun: e.cfg.Now()}
		if err := e.store.begin(ctx, e.run); err != nil {
			return err
		}
	} else {
		e.run.resumed = true
	}
	e.stage, err = stage.Open(ctx, e.cfg.Lake, e.run.id)
	return err
}

// continues says whether an interrupted run can be gone on with: it is of the same platform, and the first day that it
// left unfinished is the first one that is to be extracted now. The interval itself may have moved on, as that of a
// nightly extraction of the last days does.
func (e *Extraction) continues(ctx context.Context, r run) (bool, error) {
	if r.source != e.cfg.Name || r.covered().After(e.cfg.End.Start()) {
		return false, nil
	}
	if len(r.parts) == 0 {
		return true, nil
	}
	first, end := conversation.DayOf(r.parts[0].start), conversation.DayOf(r.covered())
	whole, err := e.cfg.Lake.Days(ctx, first, end)
	if err != nil {
		return false, err
	}
	for first < end && whole[first] {
		first++
	}
	return len(e.plan.Days) > 0 && (e.plan.Days[0] == first || first == end && e.plan.Days[0] > first), nil
}

func (e *Extraction) giveUp(ctx context.Context, r run) error {
	old, err := stage.Open(ctx, e.cfg.Lake, r.id)
	if err != nil {
		return err
	}
	return errors.Join(old.Close(ctx), e.store.end(ctx, r.id))
}

// parts works through the parts of the run, making them as it goes.
func (e *Extraction) parts(ctx context.Context) error {
	if e.run.resumed {
		// Days that were whole before the interruption may still wait to be committed.
		if err := e.commit(ctx, e.reached()); err != nil {
			return err
		}
	}
	for {
		p, ok := e.run.openPart()
		if !ok {
			if p, ok = e.nextPart(); !ok {
				return nil
			}
			if err := e.store.addPart(ctx, &e.run, p); err != nil {
				return err
			}
		}
		if err := e.part(ctx, p); err != nil {
			return err
		}
	}
}

// finish ends the run: all it staged is in the lake.
func (e *Extraction) finish(ctx context.Context) error {
	left, err := e.stage.Before(ctx, stage.EveryDay)
	if err != nil {
		return err
	}
	if left.Records > 0 {
		return fault.New(fault.Corrupt, "run %s ends with %d records staged and not committed; they are kept", e.run.id, left.Records)
	}
	return errors.Join(e.stage.Close(ctx), e.store.end(ctx, e.run.id))
}

// summary counts over the whole run: days that it made whole before an interruption are its own.
func (e *Extraction) summary(ctx context.Context, begun time.Time) (Summary, error) {
	mine, err := e.cfg.Lake.WholeBy(ctx, e.run.id, e.cfg.First, e.cfg.End)
	return Summary{
		Run: e.run.id, First: e.cfg.First, End: e.cfg.End, Available: conversation.FormatTime(e.plan.Available), Resumed: e.run.resumed,
		DaysBefore: e.plan.Whole + e.days - mine, Days: mine, NotAvailable: e.plan.NotAvailable, Counters: e.run.counters,
		Seconds: e.cfg.Now().Sub(begun).Seconds(),
	}, err
}

func (e *Extraction) incomplete(s Summary) error {
	switch {
	case len(s.NotAvailable) > 0 && s.Days+s.DaysBefore == 0:
		return fault.New(fault.Incomplete, "no day could be extracted: the platform's data is complete up to %s only; run again later", s.Available)
	case len(s.NotAvailable) > 0:
		return fault.New(fault.Incomplete, "%d of the days asked for, from %v on, were not extracted: the platform's data is complete up to %s only; run again later",
			len(s.NotAvailable), s.NotAvailable[0], s.Available)
	case s.Rejected > 0:
		return fault.New(fault.Incomplete, "%d records could not be kept, for want of an id or a start; parley lake rejected shows them", s.Rejected)
	case s.Unfit > 0:
		return wire.Misfits(s.Misfits).Incomplete(s.Unfit)
	}
	return nil
}

func (e *Extraction) report(step string) {
	e.cfg.Report(Progress{Step: step, Day: conversation.DayOf(e.reached()), Days: e.days, AllDays: len(e.plan.Days), Records: e.got})
}
