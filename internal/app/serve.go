package app

import (
	"context"
	"errors"
	"time"

	"github.com/parley-hq/parley/internal/api"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/query"
)

// Archive is a lake that can be asked.
type Archive struct {
	Lake *lake.Lake
	duck *duck.DB
}

// OpenArchive opens the lake in dir with the engine over it.
func OpenArchive(ctx context.Context, dir string) (*Archive, error) {
	l, err := lake.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	db, err := duck.Open(ctx, duck.Config{})
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &Archive{l, db}, nil
}

// Close closes both.
func (a *Archive) Close() error { return errors.Join(a.duck.Close(), a.Lake.Close()) }

// Engine answers from the lake's newest snapshot, whose files are all there.
func (a *Archive) Engine(ctx context.Context) (*duck.Engine, error) {
	snapshot, err := a.Lake.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	if err := snapshot.Verify(ctx); err != nil {
		return nil, errors.Join(err, snapshot.Close())
	}
	return duck.New(a.duck, snapshot), nil
}

// Explain answers a question from the lake in dir and says how it was done. It stands beside the port that all else is
// asked by: a platform does not say how it answers.
func Explain(ctx context.Context, dir string, q query.Query, limit int) (x engine.Explanation, err error) {
	a, err := OpenArchive(ctx, dir)
	if err != nil {
		return x, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	e, err := a.Engine(ctx)
	if err != nil {
		return x, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	return e.Explain(ctx, q, limit, 0)
}

func (a *Archive) source() duck.Source { return duck.Source{DB: a.duck, Lake: a.Lake} }

// Serve makes a server over the lake whose clients, tokens and jobs end with it.
func (a *Archive) Serve(l Listen) *Server {
	return over(l, a.source(), time.Now, func(ctx context.Context) (api.Organization, error) {
		return lakeOrganization(ctx, DefaultOrganization, a.Lake)
	})
}

// SQL runs a reading statement over the lake in dir; see duck.SQL. It stands beside the port: the statement is in DuckDB's
// language, and no other engine could answer it.
func SQL(ctx context.Context, dir, statement string, columns func([]string) error, row func([]any) error) (err error) {
	l, err := lake.Open(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	snapshot, err := l.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	if err := snapshot.Verify(ctx); err != nil {
		return err
	}
	return duck.SQL(ctx, duck.Config{}, snapshot, statement, columns, row)
}
