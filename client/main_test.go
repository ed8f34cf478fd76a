package client_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/served"
	"github.com/parley-hq/parley/internal/server"
)

// live is where the sandbox of the examples is, and whose: an example has no test that one could begin with.
var live struct{ url, id, secret string }

func TestMain(m *testing.M) {
	code := 1
	err := during(func() { code = m.Run() })
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// during does something while a sandbox serves.
func during(do func()) (err error) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	begin := sandbox.Scenario{Seed: 1, Days: 2, PerDay: 50, Start: time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)}
	opened, err := served.Open(ctx, "", func(*sandbox.Scenario) (*sandbox.World, error) { return sandbox.Simulate(ctx, begin, nil) })
	if err != nil {
		return err
	}
	owner := server.NewCredentials()
	live.id, live.secret = owner.ID, owner.Secret
	s := opened.Serve(server.Listen{Addr: "127.0.0.1:0", Client: owner, Log: slog.New(slog.DiscardHandler)}, served.Control{}, nil)
	return s.Run(ctx, func(url string) error {
		live.url = url
		do()
		stop()
		return nil
	})
}
