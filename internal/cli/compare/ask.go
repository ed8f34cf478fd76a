package compare

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/compare"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/wait"
	"github.com/parley-hq/parley/internal/wire"
)

// client is what is needed of platform.Client.
type client interface {
	Live(ctx context.Context, id conversation.ID) ([]byte, error)
	Details(ctx context.Context, id conversation.ID) ([]byte, error)
	Coverage(ctx context.Context) (time.Time, []conversation.Day, error)
	SubmitFor(ctx context.Context, day conversation.Day, id conversation.ID) (platform.JobID, error)
	Status(ctx context.Context, id platform.JobID) (platform.Status, error)
	Page(ctx context.Context, id platform.JobID, at platform.Cursor, size int) (platform.Page, error)
	Delete(ctx context.Context, id platform.JobID) error
}

// asking is one comparison for which sources are asked.
type asking struct {
	o      *Options
	client client
	poll   platform.Poll

	q     compare.Question
	start time.Time // of the conversation, once anybody has told it
	first error     // the first failure of a source
}

// all asks every source: those first that move while we ask, the live object before the query that follows from it. A source
// that fails is no reason not to ask the others, unless the failure would be theirs as well.
func (a *asking) all(ctx context.Context) error {
	progress := a.o.Streams.Progress()
	defer progress.Clear()
	for _, step := range []struct {
		source compare.Source
		says   string
		ask    func(context.Context) (compare.Answer, error)
	}{
		{compare.Live, "asking for the live object", a.live},
		{compare.Query, "asking the synchronous query", a.query},
		{compare.Lake, "looking into the lake", a.lake},
		{compare.Job, "asking a job", a.job},
	} {
		progress.Show(step.says, 0, 0, "")
		answer, err := step.ask(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, fault.Unauthorized):
			return err
		case err != nil && step.source == compare.Lake:
			return err // it was named by whoever asks, who mends it
		case err != nil:
			answer = a.refused(step.source, err)
		}
		a.q.Answers[step.source] = answer
		a.started(answer.JSON)
	}
	return nil
}

// refused is why a source gave nothing. That one conversation is not found says that there is none; that a job is not, or a
// route, says nothing of it.
func (a *asking) refused(by compare.Source, err error) compare.Answer {
	switch {
	case by == compare.Live && platform.NoRoute(err):
		return compare.Answer{Reason: compare.NoLive}
	case (by == compare.Live || by == compare.Query) && errors.Is(err, fault.NotFound) && !platform.NoRoute(err):
		return compare.Answer{}
	}
	if a.first == nil {
		a.first = err
	}
	out := compare.Answer{Reason: compare.Failed, Why: err.Error()}
	switch {
	case errors.Is(err, fault.Forbidden):
		out.Reason = compare.Forbidden
	case errors.Is(err, fault.Throttled):
		out.Reason = compare.Throttled
	}
	return out
}

// nobody is why no source has the conversation.
func (a *asking) nobody() error {
	if a.first != nil {
		return a.first
	}
	in := "neither live nor in analytics"
	if a.o.Lake != "" {
		in = "neither live nor in analytics nor in the lake"
	}
	return fault.New(fault.NotFound, "there is no conversation %s: %s", a.o.ID, in)
}

// started learns from an answer when the conversation started: a job is asked for its day.
func (a *asking) started(text []byte) {
	if !a.start.IsZero() || len(text) == 0 {
		return
	}
	c, _ := wire.Decode(text)
	a.start, _ = conversation.ParseTime(cmp.Or(c.ConversationStart, liveStart(text)))
}

func (a *asking) live(ctx context.Context) (out compare.Answer, err error) {
	out.JSON, err = a.client.Live(ctx, a.o.ID)
	return out, err
}

func (a *asking) query(ctx context.Context) (out compare.Answer, err error) {
	out.JSON, err = a.client.Details(ctx, a.o.ID)
	return out, err
}

func (a *asking) lake(ctx context.Context) (compare.Answer, error) {
	if a.o.Lake == "" {
		return compare.Answer{Reason: compare.NotAsked, Why: "give a lake by --lake"}, nil
	}
	f, err := app.Find(ctx, a.o.Lake, a.o.ID)
	if err != nil {
		return compare.Answer{}, err
	}
	a.started(f.Record)
	a.q.DayRead = !a.start.IsZero() && f.Read(conversation.DayOf(a.start))
	return compare.Answer{JSON: f.Record, AsOf: f.Received}, nil
}

// job asks for the dataAvailabilityDate, whether a job is wanted or not, and for the job.
func (a *asking) job(ctx context.Context) (out compare.Answer, err error) {
	available, _, err := a.client.Coverage(ctx)
	a.q.Available = available
	switch {
	case errors.Is(err, fault.Forbidden):
		// A client that sees one user's conversations may submit jobs, and is not told this.
	case err != nil && !errors.Is(err, fault.NotFound):
		return out, err
	}
	switch {
	case a.o.NoJob:
		return compare.Answer{Reason: compare.NotAsked, Why: "--no-job"}, nil
	case a.start.IsZero():
		return compare.Answer{Reason: compare.NotAsked, Why: "no other source says on which day the conversation started"}, nil
	}
	id, err := a.client.SubmitFor(ctx, conversation.DayOf(a.start), a.o.ID)
	if err != nil {
		return out, err
	}
	defer a.remove(ctx, id)
	if err := a.await(ctx, id); err != nil {
		return out, err
	}
	return a.results(ctx, id)
}

// remove deletes the job, which counts against the platform's limits, also when we were interrupted. One that stays expires.
func (a *asking) remove(ctx context.Context, id platform.JobID) {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer done()
	if err := a.client.Delete(ctx, id); err != nil {
		a.o.Streams.Log().WarnContext(ctx, "the job could not be deleted; it expires by itself", "job", id, "err", err)
	}
}

// await waits until the job is done.
func (a *asking) await(ctx context.Context, id platform.JobID) error {
	progress, begun := a.o.Streams.Progress(), time.Now()
	defer progress.Clear()
	for pause := a.poll.First; ; pause = min(2*pause, a.poll.Most) {
		s, err := a.client.Status(ctx, id)
		if err != nil {
			return err
		}
		switch {
		case s.State == platform.Fulfilled:
			return nil
		case s.Done():
			return fault.New(fault.Unavailable, "job %s ended %s: %s", id, s.State, cmp.Or(s.ErrorMessage, "the platform does not say why"))
		case time.Since(begun) > a.o.Timeout:
			return fault.New(fault.Unavailable, "job %s is still %s after %v (--timeout)", id, s.State, a.o.Timeout)
		}
		progress.Show(fmt.Sprintf("job %s is %s, %v", id, s.State, time.Since(begun).Round(time.Second)), 0, 0, "")
		if err := wait.For(ctx, pause); err != nil {
			return err
		}
	}
}

// aPage is how many records a page has; the job finds one.
const aPage = 100

// results reads the record.
func (a *asking) results(ctx context.Context, id platform.JobID) (out compare.Answer, err error) {
	for at := platform.Cursor(""); ; {
		p, err := a.client.Page(ctx, id, at, aPage)
		if err != nil {
			return out, err
		}
		if out.AsOf.IsZero() {
			out.AsOf = p.Available
		}
		if a.q.Available.IsZero() {
			a.q.Available = p.Available // who may not ask for it is told by the results
		}
		for _, raw := range p.Records {
			if r, err := wire.Record(raw); err == nil && r.ID == a.o.ID {
				out.JSON = raw
				return out, nil
			}
		}
		if p.Next == "" || p.Next == at {
			return out, nil
		}
		at = p.Next
	}
}
