package extract

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
)

// guarded lets one goroutine at a time ask a platform, and ends the run at one of its requests.
type guarded struct {
	Platform

	mu  sync.Mutex
	n   int
	at  int // which request; 0 for none
	end context.CancelFunc
}

func (g *guarded) lock() func() {
	g.mu.Lock()
	if g.n++; g.n == g.at {
		g.end()
	}
	return g.mu.Unlock
}

func (g *guarded) Count(ctx context.Context, iv conversation.Interval) (int64, []conversation.Day, error) {
	defer g.lock()()
	return g.Platform.Count(ctx, iv)
}

func (g *guarded) Submit(ctx context.Context, iv conversation.Interval) (platform.JobID, error) {
	defer g.lock()()
	return g.Platform.Submit(ctx, iv)
}

func (g *guarded) Status(ctx context.Context, id platform.JobID) (platform.Status, error) {
	defer g.lock()()
	return g.Platform.Status(ctx, id)
}

func (g *guarded) Delete(ctx context.Context, id platform.JobID) error {
	defer g.lock()()
	return g.Platform.Delete(ctx, id)
}

func (g *guarded) Page(ctx context.Context, id platform.JobID, at platform.Cursor, size int) (platform.Page, error) {
	defer g.lock()()
	return g.Platform.Page(ctx, id, at, size)
}

// restless makes the pages of jobs over some days: nearly in order, with conversations that come again, some of them with
// another text, in the same page or much later.
func restless(seed uint64) func(int, conversation.Interval) []platform.Page {
	return func(_ int, iv conversation.Interval) (out []platform.Page) {
		days := int(iv.End.Sub(iv.Start) / (24 * time.Hour))
		rnd := rand.New(rand.NewPCG(uint64(iv.Start.Unix()), seed)) // the same for the same interval
		for n := range 4 * days {
			var p platform.Page
			for range 1 + rnd.IntN(3) {
				hour := 6*n + rnd.IntN(6)
				if rnd.IntN(12) == 0 {
					hour = rnd.IntN(24 * days) // out of order
				}
				start := iv.Start.Add(time.Duration(hour) * time.Hour)
				text := platformtest.Record("c"+strconv.FormatInt(start.Unix(), 36), start, time.Minute, fmt.Sprint("version ", rnd.IntN(2)))
				p.Records = append(p.Records, text)
			}
			out = append(out, p)
		}
		return out
	}
}

// Whatever is done at the same time, and wherever it is interrupted, the lake is the one that a run brings which does one
// thing after the other.
func TestBesideOneAnotherIsOneAfterTheOther(t *testing.T) {
	besides(t, testing.Short(), 20, func(r *rig, _ int) { r.cfg.Ahead = true })
}

// The same for parts that are worked at at the same time. A day is a part here: how days are put together into parts
// depends on which part is done first.
func TestPartsBesideOneAnother(t *testing.T) {
	besides(t, testing.Short(), 6, func(r *rig, at int) { r.cfg.Ahead, r.cfg.Parallel = at%2 == 0, 2+at%3 })
}

// besides runs extractions that alter has changed, each ended at one of the requests and run again, against a plain one. Few are
// enough under the race detector to see what there is.
func besides(t *testing.T, few bool, job int64, alter func(r *rig, at int)) {
	t.Helper()
	const days = 6
	prepare := func(seed uint64) (*rig, *guarded) {
		many := func(conversation.Interval) (int64, []conversation.Day, error) { return 1000, nil, nil }
		r := newScripted(t, days, &scripted{pages: restless(seed), count: many})
		r.cfg.Size = Size{Page: 2, Job: job, Commit: 1}
		g := &guarded{Platform: r.cfg.Platform}
		r.cfg.Platform = g
		return r, g
	}
	plain, counting := prepare(1)
	plain.mustRun()
	want := plain.contents()
	step := 3
	if few {
		step = 21
	}
	for at := 1; at <= counting.n; at += step {
		r, g := prepare(1)
		alter(r, at)
		ctx, cancel := context.WithCancel(t.Context())
		g.at, g.end = at, cancel
		if _, err := r.run(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("ended at request %d: %v", at, err)
		}
		cancel()
		r.mustRun()
		if got := r.contents(); got != want {
			t.Fatalf("ended at request %d of %d:\n%s\nwant\n%s", at, counting.n, got, want)
		}
	}
}

// The job of the next part is submitted while the pages of a part are read, and not before it is known how much a part
// may hold.
func TestTheNextJobRunsMeanwhile(t *testing.T) {
	s := &scripted{pages: of(1, "1T1", "1T2", "2T1", "2T2", "3T1", "3T2")}
	r := newScripted(t, 3, s)
	r.cfg.Ahead, r.cfg.Size.Job = true, 2
	var mu sync.Mutex
	var order []string
	s.page = func(n, k int, p platform.Page) (platform.Page, error) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, fmt.Sprintf("%d of job %d, %d submitted", k, n, len(s.jobs)))
		return p, nil
	}
	r.cfg.Platform = &guarded{Platform: s}
	r.mustRun()
	want := []string{"0 of job 1, 1 submitted", "1 of job 1, 1 submitted", "0 of job 2, 2 submitted", "1 of job 2, 2 submitted", "0 of job 3, 3 submitted", "1 of job 3, 3 submitted"}
	if len(s.jobs) != 3 || len(order) != len(want) {
		t.Fatalf("%d jobs, pages %q", len(s.jobs), order)
	}
	for i, text := range want {
		// The second page of job 2 may be asked for before or after job 3 is submitted.
		if order[i] != text && (i != 3 || order[i] != "1 of job 2, 3 submitted") {
			t.Errorf("page %d: %s, want %s", i, order[i], text)
		}
	}
}
