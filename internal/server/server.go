// Package server serves the platform's API over views of data: clients, tokens and jobs in a folder of its own or in one
// that ends with it, over HTTP or in this process. It does not know where the views come from.
package server

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
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/api"
	"github.com/parley-hq/parley/internal/directory"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/limit"
	"github.com/parley-hq/parley/internal/meter"
	"github.com/parley-hq/parley/internal/notification"
	"github.com/parley-hq/parley/internal/private"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/role"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/state/postgres/limits"
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
	Strict    bool          // refuses what the platform does not have
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

// Backend is what a server answers from.
type Backend struct {
	Views        map[string]engine.Views                                          // by organization
	Organization func(ctx context.Context, name string) (api.Organization, error) // what one is called on the platform; nil: by its name
	Directories  map[string]directory.Source                                      // by organization; nil where only records are known, as is what one gives while nothing else is
	Live         map[string]api.Live                                              // by organization; nil where only records are known
	Tables       map[string]api.Tables                                            // by organization; nil where there is no lake
	// Notices are made with what is to be done when a nightly batch has ended, by organization; nil where there are no batches.
	Notices     map[string]func(ctx context.Context, tell func(available time.Time)) (Notices, error)
	Permissions []access.Permission // of the client that is given; nil for the usual
	User        string              // to whose conversations these permissions confine it, where they do
	Now         func() time.Time
	Home        *Home          // nil: one that ends with the server
	Front       Front          // nil: nothing stands before it
	Owner       *access.Client // who asks in this process; nil where clients do
	// Pages makes the pages that browsers are shown beside the API; nil: there are none.
	Pages func(context.Context, PagesOf) (Pages, error)
}

// PagesOf is what pages have from their server.
type PagesOf struct {
	DB     *state.DB                        // the control database
	Access *access.Store                    // who may ask
	Ask    func(access.Client) http.Handler // the API, for a client that is known
	Rate   limit.Rate                       // of what each asks of the pages
	Limits query.Limits                     // of what may be asked
	Key    []byte                           // the same at all servers over the control database, and told to nobody
	Secure bool                             // the server is reached by TLS alone
	// Count counts a request for a page, as those of the API are counted.
	Count func(route, method string, status int, took time.Duration, sent int64)
}

// Pages are asked before the API is.
type Pages interface {
	http.Handler
	Handles(r *http.Request) bool
	// Link makes a path by which somebody signs in once.
	Link(ctx context.Context, organization string, permissions []access.Permission) (path string, err error)
	Stopping() // ends what waits
}

// Front stands before the platform, and sees each request first.
type Front interface {
	Before(platform http.Handler) http.Handler
	// Inside is what pages of the server ask for a client, in place of the platform.
	Inside(platform http.Handler, client access.ClientID) http.Handler
	Stopping() // ends what waits
}

// Server is the platform's surface over views of data. It may run again when it has ended, and not twice at a time.
type Server struct {
	Listen
	Backend

	passing  *Home
	rates    limit.Maker // nil: this process counts by itself
	meter    *meter.Meter
	clients  *access.Store
	jobs     *job.Manager
	channels map[string]*notification.Channels
	notices  map[string]Notices
	surface  *api.Server
	pages    Pages
	socket   net.Listener
	http     *http.Server
}

// New makes a server. Nothing is opened and nothing listens before it runs. One that shares its home goes by the clock of that.
func New(l Listen, b Backend) *Server {
	if b.Home != nil && b.Home.now != nil {
		b.Now = b.Home.now
	}
	return &Server{Listen: l, Backend: b}
}

// One is what a server of one organization answers from, whose clients, tokens and jobs end with it.
func One(views engine.Views, now func() time.Time, who func(context.Context) (api.Organization, error)) Backend {
	return Backend{
		Views: map[string]engine.Views{DefaultOrganization: views}, Now: now,
		Organization: func(ctx context.Context, _ string) (api.Organization, error) { return who(ctx) },
	}
}

// Surface is the platform's, once it is open.
func (s *Server) Surface() *api.Server { return s.surface }

// Manager has the server's jobs, once they are open.
func (s *Server) Manager() *job.Manager { return s.jobs }

// PageLink makes an address by which somebody signs in to the pages of a running server, once, and may do so much there. It is empty if
// there are no pages.
func (s *Server) PageLink(ctx context.Context, organization string, permissions []access.Permission) (string, error) {
	if s.pages == nil {
		return "", nil
	}
	path, err := s.pages.Link(ctx, organization, permissions)
	return s.url() + path, err
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
	return s.role().During(ctx, func(ctx context.Context) error { return do(ctx, s.url()) })
}

func (s *Server) role() role.Services {
	name := "serve"
	if s.Home == nil {
		name = "passing"
	}
	s.meter = meter.New()
	return role.Of(name, s.Services())
}

