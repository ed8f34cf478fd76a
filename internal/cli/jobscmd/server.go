package jobscmd

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/connection"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/server"
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
	Coverage(ctx context.Context) (time.Time, []conversation.Day, error)
	Listen(topic string) *platform.Listener
}

// place is where jobs are: one that is reached by its API, or a folder that is asked in this process.
type place interface {
	client

	// poll is how often to ask for a job if nobody says otherwise.
	poll() string
	// during does something that waits for a job, and sees to it meanwhile that jobs are answered, if that can be done.
	during(ctx context.Context, do func(context.Context) error) error
	// Why says of a job that has failed more than its status does; nil if there is no more.
	Why(ctx context.Context, id wire.JobID) (*fault.Error, error)
}

// remote is a server that is reached by its API. It answers jobs by itself, and of those that fail it tells their
// status.
type remote struct{ client }

func (remote) poll() string { return "1s..30s" }

func (remote) during(ctx context.Context, do func(context.Context) error) error { return do(ctx) }

func (remote) Why(context.Context, wire.JobID) (*fault.Error, error) { return nil, nil } //nolint:nilnil // there is no more, and nothing wrong with that

// folder is the folder of a server, which may be running beside us or not.
type folder struct {
	*app.Inside

	hasData bool // that jobs are answered from
	streams *ui.Streams
}

func (folder) poll() string { return "100ms..2s" }

// during answers jobs itself if there is data, and no server does; without data it says so if nobody does.
func (f folder) during(ctx context.Context, do func(context.Context) error) error {
	if f.hasData {
		return f.Answer(ctx, do)
	}
	runs, err := f.Answered(ctx)
	if err != nil || !runs {
		f.streams.Notef("No process answers the jobs of this folder, and this one has no data: start parley serve, or give the lake by --lake.\n")
	}
	return errors.Join(err, do(ctx))
}

// with lends the server that has the jobs. The folder of a server is made if it is not there only when mayMake says so:
// to make one for a path that was mistyped would hide the mistake.
func (o *Options) with(ctx context.Context, mayMake bool, do func(context.Context, place) error) error {
	if err := o.checkServer(); err != nil {
		return err
	}
	if o.ofFolder() {
		return o.withFolder(ctx, mayMake, do)
	}
	cfg, err := connection.Config(connection.Options{Getenv: o.Getenv, BaseURL: o.BaseURL, Version: o.Version, Retries: o.Retries, Log: o.Streams.Log(), OrLake: true, Budget: o.Budget, Standard: connection.Unattended})
	if err != nil {
		return err
	}
	cfg.Limits.Advice = "a smaller --page-size makes pages smaller"
	return do(ctx, remote{platform.New(cfg)})
}

// ofFolder says whether the jobs are those of a folder.
func (o *Options) ofFolder() bool { return o.Lake != "" || o.State != "" }

func (o *Options) checkServer() error {
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

// withFolder lends a folder.
func (o *Options) withFolder(ctx context.Context, mayMake bool, do func(context.Context, place) error) (err error) {
	owner := app.Owner{Organization: cmp.Or(o.Organization, server.DefaultOrganization), Client: clientName}
	lakes := app.Lakes{}
	if o.Lake != "" {
		lakes[owner.Organization] = o.Lake
	}
	home, err := app.HomeOf(ctx, o.State, lakes)
	if err != nil {
		return err
	}
	if there, err := home.There(ctx); err != nil || !there && !mayMake {
		return cmp.Or[error](err, fault.New(fault.NotFound, "there is no %s, and so no job; parley jobs submit and parley serve make it", home))
	}
	service, err := app.OpenService(ctx, app.ServiceOptions{Lakes: lakes, State: o.State})
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
		return do(ctx, folder{in, o.Lake != "", o.Streams})
	})
}
