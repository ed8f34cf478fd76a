// Package rows is where an extraction gets rows from: a server of asynchronous row reports, as Parley's are, by the client that
// everybody can use.
//
// A record of such an extraction is an envelope: the id and start of a conversation, and all of its rows as they came, in order
// of interaction.id. So whatever holds for records holds for rows: each conversation once, and what changes later is replaced
// and noted. A row that can be in no envelope is given on as it is, and refused by the Door with the reason.
package rows

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parley-hq/parley/client"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/report"
	"github.com/parley-hq/parley/internal/source"
)

// Reports is a server's row reports. Safe for concurrent use.
type Reports struct {
	source.Details // whose server it is, up to when it has data, and how many conversations it counts

	body *Body
	poll platform.Poll
	log  *slog.Logger

	mu   sync.Mutex
	sums sums
	open map[platform.JobID]*reading
}

// New makes a source of the rows that a body chooses. poll is how often it is asked for reports by which it counts.
func New(c *client.Client, b *Body, poll platform.Poll, log *slog.Logger) *Reports {
	return &Reports{Details: source.Details{Client: c}, body: b, poll: poll, log: log, open: map[platform.JobID]*reading{}}
}

// reading is how far a report is read.
type reading struct {
	missing []conversation.Day // that the server could not read
	next    platform.Cursor    // of the page that comes next
	after   string             // token of the page behind what is held
	above   int64              // rows on the pages before that one
	held    *gathering
}

// named is the id of a report with the time that it is over, by which its rows and its state are judged, in another process too.
func named(iv conversation.Interval, report string) platform.JobID {
	return platform.JobID(conversation.FormatTime(iv.Start) + "/" + conversation.FormatTime(iv.End) + "/" + report)
}

// unnamed reads what named wrote.
func unnamed(id platform.JobID) (iv conversation.Interval, report string, err error) {
	parts := strings.SplitN(string(id), "/", 3)
	if len(parts) < 3 {
		return iv, "", fault.New(fault.Invalid, "job %s is no row report", id)
	}
	start, err1 := conversation.ParseTime(parts[0])
	end, err2 := conversation.ParseTime(parts[1])
	if err := errors.Join(err1, err2); err != nil {
		return iv, "", fault.New(fault.Invalid, "job %s is no row report", id)
	}
	return conversation.Interval{Start: start, End: end}, parts[2], nil
}

// Submit starts a report over the rows that start in an interval.
func (r *Reports) Submit(ctx context.Context, iv conversation.Interval) (platform.JobID, error) {
	id, err := r.Client.SubmitReport(ctx, r.body.over(iv))
	if err != nil {
		return "", err
	}
	return named(iv, id), nil
}

// longestPartial is over how long a time a report may be of which a part is taken: one over more is asked for again in pieces, so
// that little is left out. Source: the document that has the dialect.
const longestPartial = 6 * time.Hour

// Status asks how a report is getting on. One that is partial, over more than six hours, has failed as far as an extraction is
// concerned, and so has one that has as many rows as there can be: others may have been left out. Such a report is deleted.
func (r *Reports) Status(ctx context.Context, id platform.JobID) (platform.Status, error) {
	iv, report, err := unnamed(id)
	if err != nil {
		return platform.Status{}, err
	}
	said, err := r.Client.Report(ctx, report)
	if err != nil {
		return platform.Status{}, err
	}
	s := r.judge(iv, said)
	if s.State == platform.Failed {
		r.dropped(ctx, report)
	}
	if s.State == platform.Fulfilled && said.State == client.ReportPartial {
		r.incomplete(ctx, id, iv, said)
	}
	return s, nil
}

// judge says what a report's state means to an extraction.
func (r *Reports) judge(iv conversation.Interval, said client.Report) platform.Status {
	switch {
	case said.State == client.ReportPending:
		return platform.Status{State: platform.Queued}
	case said.State == client.ReportRunning:
		return platform.Status{State: platform.Pending}
	case said.State == client.ReportPartial && iv.Duration() > longestPartial:
		return platform.Status{State: platform.Failed, ErrorMessage: fmt.Sprintf("a part of its data could not be read, and %d rows of it came", said.Rows)}
	case said.State != client.ReportCompleted && said.State != client.ReportPartial:
		return platform.Status{State: platform.Failed, ErrorMessage: cmp.Or(said.Message, "its status is "+string(said.State))}
	case said.Rows >= report.MaxRows:
		return platform.Status{State: platform.Failed, ErrorMessage: fmt.Sprintf("it has %d rows, the most that a report gives", said.Rows)}
	}
	return platform.Status{State: platform.Fulfilled}
}

// dropped deletes a report that is of no use. That it cannot is no matter: the server forgets it later.
func (r *Reports) dropped(ctx context.Context, report string) {
	if err := r.Client.DeleteReport(ctx, report); err != nil {
		r.log.InfoContext(ctx, "a report could not be deleted", "report", report, "err", err)
	}
}

// incomplete remembers that the days of a report cannot be whole.
func (r *Reports) incomplete(ctx context.Context, id platform.JobID, iv conversation.Interval, said client.Report) {
	r.log.WarnContext(ctx, "a report is partial, and what it has is taken", "report", said.ID, "interval", iv.String(), "rows", said.Rows)
	first, end := iv.Days()
	var days []conversation.Day
	for day := first; day < end; day++ {
		days = append(days, day)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sums.partial(iv, said)
	r.open[id] = &reading{missing: days}
}

// Delete ends a report, and has it forgotten.
func (r *Reports) Delete(ctx context.Context, id platform.JobID) error {
	_, report, err := unnamed(id)
	if err != nil {
		return err
	}
	r.mu.Lock()
	delete(r.open, id)
	r.mu.Unlock()
	return r.Client.DeleteReport(ctx, report)
}

// Count asks how much there is in an interval: conversations, by the synchronous query, where all rows are wanted. What a filter of
// rows chooses that query cannot count, so rows are counted then, by a report that nobody reads: never fewer than
// conversations, and none where there is none.
func (r *Reports) Count(ctx context.Context, iv conversation.Interval) (n int64, missing []conversation.Day, err error) {
	if r.body.Filter == nil {
		return r.Details.Count(ctx, iv)
	}
	iv.End = iv.End.Add(time.Millisecond) // it ends a millisecond early, for the sake of that query
	id, err := r.Submit(ctx, iv)
	if err != nil {
		return 0, nil, err
	}
	_, report, err := unnamed(id)
	if err != nil {
		return 0, nil, err
	}
	defer r.dropped(context.WithoutCancel(ctx), report)
	s, err := platform.Await(ctx, r, id, r.poll, rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())))
	if err != nil {
		return 0, nil, err
	}
	if s.State != platform.Fulfilled {
		return 0, nil, fault.New(fault.Unavailable, "a report to count by has failed: %s", s.ErrorMessage)
	}
	said, err := r.Client.Report(ctx, report)
	if err == nil && (said.Rows < 0 || said.State != client.ReportCompleted) {
		err = fault.New(fault.Unavailable, "the server does not say how many rows a report has")
	}
	return said.Rows, nil, err
}

// stretches names some intervals.
func stretches(set map[string]bool) string {
	const few = 5
	names := slices.Sorted(maps.Keys(set))
	if len(names) > few {
		names = append(names[:few], fmt.Sprintf("and %d more", len(set)-few))
	}
	return strings.Join(names, ", ")
}
