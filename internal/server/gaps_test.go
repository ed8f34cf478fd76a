package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
)

// gappy are views of which nothing is known but the days that it never had.
type gappy struct {
	engine.Engine
	engine.Views

	mu   sync.Mutex
	days string
	err  error
}

// change changes what is known.
func (g *gappy) change(days string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.days, g.err = days, err
}

func (g *gappy) Settled(context.Context) (engine.Engine, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g, g.err
}

func (g *gappy) Close() error { return nil }

func (g *gappy) Missing(conversation.Interval) []conversation.Days {
	g.mu.Lock()
	defer g.mu.Unlock()
	days, err := conversation.ParseDays(g.days)
	if err != nil {
		panic(err)
	}
	return days
}

// said is what was written since it was last taken.
type said struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Write(b)
}

func (s *said) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.out.Reset()
	return s.out.String()
}

func TestLogNamesGapsWhenTheyChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out said
		acme, beta := &gappy{days: "2026-11-03,2026-11-05..2026-11-06"}, &gappy{}
		g := newGapWatch(map[string]engine.Views{"acme": acme, "beta": beta}, nil, slog.New(slog.NewTextHandler(&out, nil)))
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = g.run(ctx) }()
		want := func(lines ...string) {
			t.Helper()
			synctest.Wait()
			got := strings.Split(strings.TrimSuffix(out.take(), "\n"), "\n")
			if strings.Join(got, "") == "" {
				got = nil
			}
			if len(got) != len(lines) {
				t.Fatalf("got %q, want %d lines", got, len(lines))
			}
			for i, line := range lines {
				if !strings.Contains(got[i], line) {
					t.Errorf("got %q, want %q in it", got[i], line)
				}
			}
		}
		want(`organization=acme days="2026-11-03, 2026-11-05..2026-11-06"`)
		time.Sleep(5 * gapsEvery)
		want()
		acme.change("2026-11-03", nil)
		beta.change("2026-11-01", nil)
		time.Sleep(gapsEvery)
		want("organization=acme days=2026-11-03", "organization=beta days=2026-11-01")
		acme.change("", nil)
		beta.change("2026-11-01", errors.New("the disk is gone"))
		time.Sleep(gapsEvery)
		want("is in the data now", "the disk is gone")
		time.Sleep(gapsEvery)
		want()
		beta.change("2026-11-01", nil)
		time.Sleep(gapsEvery)
		want("opened again")
		stop()
		<-done
	})
}

// Of very many lakes some are looked at each time, and all of them come round.
func TestGapsOfVeryManyAreLookedAtInTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out said
		views := map[string]engine.Views{}
		for i := range 50 {
			views[fmt.Sprintf("org%02d", i)] = &gappy{days: "2026-11-03"}
		}
		g := newGapWatch(views, nil, slog.New(slog.NewTextHandler(&out, nil)))
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = g.run(ctx) }()
		for i, want := range []int{20, 20, 10, 0} {
			synctest.Wait()
			if got := strings.Count(out.take(), "\n"); got != want {
				t.Errorf("look %d: %d were told of, want %d", i, got, want)
			}
			time.Sleep(gapsEvery)
		}
		stop()
		<-done
	})
}
