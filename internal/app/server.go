// Package app wires roles together: the sandbox, the server over a lake, an extraction. It is the only package that
// knows every technology, and the only one that starts services.
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
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/meter"
	"github.com/parley-hq/parley/internal/private"
	"github.com/parley-hq/parley/internal/query"
)

// Credentials are those of a client that a server knows without its control database.
type Credentials struct{ ID, Secret string }

// NewCredentials makes credentials by chance.
func NewCredentials() Credentials { return Credentials{rand.Text(), rand.Text()} }

// Listen is where a server listens, whom it serves and how much of it.
type Listen struct {
	Addr      string      // host:port; port 0 picks one
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

// Server is the platform's surface over some source, listening.
type Server struct {
	URL     string
	http    *http.Server
	surface *api.Server
	jobs    *job.Manager
	gaps    *gapWatch
	listen  net.Listener
	grace   time.Duration
	close   func() error // gives back what the server was made of
}

// backend is what a server answers from.
type backend struct {
	sources       map[string]engine.Source // by organisation
	organisations map[string]api.Organisation
	now           func() time.Time
	state         *State
}

func newServer(ctx context.Context, l Listen, b backend) (*Server, error) {
	clients, err := l.access(ctx, b)
	if err != nil {
		return nil, err
	}
	meter := meter.New()
	s := &Server{gaps: newGapWatch(b.sources, l.Log), grace: l.Grace, close: func() error { return nil }}
	if s.grace == 0 {
		s.grace = graceful
	}
	s.jobs, err = job.New(ctx, job.Config{
		DB: b.state.DB, Dir: b.state.Results(), Sources: b.sources, Now: b.now, Limits: l.Jobs, Keep: l.Keep, Meter: meter, Log: l.Log,
	})
	if err != nil {
		return nil, err
	}
	s.surface, err = api.New(api.Config{
		Sources: b.sources, Organisations: b.organisations, Jobs: s.jobs, Access: clients, Now: b.now,
		RateLimit: l.RateLimit, Limits: l.Days.limits(), Origins: l.Origins, Meter: meter, Log: l.Log,
	})
	if err != nil {
		return nil, err
	}
	return s, s.open(ctx, l)
}

// access knows the clients of the control database, and the one that was given.
func (l Listen) access(ctx context.Context, b backend) (*access.Store, error) {
	clients, err := access.Open(ctx, b.state.DB, b.now)
	if err != nil || l.Client == (Credentials{}) {
		return clients, err
	}
	organisation := DefaultOrganisation
	if len(b.sources) == 1 {
		organisation = slices.Collect(maps.Keys(b.sources))[0]
	}
	return clients, clients.Fix(access.Client{ID: l.Client.ID, Name: "given at the start", Organisation: organisation}, l.Client.Secret)
}

// open begins to listen. Nobody is answered before Run.
func (s *Server) open(ctx context.Context, l Listen) error {
	secure, err := l.TLS.config()
	if err != nil {
		return err
	}
	if s.listen, err = new(net.ListenConfig).Listen(ctx, "tcp", l.Addr); err != nil {
		return fault.Because(fault.Invalid, err, "cannot listen on %s; give another address by --addr", l.Addr)
	}
	scheme := "http://"
	if secure != nil {
		scheme, s.listen = "https://", tls.NewListener(s.listen, secure)
	}
	s.URL = scheme + reachable(s.listen.Addr().String())
	s.http = &http.Server{
		Handler: s.surface.Handler(), ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(l.Log.Handler(), slog.LevelDebug),
	}
	return nil
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

// Run serves until ctx ends, finishes what is in flight, and clears up.
func (s *Server) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.jobs.Run(ctx) })
	group.Go(func() error { s.gaps.run(ctx); return nil })
	group.Go(func() error {
		if err := s.http.Serve(s.listen); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		s.surface.Stopping()
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.grace)
		defer cancel()
		if err := s.http.Shutdown(bounded); err != nil {
			return s.http.Close()
		}
		return nil
	})
	return errors.Join(group.Wait(), s.close())
}

// passing makes a state that ends with the server: for a sandbox, and for a demo.
func passing(ctx context.Context) (*State, error) {
	dir, err := private.Temp("jobs")
	if err != nil {
		return nil, err
	}
	s, err := OpenState(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// newPassing makes a server for the default organisation whose clients, tokens and jobs end with it.
func newPassing(ctx context.Context, l Listen, source engine.Source, o api.Organisation, now func() time.Time) (*Server, error) {
	state, err := passing(ctx)
	if err != nil {
		return nil, err
	}
	gone := func() error { return errors.Join(state.Close(), os.RemoveAll(state.Dir)) }
	s, err := newServer(ctx, l, backend{
		sources: map[string]engine.Source{DefaultOrganisation: source}, organisations: map[string]api.Organisation{DefaultOrganisation: o}, now: now, state: state,
	})
	if err != nil {
		return nil, errors.Join(err, gone())
	}
	s.close = gone
	return s, nil
}
