package job

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
)

func TestWhichStatesAreDone(t *testing.T) {
	for state, want := range map[State]bool{Queued: false, Pending: false, Fulfilled: true, Failed: true, Cancelled: true, Expired: true} {
		if got := state.Done(); got != want {
			t.Errorf("%s: got %v, want %v", state, got, want)
		}
	}
}

func TestResultsAreForTheirOwnerAlone(t *testing.T) {
	m, id := fulfilled(t, someRecords(3), 0)
	for path, want := range map[string]os.FileMode{m.files.results(id): 0o600, m.cfg.Dir: 0o700 | os.ModeDir} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: got %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
}

// shut is a source whose date is known and whose view cannot be opened for now.
type shut struct {
	*fakeSource
	is atomic.Bool
}

func (s *shut) Settled(ctx context.Context) (engine.Engine, error) {
	if s.is.Load() {
		return nil, fault.New(fault.Corrupt, "secret of the lake")
	}
	return s.fakeSource.Settled(ctx)
}

func TestAJobWaitsWhileItsViewCannotBeOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &shut{fakeSource: &fakeSource{records: someRecords(3)}}
		src.is.Store(true)
		m := newManager(t, src, nil)
		defer start(t, m)()
		id := submit(t, m, 0)
		pass(2 * pauseFor)
		wantState(t, m, id, Queued)
		src.is.Store(false)
		pass(pauseFor)
		wantState(t, m, id, Fulfilled)
	})
}

// The log tells failures that somebody must look at from those that the query itself is the reason for.
func TestHowLoudlyAFailureIsLogged(t *testing.T) {
	for level, failure := range map[string]error{"WARN": fault.New(fault.Unavailable, "The lake is being moved"), "ERROR": errors.New("secret of the engine")} {
		var log bytes.Buffer
		m := newManager(t, &fakeSource{err: failure}, func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		submit(t, m, 0)
		run(t, m, take(t, m))
		if !strings.Contains(log.String(), "level="+level+` msg="job failed"`) {
			t.Errorf("want %s, got %s", level, log.String())
		}
	}
}
