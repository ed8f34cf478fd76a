// Package app wires roles together: the sandbox, the server over a lake, an extraction. It is the only package that
// knows every technology, and the only one that starts services.
package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/parley-hq/parley/internal/api"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/query"
)

// Credentials are those of the one client that a server knows.
type Credentials struct{ ID, Secret string }

// NewCredentials makes credentials by chance.
func NewCredentials() Credentials { return Credentials{rand.Text(), rand.Text()} }

// Listen is where a server listens and whom it serves.
type Listen struct {
	Addr      string // host:port; port 0 picks one
	Client    Credentials
	RateLimit int // requests a minute a client; 0 means the platform's 300
	Days      Days
	Log       *slog.Logger
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
	URL    string
	http   *http.Server
	jobs   *job.Manager
	listen net.Listener
	work   string // folder of job results, removed at the end
}

// backend is what a server answers from.
type backend struct {
	source    engine.Source
	now       func() time.Time
	available func() time.Time
}

func newServer(ctx context.Context, l Listen, b backend) (_ *Server, err error) {
	s := &Server{}
	sweepWork()
	if s.work, err = os.MkdirTemp("", fmt.Sprintf("%s%d-", workPrefix, os.Getpid())); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(s.work))
		}
	}()
	var key [32]byte
	if _, err := rand.Read(key[:]); err != nil {
		return nil, err
	}
	s.jobs, err = job.New(job.Config{Source: b.source, Dir: s.work, Now: b.now, Available: b.available, Key: key, Log: l.Log})
	if err != nil {
		return nil, err
	}
	surface, err := api.New(api.Config{
		Source: b.source, Jobs: s.jobs, Now: b.now, Available: b.available, RateLimit: l.RateLimit, Limits: l.Days.limits(), Log: l.Log,
		Clients: []api.Client{{ID: l.Client.ID, Secret: l.Client.Secret, Organisation: "parley"}},
	})
	if err != nil {
		return nil, err
	}
	if s.listen, err = new(net.ListenConfig).Listen(ctx, "tcp", l.Addr); err != nil {
		return nil, fault.Because(fault.Invalid, err, "cannot listen on %s; give another address by --addr", l.Addr)
	}
	s.URL = "http://" + reachable(s.listen.Addr().String())
	s.http = &http.Server{Handler: surface.Handler(), ReadHeaderTimeout: 30 * time.Second, ErrorLog: slog.NewLogLogger(l.Log.Handler(), slog.LevelDebug)}
	return s, nil
}

// workPrefix begins the name of a folder of job results; the process that made it follows.
const workPrefix = "parley-jobs-"

// sweepWork removes the folders of servers that were killed. One that cannot be removed is left: it is not ours.
func sweepWork() {
	dirs, err := filepath.Glob(filepath.Join(os.TempDir(), workPrefix+"*-*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), workPrefix), "-")
		n, err := strconv.Atoi(pid)
		if err == nil && errors.Is(syscall.Kill(n, 0), syscall.ESRCH) {
			_ = os.RemoveAll(dir)
		}
	}
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
	group.Go(func() error {
		if err := s.http.Serve(s.listen); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceful)
		defer cancel()
		if err := s.http.Shutdown(bounded); err != nil {
			return s.http.Close()
		}
		return nil
	})
	return errors.Join(group.Wait(), os.RemoveAll(s.work))
}
