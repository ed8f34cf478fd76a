// Package sandbox is the simulated platform that stands behind "parley sandbox": its clock, its conversations, made or
// given, and its nightly batch. It answers as engine.Views; who serves it is not its business.
//
// What a sandbox is follows from its scenario, its clock and the journal of what was done to it: the clock was moved, a batch
// failed, an attribute was written, a record was rewritten. The same deeds at the same instants give the same bytes.
package sandbox

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/mem"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/sandbox/clock"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
)

// World is the platform behind a sandbox. Safe for concurrent use.
type World struct {
	scenario Scenario
	clock    *clock.Clock
	lists    lists
	current  atomic.Pointer[past] // another after a reset
	ahead    sync.WaitGroup       // days that are made before they begin
	deeds    alarm                // rings after each

	doing   sync.Mutex // one deed at a time
	writing sync.Mutex // one entry at a time: parts write theirs while they hold what a reset needs of them
	journal Journal
	parts   map[string]Part
}

var _ engine.Views = (*World)(nil)

// past is all that has happened in a world.
type past struct {
	scenario Scenario
	store    *mem.Store
	history  *history

	mu      sync.RWMutex
	nightly nightly

	happening sync.Mutex // one event or deed at a time: each is prepared by what those before have left
	happened  int        // events of the scenario

	extending sync.Mutex   // held while days are made, and by drifts: what is made is made of those that there are
	centre    *sim.Centre  // nil when the records were given
	next      atomic.Int64 // first day that is not made yet

	looking atomic.Bool
}

// Simulate makes the world of a simulated contact centre. Progress, which may be nil, is told of each day made.
func Simulate(ctx context.Context, s Scenario, progress func(conversations int)) (*World, error) {
	w, err := newWorld(s)
	if err != nil {
		return nil, err
	}
	return w, w.past().extend(ctx, conversation.DayOf(s.Start), progress)
}

// newWorld makes a world in which nothing has happened yet.
func newWorld(s Scenario) (*World, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	setting, err := clock.Setting{At: s.Start, Since: time.Now()}.Apply(clock.Change{Speed: &s.Speed}, time.Now())
	if err != nil {
		return nil, err
	}
	w := &World{scenario: s, clock: clock.New(setting, nil), parts: map[string]Part{}}
	p, err := newPast(s)
	w.current.Store(p)
	return w, err
}

// inMemory is how much compressed text of simulated records is held in memory, some 300,000 records. What is more lies in a
// temporary file, which may be had again: it follows from the seed. Records that somebody loaded are written nowhere.
const inMemory = 256 << 20

func newPast(s Scenario) (*past, error) {
	p := &past{scenario: s, history: &history{lag: time.Duration(s.Lag), edited: map[conversation.ID]*edits{}}, nightly: nightly{seed: s.Seed}}
	for _, text := range s.FailedBatches {
		day, err := conversation.ParseDay(text)
		if err != nil {
			return nil, fault.Field("failed_batches", "failed_batches: %v", err)
		}
		p.nightly.failed = append(p.nightly.failed, day)
	}
	if s.Given == "" {
		p.history.simulated, p.centre = sim.History{}, s.centre()
		p.next.Store(int64(s.first()))
	}
	p.store = mem.New(p.history)
	if s.Given == "" {
		p.store.Spill(inMemory)
	}
	return p, nil
}

func (w *World) past() *past { return w.current.Load() }

// Scenario is how the sandbox began, and what happens in it by itself.
func (w *World) Scenario() Scenario { return w.scenario }

// Name says what the conversations come from: it is the same for the same conversations, on every machine.
func (w *World) Name() string { return w.scenario.name() }

// Seed is what everything simulated follows from.
func (w *World) Seed() uint64 { return w.scenario.Seed }

// Clock is the platform's time.
func (w *World) Clock() time.Time { return w.clock.Now() }

// Wait returns when the platform's clock shows an instant, however it was moved meanwhile.
func (w *World) Wait(ctx context.Context, until time.Time) error { return w.clock.Wait(ctx, until) }

// caught is the past with all events that the clock has come to, and what it shows.
func (w *World) caught(ctx context.Context) (*past, time.Time, error) {
	p, now := w.past(), w.Clock()
	w.lookAhead(context.WithoutCancel(ctx), p, now)
	return p, now, p.catchUp(context.WithoutCancel(ctx), now)
}

// lookAhead makes the next day before it begins, if that is soon by the machine's clock, so that nobody waits for it.
func (w *World) lookAhead(ctx context.Context, p *past, now time.Time) {
	today := conversation.DayOf(now)
	left := today.End().Sub(now)
	if p.has(today+1) || float64(left) > w.ClockSetting().Speed*float64(soon) || !p.looking.CompareAndSwap(false, true) {
		return
	}
	w.ahead.Go(func() {
		defer p.looking.Store(false)
		_ = p.extend(ctx, today+1, nil) // whoever needs the day meets the failure again
	})
}

// Close waits for the day that is being made before it begins, if one is. Nobody asks any more.
func (w *World) Close() { w.ahead.Wait() }

// soon is how long before it begins a day is made.
const soon = time.Minute

