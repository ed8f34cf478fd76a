package sandbox

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/sync/errgroup"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/sandbox/clock"
)

// Each move begins where the one before has left the clock: none is lost, and none takes it back.
func TestTheClockIsMovedByManyAtOnce(t *testing.T) {
	w := kept(t, frozen(1), t.TempDir(), nil)
	var group errgroup.Group
	for range 20 {
		group.Go(func() error { return w.MoveClock(t.Context(), clock.Change{Advance: time.Hour}) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if got, want := w.Clock(), noon.Add(20*time.Hour); !got.Equal(want) {
		t.Errorf("twenty moves by an hour have come to %v, want %v", got, want)
	}
}

func TestManyPassABatchEach(t *testing.T) {
	w := kept(t, frozen(1), t.TempDir(), nil)
	var group errgroup.Group
	for range 8 {
		group.Go(func() error { return w.PassBatch(t.Context(), nil) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if got, want := w.past().lastBatch(w.Clock()), today+8; got != want {
		t.Errorf("eight batches were passed, and the last is that of %v, want %v", got, want)
	}
}

// What one deed writes to several conversations has to find room together.
func TestADeedOfManyChangesIsBoundedAsAWhole(t *testing.T) {
	w := simulated(t, frozen(10))
	records := all(t, w.Settled)
	patch := jsontext.Value(`{"externalTag":"x"}`)
	w.past().history.size = maxEdited - 2*len(patch) + 1
	both := Deed{Rewrite: []Rewrite{{records[0].ID, patch}, {records[1].ID, patch}}}
	if err := w.Do(t.Context(), both); !errors.Is(err, fault.Conflict) {
		t.Errorf("two changes where there is room for one: %v", err)
	}
	do(t, w, Deed{Rewrite: both.Rewrite[:1]})
}

// A day that is made while records begin to drift drifts as a whole, whoever makes it.
func TestADayThatIsMadeMeanwhileDrifts(t *testing.T) {
	for range 5 {
		w := simulated(t, frozen(200))
		p := w.past()
		var group errgroup.Group
		group.Go(func() error { return p.extend(t.Context(), today+2, nil) })
		do(t, w, Deed{Drift: &Drift{Pointer: "/surprise", Value: jsontext.Value(`7`)}})
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		without := 0
		for r, err := range p.store.View(endOfTime, endOfTime).Records(t.Context(), everything, 0, 0) {
			if err != nil {
				t.Fatal(err)
			}
			if !r.Start.Before(noon) && !bytes.Contains(r.JSON, []byte(`"surprise":7`)) {
				without++
			}
		}
		if without > 0 {
			t.Fatalf("%d conversations begin later and have not drifted", without)
		}
	}
}