// Services are those that are made of a server.
func (s *Server) Services() role.Services {
	return role.Services{
		"folder":  {Open: s.openPassing, Close: s.removePassing},
		"rates":   {Needs: []string{"folder"}, Open: s.openRates},
		"clients": {Needs: []string{"folder", "rates", "jobs"}, Open: s.openClients},
		"jobs":    {Needs: []string{"folder", "rates"}, Open: s.openJobs},
		"runner":  {Needs: []string{"jobs"}, Run: func(ctx context.Context) error { return s.jobs.Run(ctx) }},
		"gaps":    {Run: newGapWatch(s.Views, s.meter, s.Log).run},
		"notices": {Open: s.openChannels, Run: s.tell},
		"surface": {Needs: []string{"clients", "jobs", "engine", "notices"}, Open: s.openSurface},
		"pages":   {Needs: []string{"surface"}, Open: s.openPages},
		"http":    {Needs: []string{"pages"}, Open: s.listen, Run: s.serve, Close: s.hangUp},
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
func (s *Server) kept() *Home {
	if s.Home != nil {
		return s.Home
	}
	return s.passing
}

// openRates has what clients do counted in the control database, if other machines share it. Else this process counts by itself.
func (s *Server) openRates(ctx context.Context) (err error) {
	if _, shared := s.kept().DB.Shared(); shared {
		s.rates, err = limits.In(ctx, s.kept().DB, s.Log)
	}
	return err
}

// openClients knows the clients of the control database, and the one that was given.
func (s *Server) openClients(ctx context.Context) (err error) {
	if s.clients, err = access.Open(ctx, s.kept().DB, s.Now); err != nil {
		return err
	}
	if s.rates != nil {
		s.clients.Rates(s.rates)
	}
	if s.Client == (Credentials{}) {
		return nil
	}
	organization := DefaultOrganization
	if len(s.Views) == 1 {
		organization = slices.Collect(maps.Keys(s.Views))[0]
	}
	key, err := s.jobs.Secret("parley tokens of given clients") // so that every process over the control database takes them
	if err != nil {
		return err
	}
	s.clients.Seal(key)
	return s.clients.Fix(access.Client{ID: access.ClientID(s.Client.ID), Name: "given at the start", Organization: organization, Permissions: s.Permissions, UserID: s.User}, s.Client.Secret)
}

func (s *Server) openJobs(ctx context.Context) (err error) {
	home := s.kept()
	s.jobs, err = job.New(ctx, job.Config{
		DB: home.DB, Home: home.jobs, Views: s.Views, Now: s.Now, Limits: s.Jobs, Rates: s.rates, Keep: s.Keep, Meter: s.meter, Log: s.Log,
	})
	return err
}

func (s *Server) openSurface(context.Context) (err error) {
	s.surface, err = api.New(api.Config{
		Views: s.Views, Organization: s.Organization, Directories: s.Directories, Live: s.Live, Tables: s.Tables, Channels: s.channels, Jobs: s.jobs, Access: s.clients, Owner: s.Owner, Now: s.Now,
		RateLimit: s.RateLimit, Rates: s.rates, Limits: s.Days.limits(), Strict: s.Strict, Origins: s.Origins, Meter: s.meter, Log: s.Log,
	})
	return err
}

// pageRequests is how many requests for pages each may make a minute: a page that is looked at closely asks several times a second.
const pageRequests = 1200

func (s *Server) openPages(ctx context.Context) (err error) {
	if s.Pages == nil {
		return nil
	}
	rates := s.rates
	if rates == nil {
		rates = limit.InMemory
	}
	key, err := s.jobs.Secret("parley versions of pages")
	if err != nil {
		return err
	}
	s.pages, err = s.Pages(ctx, PagesOf{
		DB: s.kept().DB, Key: key, Access: s.clients, Ask: s.within, Rate: rates("requests for pages", pageRequests, 0), Limits: s.Days.limits(), Secure: s.TLS != (TLS{}),
		Count: s.meter.Request,
	})
	return err
}

// within is the API for a client that is known, as the pages ask it.
func (s *Server) within(c access.Client) http.Handler {
	if s.Front == nil {
		return s.surface.As(c)
	}
	return s.Front.Inside(s.surface.As(c), c.ID)
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
		return notListening(s.Addr, err)
	}
	if secure != nil {
		s.socket = tls.NewListener(s.socket, secure)
	}
	s.http = &http.Server{
		Handler: s.handler(), ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 128 << 10,
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
	return nil
}

// notListening says why nobody can listen on an address, and what to do.
func notListening(addr string, err error) error {
	host, text, bad := net.SplitHostPort(addr)
	port, odd := strconv.Atoi(text)
	if !errors.Is(err, syscall.EADDRINUSE) || bad != nil || odd != nil {
		return fault.Because(fault.Invalid, err, "cannot listen on %s; give another address by --addr", addr)
	}
	next := net.JoinHostPort(host, strconv.Itoa(port%65_535+1))
	return fault.Field("--addr", "something listens on %s already, perhaps another parley: choose another port, as --addr %s, or let --addr %s pick a free one", addr, next, net.JoinHostPort(host, "0"))
}

func (s *Server) handler() http.Handler {
	platform := s.surface.Handler()
	if s.Front != nil {
		platform = s.Front.Before(platform)
	}
	if s.pages == nil {
		return platform
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.pages.Handles(r) {
			s.pages.ServeHTTP(w, r)
			return
		}
		platform.ServeHTTP(w, r)
	})
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
		if s.pages != nil {
			s.pages.Stopping()
		}
		if s.Front != nil {
			s.Front.Stopping()
		}
		grace := s.Grace
		if grace == 0 {
			grace = graceful
		}
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		var sockets sync.WaitGroup
		sockets.Go(func() { s.closeChannels(bounded) })
		defer sockets.Wait()
		if err := s.http.Shutdown(bounded); err != nil {
			return s.http.Close()
		}
		return nil
	})
	return group.Wait()
}
