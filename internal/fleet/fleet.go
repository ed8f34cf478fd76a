// Package fleet spreads organizations over the processes that extract them, on any number of machines.
//
// Processes see on a board who does what. An organization has a place there, which one process at a time holds. A Round does each
// organization once, whichever process it is that does it; a Share keeps to as many of them as come to this process, and takes over those
// of processes that have gone. Neither keeps two from writing to one lake: the lake's own lock does, whatever the board says.
package fleet

import (
	"context"
	"math/rand/v2"
	"time"
)

// Board is where processes see what the others do. Safe for concurrent use.
type Board interface {
	// Join says that a process is there that has these places, until leave is called or the process has gone.
	Join(ctx context.Context, places []string) (leave func() error, err error)
	// Look says what is going on. Processes are those that have the same places.
	Look(ctx context.Context, places []string) (Seen, error)
	// Take takes a place. While another process holds it, it fails with fault.Conflict.
	Take(ctx context.Context, place string) (Hold, error)
}

// Seen is what is going on.
type Seen struct {
	Processes int
	Held      map[string]bool // places that some process holds
}

// Hold is a place that this process holds.
type Hold interface {
	// Context ends with ctx, and when the place was lost: this process was stopped, or did not reach the board.
	Context(ctx context.Context) (context.Context, context.CancelFunc)
	// Last says who did the organization last; ok is false if nobody has.
	Last(ctx context.Context) (last Last, ok bool, err error)
	// Ended notes that this process has done it, with an exit code. It fails with fault.Conflict if the place was lost.
	Ended(ctx context.Context, code int) error
	// Close gives the place back.
	Close() error
}

// Last is an organization as some process did it last.
type Last struct {
	By   string // the process, for people
	Code int    // the exit code of that one organization
	Ago  time.Duration
}

// Alone is the board of a process that shares nothing with others.
type Alone struct{}

var _ Board = Alone{}

// Join implements Board.
func (Alone) Join(context.Context, []string) (func() error, error) {
	return func() error { return nil }, nil
}

// Look implements Board.
func (Alone) Look(context.Context, []string) (Seen, error) { return Seen{Processes: 1}, nil }

// Take implements Board.
func (Alone) Take(context.Context, string) (Hold, error) { return mine{}, nil }

// mine is a place that nobody else can have.
type mine struct{}

func (mine) Context(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithCancel(ctx)
}
func (mine) Last(context.Context) (Last, bool, error) { return Last{}, false, nil }
func (mine) Ended(context.Context, int) error         { return nil }
func (mine) Close() error                             { return nil }

// somewhere is the numbers below n in order, beginning somewhere: processes that start together had better not all try the same ones.
func somewhere(n int) []int {
	out := make([]int, n)
	if n == 0 {
		return out
	}
	first := rand.IntN(n)
	for i := range out {
		out[i] = (first + i) % n
	}
	return out
}
