// Package api is the platform's surface over HTTP: tokens, the synchronous query, details by id and asynchronous jobs,
// on one listener. The sandbox and the server over a lake are the same surface over different views.
//
// What is served, and what every byte around it looks like, follows the platform's documentation and what the official
// clients (Python, JavaScript, Go, Java, .NET, gc) do with it, which read more than is documented. The package reads
// requests, asks, and writes answers; what may be asked is left to package query, the answer to package engine, and the
// life of a job to package job.
package api

import (
	"context"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/directory"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/limit"
	"github.com/parley-hq/parley/internal/meter"
	"github.com/parley-hq/parley/internal/notification"
	"github.com/parley-hq/parley/internal/query"
)

// Config is what a Server needs.
type Config struct {
	Views  map[string]engine.Views // answers each organization's synchronous queries and details by id
	Jobs   *job.Manager            // answers jobs; somebody else runs it
	Access *access.Store           // who may ask
	// Owner is who asks a server that is reached from within the process alone, in place of those of Access: without a
	// token, a rate, or a limit on what is asked or how long it takes. Such a server need not have Jobs. Nil: there is none.
	Owner *access.Client
	// Organization is what the one of a name is called on the platform. Nil: each has an id that follows from its name.
	Organization func(ctx context.Context, name string) (Organization, error)
	// Directories say what each organization consists of at this moment. One that is not among them, or of which one gives
	// nil, has no lists: whoever asks for one is told so.
	Directories map[string]directory.Source
	// Tables are each organization's lake, for other engines. Without any there are no routes for them.
	Tables map[string]Tables
	// Live are each organization's conversations as they are now. Whoever asks for those of another one is told that there
	// are none.
	Live map[string]Live
	// Channels are those of each organization's clients. Whoever asks for those of another one is told that there are none.
	Channels map[string]*notification.Channels
	// Origins are the web origins whose pages may ask, as https://app.example.com; * means all. Default: none. It is the
	// browser that keeps others from asking: it has no token of its own accord.
	Origins []string
	Now     func() time.Time
	// Strict refuses row reports, which the platform does not have, as the platform would.
	Strict    bool
	Limits    query.Limits // default: those of the platform
	RateLimit int          // requests a minute a client; default 300, which is the platform's
	Rates     limit.Maker  // counts them; default limit.InMemory
	MaxBody   int64        // bytes of a request body at most; default 512,000, which is the platform's
	// QueryTimeout is how long a synchronous query or details by id may take; default 15 s, because the official
	// clients give up after 16. What takes longer is cancelled and answered with 504.
	QueryTimeout time.Duration
	// Asking is how many synchronous requests are answered at once; default 3, more than two cores can use. Heavy ones take
	// all places but one.
	Asking int
	Meter  *meter.Meter // default: one that counts for /metrics alone
	Log    *slog.Logger // default: silent
}

func (c *Config) validate() error {
	switch {
	case c.Now == nil, c.Owner == nil && (c.Jobs == nil || c.Access == nil):
		return fault.New(fault.Invalid, "the server needs jobs, clients and a clock")
	case c.RateLimit < 0, c.MaxBody < 0, c.QueryTimeout < 0, c.Asking < 0:
		return fault.New(fault.Invalid, "the limits of the server cannot be negative")
	}
	return nil
}

func (c *Config) defaults() {
	if c.Owner != nil {
		c.Limits, c.MaxBody, c.QueryTimeout = query.OwnLimits(), math.MaxInt64, 100*365*24*time.Hour
	}
	if c.Limits == (query.Limits{}) {
		c.Limits = query.PlatformLimits()
	}
	if c.RateLimit == 0 {
		c.RateLimit = 300
	}
	if c.Rates == nil {
		c.Rates = limit.InMemory
	}
	if c.MaxBody == 0 {
		c.MaxBody = 512_000
	}
	if c.Asking == 0 {
		c.Asking = 3
	}
	if c.QueryTimeout == 0 {
		c.QueryTimeout = 15 * time.Second
	}
	if c.Meter == nil {
		c.Meter = meter.New()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// Server answers requests. Safe for concurrent use; it starts nothing.
type Server struct {
	cfg        Config
	rate       limit.Rate // of requests
	routes     []route
	turns      *limit.Turns // of synchronous requests
	pace       *limit.Pace
	encoders   encoders
	search     cursors // of searches for attributes
	metrics    http.Handler
	stopping   atomic.Bool
	openedLast atomic.Value // name of an organization whose data could be opened
}

// New makes a server. It fails with fault.Invalid when the configuration cannot work.
func New(c Config) (*Server, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	c.defaults()
	search, err := newCursors(c.Jobs)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: c, rate: c.Rates("requests", c.RateLimit, 0), turns: limit.NewTurns(c.Asking, max(1, c.Asking-1), maxWaiting), pace: limit.NewPace(), encoders: newEncoders(), search: search,
		metrics: promhttp.HandlerFor(c.Meter.Gatherer(), promhttp.HandlerOpts{DisableCompression: true}),
	}
	s.routes = slices.DeleteFunc(s.table(), c.lacks)
	return s, nil
}

// Handler serves every route of the server, and an error in the platform's shape for anything else. It never redirects.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, nil) })
}

// As is the handler for who has shown already that they are a client, and whose requests somebody else counts: the pages, which
// show people what the API answers. What the client may see, and whose turn it is, is as everywhere. Conversations that are asked for by
// their ids come whole, with the attributes.
func (s *Server) As(c access.Client) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, &c) })
}

// Stopping has /readyz answer that the server is not ready, so that nobody sends it requests that it will not finish.
func (s *Server) Stopping() { s.stopping.Store(true) }
