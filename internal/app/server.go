package app

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/api"
	"github.com/parley-hq/parley/internal/directory"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/meter"
	"github.com/parley-hq/parley/internal/private"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/sandbox"
)

// Credentials are those of a client that a server knows without its control database.
type Credentials struct{ ID, Secret string }

// NewCredentials makes credentials by chance.
func NewCredentials() Credentials { return Credentials{rand.Text(), rand.Text()} }

// Listen is where a server listens, whom it serves and how much of it.
type Listen struct {
	Addr      string      // host:port; port 0 picks one
	OrAny     bool        // where Addr cannot be had, any free port of this machine
	TLS       TLS         // without it the server speaks plain HTTP
	Client    Credentials // a client beside those of the control database; none if empty
	RateLimit int         // requests a minute a client; 0 means the platform's 300
	Days      Days
	Jobs      job.Limits    // 0 means the default of each
	Keep      time.Duration // how long results of jobs are kept; 0 means 7 days
	Grace     time.Duration // how long answers in flight may take when the server stops; 0 means 10 s
	Origins   []string      // web origins whose pages may ask; * means all
	Log       *slog.Logger
}

// TLS names the files of the certificate, with its chain, and of its key, in PEM.
type TLS struct{ Cert, Key string }

func (t TLS) config() (*tls.Config, error) {
	if t == (TLS{}) {
		return nil, nil //nolint:nilnil // no TLS is asked for, and nothing wrong with that
	}
	pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, fault.Because(fault.Invalid, err, "the certificate %s and its key %s cannot be used; --tls-cert and --tls-key name PEM files", t.Cert, t.Key)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}, nil
}

// Days are the longest intervals of synchronous queries, in days; 0 means the platform's 7 and 31.
type Days struct{ Unfiltered, Filtered int }

// limits are the platform's, but for these.
func (d Days) limits() query.Limits {
	l := query.PlatformLimits()
	if d.Unfiltered > 0 {
		l.Interval = time.Duration(d.Unfiltered) * 24 * time.Hour
	}
	if d.Filtered > 0 {
		l.FilteredInterval = time.Duration(d.Filtered) * 24 * time.Hour
	}
	return l
}

// backend is what a server answers from.
type backend struct {
	views         map[string]engine.Views // by organization
	organizations func(context.Context) (map[string]api.Organization, error)
	directories   map[string]func() *directory.Directory // by organization; nil where only records are known
	live          map[string]api.Live                    // by organization; nil where only records are known
	permissions   []access.Permission                    // of the client that is given; nil for the usual
	now           func() time.Time
	folder        *Folder // nil: one that ends with the server
	front         *front  // what stands before the platform of a sandbox; nil: nothing does
}

// Server is the platform's surface over views of data. It may run again when it has ended, and not twice at a time.
type Server struct {
	Listen
	backend

	owner   *access.Client // who asks in this process; nil where clients do
	passing *Folder
	meter   *meter.Meter
	clients *access.Store
	jobs    *job.Manager
	surface *api.Server
	socket  net.Listener
	http    *http.Server
}

// NewSandbox makes a server over a simulated platform.
func NewSandbox(l Listen, w *sandbox.World) *Server {
	s := over(l, w, w.Clock, func(context.Context) (api.Organization, error) { return organizationOf(w), nil })
	s.simulates(w)
	return s
}

// over makes a server for the default organization whose clients, tokens and jobs end with it.
func over(l Listen, views engine.Views, now func() time.Time, who func(context.Context) (api.Organization, error)) *Server {
	return &Server{Listen: l, backend: backend{
		views: map[string]engine.Views{DefaultOrganization: views}, now: now,
		organizations: func(ctx context.Context) (map[string]api.Organization, error) {
			o, err := who(ctx)
			return map[string]api.Organization{DefaultOrganization: o}, err
		},
	}}
}

// Run serves until ctx ends, finishes what is in flight, and clears up. Ready is told the address once somebody can
// connect to it.
func (s *Server) Run(ctx context.Context, ready func(url string) error) error {
	return s.While(ctx, func(ctx context.Context, url string) error {
		if err := ready(url); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	})
}

// While does something while the server answers at an address, and stops it then.
func (s *Server) While(ctx context.Context, do func(ctx context.Context, url string) error) error {
	return s.role().during(ctx, func(ctx context.Context) error { return do(ctx, s.url()) })
}

func (s *Server) role() role {
	name := "serve"
	if s.folder == nil {
		name = "passing"
	}
	s.meter = meter.New()
	return newRole(name, s.services())
}

