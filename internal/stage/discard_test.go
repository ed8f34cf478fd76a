package stage

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/store"
)

// away is a store that does not answer when it is to be cleared: it waits until nobody waits for it any more.
type away struct {
	store.Store

	asked chan struct{}
}

func (a away) Clear(ctx context.Context, _ store.Location) error {
	close(a.asked)
	<-ctx.Done()
	return ctx.Err()
}

// nothingElse is done beside staging.
func nothingElse(*state.Tx, Counts) error { return nil }

// Whoever is interrupted while the bucket is away waits for it no longer than a moment, is told what is left, and the next run removes that.
func TestDiscardingWhileTheStoreIsAway(t *testing.T) {
	l := newLake(t)
	s := openStage(t, l, "import-1")
	if err := s.Put(t.Context(), Portion{Records: []conversation.Version{version("a", noon1, "", 0)}, With: nothingElse}); err != nil {
		t.Fatal(err)
	}
	files := s.store
	absent := away{files, make(chan struct{})}
	s.store, s.linger = absent, time.Millisecond
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		<-absent.asked
		interrupt()
	}()
	if err := s.Discard(ctx); !errors.Is(err, context.Canceled) || fault.ExitCode(err) != 130 || !strings.Contains(err.Error(), "staging/import-1") {
		t.Errorf("got %v", err)
	}
	if err := Clean(t.Context(), s.db, files, func(RunID) bool { return true }); err != nil {
		t.Fatal(err)
	}
	for o, err := range files.List(t.Context(), staging) {
		t.Errorf("%s is left, %v", o.At, err)
	}
}

// An interrupted run removes what it has staged, where that can be done.
func TestDiscardingAfterAnInterruption(t *testing.T) {
	s := openStage(t, newLake(t), "import-1")
	if err := s.Put(t.Context(), Portion{Records: []conversation.Version{version("a", noon1, "", 0)}, With: nothingElse}); err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	if err := s.Discard(ctx); err != nil {
		t.Fatal(err)
	}
	for o, err := range s.store.List(t.Context(), staging) {
		t.Errorf("%s is left, %v", o.At, err)
	}
}
