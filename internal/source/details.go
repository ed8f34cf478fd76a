// Package source is where an extraction gets conversations from.
package source

import (
	"context"
	"time"

	"github.com/parley-hq/parley/client"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/platform"
)

// Details is the API of conversation details, asked by the client that everybody can use.
type Details struct {
	Client  *client.Client
	Filters []byte // an object of the API's filters, that goes with every interval; nil for none
}

func (d Details) query(iv conversation.Interval) client.Query {
	return client.Query{From: iv.Start, To: iv.End, Filters: d.Filters}
}

// Organization asks whose data it is.
func (d Details) Organization(ctx context.Context) (platform.Organization, error) {
	o, err := d.Client.Organization(ctx)
	return platform.Organization(o), err
}

// Coverage is the instant up to which the data behind jobs is complete, with the days before it that a server never had.
func (d Details) Coverage(ctx context.Context) (available time.Time, missing []conversation.Day, err error) {
	a, err := d.Client.Availability(ctx)
	return a.Until, days(a.Missing), err
}

// Count asks the synchronous query how many conversations there are.
func (d Details) Count(ctx context.Context, iv conversation.Interval) (n int64, missing []conversation.Day, err error) {
	c, err := d.Client.Count(ctx, d.query(iv))
	return c.Total, days(c.Missing), err
}

// Submit starts a job over the conversations that started in an interval.
func (d Details) Submit(ctx context.Context, iv conversation.Interval) (platform.JobID, error) {
	id, err := d.Client.Submit(ctx, d.query(iv))
	return platform.JobID(id), err
}

// Status asks how a job is getting on.
func (d Details) Status(ctx context.Context, id platform.JobID) (platform.Status, error) {
	j, err := d.Client.Status(ctx, string(id))
	return platform.Status{State: platform.State(j.State), ErrorMessage: j.Message}, err
}

// Page reads a page of the results of a job.
func (d Details) Page(ctx context.Context, id platform.JobID, at platform.Cursor, size int) (platform.Page, error) {
	p, err := d.Client.Page(ctx, string(id), string(at), size)
	return platform.Page{Records: p.Records, Next: platform.Cursor(p.Next), Available: p.Availability, Missing: days(p.Missing)}, err
}

// Delete gives up a job.
func (d Details) Delete(ctx context.Context, id platform.JobID) error {
	return d.Client.Delete(ctx, string(id))
}

// Found gives a page of the synchronous query; number counts from 1.
func (d Details) Found(ctx context.Context, iv conversation.Interval, number, size int) (platform.Answer, error) {
	f, err := d.Client.Found(ctx, d.query(iv), number, size)
	return platform.Answer{Records: f.Records, TotalHits: f.Total, Missing: days(f.Missing)}, err
}

// Live gives the live object of a conversation.
func (d Details) Live(ctx context.Context, id conversation.ID) ([]byte, error) {
	return d.Client.LiveConversation(ctx, string(id))
}

func days(starts []time.Time) (out []conversation.Day) {
	for _, at := range starts {
		out = append(out, conversation.DayOf(at))
	}
	return out
}
