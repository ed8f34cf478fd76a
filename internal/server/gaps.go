package server

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/meter"
)

// gapWatch tells the log which days never came into the data that is served: at the start, and when that changes.
type gapWatch struct {
	views map[string]engine.Views
	log   *slog.Logger
	names []string          // of the organizations, in order
	next  int               // the one that is looked at next
	said  map[string]string // by organization, what was said last
	away  map[string]bool   // organizations whose data could not be looked at last time
	meter *meter.Meter
}

func newGapWatch(views map[string]engine.Views, m *meter.Meter, log *slog.Logger) *gapWatch {
	return &gapWatch{views: views, log: log, names: slices.Sorted(maps.Keys(views)), said: map[string]string{}, away: map[string]bool{}, meter: cmp.Or(m, meter.New())}
}

// How often it looks, and at how many organizations then: to look at a lake opens it, and data comes once a night. A thousand take fifty
// minutes.
const (
	gapsEvery = time.Minute
	gapsMost  = 20
)

// run looks until ctx ends. It does not fail: what it cannot look at it tells the log.
func (g *gapWatch) run(ctx context.Context) error {
	tick := time.NewTicker(gapsEvery)
	defer tick.Stop()
	for {
		g.look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (g *gapWatch) look(ctx context.Context) {
	for range min(gapsMost, len(g.names)) {
		name := g.names[g.next]
		g.next = (g.next + 1) % len(g.names)
		days, err := engine.Gaps(ctx, g.views[name])
		if ctx.Err() != nil {
			return
		}
		g.reached(ctx, name, err)
		if err == nil {
			g.say(ctx, name, days)
		}
	}
}

// reached tells whether the data of an organization could be looked at, when that has changed.
func (g *gapWatch) reached(ctx context.Context, name string, err error) {
	switch {
	case err != nil && !g.away[name]:
		g.away[name] = true
		g.log.ErrorContext(ctx, "the data of an organization cannot be opened; its clients are answered with 503, and its jobs wait", "organization", name, "err", err)
	case err == nil && g.away[name]:
		delete(g.away, name)
		g.log.InfoContext(ctx, "the data of an organization can be opened again", "organization", name)
	}
	g.meter.Away(len(g.away))
}

func (g *gapWatch) say(ctx context.Context, name string, days []conversation.Days) {
	text := conversation.DaysText(days)
	if text == g.said[name] {
		return
	}
	g.said[name] = text
	if text == "" {
		g.log.InfoContext(ctx, "every day between the first and the last is in the data now", "organization", name)
		return
	}
	g.log.WarnContext(ctx, "days between the first and the last never came into the data; answers that touch them say so",
		"organization", name, "days", strings.ReplaceAll(text, ",", ", "))
}
