package jobscmd

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/wire"
)

func newWait(o *Options) *cobra.Command {
	cmd := o.forOne(&cobra.Command{
		Use:   "wait ID",
		Short: "Wait until a job is done",
		Long: `Wait until a job is done, and print its status. The exit code is 0 only if it is FULFILLED: 5 if it is CANCELLED or
EXPIRED, 6 if it has FAILED, or is not done after --timeout. Of a folder, the error says which file of the lake is damaged,
if that is why, and the exit code is 8.

With --lake, jobs are answered by this command while it waits, if no server does it.

` + where,
		Example: `  parley jobs wait --lake ./lake 0fb7a1c2-...
  parley jobs wait --base-url http://127.0.0.1:8080 0fb7a1c2-... --timeout 1h --poll 10s..2m --json`,
	}, Wait)
	o.waiting(cmd)
	return cmd
}

// waiting defines the flags of a command that waits.
func (o *Options) waiting(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.Poll, "poll", "", "first and longest pause between questions after the job; it doubles (default 1s..30s, of a folder 100ms..2s)")
	cmd.Flags().DurationVar(&o.Timeout, "timeout", 24*time.Hour, "how long to wait")
}

// polling reads --poll; standard is what counts if it is not given.
func (o *Options) polling(standard string) (platform.Poll, error) {
	if o.Timeout <= 0 {
		return platform.Poll{}, fault.Field("--timeout", "--timeout must be positive")
	}
	if o.Poll == "" && standard == "" {
		return platform.Poll{}, nil
	}
	return platform.ParsePoll(cmp.Or(o.Poll, standard))
}

// Wait waits for a job.
func Wait(ctx context.Context, o *Options) error {
	if _, err := o.polling(""); err != nil {
		return err
	}
	return o.with(ctx, false, func(ctx context.Context, s place) error {
		status, err := o.await(ctx, s, o.ID)
		if err != nil {
			return err
		}
		why, err := cause(ctx, s, o.ID, status)
		if err != nil {
			return err
		}
		if err := o.printStatus(o.ID, status, why); err != nil {
			return err
		}
		return outcome(o.ID, status, why)
	})
}

// await waits until a job is done, and gives its last status.
func (o *Options) await(ctx context.Context, s place, id wire.JobID) (status wire.JobStatus, err error) {
	poll, err := o.polling(s.poll())
	if err != nil {
		return status, err
	}
	// Asked before anything is set going: for a job that is done nobody needs to answer the others.
	if status, err = s.Status(ctx, id); err != nil || status.Done() {
		return status, err
	}
	err = s.during(ctx, func(ctx context.Context) error {
		status, err = o.follow(ctx, s, id, status, poll)
		return err
	})
	return status, err
}

// follow asks for a job, with pauses that double, until it is done.
func (o *Options) follow(ctx context.Context, s place, id wire.JobID, status wire.JobStatus, poll platform.Poll) (wire.JobStatus, error) {
	progress, begun := o.Streams.Progress(), time.Now()
	defer progress.Clear()
	show := func() {
		progress.Show(fmt.Sprintf("job %s is %s, %v", id, status.State, time.Since(begun).Round(time.Second)), 0, 0, "")
	}
	for wait := poll.First; ; wait = min(2*wait, poll.Most) {
		left := o.Timeout - time.Since(begun)
		if left <= 0 {
			return status, fault.New(fault.Unavailable, "job %s is still %s after %v (--timeout); parley jobs wait%s %s goes on waiting", id, status.State, o.Timeout, o.where(), id)
		}
		if err := pause(ctx, min(wait, left), show); err != nil {
			return status, err
		}
		var err error
		if status, err = s.Status(ctx, id); err != nil || status.Done() {
			return status, err
		}
	}
}

// pause waits, and shows every second that it does.
func pause(ctx context.Context, wait time.Duration, show func()) error {
	end, tick := time.NewTimer(wait), time.NewTicker(time.Second)
	defer end.Stop()
	defer tick.Stop()
	for {
		show()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-end.C:
			return nil
		case <-tick.C:
		}
	}
}

// outcome is nil for a job whose results can be read. One that has failed may succeed when it is submitted again,
// which is what Unavailable says, unless it is known why, as of a file that is damaged; results that were cancelled or
// have expired are not there.
func outcome(id wire.JobID, s wire.JobStatus, why *fault.Error) error {
	if why != nil {
		return fault.New(why.Kind, "job %s has failed: %s", id, why.Message)
	}
	switch s.State {
	case wire.Fulfilled:
		return nil
	case wire.Cancelled:
		return fault.New(fault.NotFound, "job %s was cancelled, and has no results", id)
	case wire.Expired:
		return fault.New(fault.Expired, "the results of job %s have expired; submit the query again", id)
	case wire.Failed:
		return fault.New(fault.Unavailable, "job %s has failed: %s", id, cmp.Or(s.ErrorMessage, "the platform does not say why"))
	default:
		return fault.New(fault.Unavailable, "job %s is in the state %q, which is not known", id, s.State)
	}
}
