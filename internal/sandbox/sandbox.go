// Package sandbox is the simulated platform that stands behind "parley sandbox": its clock, its conversations, made or
// given, and its nightly batch. It answers as engine.Source; who serves it is not its business.
package sandbox

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/mem"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/ingest"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
)

// Simulation is what a sandbox simulates.
type Simulation struct {
	Seed   uint64
	Days   int // days up to and including that of Now
	PerDay int
	Uneven bool      // weekday, season and chance decide how many each day has; else it is PerDay
	Now    time.Time // where the platform's clock starts; it goes on from there
	// FailedBatches are the days on which the nightly batch fails: what it should have moved comes with the next one.
	FailedBatches []conversation.Day
}

// Loaded says what was found in the files that a world was made of.
type Loaded struct {
	Files      int
	Records    int
	Duplicates int            // records that took the place of another of the same id
	Rejected   map[string]int // values that are no records, by file
	Empty      []string       // files without one record
}

// Simulate makes the world of a simulated contact centre. Progress, which may be nil, is told of each day made.
func Simulate(ctx context.Context, s Simulation, progress func(conversations int)) (*World, error) {
	about := ""
	if s.Uneven {
		about = "about "
	}
	w := newWorld(s.Now, fmt.Sprintf("sandbox, seed %d, %s%d conversations a day", s.Seed, about, s.PerDay))
	w.failed = s.FailedBatches
	w.centre = sim.New(sim.Config{Seed: s.Seed, PerDay: s.PerDay, Uneven: s.Uneven})
	w.store = mem.New(sim.History{})
	today := conversation.DayOf(s.Now)
	w.next = today - conversation.Day(s.Days) + 1
	if err := w.extend(ctx, today, progress); err != nil {
		return nil, err
	}
	return w, nil
}

// Load makes a world of given records. They are served as they are; whose they are nobody says. Files without one
// record are fault.Invalid: whoever gives them means others.
func Load(ctx context.Context, now time.Time, files []ingest.File, limits wire.Limits) (*World, Loaded, error) {
	w := newWorld(now, "sandbox, loaded records")
	w.store = mem.New(nil)
	found, err := w.load(ctx, files, limits)
	if err != nil {
		return nil, found, err
	}
	if found.Records == 0 {
		return nil, found, fault.Field("--load", "there is not one record in %s: a record is a JSON object with conversationId and conversationStart", strings.Join(found.Empty, ", "))
	}
	return w, found, nil
}

// World is the platform behind a sandbox: its clock, its conversations and its nightly batch. Safe for concurrent use.
type World struct {
	name   string
	store  *mem.Store
	offset time.Duration // from the machine's clock to the platform's
	failed []conversation.Day

	mu     sync.Mutex
	centre *sim.Centre      // nil when the records were given
	next   conversation.Day // first day that is not made yet
}

var _ engine.Source = (*World)(nil)

func newWorld(now time.Time, name string) *World { return &World{name: name, offset: time.Until(now)} }

// Name says what the conversations come from: it is the same for the same conversations, on every machine.
func (w *World) Name() string { return w.name }

// Clock is the platform's time.
func (w *World) Clock() time.Time { return time.Now().Add(w.offset).UTC() }

// BatchEnds is when, after midnight UTC, the nightly batch is through with the day before.
const BatchEnds = 4 * time.Hour

// batch is when the last nightly batch ended that did not fail.
func (w *World) batch() time.Time {
	day := conversation.DayOf(w.Clock().Add(-BatchEnds))
	for slices.Contains(w.failed, day) {
		day--
	}
	return day.Start().Add(BatchEnds)
}

// Available is the midnight before the batch: what started before it is in the lake.
func (w *World) Available(context.Context) (time.Time, error) { return w.available(), nil }

func (w *World) available() time.Time { return conversation.DayOf(w.batch()).Start() }

// Live shows what has begun by now, each conversation as it is now.
func (w *World) Live(ctx context.Context) (engine.Engine, error) {
	now := w.Clock()
	if err := w.extend(ctx, conversation.DayOf(now), nil); err != nil {
		return nil, err
	}
	return w.store.View(now, now.Add(time.Nanosecond)), nil
}

// Settled shows what the nightly batch found, as it was then.
func (w *World) Settled(ctx context.Context) (engine.Engine, error) {
	at := w.batch()
	if err := w.extend(ctx, conversation.DayOf(at), nil); err != nil {
		return nil, err
	}
	return w.store.View(at, w.available()), nil
}

// extend makes the days up to and including last that are not made yet, several at once.
func (w *World) extend(ctx context.Context, last conversation.Day, progress func(int)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.centre == nil || w.next > last {
		return nil
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	var made sync.Mutex
	for day := w.next; day <= last; day++ {
		group.Go(func() error {
			records, err := w.records(ctx, day)
			if err != nil {
				return err
			}
			if _, err := w.store.Add(records...); err != nil {
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
	w.next = last + 1
	return nil
}

func (w *World) records(ctx context.Context, day conversation.Day) ([]conversation.Record, error) {
	var out []conversation.Record
	for c := range w.centre.Day(day) {
		r, err := wire.RecordOf(c)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, ctx.Err()
}

// loadAtOnce is how many records are added at a time.
const loadAtOnce = 10_000

func (w *World) load(ctx context.Context, files []ingest.File, limits wire.Limits) (Loaded, error) {
	found := Loaded{Files: len(files), Rejected: map[string]int{}}
	var records []conversation.Record
	add := func() error {
		duplicates, err := w.store.Add(records...)
		found.Duplicates += duplicates
		records = records[:0]
		return err
	}
	for _, f := range files {
		before := found.Records
		err := ingest.Values(ctx, f, limits, func(raw []byte) error {
			r, err := wire.Record(raw)
			if err != nil {
				found.Rejected[f.Path]++
				return nil //nolint:nilerr // counted and reported; the rest of the file goes on
			}
			found.Records++
			if records = append(records, r); len(records) == loadAtOnce {
				return add()
			}
			return nil
		})
		if err != nil {
			return found, err
		}
		if found.Records == before {
			found.Empty = append(found.Empty, f.Path)
		}
	}
	return found, add()
}
