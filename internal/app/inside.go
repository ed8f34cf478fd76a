package app

import (
	"context"
	"log/slog"
	"maps"
	"math"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/inside"
	"github.com/parley-hq/parley/internal/role"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/wire"
)

// Owner is who asks in this process, and is told everything of an organization.
type Owner struct {
	Organization string
	Client       access.ClientID
}

// Inside is a server's folder that is asked in this process, by the client that asks a platform. Nothing listens.
type Inside struct {
	*platform.Client

	server *server.Server
	owner  job.Owner
}

// Inside does something with the folder of the server, whether the server is running or not.
func (s *Service) Inside(ctx context.Context, o Owner, log *slog.Logger, do func(context.Context, *Inside) error) error {
	on := s.Serve(server.Listen{Log: log}, time.Now)
	on.Owner = &access.Client{ID: o.Client, Organization: o.Organization}
	return role.Of("folder", on.Services()).During(ctx, func(ctx context.Context) error {
		return do(ctx, &Inside{client(on), on, job.Owner{Organization: o.Organization, Client: string(o.Client)}})
	})
}

// Answer does something while this process answers jobs, as long as no other does. Jobs wait for data that cannot be
// opened, but whoever waits for them here is told why it cannot.
func (i *Inside) Answer(ctx context.Context, do func(context.Context) error) error {
	for _, views := range i.server.Views {
		view, err := views.Settled(context.WithoutCancel(ctx)) // short, as opening a service is
		if err != nil {
			return err
		}
		if err := view.Close(); err != nil {
			return err
		}
	}
	return role.Of("answer", i.server.Services()).During(ctx, do)
}

// Answered says whether a process answers jobs.
func (i *Inside) Answered(ctx context.Context) (bool, error) { return i.server.Manager().Runs(ctx) }

// Why says of a job that has failed what outsiders are not told; nil where its status says it all.
func (i *Inside) Why(ctx context.Context, id wire.JobID) (*fault.Error, error) {
	return i.server.Manager().Why(ctx, i.owner, id)
}

// Ask does something with a client that asks the lake in dir. Whatever is written meanwhile, all that it asks is answered
// from the snapshot that was the newest when it began, large questions by the cluster, if there is one; nothing is written, so that whoever may read the lake may ask it.
func Ask(ctx context.Context, dir string, large Cluster, log *slog.Logger, do func(context.Context, *platform.Client) error) error {
	r := &reading{dir: dir, large: large}
	s := server.New(server.Listen{Log: log}, server.Backend{
		Views: map[string]engine.Views{server.DefaultOrganization: r}, Now: time.Now, Owner: &access.Client{Organization: server.DefaultOrganization},
	})
	all := s.Services()
	maps.Copy(all, r.services())
	return role.Of("ask", all).During(ctx, func(ctx context.Context) error { return do(ctx, client(s)) })
}

// client asks a server's surface in this process.
func client(s *server.Server) *platform.Client {
	return platform.New(platform.Config{
		API: "http://folder", NoLogin: true, Transport: inside.Transport{Handler: s.Surface().Handler()}, Log: s.Log,
		// Nothing lies between: what fails would fail again, an answer takes as long as it takes, and a page made by this
		// process is as large as its records are. None of it is held.
		Retry: platform.Retry{Attempts: 1}, Patience: 10 * 365 * 24 * time.Hour, Limits: wire.Limits{Page: math.MaxInt64, Verbatim: true},
	})
}
