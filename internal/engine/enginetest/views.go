package enginetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
)

// Grows is Views, and a way for records to come into its data.
type Grows struct {
	engine.Views
	Add func(t *testing.T, records ...conversation.Record)
}

// RunViews runs the suite that all Views pass. Open gives one without records whose clock, if it has one, stands at
// now; records are added that started before it, on its day and on some days before, and that have ended.
func RunViews(t *testing.T, open func(t *testing.T, now time.Time) Grows) {
	t.Helper()
	now := epoch.Add(15 * time.Hour)
	each := func(name string, test func(*testing.T, *subject)) {
		t.Run(name, func(t *testing.T) {
			s := &subject{Grows: open(t, now), now: now}
			s.add(t, 30)
			test(t, s)
		})
	}
	each("views stay as they are", viewsStay)
	each("what is available is settled", availableIsSettled)
	each("a context that has ended", endedContext)
	each("many at once", manyViews)
}

// subject is the Views under test, and what they were given.
type subject struct {
	Grows

	now   time.Time
	given []conversation.Record
}

// add adds n records to the data, one of them on the day of now.
func (s *subject) add(t *testing.T, n int) {
	t.Helper()
	var records []conversation.Record
	for i := range n {
		start := s.now.Add(-time.Hour - time.Duration(i)*4*time.Hour%(72*time.Hour))
		text := fmt.Sprintf(`{"conversationId":"given-%d","conversationStart":%q,"conversationEnd":%q}`, len(s.given)+i,
			conversation.FormatTime(start), conversation.FormatTime(start.Add(time.Minute)))
		records = append(records, parse(t, []byte(text)))
	}
	s.Add(t, records...)
	s.given = append(s.given, records...)
}

// opened opens a view; the test closes it, and the end of the test again.
func opened(t *testing.T, open func(context.Context) (engine.Engine, error)) engine.Engine {
	t.Helper()
	e, err := open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// idsIn are the ids of a view's records that started before an instant, in order.
func idsIn(t *testing.T, e engine.Engine, before time.Time) (ids []conversation.ID) {
	t.Helper()
	records, err := collect(e.Records(t.Context(), everything().Query, 0, 0))
	if err != nil {
		t.Error(err)
	}
	return startedBefore(records, before)
}

func startedBefore(records []conversation.Record, before time.Time) (ids []conversation.ID) {
	for _, r := range records {
		if r.Start.Before(before) {
			ids = append(ids, r.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// viewsStay adds records, opens and closes other views, and wants a view to show what it showed. One that is opened then
// shows what has come.
func viewsStay(t *testing.T, s *subject) {
	for name, open := range map[string]func(context.Context) (engine.Engine, error){"live": s.Live, "settled": s.Settled} {
		old := opened(t, open)
		before := idsIn(t, old, s.now)
		s.add(t, 30)
		fresh := opened(t, open)
		after := idsIn(t, fresh, s.now)
		if len(before) == 0 || len(after) <= len(before) {
			t.Errorf("%s: %d records, and %d once more had come", name, len(before), len(after))
		}
		if err := fresh.Close(); err != nil {
			t.Error(err)
		}
		if again := idsIn(t, old, s.now); !slices.Equal(again, before) {
			t.Errorf("%s: a view had %d records, and now has %d", name, len(before), len(again))
		}
		if err := old.Close(); err != nil {
			t.Error(err)
		}
		if err := old.Close(); err != nil {
			t.Errorf("%s: a second close: %v", name, err)
		}
	}
}

// availableIsSettled wants the settled view to have all that started before the date, and the live one to have all.
func availableIsSettled(t *testing.T, s *subject) {
	for range 2 {
		date, err := s.Available(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := startedBefore(s.given, date)
		if got := idsIn(t, opened(t, s.Settled), date); len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("the settled view has %d records that started before %v, want %d", len(got), date, len(want))
		}
		if got, want := idsIn(t, opened(t, s.Live), s.now), startedBefore(s.given, s.now); !slices.Equal(got, want) {
			t.Errorf("the live view has %d records, want %d", len(got), len(want))
		}
		s.add(t, 10)
		if later, err := s.Available(t.Context()); err != nil || later.Before(date) {
			t.Errorf("the date was %v and is %v, %v", date, later, err)
		}
	}
}

// endedContext wants a view, or the context's error: Views need not look.
func endedContext(t *testing.T, s *subject) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, open := range []func(context.Context) (engine.Engine, error){s.Live, s.Settled} {
		e, err := open(ctx)
		if err == nil {
			err = e.Close()
		} else if errors.Is(err, context.Canceled) {
			err = nil
		}
		if err != nil {
			t.Error(err)
		}
	}
	if got := idsIn(t, opened(t, s.Live), s.now); len(got) != len(s.given) {
		t.Errorf("afterwards there are %d records, want %d", len(got), len(s.given))
	}
}

// manyViews opens, asks and closes views while records come: nobody sees a part of what came at once, or less than before.
func manyViews(t *testing.T, s *subject) {
	const atOnce = 15
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			last := int64(0)
			for range 8 {
				e, err := s.Live(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				n, err := e.Count(t.Context(), everything().Query)
				if err := errors.Join(err, e.Close()); err != nil || n%atOnce != 0 || n < last {
					t.Errorf("%d records after %d, %v", n, last, err)
				}
				last = n
			}
		})
	}
	for range 3 {
		s.add(t, atOnce)
	}
	group.Wait()
}
