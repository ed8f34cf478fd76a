package sandboxtest

import (
	"context"
	"time"

	"github.com/parley-hq/parley/internal/recordfile"
	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/scenario"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/wire"
)

type config struct {
	begin  sandbox.Scenario
	listen server.Listen

	files []recordfile.File
	file  *scenario.File
}

func (c *config) world(ctx context.Context) (*sandbox.World, error) {
	if c.files != nil {
		w, _, err := sandbox.Load(ctx, c.begin, c.files, wire.Limits{})
		return w, err
	}
	return sandbox.Simulate(ctx, c.begin, nil)
}

// placed says of what is wrong with the scenario of a file in which line it is.
func (c *config) placed(err error) error {
	if c.file == nil {
		return err
	}
	return c.file.Where("", err)
}

// Option says how a sandbox begins. Of two that say the same the later counts.
type Option func(*config) error

func option(set func(*config)) Option {
	return func(c *config) error { set(c); return nil }
}

// Days is how many days are simulated, up to and including that of the clock.
func Days(n int) Option { return option(func(c *config) { c.begin.Days = n }) }

// PerDay is how many conversations begin on a day, on average; weekday, season and chance decide how many on each. None are
// possible: nothing ever happens then.
func PerDay(n int) Option {
	return option(func(c *config) { c.begin.PerDay, c.begin.Uneven = n, true })
}

// Steady is as PerDay, with exactly so many on each day.
func Steady(n int) Option {
	return option(func(c *config) { c.begin.PerDay, c.begin.Uneven = n, false })
}

// Seed is what everything simulated follows from.
func Seed(n uint64) Option { return option(func(c *config) { c.begin.Seed = n }) }

// At is where the platform's clock begins.
func At(t time.Time) Option { return option(func(c *config) { c.begin.Start = t }) }

// Speed is how many times as fast as the machine's clock the platform's goes, at most 10,000; 0, which is so without it,
// stands still.
func Speed(x float64) Option { return option(func(c *config) { c.begin.Speed = x }) }

// Lag is how long after its end the figures of a conversation are finished in analytics.
func Lag(d time.Duration) Option { return option(func(c *config) { c.begin.Lag = sandbox.Span(d) }) }

// RateLimit is how many requests a client may make in a minute of the platform's clock; without it they are 300, as there.
func RateLimit(perMinute int) Option {
	return option(func(c *config) { c.listen.RateLimit = perMinute })
}

// Scenario reads a YAML file that says how the sandbox begins, what happens when, and its faults; docs/control.md describes
// it. What it says nothing of stays as options before it said.
func Scenario(path string) Option {
	return func(c *config) (err error) {
		c.file, err = scenario.Read(path, &c.begin)
		return err
	}
}

// Records has the sandbox serve records of files in place of simulated ones: files, or folders with them, with single
// records, NDJSON or pages of results; plain, gzip or zstd.
func Records(paths ...string) Option {
	return func(c *config) (err error) {
		c.files, err = recordfile.Find(paths)
		return err
	}
}
