package duck_test

import (
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/enginetest"
	"github.com/parley-hq/parley/test/unraced"
)

// What SQL adds up of a lake's tables is what a naive evaluation adds up of the records.
func TestSums(t *testing.T) {
	unraced.Test(t)
	db := openDB(t)
	enginetest.RunSums(t, func(t *testing.T, records []conversation.Record) engine.Engine { return openLake(t, db, records) })
}
