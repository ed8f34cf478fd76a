package trino_test

import (
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/enginetest"
	"github.com/parley-hq/parley/internal/engine/trino"
	"github.com/parley-hq/parley/internal/engine/trino/trinotest"
	"github.com/parley-hq/parley/internal/lake"
)

var cluster *trinotest.Cluster

func TestMain(m *testing.M) { trinotest.Main(m, &cluster, trinotest.Options{}) }

// share is how many of the questions by chance are asked: each takes some tenths of a second.
const share = enginetest.Share(24)

// The lake gets the records in several commits, so that days are merged, and must answer as memory does.
func TestEngine(t *testing.T) {
	c := open(t)
	share.Run(t, func(t *testing.T, records []conversation.Record) engine.Engine { return engineOver(t, c, records) })
}

// What SQL makes of a lake's tables is what the columns read from the records.
func TestRows(t *testing.T) {
	c := open(t)
	share.RunRows(t, func(t *testing.T, records []conversation.Record) engine.Engine {
		e := engineOver(t, c, records)
		trino.AskInParts(e, 2+len(records)/3, 1<<16)
		return e
	})
}

// What SQL adds up of a lake's tables is what a naive evaluation adds up of the records.
func TestSums(t *testing.T) {
	c := open(t)
	(3 * share).RunSums(t, func(t *testing.T, records []conversation.Record) engine.Engine { return engineOver(t, c, records) })
}

// A lake grows by commits, and a view stays as it is.
func TestViews(t *testing.T) {
	c := open(t)
	enginetest.RunViews(t, func(t *testing.T, _ time.Time) enginetest.Grows {
		g := newGrowing(t)
		return enginetest.Grows{Views: trino.Views{Cluster: c, Lake: g.lake}, Add: g.add}
	})
}

// What the cluster writes down and this process merges is what it would have given, in the same order. Nothing is left of it.
func TestWritten(t *testing.T) {
	c := reach(t, trino.Config{Results: trinotest.Results})
	over := func(t *testing.T, records []conversation.Record) engine.Engine {
		e, g := engineOf(t, c, records)
		t.Cleanup(func() { cluster.Empty(t, g.lake) })
		return e
	}
	share.RunOrders(t, over)
	enginetest.RunTogether(t, over)
}

// open opens the way to a cluster that writes nothing. Without one the test is skipped.
func open(t *testing.T) *trino.Cluster {
	t.Helper()
	return reach(t, trino.Config{})
}

// reach opens the way to the cluster.
func reach(t *testing.T, cfg trino.Config) *trino.Cluster {
	t.Helper()
	cluster.Need(t)
	cfg.URL, cfg.Catalog = cluster.URL, trinotest.Catalog
	c, err := trino.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// growing is a lake whose tables a cluster sees.
type growing struct{ lake *lake.Lake }

func newGrowing(t *testing.T) growing {
	t.Helper()
	return growing{cluster.Lake(t)}
}

func (g growing) add(t *testing.T, records ...conversation.Record) {
	t.Helper()
	enginetest.Commit(t, g.lake, records)
}

// engineOver is an engine over a lake with these records, which came in several commits.
func engineOver(t *testing.T, c *trino.Cluster, records []conversation.Record) *trino.Engine {
	t.Helper()
	e, _ := engineOf(t, c, records)
	return e
}

// engineOf is engineOver, and its lake.
func engineOf(t *testing.T, c *trino.Cluster, records []conversation.Record) (*trino.Engine, growing) {
	t.Helper()
	g := newGrowing(t)
	enginetest.Fill(t, g.lake, records)
	snapshot, err := g.lake.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e := trino.New(c, g.lake, snapshot)
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e, g
}
