package duck

import (
	"context"
	"errors"
	"testing"

	"github.com/parley-hq/parley/internal/engine/sqltext"
)

// Whoever waits for the search of another need not wait longer than its own context, and searches itself when the other
// gives up.
func TestWhoWaitsSearchesInPlaceOfWhoGivesUp(t *testing.T) {
	d, err := Open(t.Context(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	statement := sqltext.Of("SELECT '2026-01-01T00:00:00Z'::TIMESTAMPTZ AS conversation_start")
	first := d.hits.hold(statement.Key())
	first.turn <- struct{}{} // searches
	ctx, cancel := context.WithCancel(t.Context())
	second := d.hits.hold(statement.Key())
	cancel()
	if err := d.hits.fill(ctx, second, statement); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want a cancellation", err)
	}
	done := make(chan error, 1)
	go func() { done <- d.hits.fill(t.Context(), second, statement) }()
	select {
	case err := <-done:
		t.Fatalf("it did not wait: %v", err)
	default:
	}
	<-first.turn // has given up
	if err := <-done; err != nil || !second.found || second.n != 1 {
		t.Errorf("found %v, %d hits, %v", second.found, second.n, err)
	}
	if first != second || d.tables.Load() != 1 {
		t.Errorf("%d searches", d.tables.Load())
	}
	for range 2 {
		if err := d.hits.release(t.Context(), first); err != nil {
			t.Error(err)
		}
	}
	if len(d.hits.sets) != 1 {
		t.Errorf("%d sets are kept", len(d.hits.sets))
	}
}

// Nothing is left of questions that were not answered.
func TestNothingIsKeptOfASearchThatFails(t *testing.T) {
	d, err := Open(t.Context(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, statement := range []sqltext.Text{sqltext.Of("SELECT nothing"), sqltext.Of("SELECT 1 AS no_start")} {
		h := d.hits.hold(statement.Key())
		if err := d.hits.fill(t.Context(), h, statement); err == nil {
			t.Error("no failure")
		}
		if err := d.hits.release(t.Context(), h); err != nil {
			t.Error(err)
		}
	}
	if len(d.hits.sets) != 0 || d.hits.bytes != 0 {
		t.Errorf("%d sets of %d bytes are kept", len(d.hits.sets), d.hits.bytes)
	}
	if _, kept := HitSets(t, d); kept != 0 {
		t.Errorf("%d tables are kept", kept)
	}
}
