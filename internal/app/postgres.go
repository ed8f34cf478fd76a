package app

import (
	"cmp"
	"context"
	"errors"

	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/postgres"
	"github.com/parley-hq/parley/internal/role"
)

// Postgres copies days of the lake in dir into a Postgres database. A lake of rows is fault.Invalid. The job's snapshot is the lake as it is at that moment.
func Postgres(ctx context.Context, dir string, to postgres.Config, job postgres.Job) (out postgres.Summary, err error) {
	r := &reading{dir: dir}
	err = role.Of("sql", r.services()).During(ctx, func(ctx context.Context) (err error) {
		known, err := extract.Known(ctx, r.lake.Control())
		if err != nil {
			return err
		}
		if to.Source = cmp.Or(known.ID, known.URL, "imported files"); known.Filter != "" {
			to.Source += ", filter " + known.Filter
		}
		c, err := postgres.Open(ctx, to)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, c.Close(ctx)) }()
		job.Snapshot = r.snapshot
		out, err = c.Export(ctx, job)
		return err
	})
	return out, err
}