// services are those that are made of a server.
func (s *Server) services() map[string]service {
	return map[string]service{
		"folder":  {open: s.openPassing, close: s.removePassing},
		"clients": {needs: []string{"folder"}, open: s.openClients},
		"jobs":    {needs: []string{"folder"}, open: s.openJobs},
		"runner":  {needs: []string{"jobs"}, run: func(ctx context.Context) error { return s.jobs.Run(ctx) }},
		"gaps":    {run: newGapWatch(s.views, s.Log).run},
		"surface": {needs: []string{"clients", "jobs", "engine"}, open: s.openSurface},
		"http":    {needs: []string{"surface"}, open: s.listen, run: s.serve, close: s.hangUp},
	}
}

// openPassing makes a folder that ends with the server.
func (s *Server) openPassing(ctx context.Context) error {
	dir, err := private.Temp("jobs")
	if err != nil {
		return err
	}
	if s.passing, err = OpenFolder(ctx, dir); err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	return nil
}

func (s *Server) removePassing() error {
	return errors.Join(s.passing.Close(), os.RemoveAll(s.passing.Dir))
}

// kept is where clients, tokens and jobs are.
func (s *Server) kept() *Folder {
	if s.folder != nil {
		return s.folder
	}
	return s.passing
}

// openClients knows the clients of the control database, and the one that was given.
func (s *Server) openClients(ctx context.Context) (err error) {
	if s.clients, err = access.Open(ctx, s.kept().DB, s.now); err != nil || s.Client == (Credentials{}) {
		return err
	}
	organization := DefaultOrganization
	if len(s.views) == 1 {
		organization = slices.Collect(maps.Keys(s.views))[0]
	}
	return s.clients.Fix(access.Client{ID: access.ClientID(s.Client.ID), Name: "given at the start", Organization: organization, Permissions: s.permissions}, s.Client.Secret)
}

func (s *Server) openJobs(ctx context.Context) (err error) {
	folder := s.kept()
	s.jobs, err = job.New(ctx, job.Config{
		DB: folder.DB, Dir: folder.Results(), Views: s.views, Now: s.now, Limits: s.Jobs, Keep: s.Keep, Meter: s.meter, Log: s.Log,
	})
	return err
}

func (s *Server) openSurface(ctx context.Context) error {
	organizations, err := s.organizations(ctx)
	if err != nil {
		return err
	}
	s.surface, err = api.New(api.Config{
		Views: s.views, Organizations: organizations, Directories: s.directories, Live: s.live, Jobs: s.jobs, Access: s.clients, Owner: s.owner, Now: s.now,
		RateLimit: s.RateLimit, Limits: s.Days.limits(), Origins: s.Origins, Meter: s.meter, Log: s.Log,
	})
	return err
}

// listen begins to listen. Nobody is answered before serve.
func (s *Server) listen(ctx context.Context) error {
	secure, err := s.TLS.config()
	if err != nil {
		return err
	}
	if s.socket, err = new(net.ListenConfig).Listen(ctx, "tcp", s.Addr); err != nil && s.OrAny {
		s.socket, err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	}
	if err != nil {
		return fault.Because(fault.Invalid, err, "cannot listen on %s; give another address by --addr", s.Addr)
	}
	if secure != nil {
		s.socket = tls.NewListener(s.socket, secure)
	}
	s.http = &http.Server{
		Handler: s.handler(), ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
	return nil
}

func (s *Server) handler() http.Handler {
	if s.front == nil {
		return s.surface.Handler()
	}
	return s.front.before(s.surface.Handler())
}

// hangUp closes the socket, which is closed already if the server has served.
func (s *Server) hangUp() error {
	if err := s.socket.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

func (s *Server) url() string {
	scheme := "http://"
	if s.TLS != (TLS{}) {
		scheme = "https://"
	}
	return scheme + reachable(s.socket.Addr().String())
}

// reachable gives an address by which a server on this machine can be reached: one that listens everywhere says so by
// an address that is nobody's.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsUnspecified() {
		return addr
	}
	return net.JoinHostPort("127.0.0.1", port)
}

// graceful is how long pages in flight may take when the server stops.
const graceful = 10 * time.Second

// serve answers until ctx ends, and finishes what is in flight.
func (s *Server) serve(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := s.http.Serve(s.socket); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		s.surface.Stopping()
		if s.front != nil {
			s.front.stopping()
		}
		grace := s.Grace
		if grace == 0 {
			grace = graceful
		}
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		if err := s.http.Shutdown(bounded); err != nil {
			return s.http.Close()
		}
		return nil
	})
	return group.Wait()
}
