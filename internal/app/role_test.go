package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/sandbox"
)

// A diary is what services did, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

// writes makes a service that notes what is done with it.
func (d *diary) writes(name string, needs ...string) service {
	return service{
		needs: needs,
		open:  func(context.Context) error { d.note("open %s", name); return nil },
		run:   func(ctx context.Context) error { <-ctx.Done(); d.note("end %s", name); return nil },
		close: func() error { d.note("close %s", name); return nil },
	}
}

// made is a role with a, and b that needs it, and c that needs both.
func (d *diary) made() role {
	return role{"c": d.writes("c", "a", "b"), "b": d.writes("b", "a"), "a": d.writes("a", "the caller's")}
}

func TestServicesOpenAfterWhatTheyNeedAndCloseBeforeIt(t *testing.T) {
	var d diary
	err := d.made().during(t.Context(), func(context.Context) error { d.note("do"); return nil })
	if err != nil {
		t.Fatal(err)
	}
	d.lines = slices.DeleteFunc(d.lines, func(l string) bool { return strings.HasPrefix(l, "end") }) // all at once
	want := "open a,open b,open c,do,close c,close b,close a"
	if got := strings.Join(d.lines, ","); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestARoleThatFails(t *testing.T) {
	broken := errors.New("broken")
	fails := func(context.Context) error { return broken }
	for name, c := range map[string]struct {
		change func(s *service) // of b
		do     func(context.Context) error
		want   string
	}{
		"opening": {func(s *service) { s.open = fails }, nil, "open a,close a"},
		"running": {func(s *service) { s.run = fails }, nil, "open a,open b,open c,do,end a,end c,close c,close b,close a"},
		"doing":   {func(*service) {}, fails, "open a,open b,open c,end a,end b,end c,close c,close b,close a"},
		"closing": {func(s *service) { s.close = func() error { return broken } }, func(context.Context) error { return nil }, "open a,open b,open c,end a,end b,end c,close c,close a"},
	} {
		var d diary
		r := d.made()
		b := r["b"]
		c.change(&b)
		r["b"] = b
		if c.do == nil {
			c.do = func(ctx context.Context) error { <-ctx.Done(); d.note("do"); return ctx.Err() }
		}
		if err := r.during(t.Context(), c.do); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
		// What runs ends in any order.
		rank := func(l string) int { return slices.Index([]string{"open", "do", "end", "close"}, strings.Fields(l)[0]) }
		slices.SortStableFunc(d.lines, func(x, y string) int {
			if rank(x) != rank(y) || rank(x) != 2 {
				return rank(x) - rank(y)
			}
			return strings.Compare(x, y)
		})
		if got := strings.Join(d.lines, ","); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	if err := (role{"a": {needs: []string{"b"}}, "b": {needs: []string{"a"}}}).during(t.Context(), fails); err == nil || errors.Is(err, broken) {
		t.Errorf("services that need one another: %v", err)
	}
}

// Every service of a role is one that there is: a name that was mistyped would leave it out.
func TestRolesHaveTheirServices(t *testing.T) {
	s := NewSandbox(Listen{Log: slog.New(slog.DiscardHandler)}, new(sandbox.World))
	all := s.services()
	maps.Copy(all, new(reading).services())
	for name, r := range map[string]role{
		"passing": s.role(), "serve": (&Server{backend: backend{folder: &Folder{}}, Listen: s.Listen}).role(),
		"folder": newRole("folder", s.services()), "answer": newRole("answer", s.services()), "ask": newRole("ask", all),
		"explain": newRole("explain", all), "export": newRole("export", all), "sql": newRole("sql", all),
	} {
		if len(r) != len(services[name]) {
			t.Errorf("%s has %d services, not %d", name, len(r), len(services[name]))
		}
		for n, x := range r {
			if x.open == nil && x.run == nil {
				t.Errorf("%s: the service %s does nothing", name, n)
			}
		}
	}
}

// The roles are started and stopped by many at once: before they are ready, when they are, and while they are asked.
// None leaves a socket or a folder, and none fails.
func TestRolesStartAndStop(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	dir := t.TempDir() + "/lake"
	l, err := lake.Create(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	world, err := sandbox.Simulate(t.Context(), sandbox.Scenario{Speed: 1, Seed: 7, Days: 2, PerDay: 3, Start: noon}, nil)
	if err != nil {
		t.Fatal(err)
	}
	service, err := OpenService(t.Context(), Lakes{DefaultOrganization: dir}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	client := NewCredentials()
	listen := Listen{Addr: "127.0.0.1:0", Client: client, Grace: time.Minute, Log: slog.New(slog.DiscardHandler)}
	var all sync.WaitGroup
	for n := range 10 {
		all.Go(func() {
			for round := range 5 {
				for _, s := range []*Server{NewSandbox(listen, world), service.Serve(listen, time.Now)} {
					startAndStop(t, n+round, s.While)
					if err := s.socket.Close(); !errors.Is(err, net.ErrClosed) {
						t.Errorf("the server listens still: %v", err)
					}
				}
			}
		})
	}
	all.Go(func() { // one manager runs once at a time
		for round := range 50 {
			startAndStop(t, round, func(ctx context.Context, do func(context.Context, string) error) error {
				return service.Inside(ctx, Owner{DefaultOrganization, "a test"}, listen.Log, func(ctx context.Context, in *Inside) error {
					return in.Answer(ctx, func(ctx context.Context) error { return do(ctx, "") })
				})
			})
		}
	})
	all.Go(func() {
		for round := range 10 {
			startAndStop(t, round, func(ctx context.Context, do func(context.Context, string) error) error {
				return Ask(ctx, dir, listen.Log, func(ctx context.Context, _ *platform.Client) error { return do(ctx, "") })
			})
		}
	})
	all.Wait()
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "parley-jobs-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// startAndStop starts a role once, and stops it in one of four ways.
func startAndStop(t *testing.T, way int, while func(context.Context, func(context.Context, string) error) error) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	if way%4 == 0 {
		stop()
	}
	err := while(ctx, func(ctx context.Context, url string) error {
		switch way % 4 {
		case 1:
			return nil
		case 2:
			stop()
		case 3:
			if url != "" {
				healthy(t, url)
			}
			return nil
		}
		<-ctx.Done()
		return nil
	})
	if err != nil {
		t.Errorf("way %d: %v", way%4, err)
	}
}

func healthy(t *testing.T, url string) {
	t.Helper()
	body := ask(t, "", http.MethodGet, url+"/healthz", "")
	defer body.Close()
	if _, err := io.Copy(io.Discard, body); err != nil {
		t.Error(err)
	}
}
