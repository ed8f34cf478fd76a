package app

import (
	"context"
	"errors"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/choice"
	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/role"
)

// reading is a lake as it is at one moment: whatever is written meanwhile, all that is asked of it fits together. Its
// views are all of that moment.
type reading struct {
	dir      string
	lake     *lake.Lake
	snapshot *lake.Snapshot
	duck     *duck.DB
	engine   *duck.Engine
	large    Cluster           // that answers large questions, if there is one
	engines  answering         // the way to it
	whole    choice.Full       // engine, or it and the cluster
	ids      []conversation.ID // all that is asked for are the records of these; nil if more is
	// fits fails of a lake that has not what is asked for; conversations are, if it is nil.
	fits func(ctx context.Context, l *lake.Lake, dir string) error
}

// services are those that a reading is made of.
func (r *reading) services() role.Services {
	return role.Services{
		"lake": {
			Open:  r.openLake,
			Close: func() error { return r.lake.Close() },
		},
		"snapshot": {Needs: []string{"lake"}, Open: r.openSnapshot, Close: func() error { return r.snapshot.Close() }},
		"engine": {
			Needs: []string{"snapshot"}, Open: r.openEngine,
			Close: func() error { return errors.Join(r.engine.Close(), r.duck.Close(), r.engines.disconnect()) },
		},
	}
}

func (r *reading) openLake(ctx context.Context) error {
	l, err := at.Open(ctx, r.dir)
	if err != nil {
		return err
	}
	fits := r.fits
	if fits == nil {
		fits = conversationsOf
	}
	if err := fits(ctx, l, r.dir); err != nil {
		return errors.Join(err, l.Close())
	}
	r.lake = l
	return nil
}

func (r *reading) openSnapshot(ctx context.Context) (err error) {
	if r.ids != nil {
		r.snapshot, err = r.lake.SnapshotHolding(ctx, r.ids)
	} else {
		r.snapshot, err = r.lake.Snapshot(ctx)
	}
	return err
}

func (r *reading) openEngine(ctx context.Context) (err error) {
	if err := r.engines.connect(r.large); err != nil {
		return err
	}
	if r.duck, err = duck.Open(ctx, duck.Config{}); err != nil {
		return errors.Join(err, r.engines.disconnect())
	}
	r.engine = duck.NewCareful(r.duck, r.snapshot)
	r.whole = r.engine
	if r.engines.trino != nil {
		r.whole = choice.New(choice.Named{Full: r.engine, Name: duckName}, r.engines.large(r.lake, r.snapshot), r.snapshot, r.large.From)
	}
	return nil
}

// Live lends the engine.
func (r *reading) Live(context.Context) (engine.Engine, error) { return lent{r.whole}, nil }

// Settled lends the engine.
func (r *reading) Settled(ctx context.Context) (engine.Engine, error) { return r.Live(ctx) }

// Available is the end of the days that the lake has whole.
func (r *reading) Available(ctx context.Context) (time.Time, error) { return r.lake.Available(ctx) }

// lent is an engine that somebody else closes.
type lent struct{ choice.Full }

// Close does nothing.
func (lent) Close() error { return nil }

// Explain answers a question from the lake in dir and says how it was done. It stands beside the way that all else is
// asked: a platform does not say how it answers.
func Explain(ctx context.Context, dir string, large Cluster, q query.Query, limit int) (x engine.Explanation, err error) {
	r := &reading{dir: dir, large: large}
	err = role.Of("explain", r.services()).During(ctx, func(ctx context.Context) (err error) {
		x, err = r.whole.Explain(ctx, q, limit, 0)
		return err
	})
	return x, err
}

// SQL runs a reading statement over the lake in dir, whatever it has; see duck.SQL. It stands beside the port: the statement is in
// DuckDB's language, and no other engine could answer it.
func SQL(ctx context.Context, dir, statement string, columns func([]string) error, row func([]any) error) error {
	r := &reading{dir: dir, fits: anything}
	return role.Of("sql", r.services()).During(ctx, func(ctx context.Context) error {
		if err := r.snapshot.WithNames(ctx); err != nil {
			return err
		}
		return duck.SQL(ctx, duck.Config{}, r.snapshot, statement, columns, row)
	})
}
