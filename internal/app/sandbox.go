package app

import (
	"context"
	"errors"
	"os"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/api"
	"github.com/parley-hq/parley/internal/directory"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/private"
	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/journal"
	"github.com/parley-hq/parley/internal/sandbox/rule"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/folder"
)

// Sandbox is a simulated platform that can be controlled, and the folder of its server, where what was done to it is kept
// beside clients, tokens and jobs.
type Sandbox struct {
	World *sandbox.World

	front  *front
	folder *Folder
	lock   store.Lock
	ends   bool // the folder ends with it
}

// OpenSandbox opens the sandbox of a folder, or one that ends with the process where none is given. World makes its world:
// it is told how the sandbox of the folder began, if there is one. Two processes cannot have one open: the second gets
// fault.Conflict.
func OpenSandbox(ctx context.Context, dir string, world func(begun *sandbox.Scenario) (*sandbox.World, error)) (_ *Sandbox, err error) {
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
	if s.folder, err = OpenFolder(ctx, dir); err != nil {
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
func (s *Sandbox) Client(ctx context.Context) (c Credentials, err error) {
	clients, err := access.Open(ctx, s.folder.DB, s.World.Clock)
	if err != nil {
		return c, err
	}
	if list, err := clients.List(ctx, ""); err != nil || len(list) > 0 {
		return c, err
	}
	added, secret, err := clients.Add(ctx, access.Client{Name: "sandbox", Organization: DefaultOrganization, Permissions: access.All()})
	return Credentials{string(added.ID), secret}, err
}

// Control is who may control a sandbox; the zero value is programs of this machine.
type Control struct{ Nobody, Anyone bool }

// Serve makes its server; one at a time.
func (s *Sandbox) Serve(l Listen, c Control) *Server {
	server := &Server{Listen: l, backend: backend{
		views: map[string]engine.Views{DefaultOrganization: s.World}, now: s.World.Clock, folder: s.folder, front: s.front,
		organizations: func(context.Context) (map[string]api.Organization, error) {
			return map[string]api.Organization{DefaultOrganization: organizationOf(s.World)}, nil
		},
	}}
	server.simulates(s.World)
	s.front.stand(server, s.World, c)
	return server
}

// Faults are the rules by which it does harm.
func (s *Sandbox) Faults() *rule.Set { return s.front.faults }

// simulates has a server list what a world consists of and show its conversations as they are now, and its client see all
// of it.
func (s *Server) simulates(w *sandbox.World) {
	s.permissions, s.live = access.All(), map[string]api.Live{DefaultOrganization: w}
	if lists := w.Directory(); lists != nil {
		s.directories = map[string]func() *directory.Directory{DefaultOrganization: lists}
	}
}

// organizationOf is whose platform a world is. Who extracts keeps the id of the organization, so as not to mix one's
// conversations with another's. So it follows from what the conversations come from: the same after a restart and at
// another address, another for others.
func organizationOf(w *sandbox.World) api.Organization {
	return api.Organization{ID: api.OrganizationID(w.Name()), Name: w.Name()}
}
