package load

import (
	"context"
	"errors"
	"iter"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/wire"
)

var noon = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

// held is a batch of one conversation that is not given before the test says so.
type held struct {
	id    conversation.ID
	ready chan struct{}
	err   error // of forgetting it
	gone  *[]conversation.ID
}

func (h *held) Stream(ctx context.Context) iter.Seq2[conversation.Version, error] {
	return func(yield func(conversation.Version, error) bool) {
		select {
		case <-h.ready:
		case <-ctx.Done():
			yield(conversation.Version{}, ctx.Err())
			return
		}
		r, err := wire.RecordOf(&conversation.Conversation{ConversationID: h.id, ConversationStart: conversation.FormatTime(noon)})
		yield(conversation.Version{Record: r, Run: "run", At: noon}, err)
	}
}

func (*held) Heads(context.Context) iter.Seq2[conversation.Version, error] { return nil }

func (h *held) Done(_ context.Context, with func(*state.Tx) error) error {
	if h.err != nil {
		return h.err
	}
	*h.gone = append(*h.gone, h.id)
	return with(nil)
}

type fixture struct {
	*testing.T
	*Loader

	gone []conversation.ID // batches forgotten
	kept []int64           // conversations added, as kept
	told []int64           // and as told
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	l, err := lake.Create(t.Context(), filepath.Join(t.TempDir(), "lake"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return &fixture{T: t, Loader: New(l, "run", 0, nil)}
}

// batch makes a batch that is ready to be read, or is not yet.
func (f *fixture) batch(id conversation.ID, ready bool) *held {
	h := &held{id: id, ready: make(chan struct{}), gone: &f.gone}
	if ready {
		close(h.ready)
	}
	return h
}

func (f *fixture) begin(ctx context.Context, h *held) error {
	return f.Begin(ctx, Commit{At: noon, Batch: h,
		Keep:   func(_ *state.Tx, out lake.Outcome) error { f.kept = append(f.kept, out.Added); return nil },
		Landed: func(out lake.Outcome) { f.told = append(f.told, out.Added) },
	})
}

func TestACommitIsMadeBeside(t *testing.T) {
	f := newFixture(t)
	slow := f.batch("a", false)
	if err := errors.Join(f.begin(t.Context(), slow), f.Look(t.Context())); err != nil {
		t.Fatal(err)
	}
	if !f.Busy() || f.told != nil || f.kept != nil || f.gone != nil {
		t.Errorf("while it is made: busy %v, told %v, kept %v, forgotten %v", f.Busy(), f.told, f.kept, f.gone)
	}
	close(slow.ready)
	// The second waits for the first, and tells of it.
	if err := f.begin(t.Context(), f.batch("b", true)); err != nil {
		t.Fatal(err)
	}
	if !f.Busy() || !slices.Equal(f.told, []int64{1}) || !slices.Equal(f.gone, []conversation.ID{"a"}) {
		t.Errorf("once the second is begun: busy %v, told %v, forgotten %v", f.Busy(), f.told, f.gone)
	}
	if err := errors.Join(f.Wait(t.Context()), f.Wait(t.Context()), f.Look(t.Context())); err != nil {
		t.Fatal(err)
	}
	if f.Busy() || !slices.Equal(f.told, []int64{1, 1}) || !slices.Equal(f.kept, f.told) {
		t.Errorf("in the end: busy %v, told %v, kept %v", f.Busy(), f.told, f.kept)
	}
}

// A commit that fails keeps its batch, and is told of once.
func TestACommitThatFails(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	if err := f.begin(ctx, f.batch("a", false)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := f.Wait(t.Context()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := f.Wait(t.Context()); err != nil || f.Busy() || f.gone != nil || f.told != nil {
		t.Errorf("afterwards: %v, busy %v, forgotten %v, told %v", err, f.Busy(), f.gone, f.told)
	}
	stubborn := f.batch("a", true)
	stubborn.err = errors.New("the disk is full")
	if err := errors.Join(f.begin(t.Context(), stubborn), f.Wait(t.Context())); !errors.Is(err, stubborn.err) || f.told != nil {
		t.Errorf("a batch that cannot be forgotten: %v, told %v", err, f.told)
	}
	// It is in, and comes again as it is.
	if err := errors.Join(f.begin(t.Context(), f.batch("a", true)), f.Wait(t.Context())); err != nil || !slices.Equal(f.told, []int64{0}) {
		t.Errorf("again: %v, added %v", err, f.told)
	}
}

func TestCountsOfACopyAreItsOwn(t *testing.T) {
	was := Counts{Added: 1, Misfits: wire.Misfits{"x": 1}}
	now := was
	now.Committed(lake.Outcome{Added: 2, Misfits: wire.Misfits{"x": 1, "y": 1}})
	if was.Misfits["x"] != 1 || len(was.Misfits) != 1 || now.Misfits["x"] != 2 || now.Added != 3 || now.Commits != 1 {
		t.Errorf("was %+v, is %+v", was, now)
	}
}
