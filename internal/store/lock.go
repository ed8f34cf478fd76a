package store

import (
	"context"
	"iter"

	"github.com/parley-hq/parley/internal/fault"
)

// Locks are beside the objects of a store: what one alone may do, or several as long as nobody does another thing. A lock
// ends with the process that holds it, however that ends, and nobody has to wait for it to run out. Safe for concurrent
// use; two parts of one process exclude one another as two processes do.
type Locks interface {
	// Lock takes a lock, or fails at once: with *Held while another holds it in a way that excludes this one, with
	// fault.Forbidden when this process may not take it.
	Lock(ctx context.Context, at Location, o LockOptions) (Lock, error)

	// Locked yields the locations directly under a location at which locks were taken, now or at any time before, and
	// not forgotten.
	Locked(ctx context.Context, under Location) iter.Seq2[Location, error]
}

// LockOptions say how a lock is taken.
type LockOptions struct {
	Shared   bool // with others who take it shared; else alone
	Existing bool // only if it was taken before and not forgotten; else it is fault.NotFound, and nothing is made
	Anyone   bool // may be taken by whoever may read, not only by whoever may write. All who take it say so
}

// Lock is a lock that is held.
type Lock interface {
	// Close gives it back. Closing again does nothing.
	Close() error

	// Forget gives it back and has no trace of it left. Whoever holds it alone may do so, and only when it will not be
	// wanted again: one who is about to take it may get a lock that nobody else sees.
	Forget() error
}

// Held is the failure to take a lock. It is fault.Conflict.
type Held struct {
	By string // who holds it, as far as is known: "process 4711", "another process"
}

func (h *Held) Error() string { return "locked by " + h.By }

// Unwrap gives the kind.
func (h *Held) Unwrap() error { return fault.Conflict }
