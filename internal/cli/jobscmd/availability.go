package jobscmd

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/wire"
)

func newAvailability(o *Options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "availability",
		Short: "Show up to when the data behind jobs is complete, or wait until it is",
		Long: `Show the dataAvailabilityDate: the instant up to which the data behind jobs is complete. With --wait, the command returns
when that date has moved on, or with --after when it is that instant or later, and prints it then. The exit code is 6 if that
has not happened after --timeout.

It waits for a message of the platform's: it makes a notification channel, subscribes it to
` + wire.TopicAvailability + `, and connects to its websocket. Where there is no
channel, as in parley serve, or the websocket cannot be reached, it says so and asks now and then, as --poll says. It never
relies on a message alone: it asks when one has come, when the connection was lost and is there again, and each time that
the longest pause of --poll is over. A server that cannot be reached while it waits is asked again until --timeout.

` + where,
		Example: `  parley jobs availability --base-url http://127.0.0.1:8080
  parley jobs availability --wait --after 2026-11-09 && parley extract --from 2026-11-08 --lake ./lake`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Availability(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.Wait, "wait", false, "wait until the date has moved on")
	f.StringVar(&o.After, "after", "", "with --wait: until data is complete up to this day's beginning or instant, as 2026-11-09 or 2026-11-09T04:00:00Z")
	f.StringVar(&o.Poll, "poll", "", "with --wait: first and longest pause between questions; it doubles (default 1m..10m)")
	f.DurationVar(&o.Timeout, "timeout", 24*time.Hour, "with --wait: how long to wait")
	return cmd
}

// coverage is how far the data behind jobs goes.
type coverage struct {
	until   time.Time
	missing []conversation.Day
}

// Availability shows the dataAvailabilityDate, or waits for it.
func Availability(ctx context.Context, o *Options) error {
	poll, err := o.polling("1m..10m")
	if err != nil {
		return err
	}
	after, err := o.after()
	if err != nil {
		return err
	}
	return o.with(ctx, false, func(ctx context.Context, s place) error {
		c, err := coverageOf(ctx, s)
		if err == nil && o.Wait {
			c, err = o.awaitCoverage(ctx, s, c, after, poll)
		}
		if err != nil {
			return err
		}
		return o.printCoverage(c)
	})
}

// after reads --after.
func (o *Options) after() (time.Time, error) {
	switch {
	case o.After == "":
		return time.Time{}, nil
	case !o.Wait:
		return time.Time{}, fault.Field("--after", "--after goes with --wait")
	}
	if day, err := conversation.ParseDay(o.After); err == nil {
		return day.Start(), nil
	}
	at, err := conversation.ParseTime(o.After)
	if err != nil {
		return at, fault.Field("--after", "--after %s: write a day or an instant, as 2026-11-09 or 2026-11-09T04:00:00Z", o.After)
	}
	return at, nil
}

func coverageOf(ctx context.Context, s place) (c coverage, err error) {
	defer fault.Wrap(&err, "ask for the dataAvailabilityDate")
	c.until, c.missing, err = s.Coverage(ctx)
	return c, err
}

func (o *Options) printCoverage(c coverage) error {
	var missing []conversation.Days
	for _, d := range c.missing {
		missing = append(missing, conversation.Days{First: d, End: d + 1})
	}
	o.Streams.Missing(missing)
	if o.JSON {
		return o.Streams.JSON(wire.Availability{DataAvailabilityDate: wire.Date(c.until)})
	}
	o.Streams.Printf("%s\n", wire.Date(c.until))
	return nil
}

// awaitCoverage waits until the data goes beyond what it is now, or if after says so up to that.
func (o *Options) awaitCoverage(ctx context.Context, s place, now coverage, after time.Time, poll platform.Poll) (coverage, error) {
	if after.IsZero() {
		after = now.until.Add(time.Nanosecond)
	}
	l := s.Listen(wire.TopicAvailability)
	defer l.Close()
	progress := o.Streams.Progress()
	defer progress.Clear()
	ear := &platform.Ear{
		Hearer: l, First: poll.First, Most: poll.Most, Note: o.Streams.Notef, Limit: " (--timeout)",
		Ask: func(ctx context.Context) (time.Time, error) {
			c, err := coverageOf(ctx, s)
			if err == nil {
				now = c
			}
			return c.until, err
		},
		Waiting: func(until time.Time) {
			progress.Show(fmt.Sprintf("data is complete up to %s; waiting", wire.Date(until)), 0, 0, "")
		},
	}
	_, err := ear.Await(ctx, now.until, after, o.Timeout)
	return now, err
}
