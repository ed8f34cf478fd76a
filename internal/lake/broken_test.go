package lake

import (
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/state/statetest"
	"github.com/parley-hq/parley/test/unraced"
)

// Whatever fails in the control database while a lake is asked, it is said, and no connection is kept.
func TestAskingALakeWhoseControlDatabaseFails(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	a, b := record("a", day1, ""), record("b", day1.Add(2*oneDay), "")
	commit(t, l, Commit{Run: "run", Days: []conversation.Day{a.Day(), b.Day()}, Records: all(a, b)})
	broken := statetest.Break(t, l.db)
	l.db = broken.DB()
	for name, ask := range map[string]func() error{
		"days":       func() error { _, err := l.Days(t.Context(), a.Day(), b.Day()+1); return err },
		"whole days": func() error { _, err := l.WholeDays(t.Context()); return err },
		"whole by":   func() error { _, err := l.WholeBy(t.Context(), "run", a.Day(), b.Day()+1); return err },
		"available":  func() error { _, err := l.Available(t.Context()); return err },
		"gaps":       func() error { _, err := l.Gaps(t.Context()); return err },
		"intents":    func() error { _, err := l.intents(t.Context()); return err },
	} {
		t.Run(name, func(t *testing.T) { broken.Each(t, ask, nil) })
	}
}
