package duck_test

import (
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/engine/enginetest"
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
