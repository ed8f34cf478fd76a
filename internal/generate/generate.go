// Package generate writes a simulated contact centre into a lake, without a platform between them.
package generate

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/load"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/wire"
)

// Generation is a simulated contact centre to be written into a lake, without a platform between them.
type Generation struct {
	Lake       *lake.Lake
	Control    *state.DB // of the lake: where its source is entered
	First, End conversation.Day
	PerDay     int
	Uneven     bool // weekday, season and chance decide how many each day has; else it is PerDay
	Seed       uint64
	Log        *slog.Logger     // may be nil
	Progress   func(done int64) // told of every record how many there are by then; called from another goroutine
}

// Generated says what a Generation wrote.
type Generated struct {
	Run   string           `json:"run"`
	First conversation.Day `json:"first"`
	End   conversation.Day `json:"end"`
	Days  int              `json:"days"`               // made whole
	Whole int              `json:"days_already_whole"` // left alone
	load.Counts
	Seconds float64 `json:"seconds"`
}

// batchEnds is when the nightly batch of a sandbox is through, after midnight: a generated lake shows what the batch found
// on the morning after the last day, as one that was extracted then does.
const batchEnds = 4 * time.Hour

// generatedAtOnce is how many conversations a commit should bring: the lake plans some 60 bytes for each, and reads its
// ids once a commit.
const generatedAtOnce = 250_000

// Pending gives the days that are not whole in the lake yet. A lake with conversations of another source is
// fault.Invalid.
func (g Generation) Pending(ctx context.Context) ([]conversation.Day, error) {
	if err := extract.Takes(ctx, g.Control, extract.Simulation()); err != nil {
		return nil, err
	}
	whole, err := g.Lake.Days(ctx, g.First, g.End)
	if err != nil {
		return nil, err
	}
	var days []conversation.Day
	for day := g.First; day < g.End; day++ {
		if !whole[day] {
			days = append(days, day)
		}
	}
	return days, nil
}

// Run writes the days that are not whole yet, several a commit, and makes them whole. Interrupted, it goes on where it
// was when it is run again; run again after that it changes nothing.
func (g Generation) Run(ctx context.Context) (out Generated, err error) {
	defer fault.Wrap(&err, "generate")
	begun := time.Now()
	out = Generated{Run: "generate-" + uuid.Must(uuid.NewV7()).String(), First: g.First, End: g.End}
	turn, err := g.Lake.Turn(ctx, "generate", "%s is generating into the lake; wait until it is done", 0)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(turn.Lost(ctx, err), turn.Close()) }()
	g.Lake, g.Control = turn.Lake(), turn.Fenced(g.Control)
	// Days of a commit that is in, and that nobody has settled since whoever made it was killed, are whole once a writer has.
	w, err := g.Lake.WriterWithin(ctx, load.Patience)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return out, err
	}
	loader := load.New(g.Lake, out.Run, load.Patience, g.Log)
	days, err := g.Pending(ctx)
	if err != nil {
		return out, err
	}
	out.Whole = int(g.End-g.First) - len(days)
	atOnce := max(1, generatedAtOnce/max(1, g.PerDay))
	before := int64(0)
	for len(days) > 0 {
		n := min(atOnce, len(days))
		if err := extract.Claim(ctx, g.Control, extract.Simulation()); err != nil {
			return out, err
		}
		at := time.Now().UTC().Truncate(time.Microsecond)
		records := made{ahead(ctx, g.versions(out.Run, at, days[:n], before))}
		if err := loader.Begin(ctx, load.Commit{At: at, Days: days[:n], Batch: records, Landed: out.Committed}); err != nil {
			return out, err
		}
		if err := loader.Wait(ctx); err != nil {
			return out, err
		}
		before += g.Count(days[:n])
		out.Days += n
		out.Seconds = time.Since(begun).Seconds()
		days = days[n:]
	}
	return out, g.name(ctx, out.Run)
}

// made is the conversations of one commit. They are made when they are read, and there is nothing to be forgotten.
type made struct {
	records iter.Seq2[conversation.Version, error]
}

func (m made) Stream(context.Context) iter.Seq2[conversation.Version, error] { return m.records }
func (made) Heads(context.Context) iter.Seq2[conversation.Version, error]    { return nil }
func (made) Done(context.Context, func(*state.Tx) error) error               { return nil }

// Count is how many conversations some days will have.
func (g Generation) Count(days []conversation.Day) (n int64) {
	centre := g.centre()
	for _, day := range days {
		n += int64(centre.Count(day))
	}
	return n
}

func (g Generation) centre() *sim.Centre {
	return sim.New(sim.Config{Seed: g.Seed, PerDay: g.PerDay, Uneven: g.Uneven})
}

// versions yields the conversations of days, in order of start and id, one at a time. It can be read again, as a commit
// does; before is how many there were before them.
func (g Generation) versions(run string, at time.Time, days []conversation.Day, before int64) iter.Seq2[conversation.Version, error] {
	centre := g.centre()
	known := g.End.Start().Add(batchEnds)
	return func(yield func(conversation.Version, error) bool) {
		done := before
		for _, day := range days {
			for c := range centre.Day(day) {
				r, err := wire.RecordOf(sim.Cut(c, known))
				if !yield(conversation.Version{Record: r, Run: run, At: at}, err) || err != nil {
					return
				}
				done++
				g.Progress(done)
			}
		}
	}
}

// What is made ahead goes from one goroutine to the other in stretches. No more is held than this: some 5 MB.
const (
	stretchSize    = 128
	stretchesAhead = 8
)

// ahead has the next values made on another goroutine while the last ones are used.
func ahead[T any](ctx context.Context, values iter.Seq2[T, error]) iter.Seq2[T, error] {
	type result struct {
		value T
		err   error
	}
	return func(yield func(T, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		stretches := make(chan []result, stretchesAhead)
		send := func(s []result) bool {
			select {
			case stretches <- s:
				return true
			case <-ctx.Done():
				return false
			}
		}
		var maker sync.WaitGroup
		defer maker.Wait()
		defer cancel()
		maker.Go(func() {
			defer close(stretches)
			var s []result
			for v, err := range values {
				if s = append(s, result{v, err}); len(s) == stretchSize {
					if !send(s) {
						return
					}
					s = nil
				}
			}
			send(s)
		})
		for s := range stretches {
			for _, m := range s {
				if !yield(m.value, m.err) {
					return
				}
			}
		}
		// Cut short by the context, what came is not all.
		if err := ctx.Err(); err != nil {
			var none T
			yield(none, err)
		}
	}
}
