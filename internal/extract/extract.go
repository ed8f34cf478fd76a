// Package extract brings every conversation of an interval from the platform into the lake, whatever goes wrong on the
// way: it plans days, runs a job over each stretch of them, stages the pages, and commits days whole.
//
// A run covers an interval of days; at most one is open in a lake, and a run that was interrupted is taken up where it
// stopped, from the last page. Its parts are stretches of days, or of one day, in order of time, each with one job.
// Pages come in order of conversationStart, so a page that reaches into a day says that the days before it are whole:
// the frontier. A conversation belongs to the part in which it started and to no other, whatever the server returns.
//
// A lake knows its source, and is refused to another one. A day of which nothing came is whole only when the platform's
// synchronous query has nothing of it either. What is staged and cannot be used is fetched again, and a job whose
// results cannot be used is submitted again.
package extract

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/load"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/runs"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/wire"
)

// Platform is the part of the platform API that extraction uses.
type Platform interface {
	Organization(ctx context.Context) (platform.Organization, error)
	Coverage(ctx context.Context) (available time.Time, missing []conversation.Day, err error)
	Count(ctx context.Context, iv conversation.Interval) (n int64, missing []conversation.Day, err error)
	Submit(ctx context.Context, iv conversation.Interval) (platform.JobID, error)
	Status(ctx context.Context, id platform.JobID) (platform.Status, error)
	Page(ctx context.Context, id platform.JobID, at platform.Cursor, size int) (platform.Page, error)
	Delete(ctx context.Context, id platform.JobID) error
}

