package app

import (
	"context"

	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/lake"
)

// Extract extracts into the lake in dir, which is made if it is not there.
func Extract(ctx context.Context, dir string, c extract.Config) (s extract.Summary, err error) {
	r := newRole("extract", map[string]service{"lake": {
		open: func(ctx context.Context) (err error) {
			if c.Lake, err = lake.Create(ctx, dir); err == nil {
				c.Control = c.Lake.Control()
			}
			return err
		},
		close: func() error { return c.Lake.Close() },
	}})
	err = r.during(ctx, func(ctx context.Context) (err error) {
		s, err = extract.New(c).Run(ctx)
		return err
	})
	return s, err
}
