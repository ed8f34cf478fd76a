package lake

import (
	"errors"
	"slices"
	"testing"

	"github.com/parley-hq/parley/internal/lake/tables"
)

// What is done for a table is done in order. Once something has failed nothing more is done for it, and nobody waits.
func TestLanesKeepOrder(t *testing.T) {
	l, ctx := newLanes(t.Context())
	broken := errors.New("broken")
	var did []int
	for i := range 100 {
		l.add(tables.Segments, func() error {
			did = append(did, i)
			if i == 10 {
				return broken
			}
			return nil
		})
		l.add(tables.Metrics, func() error { return nil })
	}
	if err := l.wait(); !errors.Is(err, broken) || ctx.Err() == nil {
		t.Errorf("got %v, %v", err, ctx.Err())
	}
	if want := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}; !slices.Equal(did, want) {
		t.Errorf("done: %v", did)
	}
}

// One table does not wait for another.
func TestLanesAreBesideOneAnother(t *testing.T) {
	l, _ := newLanes(t.Context())
	other := make(chan struct{})
	for _, table := range []tables.Table{tables.Segments, tables.Metrics} {
		l.add(table, func() error {
			select {
			case other <- struct{}{}:
			case <-other:
			}
			return nil
		})
	}
	if err := l.wait(); err != nil {
		t.Error(err)
	}
}

// What fails for one table ends what waits for another.
func TestLanesEndTogether(t *testing.T) {
	l, ctx := newLanes(t.Context())
	broken, did := errors.New("broken"), 0
	l.add(tables.Metrics, func() error {
		<-ctx.Done()
		return nil
	})
	l.add(tables.Metrics, func() error {
		did++
		return nil
	})
	l.add(tables.Segments, func() error { return broken })
	if err := l.wait(); !errors.Is(err, broken) || did != 0 {
		t.Errorf("got %v after %d", err, did)
	}
}
