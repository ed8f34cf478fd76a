package sandbox

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sandbox/journal"
)

// told is what is told of the batches of a world.
type told struct {
	*Batches

	t    *testing.T
	mu   sync.Mutex
	told []string
}

// follow tells of the batches of a world until the test ends. It is to be called in a bubble.
func follow(t *testing.T, w *World) *told {
	t.Helper()
	b, ended := &told{t: t}, make(chan error)
	ctx, end := context.WithCancel(t.Context())
	var err error
	b.Batches, err = w.Batches(ctx, func(at time.Time) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.told = append(b.told, conversation.FormatTime(at))
	})
	if err != nil {
		t.Fatal(err)
	}
	go func() { ended <- b.Run(ctx) }()
	t.Cleanup(func() {
		end()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
	})
	synctest.Wait()
	return b
}

// want is what is told by now, and was not before.
func (b *told) want(dates ...string) {
	b.t.Helper()
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Equal(b.told, dates) {
		b.t.Errorf("told %v, want %v", b.told, dates)
	}
	b.told = nil
}

// Whoever waits for an instant finds that what happened before it is told of, however the clock came there.
func TestWhoWaitsComesAfterWhatIsToldOf(t *testing.T) {
	t.Parallel()
	for range 100 {
		w := simulated(t, frozen(1))
		var told bool
		b, err := w.Batches(t.Context(), func(time.Time) { told = true })
		if err != nil {
			t.Fatal(err)
		}
		ctx, end := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = b.Run(ctx) })
		waited := make(chan error)
		go func() { waited <- b.Wait(ctx, noon.Add(24*time.Hour)) }()
		advance(t, w, 24*time.Hour)
		if err := <-waited; err != nil || !told {
			t.Errorf("waited %v, and it was told of: %v", err, told)
		}
		end()
		running.Wait()
	}
}

// date is the dataAvailabilityDate of a world.
func date(t *testing.T, w *World) string {
	t.Helper()
	at, err := w.Available(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return conversation.FormatTime(at)
}

func TestBatchesAreToldOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := simulated(t, frozen(10))
		b := follow(t, w)
		b.want()
		advance(t, w, time.Hour)
		b.want()
		advance(t, w, 23*time.Hour)
		b.want(date(t, w))
		advance(t, w, 30*24*time.Hour) // thirty batches at one time
		b.want(date(t, w))
	})
}

func TestABatchIsToldOfWhenItEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := frozen(10)
		s.Speed = 3600
		w := simulated(t, s)
		b := follow(t, w)
		next, _, err := w.NextBatch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		left := time.Duration(float64(next.Sub(w.Clock())) / s.Speed)
		time.Sleep(left - time.Millisecond)
		b.want()
		time.Sleep(2 * time.Millisecond)
		b.want(date(t, w))
	})
}

func TestABatchThatDoesNotEndWellIsNotToldOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := simulated(t, frozen(10))
		b := follow(t, w)
		yes, no, earlier := true, false, noon.Add(-72*time.Hour)
		do(t, w, Deed{Batch: &Batch{Fail: []string{(today + 1).String()}}})
		advance(t, w, 24*time.Hour)
		b.want()
		do(t, w, Deed{Batch: &Batch{Halt: &yes}})
		advance(t, w, 24*time.Hour)
		b.want()
		do(t, w, Deed{Batch: &Batch{Halt: &no}})
		b.want()
		do(t, w, Deed{Batch: &Batch{Back: &earlier}}) // is seen, and no batch has ended
		b.want()
		advance(t, w, 24*time.Hour)
		b.want(date(t, w))
		if err := w.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.want()
		advance(t, w, 24*time.Hour)
		b.want(date(t, w))
	})
}

// An event of the scenario lets batches end again: whoever waits for them must wake for it, though no clock is moved.
func TestBatchesThatAnEventLetsEndAreToldOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		yes, no := true, false
		s := frozen(10)
		s.Speed = 3600
		s.Events = []Event{
			{At: noon.Add(time.Hour), Batch: &Batch{Halt: &yes}},
			{At: noon.Add(36 * time.Hour), Batch: &Batch{Halt: &no}},
		}
		w := simulated(t, s)
		b := follow(t, w)
		time.Sleep(36*time.Second + time.Millisecond)
		b.want()
		time.Sleep(12 * time.Second) // the morning after
		b.want(date(t, w))
	})
}

// inMind is a journal in memory.
type inMind struct{ entries []journal.Entry }

func (r *inMind) Append(_ context.Context, e journal.Entry) error {
	r.entries = append(r.entries, e)
	return nil
}

func (r *inMind) Entries(context.Context) iter.Seq2[journal.Entry, error] {
	return func(yield func(journal.Entry, error) bool) {
		for _, e := range slices.Clone(r.entries) {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (r *inMind) Replace(_ context.Context, entries []journal.Entry) error {
	r.entries = slices.Clone(entries)
	return nil
}

func (r *inMind) Len() int64 { return int64(len(r.entries)) }

// No batch is to come when the state is loaded, and then one is.
func TestBatchesOfALoadedStateAreTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := frozen(1)
		s.Speed = 1
		w := simulated(t, s)
		if err := w.Keep(t.Context(), new(inMind), nil); err != nil {
			t.Fatal(err)
		}
		saved, err := w.Save(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		do(t, w, Deed{Batch: &Batch{Halt: new(true)}})
		b := follow(t, w)
		if err := w.Load(t.Context(), saved); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		available, err := w.Available(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		b.want(conversation.FormatTime(available))
	})
}
