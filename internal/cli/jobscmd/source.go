package jobscmd

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/connection"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/wire"
)

// client is what is needed of platform.Client. Errors are fault.NotFound for a job that is not there, and for results
// that are not there yet, or not any more.
type client interface {
	SubmitBody(ctx context.Context, body []byte) (wire.JobID, error)
	Jobs(ctx context.Context) ([]wire.ListedJob, error)
	Status(ctx context.Context, id wire.JobID) (wire.JobStatus, error)
	ReadPage(ctx context.Context, id wire.JobID, at platform.Cursor, size int, begin func() func([]byte) error) (platform.Page, error)
	Delete(ctx context.Context, id wire.JobID) error
}

// source is where jobs are: a platform, or a server's folder that is asked in this process.
type source struct {
	client

	poll string // how often to ask for a job if nobody says otherwise
	// while does something that waits for a job, and sees to it meanwhile that jobs are answered, if that can be done.
	while func(ctx context.Context, do func(context.Context) error) error
	// why says of a job that has failed more than its status does; nil if there is no more.
	why func(ctx context.Context, id wire.JobID) (*fault.Error, error)
}

// untold knows of jobs what their status says.
func untold(context.Context, wire.JobID) (*fault.Error, error) { return nil, nil } //nolint:nilnil // there is no more, and nothing wrong with that

// with lends the source of jobs. The folder of a server is made if it is not there only when mayMake says so: to make
// one for a path that was mistyped would hide the mistake.
func (o *Options) with(ctx context.Context, mayMake bool, do func(context.Context, source) error) error {
	if err := o.checkSource(); err != nil {
		return err
	}
	if o.ofFolder() {
		return o.withFolder(ctx, mayMake, do)
	}
	cfg, err := connection.Config(connection.Options{Getenv: o.Getenv, BaseURL: o.BaseURL, Version: o.Version, Retries: o.Retries, Log: o.Streams.Log(), OrLake: true})
	if err != nil {
		return err
	}
	cfg.Limits.Advice = "a smaller --page-size makes pages smaller"
	return do(ctx, source{platform.New(cfg), "1s..30s", alone, untold})
}

// alone leaves it to others to answer jobs.
func alone(ctx context.Context, do func(context.Context) error) error { return do(ctx) }

// ofFolder says whether the jobs are those of a folder.
func (o *Options) ofFolder() bool { return o.Lake != "" || o.State != "" }

func (o *Options) checkSource() error {
	switch {
	case o.ofFolder() && o.BaseURL != "":
		return fault.Field("--base-url", "give --base-url for a platform, or --lake or --state for a server's folder, not both")
	case !o.ofFolder() && o.Organization != "":
		return fault.Field("--organization", "--organization goes with --lake or --state; a platform knows the organization by the credentials")
	case o.Retries < 0:
		return fault.Field("--retries", "--retries cannot be negative")
	}
	return nil
}

// clientName is who submits the jobs of a folder; OAuth clients have names of another form.
const clientName = "command line"

// withFolder lends the folder of a server, which may be running beside us or not.
func (o *Options) withFolder(ctx context.Context, mayMake bool, do func(context.Context, source) error) (err error) {
	dir, err := app.StateDir(ctx, o.State, o.Lake)
	if err != nil {
		return err
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) && !mayMake {
		return fault.New(fault.NotFound, "there is no folder %s, and so no job; parley jobs submit and parley serve make it", dir)
	}
	owner := app.Owner{Organization: cmp.Or(o.Organization, app.DefaultOrganization), Client: clientName}
	lakes := app.Lakes{}
	if o.Lake != "" {
		lakes[owner.Organization] = o.Lake
	}
	service, err := app.OpenService(ctx, lakes, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.Close()) }()
	// What becomes of a job is in its status, and that of jobs of others is not for here.
	log := slog.New(slog.DiscardHandler)
	if o.Streams.Verbose {
		log = o.Streams.Log()
	}
	return service.Inside(ctx, owner, log, func(ctx context.Context, in *app.Inside) error {
		while := in.Answer
		if o.Lake == "" {
			while = o.watching(in)
		}
		return do(ctx, source{in, "100ms..2s", while, in.Why})
	})
}

// watching answers no jobs, for want of data, and says so if nobody does.
func (o *Options) watching(in *app.Inside) func(context.Context, func(context.Context) error) error {
	return func(ctx context.Context, do func(context.Context) error) error {
		runs, err := in.Answered(ctx)
		if err != nil || !runs {
			o.Streams.Notef("No process answers the jobs of this folder, and this one has no data: start parley serve, or give the lake by --lake.\n")
		}
		return errors.Join(err, do(ctx))
	}
}
