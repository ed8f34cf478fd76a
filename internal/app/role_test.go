package app

import (
	"context"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/role"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/server/servertest"
)

// Every service of a role is one that there is: a name that was mistyped would leave it out.
func TestRolesHaveTheirServices(t *testing.T) {
	all := server.New(server.Listen{Log: quiet}, server.Backend{}).Services()
	maps.Copy(all, new(reading).services())
	for _, name := range []string{"serve", "passing", "folder", "answer", "ask", "explain", "find", "export", "sql"} {
		r := role.Of(name, all)
		if len(r) == 0 {
			t.Errorf("%s has no services", name)
		}
		for n, x := range r {
			if x.Open == nil && x.Run == nil {
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
	service, err := OpenService(t.Context(), ServiceOptions{Lakes: Lakes{server.DefaultOrganization: dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	listen := server.Listen{Addr: "127.0.0.1:0", Client: server.NewCredentials(), Grace: time.Minute, Log: quiet}
	var all sync.WaitGroup
	for n := range 10 {
		all.Go(func() {
			for round := range 5 {
				servertest.StartAndStop(t, n+round, service.Serve(listen, time.Now).While)
			}
		})
	}
	all.Go(func() { // one manager runs once at a time
		for round := range 50 {
			servertest.StartAndStop(t, round, func(ctx context.Context, do func(context.Context, string) error) error {
				return service.Inside(ctx, Owner{server.DefaultOrganization, "a test"}, listen.Log, func(ctx context.Context, in *Inside) error {
					return in.Answer(ctx, func(ctx context.Context) error { return do(ctx, "") })
				})
			})
		}
	})
	all.Go(func() {
		for round := range 10 {
			servertest.StartAndStop(t, round, func(ctx context.Context, do func(context.Context, string) error) error {
				return Ask(ctx, dir, Cluster{}, listen.Log, func(ctx context.Context, _ *platform.Client) error { return do(ctx, "") })
			})
		}
	})
	all.Wait()
}
