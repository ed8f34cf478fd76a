package mem

import (
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/enginetest"
	"github.com/parley-hq/parley/test/unraced"
)

func TestSums(t *testing.T) {
	unraced.Test(t)
	enginetest.RunSums(t, func(t *testing.T, records []conversation.Record) engine.Engine {
		s := New(nil)
		add(t, s, records...)
		return s.View(forever, forever)
	})
}
