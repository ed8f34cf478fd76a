package client

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/wire"
)

// Statistics is what a metric comes to: of times, in milliseconds, and of observed values count, sum, min and max; of counts the
// count; of the service level ratio, numerator and denominator. What was not said is nil.
type Statistics = wire.Statistics

// AggregateGroup is the figures of what agrees in the dimensions of groupBy.
type AggregateGroup struct {
	Values map[string]string // by dimension; one of which records say nothing is not in it
	Data   []AggregateData   // in order of time; stretches in which nothing happened are left out
}

// AggregateData is the figures of a stretch of time. What nothing was emitted of is in neither of its maps.
type AggregateData struct {
	From, To time.Time             // To is exclusive
	Metrics  map[string]Statistics // by the name of the metric
	Views    map[string]Statistics // by the name of the view
}

// Aggregates is the answer to a query for aggregates.
type Aggregates struct {
	Groups  []AggregateGroup
	Missing []time.Time // UTC days of the interval that a server of Parley never had
}

// Aggregates answers a query for aggregates with a body as docs/aggregates.md describes it, and holds the answer in memory: figures of
// everything up to this moment. ErrInvalid says which member is wrong, or too large an answer.
func (c *Client) Aggregates(ctx context.Context, body []byte) (Aggregates, error) {
	a, missing, err := c.platform.Aggregates(ctx, body)
	if err != nil {
		return Aggregates{}, told(err)
	}
	groups, err := groupsOf(a)
	return Aggregates{groups, starts(missing)}, err
}

// AggregateGroups gives the groups of a query for aggregates that a job answers: it submits the job, waits until it is done, reads
// its pages, and deletes it when all was given. Its figures are complete up to [Client.Availability]. PageSize in the body says
// how many groups come at once.
func (c *Client) AggregateGroups(ctx context.Context, body []byte) iter.Seq2[AggregateGroup, error] {
	return func(yield func(AggregateGroup, error) bool) {
		err := c.aggregateGroups(ctx, body, func(g AggregateGroup) bool { return yield(g, nil) })
		if err != nil && !errors.Is(err, errEnough) {
			yield(AggregateGroup{}, err)
		}
	}
}

func (c *Client) aggregateGroups(ctx context.Context, body []byte, give func(AggregateGroup) bool) error {
	job, err := c.SubmitAggregates(ctx, body)
	if err != nil {
		return err
	}
	if _, err := c.AwaitAggregates(ctx, job); err != nil {
		return err
	}
	w := watch{most: 1}
	for cursor := ""; ; {
		page, err := c.AggregatePage(ctx, job, cursor)
		if err != nil {
			return err
		}
		for _, g := range page.Groups {
			if !give(g) {
				return errEnough
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
		if err := w.next(len(page.Groups), cursor); err != nil {
			return err
		}
	}
	if err := c.DeleteAggregates(ctx, job); err != nil { // the figures are given all the same, and it expires by itself
		c.log.InfoContext(ctx, "a job that was read could not be deleted", "job", job, "error", err)
	}
	return nil
}

// SubmitAggregates starts a job that answers a query for aggregates, and gives its id.
func (c *Client) SubmitAggregates(ctx context.Context, body []byte) (job string, err error) {
	id, err := c.platform.SubmitAggregates(ctx, body)
	return string(id), told(err)
}

// AggregatesStatus asks how such a job is getting on.
func (c *Client) AggregatesStatus(ctx context.Context, job string) (Job, error) {
	s, err := platform.AggregatesAsker{Client: c.platform}.Status(ctx, platform.JobID(job))
	return jobOf(job, s), told(err)
}

// AwaitAggregates waits until such a job is done, as [Client.Await] does for those for details.
func (c *Client) AwaitAggregates(ctx context.Context, job string) (Job, error) {
	return c.await(ctx, platform.AggregatesAsker{Client: c.platform}, job)
}

// AggregatePage is one page of the groups that a job found.
type AggregatePage struct {
	Groups []AggregateGroup
	Next   string // cursor of the next one; empty after the last one
}

// AggregatePage reads one page of such a job, at a cursor, and holds it in memory. ErrExpired when the platform does not know the job or
// the cursor any more.
func (c *Client) AggregatePage(ctx context.Context, job, cursor string) (AggregatePage, error) {
	p, _, err := c.platform.AggregatesPage(ctx, platform.JobID(job), platform.Cursor(cursor))
	if err != nil {
		return AggregatePage{}, told(gone(job, err))
	}
	groups, err := groupsOf(p.Aggregates)
	return AggregatePage{groups, p.Cursor}, err
}

// DeleteAggregates gives up such a job and its results.
func (c *Client) DeleteAggregates(ctx context.Context, job string) error {
	return told(c.platform.DeleteAggregates(ctx, platform.JobID(job)))
}

// groupsOf reads the groups of an answer.
func groupsOf(a wire.Aggregates) (groups []AggregateGroup, err error) {
	for _, g := range a.Results {
		out := AggregateGroup{Values: g.Group}
		for _, d := range g.Data {
			data, err := dataOf(d)
			if err != nil {
				return nil, err
			}
			out.Data = append(out.Data, data)
		}
		groups = append(groups, out)
	}
	return groups, nil
}

func dataOf(d wire.AggregateData) (out AggregateData, err error) {
	iv, err := conversation.ParseInterval(d.Interval)
	if err != nil {
		return out, fault.New(fault.Corrupt, "the answer has an interval that cannot be read")
	}
	out = AggregateData{From: iv.Start, To: iv.End, Metrics: map[string]Statistics{}, Views: map[string]Statistics{}}
	for _, m := range d.Metrics {
		out.Metrics[m.Metric] = m.Stats
	}
	for _, v := range d.Views {
		out.Views[v.Name] = v.Stats
	}
	return out, nil
}

// await waits until a job of either kind is done.
func (c *Client) await(ctx context.Context, asker platform.Asker, job string) (Job, error) {
	s, err := platform.Await(ctx, asker, platform.JobID(job), c.poll, rand.New(rand.NewPCG(rand.Uint64(), 0)))
	j := jobOf(job, s)
	switch {
	case err != nil:
		return j, told(err)
	case j.State == Expired:
		return j, fault.New(fault.Expired, "job %s has expired", job)
	case j.State != Fulfilled:
		return j, fault.New(fault.Unavailable, "job %s ended as %s: %s", job, j.State, j.Message)
	}
	return j, nil
}

// gone says of results that are not known, or whose cursor is not, that they have expired.
func gone(job string, err error) error {
	if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Invalid) {
		return fault.Because(fault.Expired, err, "the results of job %s are not there any more", job)
	}
	return err
}
