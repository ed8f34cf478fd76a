package platform

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wait"
)

// Poll says how often a job is asked for.
type Poll struct {
	First time.Duration // first wait; it doubles from there
	Most  time.Duration // longest wait
	// Within is how long a job may take in all before it is given up; 0 means DefaultWithin.
	Within time.Duration
}

// DefaultPoll are the numbers of the platform's documentation.
func DefaultPoll() Poll { return Poll{First: 10 * time.Second, Most: 2 * time.Minute} }

// Most that a wait is lengthened by chance, so that clients do not move in step; never above half the wait.
const maxJitter = 5 * time.Second

// DefaultWithin is when a job that is still not done is given up, and its part split.
const DefaultWithin = 24 * time.Hour

// String writes a poll as ParsePoll reads it: 10s..120s.
func (p Poll) String() string { return fmt.Sprintf("%gs..%gs", p.First.Seconds(), p.Most.Seconds()) }

// ParsePoll reads "10s..120s".
func ParsePoll(text string) (Poll, error) {
	first, most, ok := strings.Cut(text, "..")
	bad := fault.Field("--poll", "--poll must look like 10s..120s: the first and the longest wait")
	if !ok {
		return Poll{}, bad
	}
	var p Poll
	var err1, err2 error
	p.First, err1 = time.ParseDuration(first)
	p.Most, err2 = time.ParseDuration(most)
	if err1 != nil || err2 != nil || p.First <= 0 || p.Most < p.First {
		return Poll{}, bad
	}
	return p, nil
}

// wait is how long to wait before the n-th question, from 0.
func (p Poll) wait(n int, rnd *rand.Rand) time.Duration {
	wait := p.First
	for range n {
		wait = min(wait*2, p.Most)
	}
	return wait + time.Duration(rnd.Int64N(int64(min(maxJitter, wait/2))+1))
}

// Asker tells how a job is getting on, as a Client does.
type Asker interface {
	Status(ctx context.Context, id JobID) (Status, error)
}

// Await waits until a job has ended, one way or another, and gives its last status. A job that is not done within
// poll.Within is fault.Unavailable.
func Await(ctx context.Context, p Asker, id JobID, poll Poll, rnd *rand.Rand) (Status, error) {
	begun, within := time.Now(), cmp.Or(poll.Within, DefaultWithin)
	for n := 0; ; n++ {
		if err := wait.For(ctx, poll.wait(n, rnd)); err != nil {
			return Status{}, err
		}
		s, err := p.Status(ctx, id)
		if err != nil {
			return Status{}, err
		}
		if s.Done() {
			return s, nil
		}
		if time.Since(begun) > within {
			return s, fault.New(fault.Unavailable, "job %s is not done after %v", id, within)
		}
	}
}
