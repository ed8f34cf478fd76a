package extract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/config"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/meter/extraction"
	"github.com/parley-hq/parley/internal/outcome"
	"github.com/parley-hq/parley/internal/platform"
)

// telling is who is told of a run that has ended.
type telling struct {
	Summary string // file; empty means none
	Metrics string // file; empty means none

	begun  time.Time
	last   error            // with which the last run of a service ended
	client *platform.Client // nil before there is one

	alerted   string // the last problem that was told; empty if there is none now
	alertedAt time.Time
	meter     *extraction.Meter
}

func (t *telling) flags(f *pflag.FlagSet) {
	f.StringVar(&t.Summary, "summary", "", "file to write the outcome and the summary to, as JSON, when the run has ended, however it ended")
	f.StringVar(&t.Metrics, "metrics-file", "", "file to write metrics to for Prometheus when the run has ended, as node_exporter's textfile collector reads them")
}

// begin checks what can be checked before a run of hours.
func (t *telling) begin() error {
	t.begun = time.Now()
	for _, f := range [][2]string{{"--summary", t.Summary}, {"--metrics-file", t.Metrics}} {
		if f[1] == "" {
			continue
		}
		if err := outcome.CheckFile(f[0], f[1]); err != nil {
			return err
		}
	}
	return nil
}

// ended tells of the command's end. Of a service's it tells only what was not told of its last run: why it did not begin,
// and not that somebody stopped it.
func (o *Options) ended(ctx context.Context, s extract.Summary, err error) error {
	if o.DryRun || o.Follow && (err == nil || ctx.Err() != nil || errors.Is(err, o.Telling.last)) {
		return err
	}
	return o.told(ctx, s, err)
}

// told tells of a run that has ended with err, and gives err with what could not be written. Nobody who cannot be told
// by the webhook makes a run fail.
func (o *Options) told(ctx context.Context, s extract.Summary, err error) error {
	out := o.outcome(ctx, s, err)
	if o.Telling.Summary != "" {
		err = errors.Join(err, out.WriteFile(o.Telling.Summary))
	}
	o.count(s, out)
	if o.Telling.Metrics != "" {
		err = errors.Join(err, o.meter().WriteFile(o.Telling.Metrics))
	}
	if a := o.File.Alert; a != nil && o.Telling.isNews(out) {
		if failed := o.alert(ctx, a, out); failed != nil {
			o.Streams.Notef("parley: warning: nobody was told of it: %v\n", failed)
		}
	}
	return err
}

// alertAgain is how long a service is silent about what it has told already.
const alertAgain = 24 * time.Hour

// isNews says whether somebody should be told of a problem now: a service meets the same one at every try.
func (t *telling) isNews(out *outcome.Outcome) bool {
	if !out.IsProblem() {
		t.alerted = ""
		return false
	}
	problem := fmt.Sprint(out.Verdict, out.ExitCode, out.Missing)
	if problem == t.alerted && out.Ended.Sub(t.alertedAt) < alertAgain {
		return false
	}
	t.alerted, t.alertedAt = problem, out.Ended
	return true
}

func (o *Options) alert(ctx context.Context, a *config.Alert, out *outcome.Outcome) error {
	address, err := a.Webhook.Get(context.WithoutCancel(ctx), o.Getenv)
	if err != nil {
		return err
	}
	hook, err := outcome.NewWebhook(address, o.Version, nil)
	if err != nil {
		return err
	}
	return hook.Post(ctx, out.Alert())
}

func (o *Options) outcome(ctx context.Context, s extract.Summary, err error) *outcome.Outcome {
	out := &outcome.Outcome{
		Verdict: verdict(ctx, s, err), ExitCode: fault.ExitCode(err), Organization: o.File.Name, Version: o.Version,
		Started: o.Telling.begun.UTC().Truncate(time.Millisecond), Ended: time.Now().UTC().Truncate(time.Millisecond),
		Missing: missing(s), Unavailable: append([]conversation.Day{}, s.NotAvailable...),
	}
	if err != nil {
		out.Error = ui.OneLine(ui.Plain(err.Error()))
	}
	if s.Run != "" {
		out.Summary = s
	}
	return out
}

// missing are days that stay open although the platform has them complete.
func missing(s extract.Summary) []conversation.Day {
	days := append([]conversation.Day{}, s.NotConfirmed...) // never nil: a list in JSON, though it is empty
	days = append(days, s.Missing...)
	slices.Sort(days)
	return slices.Compact(days)
}

// verdict says how a run ended. That the platform does not have yesterday complete yet is so every night.
func verdict(ctx context.Context, s extract.Summary, err error) outcome.Verdict {
	switch {
	case err == nil:
		return outcome.Whole
	case ctx.Err() != nil && !errors.Is(err, fault.Incomplete):
		return outcome.Interrupted
	case !errors.Is(err, fault.Incomplete):
		return outcome.Failed
	case len(missing(s)) > 0 || len(s.Differing) > 0 || s.Rejected > 0 || s.Unfit > 0:
		return outcome.Incomplete
	}
	return outcome.Waiting
}

// meter is the meter of this process.
func (o *Options) meter() *extraction.Meter {
	if o.Telling.meter == nil {
		var counts func() platform.Counts
		if o.Telling.client != nil {
			counts = o.Telling.client.Counts
		}
		o.Telling.meter = extraction.New(o.File.Name, o.Version, counts)
		o.part.metered(o.Telling.meter)
	}
	return o.Telling.meter
}

// count counts the run.
func (o *Options) count(s extract.Summary, out *outcome.Outcome) {
	at, err := conversation.ParseTime(cmp.Or(s.Available, "none"))
	if err != nil {
		at = time.Time{}
	}
	o.meter().Count(extraction.Run{
		Ended: out.Ended, Took: out.Ended.Sub(out.Started), ExitCode: out.ExitCode, Whole: out.Verdict == outcome.Whole || out.Verdict == outcome.Waiting,
		Missing: len(out.Missing), Waiting: len(out.Unavailable), Available: at,
		Records: map[string]int64{
			"received": s.Received, "added": s.Added, "replaced": s.Replaced, "unchanged": s.Unchanged + s.Stale, "rejected": s.Rejected, "unfit": s.Unfit,
		},
	})
}
