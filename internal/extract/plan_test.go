package extract

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
)

func TestSplit(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		length time.Duration
		want   []time.Duration
	}{
		{9 * 365 * day, []time.Duration{1642 * day, 1643 * day}},
		{4 * day, []time.Duration{2 * day, 2 * day}},
		{3 * day, []time.Duration{day, 2 * day}},
		{2 * day, []time.Duration{day, day}},
		{day, slices.Repeat([]time.Duration{6 * time.Hour}, 4)},
		{6 * time.Hour, slices.Repeat([]time.Duration{time.Hour}, 6)},
		{time.Hour, slices.Repeat([]time.Duration{15 * time.Minute}, 4)},
		{15 * time.Minute, []time.Duration{15 * time.Minute}},
	} {
		var got []time.Duration
		at := first.Start()
		for _, p := range split(newPart(at, at.Add(c.length))) {
			if !p.start.Equal(at) || !p.frontier.Equal(p.start) || !p.ordered {
				t.Errorf("%v: piece %+v does not follow %v", c.length, p, at)
			}
			got = append(got, p.end.Sub(p.start))
			at = p.end
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("split of %v: got %v, want %v", c.length, got, c.want)
		}
	}
}

func TestParsePoll(t *testing.T) {
	for in, want := range map[string]Poll{
		"10s..120s": DefaultPoll(), "1ms..1ms": {First: time.Millisecond, Most: time.Millisecond}, "1m30s..1h": {First: 90 * time.Second, Most: time.Hour},
	} {
		if got, err := ParsePoll(in); err != nil || got != want {
			t.Errorf("ParsePoll(%q) = %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "10s", "10s..", "..10s", "10..120", "0s..1s", "-1s..1s", "2m..10s", "10s..2m..3m", "soon..later"} {
		if got, err := ParsePoll(in); !errors.Is(err, fault.Invalid) {
			t.Errorf("ParsePoll(%q) = %v, %v", in, got, err)
		}
	}
}

// asked gives job states and notes when it was asked; the last state stays.
type asked struct {
	Platform

	states []platform.State
	err    error // of the answer after the last state
	begun  time.Time
	at     []time.Duration
}

func (a *asked) Status(context.Context, platform.JobID) (platform.Status, error) {
	a.at = append(a.at, time.Since(a.begun))
	n := len(a.at)
	if n > len(a.states) && a.err != nil {
		return platform.Status{State: platform.Pending}, a.err
	}
	return platform.Status{State: a.states[min(n, len(a.states))-1]}, nil
}

// await waits for a job; the seed of the waits is in the log.
func await(t *testing.T, a *asked, poll Poll) (platform.Status, error) {
	t.Helper()
	a.begun = time.Now()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return Await(t.Context(), a, "job-1", poll, rand.New(rand.NewPCG(seed, 0)))
}

// Each wait doubles up to the bound and is lengthened by at most five seconds, and at most half of it.
func TestAwaitWaitsLongerAndLonger(t *testing.T) {
	for _, c := range []struct {
		poll  Poll
		waits []time.Duration
	}{
		{DefaultPoll(), []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 2 * time.Minute, 2 * time.Minute}},
		{Poll{First: time.Second, Most: 3 * time.Second}, []time.Duration{time.Second, 2 * time.Second, 3 * time.Second, 3 * time.Second}},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := &asked{states: append(slices.Repeat([]platform.State{platform.Queued, platform.Pending}, len(c.waits)/2-1), platform.Pending, platform.Fulfilled)}
			if s, err := await(t, a, c.poll); err != nil || s.State != platform.Fulfilled || len(a.at) != len(c.waits) {
				t.Fatalf("got %v, %v after %d questions", s, err, len(a.at))
			}
			var last time.Duration
			for i, at := range a.at {
				wait := at - last
				if jitter := wait - c.waits[i]; jitter < 0 || jitter > min(5*time.Second, c.waits[i]/2) {
					t.Errorf("wait %d is %v, want %v and a little", i+1, wait, c.waits[i])
				}
				last = at
			}
		})
	}
}

func TestAwaitGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &asked{states: []platform.State{platform.Pending}}
		s, err := await(t, a, DefaultPoll())
		if !errors.Is(err, fault.Unavailable) || s.State != platform.Pending || err.Error() != "job job-1 is not done after 24h0m0s" {
			t.Errorf("got %v, %v", s, err)
		}
		if got := time.Since(a.begun); got < 24*time.Hour || got > 24*time.Hour+3*time.Minute {
			t.Errorf("gave up after %v", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		a := &asked{states: []platform.State{platform.Pending}}
		s, err := await(t, a, Poll{First: time.Second, Most: time.Second, Within: 5 * time.Second})
		if got := time.Since(a.begun); !errors.Is(err, fault.Unavailable) || s.State != platform.Pending || got <= 5*time.Second || got > 7*time.Second {
			t.Errorf("got %v, %v after %v", s, err, got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		down := fault.New(fault.Unavailable, "down")
		s, err := await(t, &asked{states: []platform.State{platform.Pending}, err: down}, DefaultPoll())
		if !errors.Is(err, down) || s.State != "" { // a state would mean that the job takes too long
			t.Errorf("a platform that is down: %v, %v", s, err)
		}
	})
}

func TestAwaitEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		a := &asked{states: []platform.State{platform.Pending}, begun: time.Now()}
		_, err := Await(ctx, a, "job-1", Poll{First: 10 * time.Second, Most: 10 * time.Second}, rand.New(rand.NewPCG(1, 1)))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(a.begun) != 15*time.Second {
			t.Errorf("got %v after %v", err, time.Since(a.begun))
		}
	})
}

// stuckPlatform has a job that is never done, and notes that it was deleted.
type stuckPlatform struct {
	Platform

	deleted []platform.JobID
}

func (*stuckPlatform) Status(context.Context, platform.JobID) (platform.Status, error) {
	return platform.Status{State: platform.Pending}, nil
}

func (s *stuckPlatform) Delete(_ context.Context, id platform.JobID) error {
	s.deleted = append(s.deleted, id)
	return nil
}

// A job that takes a day is deleted, and its part asked for in pieces.
func TestStuckJobIsTooMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := &stuckPlatform{}
		e := New(Config{Platform: asked, Poll: DefaultPoll(), Rand: rand.New(rand.NewPCG(1, 1))})
		e.turn.Lock()
		err := e.await(t.Context(), "job-7")
		if !errors.Is(err, errTooMuch) || fmt.Sprint(asked.deleted) != "[job-7]" {
			t.Errorf("got %v, deleted %v", err, asked.deleted)
		}
	})
}

// Other parts take the place of those that are stored, all of them.
func TestPartsThatAreReplacedAreStored(t *testing.T) {
	r := newRig(t, 2, platformtest.Config{})
	s := store{r.lake.Control()}
	if err := s.migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	of := run{id: "run", source: "source", first: first, end: first + 2, begun: r.clock}
	if err := s.begin(t.Context(), of, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.addPart(t.Context(), &of, newPart(first.Start(), (first+2).Start())); err != nil {
		t.Fatal(err)
	}
	pieces := []part{newPart(first.Start(), first.End()), newPart((first + 1).Start(), (first + 1).End())}
	if err := s.replaceParts(t.Context(), &of, pieces); err != nil {
		t.Fatal(err)
	}
	if got, err := s.openRun(t.Context()); err != nil || !reflect.DeepEqual(got.parts, pieces) || !reflect.DeepEqual(of.parts, pieces) {
		t.Errorf("got %+v, %v, want %+v", got.parts, err, pieces)
	}
}
