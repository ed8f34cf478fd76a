package sandboxtest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/clock"
	"github.com/parley-hq/parley/internal/sandbox/requests"
	"github.com/parley-hq/parley/internal/server"
)

// Request is a request that was answered.
type Request struct {
	Number   int64     // from 1, in the order in which answers ended
	At       time.Time // when it came, by the platform's clock
	Method   string
	Path     string
	Query    []string // the names of its parameters; of pages also the sizes and numbers, as pageSize=100
	Client   string   // the id of the client that asked; empty if nobody knows
	Status   int      // 0 if there was no answer
	Bytes    int64    // of the body, as sent
	Duration time.Duration
	Fault    string // the name of the fault that did it harm; a 429 without one is the sandbox's own
	Broken   bool   // the connection was closed before the end of the answer
}

func requestOf(e requests.Entry) Request {
	return Request{
		Number: e.Number, At: e.At, Method: e.Method, Path: e.Path, Query: e.Query, Client: e.Client,
		Status: e.Status, Bytes: e.Bytes, Duration: time.Duration(e.Duration * float64(time.Millisecond)), Fault: e.Rule, Broken: e.Broken,
	}
}

// Now is what the platform's clock shows.
func (s *Sandbox) Now() time.Time { return s.sandbox.World.Clock() }

// Available is the dataAvailabilityDate: jobs see what began before it.
func (s *Sandbox) Available() time.Time {
	s.t.Helper()
	at, err := s.sandbox.World.Available(s.t.Context())
	s.done(err)
	return at
}

// Sleep lets time pass on the platform's clock in place of the machine's. Give it to your program as the function with which it
// waits between polls and after a 429: the test then takes no time. Jobs that were submitted are answered first, so that
// the next poll finds them done. It fails when ctx has ended. Any goroutine may call it.
func (s *Sandbox) Sleep(ctx context.Context, d time.Duration) error {
	if err := s.awaitJobs(ctx); err != nil {
		return err
	}
	return s.sandbox.World.MoveClock(ctx, clock.Change{Advance: d})
}

// awaitJobs waits until each job that was submitted is done. Those that a fault has stuck are: the fault only hides it.
func (s *Sandbox) awaitJobs(ctx context.Context) error {
	for look := time.NewTicker(time.Millisecond); ; {
		all, err := s.server.Manager().List(ctx, job.Owner{Organization: server.DefaultOrganization})
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(all, func(j job.Listed) bool { return j.Status.State == job.Queued || j.Status.State == job.Pending }) {
			return ctx.Err()
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Advance moves the clock ahead. Conversations begin and end meanwhile, batches run, tokens and jobs expire.
func (s *Sandbox) Advance(d time.Duration) {
	s.t.Helper()
	s.done(s.sandbox.World.MoveClock(s.t.Context(), clock.Change{Advance: d}))
}

// SetClock moves the clock ahead to an instant. It cannot go back.
func (s *Sandbox) SetClock(to time.Time) {
	s.t.Helper()
	s.done(s.sandbox.World.MoveClock(s.t.Context(), clock.Change{Set: to}))
}

// SetSpeed has the clock go so many times as fast as the machine's from now on; 0 stands still.
func (s *Sandbox) SetSpeed(x float64) {
	s.t.Helper()
	s.done(s.sandbox.World.MoveClock(s.t.Context(), clock.Change{Speed: &x}))
}

// NextBatch moves the clock to the end of the next nightly batch that ends well, and gives the dataAvailabilityDate of then.
func (s *Sandbox) NextBatch() time.Time {
	s.t.Helper()
	s.done(s.sandbox.World.PassBatch(s.t.Context(), nil))
	return s.Available()
}

// Batch has nightly batches fail or halt, or the dataAvailabilityDate go back.
func (s *Sandbox) Batch(b Batch) {
	s.t.Helper()
	s.done(s.sandbox.World.Do(s.t.Context(), sandbox.Deed{Batch: b.deed()}))
}

// Drift has a member, or a value, that nobody has seen be in conversations that begin from now on.
func (s *Sandbox) Drift(d Drift) {
	s.t.Helper()
	s.done(s.sandbox.World.Do(s.t.Context(), sandbox.Deed{Drift: d.deed()}))
}

// Rewrite changes records from now on, as the platform does when it goes over old ones again, and gives their ids. Jobs
// show it after the next batch.
func (s *Sandbox) Rewrite(r Rewriting) (ids []string) {
	s.t.Helper()
	all, err := s.sandbox.World.Rewrite(s.t.Context(), r.deed())
	s.done(err)
	for _, id := range all {
		ids = append(ids, string(id))
	}
	return ids
}

// Fault has something go wrong from now on, and gives the name of the rule. A rule that could never fire ends the test.
func (s *Sandbox) Fault(f Fault) (name string) {
	s.t.Helper()
	added, err := s.sandbox.Faults().Add(f.rule())
	s.done(err)
	return added.Name
}

// Mend ends the faults of these names, or all of them if none is named.
func (s *Sandbox) Mend(names ...string) {
	s.t.Helper()
	if len(names) == 0 {
		s.done(s.sandbox.Faults().Clear())
	}
	for _, name := range names {
		s.done(s.sandbox.Faults().Remove(name))
	}
}

// Faults are those that there are, with how often each fired.
func (s *Sandbox) Faults() (all []Fired) {
	for _, f := range s.sandbox.Faults().List() {
		all = append(all, firedOf(f))
	}
	return all
}

// Requests are those that were answered so far, the oldest first, at most the last 10,000: what was asked, what was
// answered, and which fault fired. No body and no secret is in them.
func (s *Sandbox) Requests() (all []Request) {
	for _, e := range s.sandbox.Requests().Since(0, 0) {
		all = append(all, requestOf(e))
	}
	return all
}

// Records are the conversations that began in a time, from its begin up to and without its end, as jobs give them now, byte
// for byte and in their order: by conversationStart, then by id. Of whole days it is what a job finds that is submitted
// now, over these days and with startOfDayIntervalMatching; without that a job also finds what began earlier and went on.
func (s *Sandbox) Records(from, to time.Time) (records []json.RawMessage) {
	s.t.Helper()
	view, err := s.sandbox.World.Settled(s.t.Context())
	s.done(err)
	q := query.Query{
		Interval: conversation.Interval{Start: from, End: to}, Matching: query.StartOfDay,
		Order: query.Ascending, OrderBy: query.ByConversationStart,
	}
	for r, err := range view.Records(s.t.Context(), q, 0, 0) {
		s.done(errors.Join(err, s.t.Context().Err()))
		if !r.Start.Before(from) && r.Start.Before(to) {
			records = append(records, json.RawMessage(r.JSON))
		}
	}
	s.done(view.Close())
	return records
}

// Reset undoes all that was done to it: its clock stands where it began, its faults are those of its scenario. Tokens and
// jobs stay.
func (s *Sandbox) Reset() {
	s.t.Helper()
	s.done(s.sandbox.World.Reset(s.t.Context()))
}
