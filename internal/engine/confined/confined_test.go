package confined_test

import (
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/confined"
	"github.com/parley-hq/parley/internal/engine/enginetest"
	"github.com/parley-hq/parley/internal/engine/mem"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// The suite runs over the lake as well, where DuckDB is linked already: internal/engine/duck.
func TestEngine(t *testing.T) {
	unraced.Test(t)
	enginetest.RunConfined(t, func(t *testing.T, records []conversation.Record, user string) engine.Engine {
		return confined.To(user, over(t, records...))
	})
}

func over(t *testing.T, records ...conversation.Record) engine.Engine {
	t.Helper()
	s := mem.New(nil)
	if _, err := s.Add(records...); err != nil {
		t.Fatal(err)
	}
	forever := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	return s.View(forever, forever)
}

// Whoever is confined to nobody sees nothing: no participant without a user is taken for theirs.
func TestNobodySeesNothing(t *testing.T) {
	r, err := wire.Record([]byte(`{"conversationId":"a","conversationStart":"2026-03-01T00:00:00.000Z","participants":[{"sessions":[{"segments":[{}]}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	e := confined.To("", over(t, r))
	if n, err := e.Count(t.Context(), query.Query{Interval: r.Day().Interval()}); n != 0 || err != nil {
		t.Errorf("count %d, %v", n, err)
	}
	for r, err := range e.ByID(t.Context(), []conversation.ID{r.ID}) {
		t.Errorf("got %s, %v", r.ID, err)
	}
}

// gapped is an engine that never had some days.
type gapped struct{ engine.Engine }

func (gapped) Missing(iv conversation.Interval) []conversation.Days {
	first := conversation.DayOf(iv.Start)
	return []conversation.Days{{First: first, End: first + 1}}
}

func TestMissingDaysAreNamed(t *testing.T) {
	iv := conversation.Day(20_000).Interval()
	if days := engine.Missing(confined.To("u", gapped{over(t)}), iv); len(days) != 1 || days[0].First != 20_000 {
		t.Errorf("got %v", days)
	}
	if days := engine.Missing(confined.To("u", over(t)), iv); len(days) != 0 {
		t.Errorf("got %v of an engine that has all", days)
	}
}