// Available implements engine.Views.
func (w *World) Available(ctx context.Context) (time.Time, error) {
	p, now, err := w.caught(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return p.available(now), nil
}

func (p *past) available(at time.Time) time.Time {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.nightly.available(at)
}

// batch is when the last batch that ended well before an instant had begun to read.
func (p *past) batch(at time.Time) time.Time {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.nightly.read(p.nightly.last(at))
}

// Live shows what has begun by now, each conversation as it is now.
func (w *World) Live(ctx context.Context) (engine.Engine, error) {
	p, now, err := w.caught(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.extend(ctx, conversation.DayOf(now), nil); err != nil {
		return nil, err
	}
	return p.store.View(now, now.Add(time.Nanosecond)), nil
}

// Settled shows what the nightly batch found, as it was then.
func (w *World) Settled(ctx context.Context) (engine.Engine, error) {
	p, now, err := w.caught(ctx)
	if err != nil {
		return nil, err
	}
	at := p.batch(now)
	if err := p.extend(ctx, conversation.DayOf(at), nil); err != nil {
		return nil, err
	}
	return p.store.View(at, at), nil
}

// Extractable are the days that can be extracted: simulated, and complete by the nightly batch. Of given records nobody
// knows.
func (w *World) Extractable() (days conversation.Days, known bool) {
	if w.scenario.Given != "" {
		return days, false
	}
	return conversation.Days{First: w.scenario.first(), End: conversation.DayOf(w.past().available(w.Clock()))}, true
}

// extend makes the days up to and including last that are not made yet, several at once.
func (p *past) extend(ctx context.Context, last conversation.Day, progress func(int)) error {
	if p.has(last) { // whatever is being made ahead
		return nil
	}
	p.extending.Lock()
	defer p.extending.Unlock()
	if p.has(last) {
		return nil
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	var made sync.Mutex
	for day := conversation.Day(p.next.Load()); day <= last; day++ {
		group.Go(func() error {
			records, err := p.records(ctx, day)
			if err != nil {
				return err
			}
			if _, err := p.store.Add(records...); err != nil {
				return err
			}
			made.Lock()
			defer made.Unlock()
			if progress != nil {
				progress(len(records))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	p.next.Store(int64(last + 1))
	return nil
}

// hold makes the days up to an instant, and has no other be made until p.extending is unlocked.
func (p *past) hold(ctx context.Context, at time.Time) error {
	if err := p.extend(ctx, conversation.DayOf(at), nil); err != nil {
		return err
	}
	p.extending.Lock()
	return nil
}

// has says whether a day, and all before it, are made.
func (p *past) has(day conversation.Day) bool { return p.centre == nil || p.next.Load() > int64(day) }

// records makes those of a day, as they drifted.
func (p *past) records(ctx context.Context, day conversation.Day) ([]conversation.Record, error) {
	var out []conversation.Record
	for c := range p.centre.Day(day) {
		r, err := wire.RecordOf(c)
		if err != nil {
			return nil, err
		}
		if r, err = p.history.drifted(r); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, ctx.Err()
}

// find gives a conversation as it is in the end, if it has begun.
func (p *past) find(ctx context.Context, id conversation.ID, now time.Time) (found conversation.Record, there bool, err error) {
	if err := p.extend(ctx, conversation.DayOf(now), nil); err != nil {
		return found, false, err
	}
	view := p.store.View(endOfTime, now.Add(time.Nanosecond))
	for r, err := range view.ByID(ctx, []conversation.ID{id}) {
		return r, err == nil, err
	}
	return found, false, view.Close()
}

// endOfTime is later than anything that happens.
var endOfTime = time.Date(9999, 6, 1, 0, 0, 0, 0, time.UTC)

// Conversation is a conversation as it is now, without the lag of analytics. It is fault.NotFound before it begins.
func (w *World) Conversation(ctx context.Context, id conversation.ID) (conversation.Record, error) {
	p, now, err := w.caught(ctx)
	if err != nil {
		return conversation.Record{}, err
	}
	r, there, err := p.find(ctx, id, now)
	if err != nil {
		return r, err
	}
	if !there {
		return r, fault.New(fault.NotFound, "The conversation does not exist.")
	}
	return p.history.now(r, now)
}

// everything is all conversations there are.
var everything = query.Query{Interval: conversation.Interval{Start: time.Unix(0, 0).UTC(), End: endOfTime}, Matching: query.StartOfDay}

// GoingOn are the conversations that go on, in order of start.
func (w *World) GoingOn(ctx context.Context) ([]conversation.ID, error) {
	q, err := query.DecodeJob([]byte(`{"interval":"1970-01-01/9999-01-01","conversationFilters":[{"type":"and","predicates":[{"dimension":"conversationEnd","operator":"notExists"}]}]}`))
	if err != nil {
		return nil, err
	}
	view, err := w.Live(ctx)
	if err != nil {
		return nil, err
	}
	return idsOf(ctx, view, q.Query, 0)
}

// idsOf are those of the first conversations that a query selects, of a view that it closes; most 0 means all.
func idsOf(ctx context.Context, view engine.Engine, q query.Query, most int) (ids []conversation.ID, err error) {
	defer func() { err = errors.Join(err, view.Close()) }()
	ids = []conversation.ID{}
	for r, err := range view.Records(ctx, q, most, 0) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, r.ID)
	}
	return ids, nil
}
