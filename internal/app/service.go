// Package app puts together what a process is: lakes that are served, asked and written to, the sandbox of a demo. It is
// the only package that knows every technology.
package app

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/api"
	"github.com/parley-hq/parley/internal/directory"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/server"
)

// Lakes are the folders of lakes, by the organization whose conversations each holds.
type Lakes map[string]string

// ParseLakes reads the values of --lake: one folder, or several as NAME=DIR.
func ParseLakes(values []string) (Lakes, error) {
	lakes := Lakes{}
	for _, v := range values {
		name, dir, named := strings.Cut(v, "=")
		if !named || at.InBucket(v) || lake.Exists(v) {
			name, dir = server.DefaultOrganization, v
		}
		if !access.IsOrganization(name) || dir == "" {
			return nil, fault.Field("--lake", "--lake %s: write DIR, or NAME=DIR with the name of an organization: 1 to 64 lower-case letters, digits, - and _", v)
		}
		for other, taken := range lakes {
			if other == name {
				return nil, fault.Field("--lake", "--lake: the organization %s has two lakes; give each a name of its own, as acme=./acme", name)
			}
			if at.Same(taken, dir) {
				return nil, fault.Field("--lake", "--lake: the organizations %s and %s have the same lake %s; a lake holds the conversations of one", other, name, dir)
			}
		}
		lakes[name] = dir
	}
	return lakes, nil
}

// serverDir is the server's folder: the one given, else one within that of the only lake.
func (l Lakes) serverDir(ctx context.Context, given string) (string, error) {
	for _, name := range l {
		if given == "" && at.InBucket(name) {
			given = at.State(ctx)
		}
	}
	if given == "" && len(l) > 1 {
		return "", fault.Field("--state", "several lakes need a folder for the server itself; give it by --state")
	}
	only := l.only()
	switch {
	case given != "":
		return given, nil
	case only == "":
		return "", fault.New(fault.Invalid, "give the lake by --lake, or the server's folder by --state")
	}
	return serverOf(ctx, only), at.Found(ctx, only)
}

// only is the lake, if there is one alone.
func (l Lakes) only() string {
	if len(l) == 1 {
		for _, dir := range l {
			return dir
		}
	}
	return ""
}

// nameless says whether there is one lake, of no organization in particular.
func (l Lakes) nameless() bool { return len(l) == 1 && l[server.DefaultOrganization] != "" }

// Organizations lists them.
func (l Lakes) Organizations() []string { return slices.Sorted(maps.Keys(l)) }

// openConversations opens a lake. One of rows is fault.Invalid.
func openConversations(ctx context.Context, dir string) (*lake.Lake, error) {
	l, err := at.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	if err := conversationsOf(ctx, l, dir); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Service is lakes that are served, and the home of the server that does it.
type Service struct {
	home    *server.Home
	lakes   map[string]*hosted
	engines answering // one for all: DuckDB bounds its memory by itself
	shows   bool      // pages
}

// ServiceOptions is what a service is made of.
type ServiceOptions struct {
	Lakes Lakes
	State string  // see HomeOf
	Large Cluster // answers large questions; without a URL there is none
	Late  bool    // a lake that cannot be opened is opened later; else opening the service fails
	Pages bool    // browsers are shown pages
}

// OpenService opens lakes and the home of their server, which is made if it is not there. A lake of rows is fault.Invalid.
func OpenService(ctx context.Context, o ServiceOptions) (_ *Service, err error) {
	home, err := HomeOf(ctx, o.State, o.Lakes)
	if err != nil {
		return nil, err
	}
	s := &Service{lakes: map[string]*hosted{}, shows: o.Pages}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.engines.duck, err = duck.Open(ctx, duck.Config{}); err != nil {
		return nil, err
	}
	if err = s.engines.connect(o.Large); err != nil {
		return nil, err
	}
	for name, dir := range o.Lakes {
		s.lakes[name] = &hosted{name: name, dir: dir, engines: &s.engines, within: at.As(ctx)}
	}
	if err = s.openLakes(ctx, o.Late); err != nil {
		return nil, err
	}
	s.engines.sweepBeside(ctx, s.lakes)
	s.home, err = home.open(ctx, s.lakes)
	return s, err
}

// opensAtOnce is how many lakes are opened at a time: one in a bucket takes some thirty requests, which wait for each other.
const opensAtOnce = 16

// openLakes opens all lakes that can be opened, or fails with the first that cannot.
func (s *Service) openLakes(ctx context.Context, late bool) error {
	var failed atomic.Bool
	var group errgroup.Group
	group.SetLimit(opensAtOnce)
	for _, h := range s.lakes {
		group.Go(func() error {
			if failed.Load() {
				return nil
			}
			_, err := h.get(ctx)
			if err == nil || late && ctx.Err() == nil {
				return nil
			}
			failed.Store(true)
			return cmp.Or(h.why(), err)
		})
	}
	return group.Wait()
}

// Close closes everything.
func (s *Service) Close() (err error) {
	if s.home != nil {
		err = s.home.Close()
	}
	if s.engines.duck != nil {
		err = errors.Join(err, s.engines.duck.Close(), s.engines.disconnect())
	}
	for _, h := range s.lakes {
		err = errors.Join(err, h.close())
	}
	return err
}

// Late are the lakes that could not be opened yet, by organization, and why.
func (s *Service) Late() map[string]error {
	out := map[string]error{}
	for name, h := range s.lakes {
		if err := h.why(); err != nil {
			out[name] = err
		}
	}
	return out
}

// Serve makes a server. Now is its clock. It is called once.
func (s *Service) Serve(l server.Listen, now func() time.Time) *server.Server {
	s.engines.sweep(l.Log)
	b := server.Backend{
		Views: map[string]engine.Views{}, Tables: map[string]api.Tables{}, Directories: map[string]directory.Source{},
		Organization: s.organization, Now: now, Home: s.home,
	}
	for name, h := range s.lakes {
		b.Views[name], b.Tables[name], b.Directories[name] = h, h, h.directory
	}
	if s.shows {
		b.Pages = s.pages(now, l.Log)
	}
	return server.New(l, b)
}

// organization is what the one of a name is called.
func (s *Service) organization(ctx context.Context, name string) (api.Organization, error) {
	return s.lakes[name].organization(ctx)
}

func lakeOrganization(ctx context.Context, name string, l *lake.Lake) (api.Organization, error) {
	id, err := l.ID(ctx)
	return api.Organization{ID: id, Name: name}, err
}

// Shared says whether the servers of any number of machines share the home.
func (s *Service) Shared() bool {
	_, shared := s.home.DB.Shared()
	return shared
}

// Clients counts the clients of the control database: those of organizations that have a lake here, and, by organization,
// the others, who will find nothing.
func (s *Service) Clients(ctx context.Context) (served int, others map[string]int, err error) {
	clients, err := access.Open(ctx, s.home.DB, time.Now)
	if err != nil {
		return 0, nil, err
	}
	list, err := clients.List(ctx, "")
	others = map[string]int{}
	for _, c := range list {
		if s.lakes[c.Organization] != nil {
			served++
		} else {
			others[c.Organization]++
		}
	}
	return served, others, err
}
