package duck_test

import (
	"iter"
	"path/filepath"
	"slices"
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
		fill(t, l, records)
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
			w, err := l.Writer(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if _, err := w.Commit(t.Context(), lake.Commit{Run: "run", At: time.Now(), Records: versions(records)}); err != nil {
				t.Fatal(err)
			}
		}}
	})
}

func fill(t *testing.T, l *lake.Lake, records []conversation.Record) {
	t.Helper()
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for part := range slices.Chunk(records, len(records)/3+1) {
		if _, err := w.Commit(t.Context(), lake.Commit{Run: "run", At: time.Now(), Records: versions(part)}); err != nil {
			t.Fatal(err)
		}
	}
}

func versions(records []conversation.Record) iter.Seq2[conversation.Version, error] {
	records = slices.Clone(records)
	slices.SortFunc(records, conversation.Compare)
	return func(yield func(conversation.Version, error) bool) {
		for _, r := range records {
			if !yield(conversation.Version{Record: r, Run: "run", At: time.Unix(1, 0)}, nil) {
				return
			}
		}
	}
}
