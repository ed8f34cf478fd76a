package platform

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

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
	states []State
	err    error // of the answer after the last state
	begun  time.Time
	at     []time.Duration
}

func (a *asked) Status(context.Context, JobID) (Status, error) {
	a.at = append(a.at, time.Since(a.begun))
	n := len(a.at)
	if n > len(a.states) && a.err != nil {
		return Status{State: Pending}, a.err
	}
	return Status{State: a.states[min(n, len(a.states))-1]}, nil
}

// await waits for a job; the seed of the waits is in the log.
func await(t *testing.T, a *asked, poll Poll) (Status, error) {
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
			a := &asked{states: append(slices.Repeat([]State{Queued, Pending}, len(c.waits)/2-1), Pending, Fulfilled)}
			if s, err := await(t, a, c.poll); err != nil || s.State != Fulfilled || len(a.at) != len(c.waits) {
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
		a := &asked{states: []State{Pending}}
		s, err := await(t, a, DefaultPoll())
		if !errors.Is(err, fault.Unavailable) || s.State != Pending || err.Error() != "job job-1 is not done after 24h0m0s" {
			t.Errorf("got %v, %v", s, err)
		}
		if got := time.Since(a.begun); got < 24*time.Hour || got > 24*time.Hour+3*time.Minute {
			t.Errorf("gave up after %v", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		a := &asked{states: []State{Pending}}
		s, err := await(t, a, Poll{First: time.Second, Most: time.Second, Within: 5 * time.Second})
		if got := time.Since(a.begun); !errors.Is(err, fault.Unavailable) || s.State != Pending || got <= 5*time.Second || got > 7*time.Second {
			t.Errorf("got %v, %v after %v", s, err, got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		down := fault.New(fault.Unavailable, "down")
		s, err := await(t, &asked{states: []State{Pending}, err: down}, DefaultPoll())
		if !errors.Is(err, down) || s.State != "" { // a state would mean that the job takes too long
			t.Errorf("a platform that is down: %v, %v", s, err)
		}
	})
}

func TestAwaitEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		a := &asked{states: []State{Pending}, begun: time.Now()}
		_, err := Await(ctx, a, "job-1", Poll{First: 10 * time.Second, Most: 10 * time.Second}, rand.New(rand.NewPCG(1, 1)))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(a.begun) != 15*time.Second {
			t.Errorf("got %v after %v", err, time.Since(a.begun))
		}
	})
}
