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
	tables lakeTables
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
	return &Archive{Lake: l, duck: db, tables: newTables(l)}, nil
}

// Close closes both.
func (a *Archive) Close() error {
	return errors.Join(a.tables.Close(), a.duck.Close(), a.Lake.Close())
}

func (a *Archive) views() duck.Views { return duck.Views{DB: a.duck, Lake: a.Lake} }

// Serve makes a server over the lake whose clients, tokens and jobs end with it.
func (a *Archive) Serve(l server.Listen) *server.Server {
	b := server.One(a.views(), time.Now, func(ctx context.Context) (api.Organization, error) {
		return lakeOrganization(ctx, server.DefaultOrganization, a.Lake)
	})
	b.Tables = map[string]api.Tables{server.DefaultOrganization: a.tables}
	b.Directories = map[string]directory.Source{server.DefaultOrganization: (&shelf{lake: a.Lake}).directory}
	return server.New(l, b)
}
