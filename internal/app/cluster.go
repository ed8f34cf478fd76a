package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/choice"
	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/engine/trino"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/wait"
)

// Cluster is the Trino that answers large questions. Without a URL there is none.
type Cluster struct {
	URL     string
	Catalog string // of the lakes
	Results string // catalog that the cluster may write to, for large jobs; empty: none
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

	sweep func(*slog.Logger) // begins to sweep what the cluster wrote, beside all else
	swept func()             // ends that; nil: nothing is swept
}

// connect makes the way to the cluster, which need not be there yet.
func (a *answering) connect(c Cluster) (err error) {
	if c.URL != "" {
		a.from = c.From
		a.trino, err = trino.Open(trino.Config{URL: c.URL, Catalog: c.Catalog, Results: c.Results})
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

// How often is looked for what the cluster wrote and nobody uses: of a process that was killed, or while the cluster was away.
const (
	sweeps      = time.Hour
	sweepsFirst = time.Minute // after a start: what a process held that was killed just before is held no more by then
	sweepsAway  = 10 * time.Second
)

// sweepBeside makes ready to sweep what the cluster wrote for questions over lakes.
func (a *answering) sweepBeside(ctx context.Context, lakes map[string]*hosted) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	var sweeping sync.WaitGroup
	a.sweep = func(log *slog.Logger) { sweeping.Go(func() { a.sweepOften(ctx, lakes, log) }) }
	a.swept = func() {
		stop()
		sweeping.Wait()
	}
}

// sweepOften removes what the cluster wrote and nobody uses, now and then, until ctx ends.
func (a *answering) sweepOften(ctx context.Context, lakes map[string]*hosted, log *slog.Logger) {
	next := sweepsFirst
	for a.trino != nil && ctx.Err() == nil {
		pause := next
		for name, h := range lakes {
			s := h.opened.Load()
			if s == nil {
				continue
			}
			if err := a.sweepOf(ctx, s.lake); err != nil && ctx.Err() == nil {
				pause = sweepsAway
				log.WarnContext(ctx, "remove what the Trino cluster wrote for earlier jobs", "organization", name, "err", err, "retry", pause)
			}
		}
		if pause == next {
			next = sweeps
		}
		_ = wait.For(ctx, pause) // the loop sees for itself that ctx has ended
	}
}

func (a *answering) sweepOf(ctx context.Context, l *lake.Lake) error {
	if written := a.trino.Tables(l); written != nil {
		return written.Sweep(ctx)
	}
	return nil
}

// disconnect gives up the way to the cluster.
func (a *answering) disconnect() error {
	if a.swept != nil {
		a.swept()
	}
	if a.trino == nil {
		return nil
	}
	return a.trino.Close()
}
