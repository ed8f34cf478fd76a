package jobscmd

import (
	"context"
	"errors"

	"github.com/parley-hq/parley/internal/cli/connection"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/wire"
)

// remote is a platform.
type remote struct{ client *platform.Client }

func (o *Options) connect() (source, error) {
	cfg, err := connection.Config(connection.Options{Getenv: o.Getenv, BaseURL: o.BaseURL, Version: o.Version, Retries: o.Retries, Log: o.Streams.Log()})
	if err != nil {
		return nil, err
	}
	cfg.Limits.Advice = "a smaller --page-size makes pages smaller"
	return remote{platform.New(cfg)}, nil
}

func (r remote) submit(ctx context.Context, body []byte) (wire.JobID, error) {
	return r.client.SubmitBody(ctx, body)
}

func (r remote) list(ctx context.Context) ([]wire.ListedJob, error) {
	jobs, err := r.client.Jobs(ctx)
	if errors.Is(err, fault.NotFound) {
		return nil, fault.New(fault.NotFound, "the platform keeps no list of jobs, which only parley's servers do: note the ids that parley jobs submit prints")
	}
	return jobs, err
}

func (r remote) status(ctx context.Context, id wire.JobID) (wire.JobStatus, error) {
	return r.client.Status(ctx, id)
}

func (r remote) page(ctx context.Context, id wire.JobID, at platform.Cursor, size int, begin func() func([]byte) error) (platform.Page, error) {
	return r.client.ReadPage(ctx, id, at, size, begin)
}

func (r remote) remove(ctx context.Context, id wire.JobID) error { return r.client.Delete(ctx, id) }

// while leaves it to the platform to answer jobs.
func (remote) while(ctx context.Context, do func(context.Context) error) error { return do(ctx) }

func (remote) poll() string { return "1s..30s" }

func (remote) close() error { return nil }
