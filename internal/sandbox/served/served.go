// Package served is a sandbox that is served: its world behind the platform's API, with what stands before it: the rules by
// which it does harm, the journal of its requests, and its control.
package served

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/api"
	"github.com/parley-hq/parley/internal/directory"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/private"
	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/journal"
	"github.com/parley-hq/parley/internal/sandbox/requests"
	"github.com/parley-hq/parley/internal/sandbox/rule"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/folder"
)

// Sandbox is a simulated platform that can be controlled, and the folder of its server, where what was done to it is kept
// beside clients, tokens and jobs.
type Sandbox struct {
	World *sandbox.World

	front  *front
	folder *server.Home
	lock   store.Lock
	ends   bool // the folder ends with it
}

// Open opens the sandbox of a folder, or one that ends with the process where none is given. World makes its world:
// it is told how the sandbox of the folder began, if there is one. Two processes cannot have one open: the second gets
// fault.Conflict.
func Open(ctx context.Context, dir string, world func(begun *sandbox.Scenario) (*sandbox.World, error)) (_ *Sandbox, err error) {
	s := &Sandbox{ends: dir == ""}
	if s.ends {
		if dir, err = private.Temp("sandbox"); err != nil {
			return nil, err
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.folder, err = server.OpenFolder(ctx, dir); err != nil {
		if s.ends {
			err = errors.Join(err, os.RemoveAll(dir))
		}
		return nil, err
	}
	if s.lock, err = folder.At(s.folder.Dir).Lock(ctx, "sandbox.lock", store.LockOptions{}); err != nil {
		if held, is := errors.AsType[*store.Held](err); is {
			err = fault.New(fault.Conflict, "%s runs the sandbox of %s; stop it, or give another folder by --data", held.By, s.folder.Dir)
		}
		return nil, err
	}
	kept, err := journal.Open(ctx, s.folder.DB)
	if err != nil {
		return nil, err
	}
	begun, err := sandbox.Begun(ctx, kept)
	if err != nil {
		return nil, err
	}
	if s.World, err = world(begun); err != nil {
		return nil, err
	}
	noting := context.WithoutCancel(ctx)
	s.front = newFront(s.World.Seed(), func(deed jsontext.Value) error { return s.World.Note(noting, faultsPart, deed) })
	return s, s.World.Keep(ctx, kept, map[string]sandbox.Part{faultsPart: faultsOf{s.front.faults}})
}

// Close closes it.
func (s *Sandbox) Close() (err error) {
	if s.lock != nil {
		err = s.lock.Close()
	}
	if s.World != nil {
		s.World.Close()
	}
	if s.folder == nil {
		return err
	}
	err = errors.Join(err, s.folder.Close())
	if s.ends {
		err = errors.Join(err, os.RemoveAll(s.folder.Dir))
	}
	return err
}

// Client makes a client that outlives the process, where the folder has none yet; otherwise it gives none.
func (s *Sandbox) Client(ctx context.Context) (c server.Credentials, err error) {
	clients, err := access.Open(ctx, s.folder.DB, s.World.Clock)
	if err != nil {
		return c, err
	}
	if list, err := clients.List(ctx, ""); err != nil || len(list) > 0 {
		return c, err
	}
	added, secret, err := clients.Add(ctx, access.Client{Name: "sandbox", Organization: server.DefaultOrganization, Permissions: access.All()})
	return server.Credentials{ID: string(added.ID), Secret: secret}, err
}

// Control is who may control a sandbox; the zero value is programs of this machine.
type Control struct{ Nobody, Anyone bool }

// Pages makes the pages that browsers are shown of a world, with what controls it; nil: nobody does.
type Pages func(w *sandbox.World, control http.Handler, log *slog.Logger) func(context.Context, server.PagesOf) (server.Pages, error)

// Serve makes its server; one at a time. Without pages it has none.
func (s *Sandbox) Serve(l server.Listen, c Control, p Pages) *server.Server {
	b := backend(s.World)
	b.Home, b.Front = s.folder, s.front
	s.front.control = s.front.controls(s.World, c, l.Log)
	if p != nil {
		b.Pages = p(s.World, s.front.control, l.Log)
	}
	s.front.server = server.New(l, b)
	return s.front.server
}

// New makes a server over a world that nobody controls, whose clients, tokens and jobs end with it.
func New(l server.Listen, w *sandbox.World) *server.Server { return server.New(l, backend(w)) }

// Faults are the rules by which it does harm.
func (s *Sandbox) Faults() *rule.Set { return s.front.faults }

// Requests are those that it was asked lately.
func (s *Sandbox) Requests() *requests.Log { return s.front.requests }

// backend has a server answer from a world: list what it consists of, show its conversations as they are now, and have its
// client see all of it.
func backend(w *sandbox.World) server.Backend {
	b := server.One(w, w.Clock, func(context.Context) (api.Organization, error) { return organizationOf(w), nil })
	b.Permissions, b.Live = access.All(), map[string]api.Live{server.DefaultOrganization: w}
	b.Notices = map[string]func(context.Context, func(time.Time)) (server.Notices, error){
		server.DefaultOrganization: func(ctx context.Context, tell func(time.Time)) (server.Notices, error) { return w.Batches(ctx, tell) },
	}
	if lists := w.Directory(); lists != nil {
		b.Directories = map[string]directory.Source{server.DefaultOrganization: lists}
	}
	return b
}

// organizationOf is whose platform a world is. Who extracts keeps the id of the organization, so as not to mix one's
// conversations with another's. So it follows from what the conversations come from: the same after a restart and at
// another address, another for others.
func organizationOf(w *sandbox.World) api.Organization {
	return api.Organization{ID: api.OrganizationID(w.Name()), Name: w.Name()}
}
