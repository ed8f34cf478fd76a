package app

import (
	"context"

	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/role"
)

// Extract extracts into the lake in dir, which is made if it is not there.
func Extract(ctx context.Context, dir string, c extract.Config, r Redaction) (s extract.Summary, err error) {
	err = writing(ctx, "extract", dir, func(ctx context.Context, l *lake.Lake) (err error) {
		c.Lake, c.Control = l, l.Control()
		if c.Redact, err = r.Begin(ctx, l); err != nil {
			return err
		}
		s, err = extract.New(c).Run(ctx)
		return err
	})
	return s, err
}

// Import does something with the lake in dir, which is made if it is not there.
func Import(ctx context.Context, dir string, do func(context.Context, *lake.Lake) error) error {
	return writing(ctx, "import", dir, do)
}

// Generate does something with the lake in dir, which is made if it is not there.
func Generate(ctx context.Context, dir string, do func(context.Context, *lake.Lake) error) error {
	return writing(ctx, "generate", dir, do)
}

// writing does something with a lake as a role.
func writing(ctx context.Context, name, dir string, do func(context.Context, *lake.Lake) error) error {
	var l *lake.Lake
	return role.Of(name, role.Services{"lake": {
		Open:  func(ctx context.Context) (err error) { l, err = lake.Create(ctx, dir); return err },
		Close: func() error { return l.Close() },
	}}).During(ctx, func(ctx context.Context) error { return do(ctx, l) })
}
