package app

import (
	"context"
	"errors"
	"time"

	"github.com/parley-hq/parley/internal/api"
	"github.com/parley-hq/parley/internal/directory"
	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/server"
)

// Archive is a lake that can be asked.
type Archive struct {
	Lake   *lake.Lake
	duck   *duck.DB
	tables map[string]api.Tables

	directories map[string]directory.Source
}

// OpenArchive opens the lake in dir with the engine over it.
func OpenArchive(ctx context.Context, dir string) (*Archive, error) {
	l, err := at.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	db, err := duck.Open(ctx, duck.Config{})
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &Archive{
		Lake: l, duck: db, tables: map[string]api.Tables{server.DefaultOrganization: newTables(l)},
		directories: directories(map[string]*lake.Lake{server.DefaultOrganization: l}),
	}, nil
}

// Close closes both.
func (a *Archive) Close() error {
	return errors.Join(closeTables(a.tables), a.duck.Close(), a.Lake.Close())
}

func (a *Archive) views() duck.Views { return duck.Views{DB: a.duck, Lake: a.Lake} }

// Serve makes a server over the lake whose clients, tokens and jobs end with it.
func (a *Archive) Serve(l server.Listen) *server.Server {
	b := server.One(a.views(), time.Now, func(ctx context.Context) (api.Organization, error) {
		return lakeOrganization(ctx, server.DefaultOrganization, a.Lake)
	})
	b.Tables, b.Directories = a.tables, a.directories
	return server.New(l, b)
}
