package server_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/served"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/server/servertest"
)

// Servers are started and stopped by many at once: before they are ready, when they are, and while they are asked. None
// leaves a socket or a folder, and none fails.
func TestServersStartAndStop(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	start := time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)
	world, err := sandbox.Simulate(t.Context(), sandbox.Scenario{Speed: 1, Seed: 7, Days: 2, PerDay: 3, Start: start}, nil)
	if err != nil {
		t.Fatal(err)
	}
	listen := server.Listen{Addr: "127.0.0.1:0", Client: server.NewCredentials(), Grace: time.Minute, Log: slog.New(slog.DiscardHandler)}
	var all sync.WaitGroup
	for n := range 10 {
		all.Go(func() {
			for round := range 5 {
				s := served.New(listen, world)
				servertest.StartAndStop(t, n+round, s.While)
				if s.Listens() {
					t.Error("the server listens still")
				}
			}
		})
	}
	all.Wait()
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "parley-jobs-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
