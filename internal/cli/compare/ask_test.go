package compare

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/compare"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
)

const (
	id     = "5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11"
	record = `{"conversationId":"` + id + `","conversationStart":"2026-11-08T10:00:00.000Z","conversationEnd":"2026-11-08T10:06:00.000Z"}`
)

// fake is a platform with one conversation and one job.
type fake struct {
	states  []platform.State // of the job, one a question; the last one stays
	pages   []platform.Page
	on      func(status int) // told of each question after the job
	details error
	day     conversation.Day // asked for
	asked   int
	deleted int
}

func (*fake) Live(context.Context, conversation.ID) ([]byte, error) {
	return nil, fault.New(fault.NotFound, "The conversation does not exist.")
}

func (f *fake) Details(context.Context, conversation.ID) ([]byte, error) {
	if f.details != nil {
		return nil, f.details
	}
	return []byte(record), nil
}

func (*fake) Coverage(context.Context) (time.Time, []conversation.Day, error) {
	return time.Time{}, nil, fault.New(fault.Forbidden, "for those who see everything")
}

func (f *fake) SubmitFor(_ context.Context, day conversation.Day, _ conversation.ID) (platform.JobID, error) {
	f.day = day
	return "job", nil
}

func (f *fake) Status(ctx context.Context, _ platform.JobID) (platform.Status, error) {
	if f.asked++; f.on != nil {
		f.on(f.asked)
	}
	return platform.Status{State: f.states[min(f.asked, len(f.states))-1], ErrorMessage: "the volume is too large"}, ctx.Err()
}

func (f *fake) Page(_ context.Context, _ platform.JobID, at platform.Cursor, _ int) (platform.Page, error) {
	return f.pages[len(at)], nil
}

func (f *fake) Delete(ctx context.Context, _ platform.JobID) error {
	if ctx.Err() == nil {
		f.deleted++
	}
	return nil
}

func asked(f *fake) (*asking, *bytes.Buffer) {
	var errs bytes.Buffer
	o := &Options{Streams: &ui.Streams{Out: &errs, Err: &errs}, ID: id, Timeout: time.Minute}
	return &asking{o: o, client: f, poll: platform.Poll{First: time.Second, Most: 10 * time.Second}, q: compare.Question{ID: id, Answers: map[compare.Source]compare.Answer{}}}, &errs
}

// The record is found on whichever page it is, and the job is deleted when it was read.
func TestAJobIsReadAndDeleted(t *testing.T) {
	at := time.Date(2026, 11, 9, 4, 0, 0, 0, time.UTC)
	f := &fake{
		states: []platform.State{platform.Queued, platform.Pending, platform.Fulfilled},
		pages: []platform.Page{
			{Next: "x", Available: at, Records: [][]byte{[]byte(`{"conversationId":"other","conversationStart":"2026-11-08T10:00:00.000Z"}`)}}, {Records: [][]byte{[]byte(record)}},
		},
	}
	a, _ := asked(f)
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		if err := a.all(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took != 3*time.Second {
			t.Errorf("waited %v", took)
		}
	})
	got := a.q.Answers[compare.Job]
	if string(got.JSON) != record || !got.AsOf.Equal(at) || !a.q.Available.Equal(at) || f.deleted != 1 || f.day.String() != "2026-11-08" {
		t.Errorf("got %+v, deleted %d times, of day %s", got, f.deleted, f.day)
	}
}

func TestJobsThatDoNotEndWell(t *testing.T) {
	for name, c := range map[string]struct {
		states []platform.State
		says   string
		took   time.Duration
	}{
		"failed":     {[]platform.State{platform.Pending, platform.Failed}, "job job ended FAILED: the volume is too large", time.Second},
		"cancelled":  {[]platform.State{platform.Cancelled}, "job job ended CANCELLED", 0},
		"never done": {[]platform.State{platform.Pending}, "job job is still PENDING after 1m0s (--timeout)", 65 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{states: c.states}
			a, _ := asked(f)
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				if err := a.all(t.Context()); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begun); took != c.took {
					t.Errorf("took %v", took)
				}
			})
			got := a.q.Answers[compare.Job]
			if got.Reason != compare.Failed || !strings.Contains(got.Why, c.says) || f.deleted != 1 {
				t.Errorf("got %+v, deleted %d times", got, f.deleted)
			}
		})
	}
}

func TestAnInterruptedComparisonDeletesItsJob(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	f := &fake{states: []platform.State{platform.Pending}, on: func(n int) {
		if n == 2 {
			stop()
		}
	}}
	a, errs := asked(f)
	synctest.Test(t, func(t *testing.T) {
		if err := a.all(ctx); !errors.Is(err, context.Canceled) || f.deleted != 1 || errs.Len() > 0 {
			t.Errorf("got %v, deleted %d times, says %s", err, f.deleted, errs)
		}
	})
}

// Without a day there is nothing to ask a job for, and who has nothing is told the first failure.
func TestNobodyHasIt(t *testing.T) {
	f := &fake{details: fault.New(fault.Throttled, "too fast")}
	a, _ := asked(f)
	if err := a.all(t.Context()); err != nil {
		t.Fatal(err)
	}
	if job := a.q.Answers[compare.Job]; job.Reason != compare.NotAsked || f.day != 0 || a.q.Answers[compare.Query].Reason != compare.Throttled {
		t.Errorf("got %+v", a.q.Answers)
	}
	if err := a.nobody(); !errors.Is(err, fault.Throttled) {
		t.Errorf("got %v", err)
	}
	f.details = fault.New(fault.NotFound, "not there")
	a, _ = asked(f)
	if err := a.all(t.Context()); err != nil || compare.Of(a.q).Has() || !errors.Is(a.nobody(), fault.NotFound) {
		t.Errorf("got %v, %v", err, a.nobody())
	}
	f.details = fault.New(fault.Unauthorized, "a wrong secret")
	if err := a.all(t.Context()); !errors.Is(err, fault.Unauthorized) {
		t.Errorf("got %v", err)
	}
}
