// Package postgrestest runs a Postgres of its own for tests.
package postgrestest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a running Postgres. It listens on a socket in its folder, and on nothing else, but for one that StartOnLoopback
// started.
type Server struct {
	Port int // that it listens on, which is part of the socket's name too

	dir    string
	bin    string
	listen string // address; empty for none
	fsync  string // on or off
	cmd    *exec.Cmd
	ended  <-chan struct{} // closed when cmd has ended
	log    bytes.Buffer
	n      atomic.Int64 // databases made
}

// Start starts a server for the tests of a package, to be called by TestMain, or before all benchmarks. Where Postgres is not
// installed it gives nil: tools/setup postgres installs it, and PARLEY_REQUIRE_POSTGRES=1 takes that for a failure.
func Start() (*Server, error) { return start(5432, "", "off") }

// StartDurable starts a server as Start does, that waits for the disk as one that is not for tests does.
func StartDurable() (*Server, error) { return start(5432, "", "on") }

// StartOnLoopback starts a server as Start does, for programs that know no sockets: anybody on this machine can reach it.
func StartOnLoopback() (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return nil, err
	}
	return start(port, "127.0.0.1", "off")
}

func start(port int, listen, fsync string) (_ *Server, err error) {
	bin, err := binaries()
	if err != nil {
		if os.Getenv("PARLEY_REQUIRE_POSTGRES") == "" {
			return nil, nil //nolint:nilnil // there is none
		}
		return nil, err
	}
	// The path of a socket has 107 bytes at most, and the folders of tests have more.
	s := &Server{Port: port, bin: bin, listen: listen, fsync: fsync}
	if s.dir, err = os.MkdirTemp("/tmp", "parley-pg-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(s.dir))
		}
	}()
	owner, err := s.owner()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(s.dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "parley", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
	initdb.SysProcAttr, initdb.Dir = owner, s.dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	if err := s.run(owner); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// run starts the server over its data, and waits until it answers.
func (s *Server) run(owner *syscall.SysProcAttr) error {
	s.cmd = exec.Command(filepath.Join(s.bin, "postgres"), "-D", filepath.Join(s.dir, "data"), "-k", s.dir, "-p", strconv.Itoa(s.Port), "-c", "listen_addresses="+s.listen, "-c", "fsync="+s.fsync, "-c", "max_connections=20")
	s.cmd.SysProcAttr, s.cmd.Dir = owner, s.dir
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.begin(); err != nil {
		return err
	}
	return s.ready()
}

// begin starts the process. It ends with the thread that started it, and a test's may end before the test, as that of whoever asked SQL does:
// this one lasts as long as the process.
func (s *Server) begin() error {
	cmd, started, ended := s.cmd, make(chan error), make(chan struct{})
	s.ended = ended
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // it ends when it is told to
			close(ended)
		}
	}()
	return <-started
}

// Restart has the server end at once, as pg_ctl restart -m immediate does, and start again: it recovers as after a crash.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	if err := s.Again(); err != nil {
		tb.Fatal(err)
	}
}

// Again is Restart, for others than the goroutine of a test.
func (s *Server) Again() error {
	owner, err := s.owner()
	if err != nil {
		return err
	}
	if err := s.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		return err
	}
	<-s.ended // it was told to end
	return s.run(owner)
}

// binaries is the folder of the newest Postgres that is installed.
func binaries() (string, error) {
	if at, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(at), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.Join(err, errors.New("no Postgres is installed; tools/setup postgres installs it"))
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

// owner gives the folder to the user that the server runs as: it refuses to run as root.
func (s *Server) owner() (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if os.Geteuid() != 0 {
		return attr, nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err1 := strconv.ParseUint(who.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(who.Gid, 10, 32)
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, errors.Join(err1, err2, os.Chown(s.dir, int(uid), int(gid)))
}

// ready waits until the server answers.
func (s *Server) ready() (err error) {
	ctx, done := context.WithTimeout(context.Background(), time.Minute)
	defer done()
	for ctx.Err() == nil {
		var c *pgx.Conn
		if c, err = pgx.Connect(ctx, s.url("postgres")); err == nil {
			return c.Close(ctx)
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("postgres is not ready: %w: %s", err, s.log.Bytes())
}

func (s *Server) url(database string) string {
	return "postgres://parley@/" + database + "?host=" + url.QueryEscape(s.dir) + "&port=" + strconv.Itoa(s.Port) + "&sslmode=disable"
}

// Socket is where it listens.
func (s *Server) Socket() string { return filepath.Join(s.dir, ".s.PGSQL."+strconv.Itoa(s.Port)) }

// Database makes a database for a test, and gives its address. Without a server the test is skipped.
func (s *Server) Database(tb testing.TB) string {
	tb.Helper()
	if s == nil {
		tb.Skip("no Postgres is installed; tools/setup postgres installs it")
	}
	url, err := s.Make(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return url
}

// Make makes a database and gives its address.
func (s *Server) Make(ctx context.Context) (url string, err error) {
	name := "db" + strconv.FormatInt(s.n.Add(1), 10)
	c, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, c.Close(context.WithoutCancel(ctx))) }()
	_, err = c.Exec(ctx, "CREATE DATABASE "+name)
	return s.url(name), err
}

// Size is how much a database that Make made takes, bytes, without what was removed in it, and how many relations it has: tables, indexes
// and whatever else has a name.
func (s *Server) Size(ctx context.Context, url string) (bytes, relations int64, err error) {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, c.Close(context.WithoutCancel(ctx))) }()
	if _, err := c.Exec(ctx, "VACUUM FULL"); err != nil {
		return 0, 0, err
	}
	err = c.QueryRow(ctx, "SELECT pg_database_size(current_database()), (SELECT count(*) FROM pg_class)").Scan(&bytes, &relations)
	return bytes, relations, err
}

// Stop ends the server and removes its folder.
func (s *Server) Stop() error {
	if s == nil {
		return nil
	}
	if s.cmd == nil || s.cmd.Process == nil {
		return os.RemoveAll(s.dir)
	}
	err := s.cmd.Process.Signal(syscall.SIGQUIT)
	<-s.ended // it was told to end at once
	return errors.Join(err, os.RemoveAll(s.dir))
}

// Main runs the tests of a package beside a server, which they reach by server.
func Main(m *testing.M, server **Server) {
	code := 1
	var err error
	if *server, err = Start(); err == nil {
		code = m.Run()
	}
	if err = errors.Join(err, (*server).Stop()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
