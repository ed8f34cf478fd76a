package app

import (
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/choice"
	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/engine/trino"
	"github.com/parley-hq/parley/internal/lake"
)

// Cluster is the Trino that answers large questions. Without a URL there is none.
type Cluster struct {
	URL     string
	Catalog string // of the lakes
	From    int64  // planned bytes from which on a question is large
}

// Names of the engines, as people and metrics see them.
const (
	duckName  = "duckdb"
	trinoName = "trino"
)

// answering is the engines over lakes: DuckDB in this process, and the cluster, if there is one.
type answering struct {
	duck  *duck.DB
	trino *trino.Cluster // nil: DuckDB answers everything
	from  int64
}

// connect makes the way to the cluster, which need not be there yet.
func (a *answering) connect(c Cluster) (err error) {
	if c.URL != "" {
		a.from = c.From
		a.trino, err = trino.Open(trino.Config{URL: c.URL, Catalog: c.Catalog})
	}
	return err
}

// views are those of a lake.
func (a *answering) views(l *lake.Lake) engine.Views {
	if a.trino == nil {
		return duck.Views{DB: a.duck, Lake: l}
	}
	return choice.Views{
		Lake: l, From: a.from, Fit: a.duck.Fit,
		Small: func(s *lake.Snapshot) choice.Named { return choice.Named{Full: duck.New(a.duck, s), Name: duckName} },
		Large: func(s *lake.Snapshot) choice.Named { return a.large(l, s) },
	}
}

func (a *answering) large(l *lake.Lake, s *lake.Snapshot) choice.Named {
	return choice.Named{Full: trino.New(a.trino, l, s), Name: trinoName}
}

// disconnect gives up the way to the cluster.
func (a *answering) disconnect() error {
	if a.trino == nil {
		return nil
	}
	return a.trino.Close()
}
