// Package s3test runs an S3 server of its own for tests: versitygw over a folder.
package s3test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The credentials that the server takes, and its region.
const (
	AccessKey = "parley"
	Secret    = "parley-secret"
	Region    = "us-east-1"
)

// Server is a running S3 server. Programs speak to a proxy before it, which can fail as an object store does.
type Server struct {
	URL string

	network, addr string // that it listens on

	dir   string
	cmd   *exec.Cmd
	log   bytes.Buffer
	proxy *httptest.Server
	over  chan struct{} // closed when it is stopped
	n     atomic.Int64  // buckets made
	// spoil answers a request in place of the server, if it wants to.
	spoil atomic.Pointer[func(http.ResponseWriter, *http.Request, http.Handler) (done bool)]
}

// Start starts a server for the tests of a package, to be called by TestMain. Where none is installed it gives nil: tools/setup s3
// installs it, and PARLEY_REQUIRE_S3=1 takes that for a failure. The credentials come into the environment.
func Start() (*Server, error) {
	s, err := start("")
	if s != nil {
		s.listen()
	}
	return s, err
}

// StartOnLoopback starts a server as Start does, to which programs speak themselves: it can be measured, and not spoilt.
func StartOnLoopback() (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	if err := l.Close(); err != nil {
		return nil, err
	}
	s, err := start(l.Addr().String())
	if s != nil {
		s.URL = "http://" + s.addr
	}
	return s, err
}

// start starts a server at an address; empty for a socket in its folder.
func start(addr string) (_ *Server, err error) {
	bin, err := binary()
	if err != nil {
		if os.Getenv("PARLEY_REQUIRE_S3") == "" {
			return nil, nil //nolint:nilnil // there is none
		}
		return nil, err
	}
	// The path of a socket has 107 bytes at most, and the folders of tests have more.
	s := &Server{network: "tcp", addr: addr}
	if s.dir, err = os.MkdirTemp("/tmp", "parley-s3-"); err != nil {
		return nil, err
	}
	if addr == "" {
		s.network, s.addr = "unix", filepath.Join(s.dir, "s3.sock")
	}
	for _, name := range []string{"buckets", "attributes"} {
		if err := os.Mkdir(filepath.Join(s.dir, name), 0o700); err != nil {
			return nil, err
		}
	}
	if err := s.run(bin); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	if err := s.ready(); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, errors.Join(os.Setenv("AWS_ACCESS_KEY_ID", AccessKey), os.Setenv("AWS_SECRET_ACCESS_KEY", Secret), os.Setenv("AWS_REGION", Region))
}

// run starts the server. It ends with the thread that started it, and a test's may end before the test: this one waits.
func (s *Server) run(bin string) error {
	// Not every file system has the attributes that it would keep beside a file.
	s.cmd = exec.Command(bin, "--port", s.addr, "--access", AccessKey, "--secret", Secret, "--region", Region, "--quiet",
		"posix", "--sidecar", filepath.Join(s.dir, "attributes"), filepath.Join(s.dir, "buckets"))
	s.cmd.SysProcAttr, s.cmd.Dir = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}, s.dir
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	started := make(chan error)
	s.over = make(chan struct{})
	go func() {
		runtime.LockOSThread()
		started <- s.cmd.Start()
		<-s.over
	}()
	return <-started
}

// binary is where versitygw is.
func binary() (string, error) {
	at, err := exec.LookPath("versitygw")
	if err != nil {
		return "", errors.Join(err, errors.New("no S3 server is installed; tools/setup s3 installs it"))
	}
	return at, nil
}

func (s *Server) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, s.network, s.addr)
}

// ready waits until the server listens.
func (s *Server) ready() (err error) {
	ctx, done := context.WithTimeout(context.Background(), time.Minute)
	defer done()
	for ctx.Err() == nil {
		var c net.Conn
		if c, err = s.dial(ctx); err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("the S3 server is not ready: %w: %s", err, s.log.Bytes())
}

// listen puts the proxy before the server. Requests are signed with the name of the host that they were sent to, which therefore
// stays.
func (s *Server) listen() {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "s3"})
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return s.dial(ctx) }, MaxIdleConnsPerHost: 64},
	}
	s.proxy = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if spoil := s.spoil.Load(); spoil != nil && (*spoil)(w, r, proxy) {
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	s.URL = s.proxy.URL
}

// Bucket makes an empty bucket for a test and gives its name.
func (s *Server) Bucket(t testing.TB) string {
	t.Helper()
	name, _, err := s.Make()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// Make makes an empty bucket, and gives its name and the folder in which its objects are files.
func (s *Server) Make() (name, folder string, err error) {
	name = fmt.Sprintf("bucket-%d", s.n.Add(1))
	folder = filepath.Join(s.dir, "buckets", name)
	return name, folder, os.Mkdir(folder, 0o700)
}

// Spoil lets requests of a test be answered otherwise than by the server; next is the server.
func (s *Server) Spoil(t testing.TB, how func(w http.ResponseWriter, r *http.Request, next http.Handler) (done bool)) {
	t.Helper()
	s.spoil.Store(&how)
	t.Cleanup(func() { s.spoil.Store(nil) })
}

// Again kills the server and starts it again over the same objects. What is asked meanwhile is answered with 502.
func (s *Server) Again() error {
	bin := s.cmd.Path
	s.kill()
	if s.network == "unix" {
		if err := os.Remove(s.addr); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := s.run(bin); err != nil {
		return err
	}
	return s.ready()
}

func (s *Server) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // it was killed
	close(s.over)
}

// Stop stops it, and removes what it holds.
func (s *Server) Stop() error {
	if s.proxy != nil {
		s.proxy.Close()
	}
	s.kill()
	return os.RemoveAll(s.dir)
}
