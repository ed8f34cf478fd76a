package duck_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/engine/enginetest"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/test/unraced"
)

// What SQL makes of a lake's tables is what the columns read from the records.
func TestRows(t *testing.T) {
	unraced.Test(t)
	db := openDB(t)
	enginetest.RunRows(t, func(t *testing.T, records []conversation.Record) engine.Engine {
		e := openLake(t, db, records)
		duck.AskInParts(e, 2+len(records)/6) // days, several of them, and stretches of one
		return e
	})
}

// Whoever has enough of rows leaves nothing open behind, at whatever row it stops; nor does one whose time is over.
func TestRowsThatAreBrokenOff(t *testing.T) {
	records := fiveDays(t)
	db := openDB(t)
	e := openLake(t, db, records)
	duck.AskInParts(e, 3) // a day has four
	q := query.Query{Interval: conversation.Interval{Start: benchFirst.Start(), End: (benchFirst + 5).Start()}, Matching: query.StartOfDay}
	sel, err := column.Parse("select", column.Conversation, []string{"conversationId", "startTime"})
	if err != nil {
		t.Fatal(err)
	}
	for stop := range len(records) + 1 {
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		for row, err := range e.Rows(ctx, q, sel) {
			if err != nil || row[0] != string(records[n].ID) {
				t.Fatalf("row %d is %v, %v", n, row, err)
			}
			if n++; n == stop {
				break
			}
		}
		if n != stop && stop != 0 { // at 0 nobody stops
			t.Errorf("stopped after %d rows, want %d", n, stop)
		}
		if open := duck.InUse(db); open != 0 {
			t.Errorf("stopped after %d rows: %d answers are open", n, open)
		}
		cancel()
		next, end := iter.Pull2(e.Rows(ctx, q, sel))
		_, err, _ := next()
		end()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("rows that nobody waits for: %v", err)
		}
	}
}
