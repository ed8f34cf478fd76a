package extract

import (
	"context"
	"time"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/follow"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/wire"
)

// How often the platform is asked up to when its data is complete, where it does not tell by itself, and how long the pause
// is after a run that failed for now.
const (
	askFirst, askMost     = time.Minute, 10 * time.Minute
	againFirst, againMost = time.Minute, 30 * time.Minute
)

// following refuses what a service has no use for.
func (o *Options) following() error {
	switch {
	case !o.Follow && o.Listen != "":
		return fault.Field("--metrics-listen", "--metrics-listen goes with --follow; one run writes its metrics to a file, by --metrics-file")
	case !o.Follow:
		return nil
	case o.To != "":
		return fault.Field("--to", "--follow goes on for ever, and --to %s is an end; leave one of them out", o.To)
	case o.Again != "":
		return fault.Field("--again", "--again is for one run; leave --follow out")
	case o.DryRun:
		return fault.Field("--dry-run", "--dry-run is for one run; leave --follow out")
	case o.Every <= 0:
		return fault.Field("--every", "--every must be more than 0s")
	}
	return nil
}

// follow extracts until it is stopped.
func (o *Options) follow(ctx context.Context, cfg extract.Config) error {
	stop, err := o.serveMetrics(ctx, o.meter().Handler())
	if err != nil {
		return err
	}
	defer stop()
	client := o.Telling.client // it is the one that config made
	l := client.Listen(wire.TopicAvailability)
	defer l.Close()
	ear := &platform.Ear{
		Hearer: l, First: askFirst, Most: askMost, Note: o.Streams.Notef,
		Ask: func(ctx context.Context) (time.Time, error) {
			until, _, err := client.Coverage(ctx)
			return until, err
		},
	}
	f := &follow.Follower{
		Extract: func(ctx context.Context) (extract.Summary, error) { return o.once(ctx, cfg) },
		Await: func(ctx context.Context, now time.Time, most time.Duration) error {
			_, err := ear.Await(ctx, now, now.Add(time.Nanosecond), most)
			return err
		},
		Upkeep: o.upkeep(),
		Every:  o.Every, First: againFirst, Most: againMost, Note: o.Streams.Notef,
		Told: func(s extract.Summary, err error) {
			o.Telling.last = err
			o.part.followed(ctx, err)
			if err := o.told(ctx, s, o.tell(s, err)); err != nil {
				o.Streams.Notef("parley: %s\n", ui.Plain(err.Error()))
			}
		},
	}
	return f.Run(ctx)
}

// How often a service does the upkeep of its lake, and how long it waits, at least, while others write: they are no failure.
const (
	upkeepEvery = 24 * time.Hour
	patient     = 10 * time.Minute
)

// upkeep does the upkeep of the lake once a day; nil if nobody wants it.
func (o *Options) upkeep() func(context.Context) error {
	if !o.Maintain {
		return nil
	}
	var last time.Time
	return func(ctx context.Context) error {
		now := time.Now().UTC().Truncate(time.Microsecond)
		if now.Sub(last) < upkeepEvery {
			return nil
		}
		leave, err := o.part.enter(ctx)
		if err != nil {
			return err
		}
		defer leave()
		_, err = app.Maintain(ctx, o.Lake, now, max(o.Wait, patient))
		if err == nil {
			last = now
		}
		return err
	}
}
