package enginetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
)

// earlyBreak leaves the iterator after some records, asks again, and wants the whole.
func (s *suite) earlyBreak(t *testing.T) {
	q := everything()
	for stop := 1; stop <= len(s.records); stop += 1 + len(s.records)/8 {
		n := 0
		for _, err := range s.engine.Records(t.Context(), q.Query, 0, 0) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == stop {
				break
			}
		}
		s.check(t, q)
	}
	for _, err := range s.engine.ByID(t.Context(), s.ids()) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	s.check(t, q)
}

// cancellation wants a cancelled question to end with the cancellation, and the engine to answer the next.
func (s *suite) cancellation(t *testing.T) {
	q := everything()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.engine.Count(ctx, q.Query); !errors.Is(err, context.Canceled) {
		t.Errorf("count: got %v, want a cancellation", err)
	}
	if got, err := collect(s.engine.Records(ctx, q.Query, 0, 0)); !errors.Is(err, context.Canceled) {
		t.Errorf("records: got %d and %v, want a cancellation", len(got), err)
	}
	if got, err := collect(s.engine.ByID(ctx, s.ids())); !errors.Is(err, context.Canceled) {
		t.Errorf("by id: got %d and %v, want a cancellation", len(got), err)
	}
	filtered := q
	filtered.Filters = []query.Filter{s.filter()}
	if _, err := s.engine.Count(ctx, filtered.Query); !errors.Is(err, context.Canceled) {
		t.Errorf("filtered count: got %v, want a cancellation", err)
	}
	if got, err := collect(s.engine.Records(ctx, filtered.Query, 0, 0)); !errors.Is(err, context.Canceled) {
		t.Errorf("filtered records: got %d and %v, want a cancellation", len(got), err)
	}
	if _, err := s.engine.Facets(ctx, q.Query, []query.Aggregation{s.aggregation()}); !errors.Is(err, context.Canceled) {
		t.Errorf("facets: got %v, want a cancellation", err)
	}
	s.cancelMidway(t)
	s.check(t, q)
}

// deadline wants a question whose time is over to fail with that, as the context says it, and with no kind of fault.
func (s *suite) deadline(t *testing.T) {
	q := everything()
	q.Filters = []query.Filter{s.filter()}
	ctx, cancel := context.WithDeadline(t.Context(), epoch)
	defer cancel()
	_, counted := s.engine.Count(ctx, q.Query)
	_, read := collect(s.engine.Records(ctx, q.Query, 0, 0))
	_, found := collect(s.engine.ByID(ctx, s.ids()))
	_, aggregated := s.engine.Facets(ctx, q.Query, []query.Aggregation{s.aggregation()})
	for what, err := range map[string]error{"count": counted, "records": read, "by id": found, "facets": aggregated} {
		if _, kind := errors.AsType[*fault.Error](err); kind || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got %v, want the end of the deadline", what, err)
		}
	}
}

// closing closes a view twice, and wants another one over the same records to answer on.
func (s *suite) closing(t *testing.T) {
	other := s.open(t, recordsOf(s.records))
	if n, err := other.Count(t.Context(), everything().Query); err != nil || n != int64(len(s.records)) {
		t.Errorf("count %d, %v; want %d", n, err, len(s.records))
	}
	for _, what := range []string{"first", "second"} {
		if err := other.Close(); err != nil {
			t.Errorf("%s close: %v", what, err)
		}
	}
	s.check(t, everything())
}

// cancelMidway cancels after the first record. What was on its way may still come; what ends early must say why, and
// nothing follows an error.
func (s *suite) cancelMidway(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	var failed error
	for _, err := range s.engine.Records(ctx, everything().Query, 0, 0) {
		cancel()
		if failed != nil {
			t.Errorf("something follows the error %v", failed)
		}
		if failed = err; err == nil {
			n++
		}
	}
	if n < len(s.records) && !errors.Is(failed, context.Canceled) {
		t.Errorf("records end after %d of %d with %v, want a cancellation", n, len(s.records), failed)
	}
}

// concurrentUse asks many questions at once.
func (s *suite) concurrentUse(t *testing.T) {
	var group sync.WaitGroup
	for range 4 {
		asked := make([]question, max(2, s.part(questions/8)))
		for i := range asked {
			if asked[i] = s.question(); i == 0 {
				asked[i] = s.filteredQuestion()
			}
		}
		group.Go(func() {
			for _, q := range asked {
				s.check(t, q)
			}
		})
	}
	group.Wait()
}

func (s *suite) ids() (ids []conversation.ID) {
	for _, r := range s.records {
		ids = append(ids, r.ID)
	}
	return ids
}
