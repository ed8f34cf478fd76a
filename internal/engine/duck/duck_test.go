package duck_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/confined"
	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/engine/enginetest"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/test/unraced"
)

// The lake gets the records in several commits, so that days are merged, and must answer as memory does.
func TestEngine(t *testing.T) {
	unraced.Test(t)
	enginetest.Run(t, opener(t))
}

func TestEngineAskedByMany(t *testing.T) { enginetest.RunTogether(t, opener(t)) }

// opener gives engines over lakes of their own, each found to be right.
func opener(t *testing.T) func(t *testing.T, records []conversation.Record) engine.Engine {
	t.Helper()
	db := openDB(t)
	return func(t *testing.T, records []conversation.Record) engine.Engine {
		t.Helper()
		l, err := lake.Create(t.Context(), filepath.Join(t.TempDir(), "lake"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		enginetest.Fill(t, l, records)
		e, err := duck.Views{DB: db, Lake: l}.Live(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.Close() })
		if _, err := lake.Check(t.Context(), l, nil); err != nil {
			t.Error(err)
		}
		return e
	}
}

// For a client that sees one user, a lake answers as if it had the conversations of that user alone.
func TestConfinedEngine(t *testing.T) {
	unraced.Test(t)
	db := openDB(t)
	enginetest.RunConfined(t, func(t *testing.T, records []conversation.Record, user string) engine.Engine {
		return confined.To(user, openLake(t, db, records))
	})
}

// A lake grows by commits.
func TestViews(t *testing.T) {
	db := openDB(t)
	enginetest.RunViews(t, func(t *testing.T, _ time.Time) enginetest.Grows {
		l := lakeOf(t, nil)
		return enginetest.Grows{Views: duck.Views{DB: db, Lake: l}, Add: func(t *testing.T, records ...conversation.Record) {
			t.Helper()
			enginetest.Commit(t, l, records)
		}}
	})
}
