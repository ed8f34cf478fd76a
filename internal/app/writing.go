package app

import (
	"context"
	"errors"
	"time"

	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/role"
)

// Extract extracts into the lake in dir, which is made if it is not there.
//
// Names of users, queues and the like come after the conversations. That they cannot be had, or kept, is a warning of the
// summary and no failure.
func Extract(ctx context.Context, dir string, c extract.Config, r Redaction, n Naming) (s extract.Summary, err error) {
	err = writing(ctx, "extract", dir, func(ctx context.Context, l *lake.Lake) (err error) {
		c.Lake, c.Control = l, l.Control()
		if c.Redact, err = r.Begin(ctx, l); err != nil {
			return err
		}
		if s, err = extract.New(c).Run(ctx); err == nil || errors.Is(err, fault.Incomplete) {
			err = errors.Join(err, n.into(ctx, l, &s, c.Now()))
		}
		return err
	})
	return s, err
}

// into refreshes the names after an extraction. It fails when ctx ends.
func (n Naming) into(ctx context.Context, l *lake.Lake, s *extract.Summary, now time.Time) (err error) {
	s.Names, err = n.Refresh(ctx, l, string(s.Run), now)
	if err != nil && ctx.Err() == nil {
		s.Warnings = append(s.Warnings, "names stay as they were: "+err.Error())
		return nil
	}
	return err
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
		Open:  func(ctx context.Context) (err error) { l, err = at.Create(ctx, dir); return err },
		Close: func() error { return l.Close() },
	}}).During(ctx, func(ctx context.Context) error { return do(ctx, l) })
}
