package model_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/server"
)

// settings are what the test tells the server that it starts.
type settings struct {
	Lakes app.Lakes `json:"lakes"`
	State string    `json:"state"`
	Clock string    `json:"clock"` // file with the offset of its clock from the machine's, in nanoseconds
}

// settingsName is the variable of the environment that makes this binary a server.
const settingsName = "PARLEY_MODEL_SERVER"

// TestMain makes the binary the server when the test has started it as one.
func TestMain(m *testing.M) {
	text, server := os.LookupEnv(settingsName)
	if !server {
		os.Exit(m.Run())
	}
	if err := serve(text); err != nil {
		fmt.Fprintln(os.Stderr, "the server ends:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serve is the server: the product as "parley serve" runs it, but for its clock. It ends with SIGTERM, and when the
// test that started it has ended.
func serve(text string) (err error) {
	var s settings
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(3) // nobody is left to talk to
	}()
	service, err := app.OpenService(ctx, app.ServiceOptions{Lakes: s.Lakes, State: s.State})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.Close()) }()
	return service.Serve(server.Listen{
		Addr: "127.0.0.1:0", RateLimit: 1e9, Jobs: limits, Keep: keep,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}, clock(s.Clock)).Run(ctx, func(url string) error {
		_, err := fmt.Println(url)
		return err
	})
}

// clock is the machine's clock moved by what the file says at each look.
func clock(path string) func() time.Time {
	return func() time.Time {
		text, err := os.ReadFile(path)
		if err != nil {
			panic(err)
		}
		offset, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil {
			panic(err)
		}
		return time.Now().Add(time.Duration(offset))
	}
}

// setClock replaces the file of a clock. A reader sees the old offset or the new one.
func setClock(path string, offset time.Duration) error {
	if err := os.WriteFile(path+".tmp", []byte(strconv.FormatInt(int64(offset), 10)), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}

// process is a server that was started.
type process struct {
	url    string
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr *output
	ended  chan struct{} // closed when it has
	err    error         // of Wait, once it has ended

	mu    sync.Mutex
	fatal bool // that we have killed it
}

// output gathers what a process prints. Safe for concurrent use.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// start starts a server. It has no url when it was killed before it said so; kill, if not negative, is when that is to
// happen.
func start(s settings, kill time.Duration) (*process, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(self), stderr: &output{}, ended: make(chan struct{})}
	// Its temporary files go with the test's.
	p.cmd.Env = append(os.Environ(), settingsName+"="+string(text), "TMPDIR="+filepath.Dir(s.Clock))
	p.cmd.Stderr = p.stderr
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if kill >= 0 {
		p.killAfter(kill)
	}
	line, reading := bufio.NewReader(out).ReadString('\n')
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	if reading == nil {
		p.url = strings.TrimSpace(line)
		return p, nil
	}
	<-p.ended
	return p, p.unexpected()
}

// killAfter has the process killed in a while.
func (p *process) killAfter(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fatal = true
	time.AfterFunc(d, func() { _ = p.cmd.Process.Kill() }) // it may have ended by then
}

func (p *process) dying() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fatal
}

func (p *process) dead() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// wait waits for the end of a process that is to end, by SIGTERM or because it was killed.
func (p *process) wait() error {
	select {
	case <-p.ended:
		return p.unexpected()
	case <-time.After(time.Minute):
		_ = p.cmd.Process.Signal(syscall.SIGQUIT) // it prints what its goroutines do
		<-p.ended
		return fmt.Errorf("the server does not end:\n%s", p.stderr)
	}
}

// unexpected says whether a process that has ended did so on its own, or found a race.
func (p *process) unexpected() error {
	_ = p.stdin.Close()
	if strings.Contains(p.stderr.String(), "DATA RACE") {
		return fmt.Errorf("the server has a race:\n%s", p.stderr)
	}
	if !p.dying() && p.err != nil {
		return fmt.Errorf("the server ended by itself: %w\n%s", p.err, p.stderr)
	}
	return nil
}

// stop asks the process to end, and waits until it has.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.wait()
}

// kill kills the process, and waits until it is dead.
func (p *process) kill() error {
	p.killAfter(0)
	return p.wait()
}