// Config is what an extraction needs.
type Config struct {
	Platform Platform
	Name     string // base URL of the platform
	Moved    string // what --source says: the lake's source is now the organization of this id, or the server of this base URL
	Lake     *lake.Lake
	// Control is where the run, and what is staged of it, is entered: the control database of the lake.
	Control *state.DB
	First   conversation.Day // first day wanted
	End     conversation.Day // day after the last one wanted
	// FromFirst is that the first day wanted is the first one that was ever asked for, or that the lake has; ToLast, that the
	// last one is the last that is available.
	FromFirst, ToLast bool
	Again             conversation.Days // days that are read again although the lake has them whole
	// AcceptEmpty are days that are made whole when nothing comes of them, whether or not the platform confirms it.
	AcceptEmpty conversation.Days
	// Settle says at which ages days are read again that the lake has whole: of those wanted, the ones that are due.
	Settle ledger.Policy
	// Tolerance is by which share what the platform counts of a day may differ from what the lake has: what differs more is
	// read again, in narrower parts. 0 is that nothing is counted.
	Tolerance float64
	// Recount has every whole day counted, also those that were counted since they were read, and no day extracted but those
	// that differ.
	Recount bool
	// Tail brings what started after the last day that the platform has complete; nil for nothing.
	Tail Finder
	// Attributes tells the attributes of what the tail brings, at the cost of a request for each conversation; nil for none.
	Attributes Teller
	// Filter stands for the filters that the platform's client asks with; empty for none. A lake has one.
	Filter string
	// RowReport stands for the row report that the platform gives rows of, in envelopes; empty for conversations. A lake has one.
	RowReport string
	// Noticed gives what whoever gives the records has noticed since it was asked last, for the summary's warnings; nil for nothing.
	Noticed func() []string
	// Health says how the client of the platform gets on, for people who look at the run; nil if nobody knows.
	Health func() platform.Health
	// Wait is how long to wait while somebody else extracts into the lake.
	Wait time.Duration

	Poll platform.Poll
	Size Size
	// Parallel is how many parts are worked at, at the same time; 0 means 1. Each needs the memory of two pages.
	Parallel int
	// Ahead has things done at the same time: the next page is fetched while one is staged, the next job runs while one is
	// read, and days are committed beside both. Faster, and two pages more in memory.
	Ahead bool
	// Redact edits the text of a record before anything is written; nil for nothing.
	Redact func([]byte) ([]byte, error)
	// Strict stops the run before records come into the lake that have members which neither this version nor the lake knows.
	Strict bool
	// Door reads a record that comes, as wire.Record does, which it is if it is nil. fault.Drifted stops the run.
	Door   func(raw []byte) (conversation.Record, error)
	Now    func() time.Time
	Rand   *rand.Rand
	Log    *slog.Logger
	Report func(Progress) // told of every step, one at a time; may be nil
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

// Extraction is one run of the extraction. Not for concurrent use.
type Extraction struct {
	cfg      Config
	store    store
	ledger   ledger.Ledger
	stage    *stage.Stage
	loader   *load.Loader
	run      run
	plan     Plan
	known    Identity           // what the lake knows of its source
	source   Identity           // which platform it is
	untold   bool               // the platform did not say whose it is
	left     []conversation.Day // planned days that are not whole yet, in order
	gaps     map[conversation.Day]bool
	asked    map[conversation.Day]bool   // days that were fetched again because they came empty and are not
	open     map[conversation.Day]string // days of which nothing came, and that are not confirmed to be empty; why
	ahead    bool                        // the job of the part after the one that is read is submitted, or was tried to be
	mute     bool                        // the synchronous query fails, and is not asked any more
	got      int64                       // records received by this process
	days     int                         // days committed by this process, those that were read again not counted
	again    int                         // days that were read again by this process
	warned   []string                    // for the summary
	mended   int                         // how often this process fetched again what was staged and damaged
	perDay   float64
	spanned  int
	narrowed []conversation.Day // read again in narrower parts
	strayed  strays
	taken    map[time.Time]bool // starts of the parts that somebody works at
	turn     sync.Mutex         // of whoever works at the run: see work
	halted   error              // why work has stopped
	waiting  map[int]func()     // stop those who wait for the platform
	waits    int                // how often somebody has begun to
	tailed   Tail               // what the tail brought
	differ   []conversation.Day // of which the platform counts another number, even after they were read again
	counted  int                // days that the platform was asked to count
	told     time.Time          // when it was last entered what is being done
	ended    bool               // the run has, and is not to be taken up again
	teller   *teller
}

// New prepares an extraction; nothing is read or written before Run or Plan.
func New(cfg Config) *Extraction {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Report == nil {
		cfg.Report = func(Progress) {}
	}
	if cfg.Door == nil {
		cfg.Door = wire.Record
	}
	if cfg.Noticed == nil {
		cfg.Noticed = func() []string { return nil }
	}
	return &Extraction{
		cfg: cfg, store: store{cfg.Control}, ledger: ledger.In(cfg.Control),
		gaps: map[conversation.Day]bool{}, asked: map[conversation.Day]bool{}, open: map[conversation.Day]string{},
		taken: map[time.Time]bool{}, waiting: map[int]func(){},
	}
}

// Run extracts every wanted day that is available and not in the lake yet. It fails with fault.Incomplete when all
// went well and yet something is missing: days that the platform does not have complete yet or never had, days of which
// nothing came without its being confirmed, records that could not be kept, which are in the control database then, or
// values that do not fit the schema.
func (e *Extraction) Run(ctx context.Context) (_ Summary, err error) {
	begun := e.cfg.Now()
	turn, err := e.cfg.Lake.Turn(ctx, "extract", "%s is extracting into the lake; wait until it is done, for as long as --wait says", e.cfg.Wait)
	if err != nil {
		return Summary{}, err
	}
	defer func() { err = errors.Join(turn.Lost(ctx, err), turn.Close()) }()
	e.under(turn)
	e.teller = e.newTeller(begun)
	stop := e.teller.beats(ctx)
	s, err := e.through(ctx, begun, stop)
	stop()
	if err != nil {
		e.tellStopped(ctx, err)
		return s, err
	}
	return s, s.incomplete()
}

// through does all of a run, from taking it up to its end. Stop is to be called before the end is entered.
func (e *Extraction) through(ctx context.Context, begun time.Time, stop func()) (_ Summary, err error) {
	if err := e.recover(ctx); err != nil {
		return Summary{}, err
	}
	if err := e.begin(ctx); err != nil {
		return Summary{}, err
	}
	err = e.parts(ctx)
	if err == nil {
		err = e.reconcile(ctx, begun)
	}
	if err == nil {
		err = e.tail(ctx)
	}
	err = errors.Join(err, e.settle(ctx)) // what failed does not take away from what is being committed
	s, sumErr := e.summary(context.WithoutCancel(ctx), begun)
	stop() // nothing may say that the run goes on once it has been entered that it has ended
	if err := errors.Join(err, sumErr); err != nil {
		return s, err
	}
	return s, e.finish(ctx, s)
}

// under has nothing be written once the turn was lost.
func (e *Extraction) under(turn *lake.Turn) {
	e.cfg.Lake, e.cfg.Control = turn.Lake(), turn.Fenced(e.cfg.Control)
	e.store, e.ledger = store{e.cfg.Control}, ledger.In(e.cfg.Control)
}

// recover settles the commit that somebody was interrupted in: which days are whole is known then.
func (e *Extraction) recover(ctx context.Context) error {
	w, err := e.cfg.Lake.WriterWithin(ctx, e.cfg.Wait)
	if err != nil {
		return err
	}
	return w.Close()
}

// begin takes up the open run, or begins one.
func (e *Extraction) begin(ctx context.Context) error {
	if err := errors.Join(e.store.migrate(ctx), e.ledger.Migrate(ctx), runs.In(e.cfg.Control).Migrate(ctx)); err != nil {
		return err
	}
	last, err := e.interrupted(ctx)
	if err != nil {
		return err
	}
	if e.known, err = e.store.known(ctx); err != nil {
		return err
	}
	if e.plan, err = e.makePlan(ctx, e.known, last); err != nil {
		return err
	}
	if last.id != "" && e.cfg.Recount && last.again != recounting {
		return fault.New(fault.Conflict, "an extraction was interrupted, and what it had brought waits to be committed; run parley extract first")
	}
	e.source, e.left = e.plan.Source, slices.Clone(e.plan.Days)
	if err := e.saw(ctx); err != nil {
		return err
	}
	if err := e.remember(ctx, e.cfg.Moved != ""); err != nil {
		return err
	}
	goesOn, err := e.continues(ctx, last)
	if err != nil {
		return err
	}
	if last.id != "" && !goesOn {
		e.warn(ctx, "an interrupted run of other days or of another platform was given up; days that it made whole stay, what it had staged is fetched again: %s", last.id)
		if err := e.giveUp(ctx, last); err != nil {
			return err
		}
		last = run{}
	}
	return e.takeUp(ctx, last)
}

// interrupted gives the run that was not ended, having counted what it was interrupted in.
func (e *Extraction) interrupted(ctx context.Context) (run, error) {
	last, err := e.store.openRun(ctx)
	if err != nil || last.commit == "" {
		return last, err
	}
	out, landed, err := e.cfg.Lake.Landed(ctx, string(last.commit))
	if err != nil || !landed {
		return last, err // what is staged is committed again: if the commit changed nothing, it changes nothing again
	}
	staged, err := e.openStage(ctx, last.id)
	if err != nil {
		return last, err
	}
	batch, err := staged.Committed(ctx, last.commitEnd, last.commitLast)
	if err != nil {
		return last, err
	}
	days, err := e.store.marked(ctx, last.id, markNow)
	if err != nil {
		return last, err
	}
	r, err := e.reading(ctx, staged, last, inOrder(days))
	if err != nil {
		return last, err
	}
	last.counters.Committed(out)
	return last, batch.Done(ctx, func(tx *state.Tx) error { return counted(ctx, tx, last.id, last.counters, r) })
}

func (e *Extraction) openStage(ctx context.Context, run stage.RunID) (*stage.Stage, error) {
	s, err := stage.Open(ctx, e.cfg.Control, e.cfg.Lake.Store(), run)
	if err == nil {
		s.Redact = e.cfg.Redact
	}
	return s, err
}

// takeUp goes on with a run that was interrupted, or begins one if there is none.
func (e *Extraction) takeUp(ctx context.Context, last run) (err error) {
	e.run = last
	if e.run.id == "" {
		err = e.beginNew(ctx)
	} else {
		err = e.goOn(ctx)
	}
	if err != nil {
		return err
	}
	e.loader = load.New(e.cfg.Lake, string(e.run.id), max(e.cfg.Wait, load.Patience), e.cfg.Log)
	e.loader.Strict = e.cfg.Strict
	e.stage, err = e.openStage(ctx, e.run.id)
	return err
}

// recounting is what a run remembers that counts again, in place of the days that it reads again.
const recounting = "recount"

// reads is what the run remembers of what it reads again.
func (e *Extraction) reads() string {
	if e.cfg.Recount {
		return recounting
	}
	return e.cfg.Again.String()
}

func (e *Extraction) beginNew(ctx context.Context) error {
	e.run = run{
		id: stage.RunID(uuid.Must(uuid.NewV7()).String()), source: e.source.run(), first: e.cfg.First, end: e.cfg.End, begun: e.cfg.Now(), again: e.reads(),
		available: e.plan.complete(),
	}
	return e.store.begin(ctx, e.run, e.plan.Again)
}

// goOn learns from what the interrupted run has done.
func (e *Extraction) goOn(ctx context.Context) (err error) {
	e.run.resumed = true
	for _, p := range e.run.parts {
		if p.done && p.job != "" { // what was carved out of a part has no job, and says nothing of how much a day holds
			e.learn(p)
		}
	}
	if e.gaps, err = e.store.marked(ctx, e.run.id, markGap); err != nil {
		return err
	}
	// The interval may have moved on, and with it the days that are due again.
	return e.store.mark(ctx, e.run.id, markAgain, e.plan.Again)
}

// continues says whether an interrupted run can be gone on with: it is of the same platform, reads the same days again,
// and the first day that it left unfinished is the first one that is to be extracted now. The interval itself may have
// moved on, as that of a nightly extraction of the last days does.
func (e *Extraction) continues(ctx context.Context, r run) (bool, error) {
	if e.cfg.Recount || !e.source.ran(r.source) || r.again != e.cfg.Again.String() || r.covered().After(e.cfg.End.Start()) {
		return false, nil
	}
	if len(r.parts) == 0 {
		return true, nil
	}
	whole, err := e.cfg.Lake.Days(ctx, conversation.DayOf(r.parts[0].start), conversation.DayOf(r.covered()))
	if err != nil {
		return false, err
	}
	due := func(day conversation.Day) bool { return !whole[day] || contains(e.plan.Again, day) }
	first, end := conversation.DayOf(r.parts[0].start), conversation.DayOf(r.covered())
	for first < end && !due(first) {
		first++
	}
	for _, day := range e.plan.Days {
		// A day that is due, and that the parts pass over, would never be fetched.
		if day < end && !r.covers(day) {
			return false, nil
		}
	}
	if len(e.plan.Days) == 0 {
		// All is done but the end of the run, which has not been told of.
		return first == end && r.first == e.cfg.First && r.end == e.cfg.End, nil
	}
	return e.plan.Days[0] == first || first == end && e.plan.Days[0] > first, nil
}

func (e *Extraction) giveUp(ctx context.Context, r run) error {
	old, err := e.openStage(ctx, r.id)
	if err != nil {
		return err
	}
	for _, p := range r.parts {
		if !p.done {
			e.dropJob(ctx, p)
		}
	}
	return errors.Join(old.Close(ctx), e.store.end(ctx, r.id, nothingMore), runs.In(e.cfg.Control).GiveUp(ctx, string(r.id), e.cfg.Now()))
}

// parts works through the parts of the run, making them as it goes.
func (e *Extraction) parts(ctx context.Context) error {
	if e.run.resumed {
		if _, err := e.mend(ctx); err != nil {
			return err
		}
		// Days that were whole before the interruption may still wait to be committed.
		if err := e.mending(ctx, func(ctx context.Context) error { return e.commit(ctx, e.reached()) }); err != nil {
			return err
		}
	}
	return e.drain(ctx)
}

// drain works until there is no part left that is not done, and nothing that waits to be committed.
func (e *Extraction) drain(ctx context.Context) error {
	for e.unfinished() {
		// What is damaged of the last commit brings parts back.
		if err := e.mending(ctx, e.work); err != nil {
			return err
		}
	}
	return nil
}

func (e *Extraction) unfinished() bool {
	_, open := e.run.openPart(nil)
	if !open {
		_, open = e.nextPart()
	}
	return open || e.loader.Busy()
}

// finish ends the run: all it staged is in the lake. What it came to is kept for people to look at.
func (e *Extraction) finish(ctx context.Context, s Summary) error {
	left, err := e.stage.Count(ctx, stage.EveryDay)
	if err != nil {
		return err
	}
	if left > 0 {
		return fault.New(fault.Corrupt, "run %s ends with %d records staged and not committed; they are kept", e.run.id, left)
	}
	told := e.toldAs(s)
	closing := e.stage.Close(ctx)
	ending := e.store.end(ctx, e.run.id, func(tx *state.Tx) error { return runs.PutIn(ctx, tx, told) })
	e.ended = ending == nil
	return errors.Join(closing, ending)
}

// report tells whoever watches here what is being done, and whoever looks at the lake.
func (e *Extraction) report(ctx context.Context, step string) {
	e.tell(ctx, step)
	e.cfg.Report(Progress{Step: step, Day: conversation.DayOf(e.reached()), Days: e.days, AllDays: len(e.plan.Days), Records: e.got})
}
